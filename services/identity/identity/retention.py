"""What identity keeps, why and how long; how a person is erased here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.privacy.erasure import PERSON, PERSON_NAMED, Erasure
from common.privacy.grounds import Ground
from common.privacy.personal import facts_of
from common.privacy.records import Records, deleting
from common.privacy.retention import Rule, Start
from common.texts import Text
from identity import erasures
from identity.accounts import locked
from identity.models import (
    SECOND_FACTORS,
    Account,
    AddressChange,
    AdvertisingObjection,
    AuthenticatorApp,
    ErasurePlan,
    ErasureRequest,
    HeldErasure,
    Invitation,
    LegalHold,
    LinkToken,
    Mail,
    MutedTopic,
    Organisation,
    PasskeyChallenge,
    PendingSignIn,
    RecipientNotice,
    RecoveryCount,
    RecoveryRequest,
    RefreshToken,
    Representation,
    RightsRequest,
    SignInSession,
    SignInThrottle,
    SignInTry,
    StaffRole,
    VoluntaryProfile,
)
from identity.rules.invitations import UNUSED_PERIOD
from identity.rules.rights import RequestState
from identity.rules.states import HIDDEN, Screening, State
from identity.rules.throttling import FORGOTTEN_PERIOD


def begin_erasures(session: Session, account_ids: Sequence[UUID]) -> None:
    """Begin the erasure of accounts whose time is over, in every service (S26)."""
    for account_id in account_ids:
        erasures.begin(session, locked(session, account_id))


def _rule(record_class: str, period: str | None, source: str, reason: str, **more: Any) -> Rule:
    """A rule that counts from when the row was made, or from the instant that RECORDS names."""
    return Rule(
        record_class=record_class,
        period=period,
        start=Start.COLLECTION,
        source=source,
        reason=reason,
        **more,
    )


RULES = (
    Rule(
        record_class="account",
        period="P1Y",
        begin="P11M",
        start=Start.END_OF_PROCESS,
        source="S26",
        reason="At the latest one year after deactivation, backups included (reading 12).",
    ),
    _rule("unfinished-registration", "P30D", "S4", "Refused or never confirmed: time to ask why."),
    _rule("profile", None, "S6", "Until the consent is withdrawn.", follows="account"),
    _rule("representation", None, "S25", "Contracts and who entered them, for accountability."),
    _rule("attribution", None, "S44", "Who switched user management on, as long as it is on."),
    _rule("invitation", UNUSED_PERIOD, "S48", "From sending; the worker takes the address then."),
    _rule("sign-in", "P90D", "S30", "Who came in, for as long as misuse is looked into."),
    _rule("refresh-token", "P0D", "S30", "Worth nothing once it has expired."),
    _rule("throttle", FORGOTTEN_PERIOD, "S30", "Wrong tries count no longer than that."),
    _rule("pending-sign-in", "P0D", "S30", "Until the second factor was shown, or time is up."),
    _rule("second-factor", None, "S30", "Until its owner removes it.", follows="account"),
    _rule("unconfirmed-factor", "P1D", "S30", "An app that was prepared and never used."),
    _rule("link", "P1D", "S39", "After expiry, to tell a late click from a wrong one."),
    _rule("mail", "P1D", "S4", "After it was sent: whom and what kind alone."),
    _rule("given-up-mail", "P30D", "S4", "For an operator to look why it did not go out."),
    _rule("asking", "P1D", "S38", "Typed for a new password; usually gone within minutes."),
    _rule("asking-count", "P1D", "S38", "How often a network asked."),
    _rule("legal-hold", "P3Y", "S26", "After its release: for claims about what was kept."),
    _rule("unused-plan", "P1D", "S26", "What an erasure would come to, never approved."),
    _rule("address", "P1D", "S30", "A new address until it is confirmed."),
    Rule(
        record_class="rights-request",
        period="P3Y",
        start=Start.END_OF_PROCESS,
        source="S2",
        reason="After it was closed: for claims about how it was answered (art. 17(3)(e)).",
    ),
    Rule(
        record_class="recipient-notice",
        period="P3Y",
        start=Start.END_OF_PROCESS,
        source="S2",
        reason="After it was confirmed: for claims about who was told (art. 19).",
    ),
    _rule("unconfirmed-request", "P7D", "S2", "An address that a stranger may have entered."),
    _rule("objection", None, "S69", "As long as there is advertising: who wants none is known."),
    _rule("former-address", "P30D", "S30", "The one before, until it was told of the change."),
)

_UNFINISHED = sa.case(
    (Account.state == State.REFUSED, Account.refused_at), else_=Account.registered_at
)

RECORDS = (
    Records(
        record_class="account",
        model=Account,
        where=(Account.state == State.DEACTIVATED,),
        process_ended_at=Account.deactivated_at,
        erase=begin_erasures,
    ),
    Records(
        record_class="unfinished-registration",
        model=Account,
        where=(Account.state.in_((State.REGISTERED, State.REFUSED)),),
        collected_at=_UNFINISHED,
        erase=begin_erasures,
    ),
    Records(
        record_class="sign-in",
        model=SignInSession,
        collected_at=SignInSession.begun_at,
        erase=deleting(RefreshToken.session_id, SignInSession.id),
    ),
    Records(record_class="refresh-token", model=RefreshToken, collected_at=RefreshToken.expires_at),
    Records(record_class="sign-in", model=SignInTry, collected_at=SignInTry.at),
    Records(
        record_class="throttle", model=SignInThrottle, collected_at=SignInThrottle.last_failed_at
    ),
    Records(
        record_class="pending-sign-in", model=PendingSignIn, collected_at=PendingSignIn.expires_at
    ),
    Records(
        record_class="pending-sign-in",
        model=PasskeyChallenge,
        collected_at=PasskeyChallenge.expires_at,
    ),
    Records(
        record_class="unconfirmed-factor",
        model=AuthenticatorApp,
        where=(AuthenticatorApp.confirmed_at.is_(None),),
        collected_at=AuthenticatorApp.created_at,
    ),
    Records(record_class="link", model=LinkToken, collected_at=LinkToken.expires_at),
    Records(
        record_class="mail",
        model=Mail,
        where=(Mail.sent_at.is_not(None),),
        collected_at=Mail.sent_at,
    ),
    Records(
        record_class="given-up-mail",
        model=Mail,
        where=(Mail.given_up_at.is_not(None),),
        collected_at=Mail.given_up_at,
    ),
    Records(record_class="asking", model=RecoveryRequest, collected_at=RecoveryRequest.asked_at),
    Records(record_class="asking-count", model=RecoveryCount, collected_at=RecoveryCount.begun_at),
    Records(
        record_class="address",
        model=AddressChange,
        where=(AddressChange.confirmed_at.is_(None),),
        collected_at=AddressChange.asked_at,
    ),
    Records(
        record_class="unused-plan",
        model=ErasurePlan,
        where=(ErasurePlan.approved_at.is_(None),),
        collected_at=ErasurePlan.planned_at,
    ),
    Records(
        record_class="rights-request",
        model=RightsRequest,
        where=(RightsRequest.closed_at.is_not(None),),
        process_ended_at=RightsRequest.closed_at,
    ),
    Records(
        record_class="unconfirmed-request",
        model=RightsRequest,
        where=(RightsRequest.state == RequestState.UNCONFIRMED,),
        collected_at=RightsRequest.received_at,
    ),
    Records(
        record_class="recipient-notice",
        model=RecipientNotice,
        where=(RecipientNotice.confirmed_at.is_not(None),),
        process_ended_at=RecipientNotice.confirmed_at,
    ),
    Records(
        record_class="legal-hold",
        model=LegalHold,
        collected_at=LegalHold.released_at,
        erase=deleting(HeldErasure.hold_id, LegalHold.id),
    ),
    Records(
        record_class="former-address",
        model=AddressChange,
        where=(AddressChange.confirmed_at.is_not(None),),
        collected_at=AddressChange.confirmed_at,
    ),
)

KEPT = {
    "account": Text(
        "As long as the account exists, and at most one year after it was deactivated; "
        "registrations that are refused or not confirmed: 30 days.",
        "Zolang het account bestaat, en hoogstens één jaar nadat het is gedeactiveerd; "
        "registraties die worden geweigerd of niet bevestigd: 30 dagen.",
        "Solange das Konto besteht, und höchstens ein Jahr nach seiner Deaktivierung; "
        "abgelehnte oder nicht bestätigte Registrierungen: 30 Tage.",
    ),
    "profile": Text(
        "Until you withdraw your consent, and no longer than your account is kept.",
        "Tot u uw toestemming intrekt, en niet langer dan uw account wordt bewaard.",
        "Bis Sie Ihre Einwilligung widerrufen, und nicht länger als Ihr Konto.",
    ),
}
"""What people are told about how long their entries are kept (S5)."""


def _columns(erasure: str) -> list[str]:
    """Columns of an account that say this is to become of them."""
    facts = [facts_of(column, Account.__personal__) for column in Account.__table__.columns]
    return [each.column for each in facts if each and each.erasure == erasure]


def erase(person: Erasure) -> None:
    """Leave a tombstone of the account: its id, its organisation's, and that it was erased."""
    [addresses] = person.read(_ADDRESSES)
    person.let(typed=[each.lower() for each in addresses if each])
    person.delete(RecoveryRequest, _TYPED)
    person.pseudonymise(Account, _ITSELF, values=_TOMBSTONE)
    for model, theirs in _GOES.items():
        person.delete(model, theirs)
    for model, (theirs, columns) in _EMPTIED.items():
        person.null(model, theirs, columns=columns)
    for model, theirs in _ABOUT_THEM.items():
        person.keep(model, theirs, reason=Ground.ACCOUNTABILITY)
    for model, by_them in _BY_THEM.items():
        person.keep(model, by_them, reason=Ground.ATTRIBUTION)


_ITSELF = Account.id == PERSON
_ADDRESSES = sa.select(Account.email, Account.email_key).where(_ITSELF)
_TYPED = sa.func.lower(RecoveryRequest.address).in_(sa.bindparam("typed", expanding=True))
_ERASING = sa.literal(State.ERASING, Account.state.type)
"""Also while it is only planned, when the account is not hidden yet."""
_TOMBSTONE: dict[str, Any] = {
    **dict.fromkeys(_columns("null")),
    "email_key": sa.literal("erased:") + PERSON_NAMED,
    "state": sa.case((Account.state.in_(HIDDEN), Account.state), else_=_ERASING),
    "screening": Screening.PENDING,
    "password_scheme": None,
    "pepper_id": None,
}
_GOES: dict[Any, Any] = {
    RefreshToken: RefreshToken.session_id.in_(
        sa.select(SignInSession.id).where(SignInSession.account_id == PERSON)
    ),
    **{
        model: model.account_id == PERSON
        for model in (
            Mail, LinkToken, AddressChange, MutedTopic, SignInSession, SignInTry, *SECOND_FACTORS,
            StaffRole, VoluntaryProfile,
        )
    },
    ErasurePlan: sa.and_(ErasurePlan.account_id == PERSON, ErasurePlan.approved_at.is_(None)),
}  # fmt: skip
"""What is deleted, in this order."""
_ASKED = RightsRequest.account_id == PERSON
_HELD = LegalHold.subject == PERSON_NAMED
_EMPTIED: dict[Any, tuple[Any, tuple[Any, ...]]] = {
    RightsRequest: (_ASKED, (RightsRequest.address, RightsRequest.words, RightsRequest.reply)),
    AdvertisingObjection: (
        AdvertisingObjection.account_id == PERSON, (AdvertisingObjection.account_id,)
    ),
    Invitation: (Invitation.account_id == PERSON, (Invitation.account_id,)),
    LegalHold: (_HELD, (LegalHold.ground,)),
}  # fmt: skip
"""What stays without these columns."""
_ABOUT_THEM: dict[Any, Any] = {
    RightsRequest: _ASKED,
    LegalHold: _HELD,
    RecipientNotice: RecipientNotice.account_id == PERSON,
    ErasurePlan: ErasurePlan.account_id == PERSON,
    ErasureRequest: ErasureRequest.account_id == PERSON,
}
_BY_THEM: dict[Any, Any] = {
    RightsRequest: RightsRequest.handled_by == PERSON,
    RecipientNotice: RecipientNotice.confirmed_by == PERSON,
    LegalHold: sa.or_(LegalHold.placed_by == PERSON, LegalHold.released_by == PERSON),
    Account: Account.approved_by == PERSON,
    Representation: Representation.created_by == PERSON,
    Invitation: Invitation.invited_by == PERSON,
    Organisation: Organisation.user_management_by == PERSON,
    ErasurePlan: sa.or_(ErasurePlan.planned_by == PERSON, ErasurePlan.approved_by == PERSON),
}
