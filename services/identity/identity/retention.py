"""What identity keeps, why and how long; how a person is erased here.

| rule    | kept                                                                     | source   |
|---------|--------------------------------------------------------------------------|----------|
| account | until P11M after deactivation; refused or never confirmed: P30D          | S26, S51 |
| sign-in | sessions P90D after they began, refresh tokens until they expire         | S30      |
| link    | until P1D after expiry                                                   | S39      |
| mail    | until P1D after it was sent: whom and what kind, no address and no text  | S4       |
| receipt | the ledger of erasures: ids, counts and signatures, for accountability   | S26      |
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from common.clock import now
from common.jobs import job
from common.privacy.erasure import Erasure
from common.texts import Text
from identity.models import (
    Account,
    ErasureRequest,
    LinkToken,
    Mail,
    RefreshToken,
    SignInSession,
    StaffRole,
)
from identity.rules.states import Screening

SIGN_INS_KEPT = timedelta(days=90)
SPENT_KEPT = timedelta(days=1)

KEPT = {
    "account": Text(
        "As long as the account exists, and at most one year after it was deactivated; "
        "registrations that are refused or not confirmed: 30 days.",
        "Zolang het account bestaat, en hoogstens één jaar nadat het is gedeactiveerd; "
        "registraties die worden geweigerd of niet bevestigd: 30 dagen.",
        "Solange das Konto besteht, und höchstens ein Jahr nach seiner Deaktivierung; "
        "abgelehnte oder nicht bestätigte Registrierungen: 30 Tage.",
    ),
}
"""What people are told about how long their entries are kept (S5)."""


def erase(person: Erasure) -> None:
    """Leave a tombstone of the account: its id, its organisation's, and that it was erased."""
    own = person.account_id
    begun = sa.select(SignInSession.id).where(SignInSession.account_id == own)
    person.pseudonymise(
        Account,
        Account.id == own,
        values={
            **{column.key: None for column in _columns("null")},
            "email_key": f"erased:{own}",
            "screening": Screening.PENDING,
            "password_scheme": None,
            "pepper_id": None,
        },
    )
    person.delete(Mail, Mail.account_id == own)
    person.delete(LinkToken, LinkToken.account_id == own)
    person.delete(RefreshToken, RefreshToken.session_id.in_(begun))
    person.delete(SignInSession, SignInSession.account_id == own)
    person.delete(StaffRole, StaffRole.account_id == own)
    person.keep(Account, Account.approved_by == own, reason="attribution")
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
                (LinkToken, LinkToken.expires_at < at - SPENT_KEPT),
                (Mail, Mail.sent_at < at - SPENT_KEPT),
            )
        )


def _columns(erasure: str) -> list[Any]:
    """Columns of an account that say this is to become of them."""
    return [
        column
        for column in Account.__table__.columns
        if column.info.get("personal", {}).get("erasure") == erasure
    ]
