"""What identity keeps, why and how long; how a person is erased here.

| rule    | kept                                                                     | source   |
|---------|--------------------------------------------------------------------------|----------|
| account | until P11M after deactivation; refused or never confirmed: P30D          | S26, S51 |
| sign-in | sessions and tries to sign in P90D, refresh tokens until they expire     | S30      |
| second-factor | secrets, passkeys, codes until removed; apps not confirmed P1D     | S30      |
| pending-sign-in | until the second factor was shown, at most P1D after expiry      | S30      |
| link    | until P1D after expiry                                                   | S39      |
| mail    | until P1D after it was sent, P30D given up: whom and what kind alone     | S4       |
| asking  | address typed for a new password, until the worker looked at it: minutes | S38      |
| address | the new one until it is confirmed, P1D; the former one until it was told | S30      |
| profile | voluntary entries until the consent is withdrawn, else as the account    | S6, S26  |
| consent | who agreed to what and when, to prove it: as the account                 | S28      |
| invitation | the address until accepted or withdrawn, at most P30D; then ids alone  | S48      |
| attribution | who switched user management on, as long as it is on                  | S44      |
| representation | contracts with representatives, who entered them: for accountability  | S25 |
| receipt | the ledger of erasures: ids, counts and signatures, for accountability   | S26      |
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from common.clock import now
from common.jobs import job
from common.privacy.erasure import Erasure
from common.privacy.personal import facts_of
from common.texts import Text
from identity.models import (
    SECOND_FACTORS,
    Account,
    AddressChange,
    AuthenticatorApp,
    ErasureRequest,
    Invitation,
    LinkToken,
    Mail,
    MutedTopic,
    Organisation,
    PasskeyChallenge,
    PendingSignIn,
    RecoveryCount,
    RecoveryRequest,
    RefreshToken,
    Representation,
    SignInSession,
    SignInThrottle,
    SignInTry,
    StaffRole,
    VoluntaryProfile,
)
from identity.rules.states import Screening
from identity.rules.throttling import FORGOTTEN_AFTER

SIGN_INS_KEPT = timedelta(days=90)
SPENT_KEPT = timedelta(days=1)
GIVEN_UP_KEPT = timedelta(days=30)

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


def erase(person: Erasure) -> None:
    """Leave a tombstone of the account: its id, its organisation's, and that it was erased."""
    own = person.account_id
    begun = sa.select(SignInSession.id).where(SignInSession.account_id == own)
    addresses = sa.select(Account.email, Account.email_key).where(Account.id == own)
    typed = [each.lower() for each in person.session.execute(addresses).one() if each]
    person.delete(RecoveryRequest, sa.func.lower(RecoveryRequest.address).in_(typed))
    person.pseudonymise(
        Account,
        Account.id == own,
        values={
            **dict.fromkeys(_columns("null")),
            "email_key": f"erased:{own}",
            "screening": Screening.PENDING,
            "password_scheme": None,
            "pepper_id": None,
        },
    )
    person.delete(Mail, Mail.account_id == own)
    person.delete(LinkToken, LinkToken.account_id == own)
    person.delete(AddressChange, AddressChange.account_id == own)
    person.delete(MutedTopic, MutedTopic.account_id == own)
    person.delete(RefreshToken, RefreshToken.session_id.in_(begun))
    person.delete(SignInSession, SignInSession.account_id == own)
    person.delete(SignInTry, SignInTry.account_id == own)
    for factor in SECOND_FACTORS:
        person.delete(factor, factor.account_id == own)
    person.delete(StaffRole, StaffRole.account_id == own)
    person.delete(VoluntaryProfile, VoluntaryProfile.account_id == own)
    person.null(Invitation, Invitation.account_id == own, columns=(Invitation.account_id,))
    person.keep(Account, Account.approved_by == own, reason="attribution")
    person.keep(Representation, Representation.created_by == own, reason="attribution")
    person.keep(Invitation, Invitation.invited_by == own, reason="attribution")
    person.keep(Organisation, Organisation.user_management_by == own, reason="attribution")
    person.keep(ErasureRequest, ErasureRequest.account_id == own, reason="accountability")


@job(every="P1D")
def forget_spent_tokens(runtime: Any) -> int:
    """Delete sign-ins, links and notes of mails whose time is over (S30, S39); return how many."""
    with runtime.transaction() as session:
        at = now(session)
        old = sa.select(SignInSession.id).where(SignInSession.begun_at < at - SIGN_INS_KEPT)
        return sum(
            session.execute(sa.delete(model).where(where)).rowcount
            for model, where in (
                (RefreshToken, RefreshToken.expires_at < at),
                (RefreshToken, RefreshToken.session_id.in_(old)),
                (SignInSession, SignInSession.begun_at < at - SIGN_INS_KEPT),
                (SignInTry, SignInTry.at < at - SIGN_INS_KEPT),
                (SignInThrottle, SignInThrottle.last_failed_at < at - FORGOTTEN_AFTER),
                (PendingSignIn, PendingSignIn.expires_at < at),
                (PasskeyChallenge, PasskeyChallenge.expires_at < at),
                (AuthenticatorApp, _not_confirmed(at)),
                (LinkToken, LinkToken.expires_at < at - SPENT_KEPT),
                (Mail, Mail.sent_at < at - SPENT_KEPT),
                (Mail, Mail.given_up_at < at - GIVEN_UP_KEPT),
                (RecoveryRequest, RecoveryRequest.asked_at < at - SPENT_KEPT),
                (RecoveryCount, RecoveryCount.begun_at < at - SPENT_KEPT),
                (AddressChange, _over(at)),
            )
        )


def _not_confirmed(at: datetime) -> sa.ColumnElement[bool]:
    """An authenticator app that was prepared and never used."""
    unconfirmed = AuthenticatorApp.confirmed_at.is_(None)
    return unconfirmed & (AuthenticatorApp.created_at < at - SPENT_KEPT)


def _over(at: datetime) -> sa.ColumnElement[bool]:
    """A new address that nobody confirmed, and a former one that could not be told."""
    unconfirmed = AddressChange.confirmed_at.is_(None) & (AddressChange.asked_at < at - SPENT_KEPT)
    return unconfirmed | (AddressChange.confirmed_at < at - GIVEN_UP_KEPT)


def _columns(erasure: str) -> list[str]:
    """Columns of an account that say this is to become of them."""
    facts = [facts_of(column, Account.__personal__) for column in Account.__table__.columns]
    return [each.column for each in facts if each and each.erasure == erasure]
