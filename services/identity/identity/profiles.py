"""What people tell of themselves: with consent what is voluntary, and what they correct."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.events.catalogue import AccountNameChanged, ConsentPurpose
from common.messaging import publish
from common.privacy import consent
from common.privacy.audit import audit
from common.privacy.consent import ConsentText, Surface
from identity import notices
from identity.consents import TEXTS, VOLUNTARY_PROFILE
from identity.models import Account, VoluntaryProfile
from identity.rules.profile import VoluntaryField, shown_part

NAME = {"given_name", "family_name"}


def begin(
    session: Session,
    account_id: UUID,
    form: dict[str, Any],
    texts: list[ConsentText],
    language: str,
    notice: str,
) -> None:
    """Keep what a registration holds beside what it must, with the consent to it (S6).

    form: its voluntary fields. texts: what the person agreed to, in this language. notice: version
    of the privacy notice in force. Nobody hears of it before the address is confirmed.
    """
    for text in texts:
        consent.note_given(
            session,
            account_id,
            text,
            language=language,
            surface=Surface.REGISTRATION,
            notice=notice,
        )
    if VOLUNTARY_PROFILE in texts:
        session.add(VoluntaryProfile(account_id=account_id, **form))


def confirm(session: Session, account: Account) -> None:
    """Take what a registration holds beside what it must as its owner's own word.

    When the form was sent several times for this address, nobody knows whose entries were kept:
    they go, and so do the consents. account: its row, locked.
    """
    for purpose, entry in consent.standing(session, account.id).items():
        if account.registered_again_at is None:
            consent.tell(session, entry)
        else:
            consent.note_withdrawn(session, account.id, purpose, surface=Surface.REGISTRATION)
            _clear(session, account.id)


def agree(session: Session, account: Account, text: ConsentText, language: str) -> None:
    """The owner of an account agrees to something; from then on there is a profile to fill in.

    account: its row, locked.
    """
    notice = notices.in_force(session, account.country).version
    given = consent.give(
        session, account.id, text, language=language, surface=Surface.ACCOUNT, notice=notice
    )
    if not given:
        return
    audit(session, "consent.give", account.id)
    if session.get(VoluntaryProfile, account.id) is None:
        session.add(VoluntaryProfile(account_id=account.id))


def take_back(session: Session, account: Account, purpose: ConsentPurpose) -> None:
    """The owner of an account withdraws a consent, and what hung on it goes at once (S6, S28).

    account: its row, locked.
    """
    if consent.withdraw(session, account.id, purpose, surface=Surface.ACCOUNT):
        audit(session, "consent.withdraw", account.id)
        _clear(session, account.id)


def may_tell(session: Session, account_id: UUID) -> bool:
    """Whether a person's consent to voluntary entries stands (S6)."""
    return consent.stands(session, account_id, VOLUNTARY_PROFILE.purpose)


def changed_by(account: Account, corrected: dict[str, Any]) -> set[str]:
    """Which entries a correction changes."""
    return {name for name, value in corrected.items() if getattr(account, name) != value}


def rectify(session: Session, account: Account, corrected: dict[str, Any]) -> None:
    """Correct what a person entered; another name is compared with the lists again (S16, S18).

    account: its row, locked; it stays active until the comparison says otherwise.
    Source: GDPR article 16.
    """
    changed = changed_by(account, corrected)
    if not changed:
        return
    for name in changed:
        setattr(account, name, corrected[name])
    session.flush()
    audit(session, "account.rectify", account.id)
    if changed & NAME:
        publish(
            session,
            AccountNameChanged(
                account_id=account.id,
                organisation_id=account.organisation_id,
                epoch=account.epoch,
                restricted=account.restricted_at is not None,
            ),
        )


def shown_to_colleagues(session: Session, account_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """What these people show to colleagues, of those whose consent stands (S9, reading 5)."""
    agreed = consent.consenting(session, account_ids, VOLUNTARY_PROFILE.purpose)
    restricted = sa.select(Account.id).where(Account.restricted_at.is_not(None))
    found = sa.select(VoluntaryProfile).where(
        VoluntaryProfile.account_id.in_(agreed), VoluntaryProfile.account_id.not_in(restricted)
    )
    return {
        each.account_id: shown_part(
            {name: getattr(each, name) for name in VoluntaryField}, each.shown
        )
        for each in session.scalars(found)
    }


def consents_of(session: Session, account_id: UUID, language: str) -> list[dict[str, Any]]:
    """Each thing that can be agreed to, in a person's language, and whether it was."""
    given = consent.standing(session, account_id)
    return [
        {
            "purpose": text.purpose,
            "text_id": text.id,
            "text": text.text.say(language),
            "given": text.purpose in given,
            "given_at": given[text.purpose].at if text.purpose in given else None,
            "given_text_id": given[text.purpose].text_id if text.purpose in given else None,
        }
        for text in TEXTS.values()
    ]


def _clear(session: Session, account_id: UUID) -> None:
    session.execute(sa.delete(VoluntaryProfile).where(VoluntaryProfile.account_id == account_id))
