"""Invitations: sent, sent again, withdrawn, accepted, forgotten (S45-S48).

Who locks an invitation holds its organisation's row before, so that switching user management off
and an acceptance never wait for each other. Whether an address has an account is asked only when
the mail goes out (invitation_mails), never while the inviter waits.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.events.catalogue import InvitationAccepted, InvitationExpired
from common.mail import Mailer, mailer
from common.messaging import publish, wake_worker
from common.privacy.audit import audit
from common.refusals import IllegalTransition, next_state
from identity import notices, profiles
from identity.accounts import change_state, keep_password
from identity.links import digest
from identity.models import Account, Invitation, Organisation
from identity.passwords import Hash
from identity.rules.addresses import email_key, mailable
from identity.rules.invitations import (
    LIMIT_WINDOW,
    TRANSITIONS,
    InvitationState,
    InvitationTrigger,
    expiry_of,
    refuse_more_than,
    refuse_resent_early,
)
from identity.rules.refusals import LinkNotValid
from identity.rules.states import Screening, State, Trigger

PAGE = "/invitation"
"""Page of the gateway that the link in an invitation leads to."""


def invite(
    session: Session, organisation: Organisation, asked: list[dict[str, Any]], by: UUID
) -> list[Invitation]:
    """Have invitations sent; what is under way to an address already stays as it is.

    organisation: its row, locked. asked: checked NewInvitations, each with an address and a
    language. Raises TooManyInvitations, and then none is sent.
    """
    keys = [email_key(each["email"]) for each in asked]
    known = _under_way(session, organisation, keys)
    wanted = dict(reversed(list(zip(keys, asked, strict=True))))
    missing = [key for key in dict.fromkeys(keys) if key not in known]
    _refuse_more(session, organisation, len(missing))
    own = session.scalar(sa.select(Account.language).where(Account.id == by)) or "en"
    for key in missing:
        asked_for = {**wanted[key], "language": wanted[key]["language"] or own}
        known[key] = _invited(session, organisation, asked_for, key, by)
    session.flush()
    for key in missing:
        audit(session, "invitation.send", known[key].id)
    wake_worker(session)
    return [known[key] for key in keys]


def resend(session: Session, organisation: Organisation, invitation: Invitation) -> None:
    """Send an invitation again: the link of before is void, its 30 days begin anew (S48).

    organisation: its row, locked; invitation: likewise, after it.
    """
    at = now(session)
    invitation.state = next_state(TRANSITIONS, invitation.state, InvitationTrigger.RESEND)
    if invitation.expires_at <= at:
        raise IllegalTransition("The invitation has expired.")
    refuse_resent_early(invitation.asked_at, at)
    _refuse_more(session, organisation, 1)
    invitation.token_hash = None
    invitation.asked_at = invitation.next_try_at = at
    invitation.attempts = 0
    audit(session, "invitation.resend", invitation.id)
    wake_worker(session)


def withdraw(session: Session, invitation: Invitation) -> None:
    """Take an invitation back: address and link are gone at once. invitation: its row, locked."""
    address = invitation.email
    _end(session, invitation, InvitationTrigger.WITHDRAW)
    _forget_mails(session, address)
    audit(session, "invitation.withdraw", invitation.id)


def withdraw_all(session: Session, organisation_id: UUID, *, of_members: bool = False) -> None:
    """Withdraw what an organisation has under way. of_members: only what its own people sent.

    Its row is locked.
    """
    wanted = sa.select(Invitation).where(
        Invitation.organisation_id == organisation_id, Invitation.state == InvitationState.SENT
    )
    if of_members:
        own = sa.select(Account.id).where(Account.organisation_id == organisation_id)
        wanted = wanted.where(Invitation.invited_by.in_(own))
    for each in session.scalars(wanted.order_by(Invitation.id).with_for_update()):
        withdraw(session, each)


def expire(session: Session, invitation: Invitation) -> None:
    """Nobody used it in time: nothing but ids is left (S48). invitation: its row, locked."""
    address = invitation.email
    _end(session, invitation, InvitationTrigger.EXPIRE)
    _forget_mails(session, address)
    audit(session, "invitation.expire", invitation.id)
    publish(
        session,
        InvitationExpired(invitation_id=invitation.id, organisation_id=invitation.organisation_id),
    )


def find(session: Session, token: str) -> Invitation:
    """The invitation that a link is good for now; raises LinkNotValid."""
    found = sa.select(Invitation).where(Invitation.token_hash == digest(token))
    invitation = session.scalars(found, execution_options={"populate_existing": True}).one_or_none()
    if invitation is None or invitation.expires_at <= now(session):
        raise LinkNotValid("It is too old, was withdrawn or used, or a newer one was sent.")
    return invitation


def accept(session: Session, token: str, form: dict[str, Any], password: Hash) -> None:
    """Make the account of who was invited: approved by the invitation, still to be screened (S47).

    form: a checked Acceptance without token and password. Raises LinkNotValid also when the
    relation has ended, when the inviter's organisation has no user management any more (what its
    managers sent was withdrawn with it), and when the address got an account meanwhile.
    """
    organisation = session.get_one(
        Organisation, find(session, token).organisation_id, with_for_update={"read": True}
    )
    session.get_one(Invitation, find(session, token).id, with_for_update=True)
    invitation = find(session, token)
    if organisation.relation_ended_at is not None:
        raise LinkNotValid("The organisation is no customer any more.")
    account = _account_for(session, invitation, form, password)
    _end(session, invitation, InvitationTrigger.ACCEPT)
    invitation.account_id = account.id
    audit(session, "invitation.accept", invitation.id)
    publish(
        session,
        InvitationAccepted(
            invitation_id=invitation.id,
            organisation_id=invitation.organisation_id,
            account_id=account.id,
        ),
    )
    change_state(session, account, Trigger.CONFIRM)


def postbox(runtime: Any) -> Mailer:
    """Way out for mails, and to what is kept of them."""
    return mailer(runtime.settings.mail_url)


def _under_way(
    session: Session, organisation: Organisation, keys: list[str]
) -> dict[str, Invitation]:
    """Invitations of an organisation to these addresses; one that is over is ended first."""
    found = sa.select(Invitation).where(
        Invitation.organisation_id == organisation.id, Invitation.email_key.in_(keys)
    )
    known = {}
    for each in session.scalars(found.with_for_update()).all():
        if each.expires_at <= now(session):
            expire(session, each)
        else:
            known[str(each.email_key)] = each
    return known


def _invited(
    session: Session, organisation: Organisation, asked: dict[str, Any], key: str, by: UUID
) -> Invitation:
    at = now(session)
    invitation = Invitation(
        organisation_id=organisation.id,
        email=asked["email"],
        email_key=key,
        language=asked["language"],
        invited_by=by,
        state=InvitationState.SENT,
        asked_at=at,
        expires_at=expiry_of(at),
        next_try_at=at,
        version=1,
    )
    session.add(invitation)
    return invitation


def _refuse_more(session: Session, organisation: Organisation, wanted: int) -> None:
    at = now(session)
    lately = sa.select(Invitation.asked_at).where(
        Invitation.organisation_id == organisation.id, Invitation.asked_at > at - LIMIT_WINDOW
    )
    most = session.info["runtime"].settings.invitations_per_day
    asked_at = list(session.scalars(lately.order_by(Invitation.asked_at)))
    refuse_more_than(most, wanted, asked_at, at)


def _account_for(
    session: Session, invitation: Invitation, form: dict[str, Any], password: Hash
) -> Account:
    """The account of an invited address; a registration that nobody confirmed becomes it.

    Whoever has the link has the mailbox, a registration has shown nothing: what stood in it goes.
    """
    at, key = now(session), invitation.email_key
    begun = {"email_key": key, "state": State.REGISTERED, "registered_at": at}
    session.execute(insert(session, Account).values(**begun).on_conflict_do_nothing())
    account = session.scalars(
        sa.select(Account).where(Account.email_key == key).with_for_update()
    ).one()
    if account.state is not State.REGISTERED:
        raise LinkNotValid("There is an account with this address already.")
    account.registered_again_at = at
    profiles.confirm(session, account)
    entered = {**form, "email": invitation.email, "company": None, "customer_number": None}
    for name, value in entered.items():
        setattr(account, name, value)
    account.organisation_id, account.approved_by = (
        invitation.organisation_id, invitation.invited_by
    )  # fmt: skip
    account.registered_at = account.confirmed_at = account.approved_at = at
    account.notice_version = notices.in_force(session, account.country).version
    account.registered_again_at, account.screening = None, Screening.PENDING
    keep_password(account, password)
    session.flush()
    audit(session, "account.register", account.id)
    return account


def _end(session: Session, invitation: Invitation, trigger: InvitationTrigger) -> None:
    """Leave ids alone: whoever was invited, the person's address and secret are gone."""
    invitation.state = next_state(TRANSITIONS, invitation.state, trigger)
    invitation.email = invitation.email_key = invitation.language = None
    invitation.token_hash = invitation.next_try_at = None
    session.flush()


def _forget_mails(session: Session, address: str | None) -> None:
    assert address is not None
    session.info["runtime"].resource(postbox).forget(mailable(address))
