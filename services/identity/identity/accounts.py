"""Changes of accounts: who calls holds the account's row locked, before any other row of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.events.catalogue import AccountSessionsEnded
from common.messaging import publish
from common.privacy.audit import audit
from common.web.access import Role
from common.web.standing import AccountStanding, held_back
from identity import notices, profiles
from identity.mails import write
from identity.models import Account, LinkPurpose, LinkToken, MailKind, SignInSession, StaffRole
from identity.passwords import Hash
from identity.rules.addresses import email_key
from identity.rules.dates import QUIET
from identity.rules.states import (
    HIDDEN,
    STANDING,
    Grounds,
    Screening,
    State,
    Step,
    Trigger,
    step,
)

MAIL_AFTER = {
    (State.SCREENING, State.ACTIVE): MailKind.RELEASED,
    (State.AWAITING_APPROVAL, State.ACTIVE): MailKind.RELEASED,
    (State.SCREENING, State.REFUSED): MailKind.REFUSED,
    (State.AWAITING_APPROVAL, State.REFUSED): MailKind.REFUSED,
    (State.BLOCKED, State.REFUSED): MailKind.REFUSED,
    (State.BLOCKED, State.ACTIVE): MailKind.REACTIVATED,
    (State.DEACTIVATED, State.ACTIVE): MailKind.REACTIVATED,
    **{(state, State.BLOCKED): MailKind.BLOCKED for state in State},
    **{(state, State.DEACTIVATED): MailKind.DEACTIVATED for state in State},
}
"""What people are told when their account goes from one state to another."""


def locked(session: Session, account_id: UUID) -> Account:
    """An account's row as it is now, held until the end of the transaction."""
    return session.get_one(Account, account_id, with_for_update=True, populate_existing=True)


def change_state(session: Session, account: Account, trigger: Trigger) -> None:
    """Let something happen to an account: state, epoch, event, audit and mail in one transaction.

    account: its row, locked. Raises IllegalTransition when that is not possible now. What changes
    nothing (a late verdict, the same one again) leaves no trace.
    """
    known = grounds_of(account)
    before, result = account.state, step(account.state, trigger, known)
    if result.state is before and result.grounds == known:
        return
    _keep(account, result, now(session))
    if result.ends_tokens:
        _end_sessions(session, account)
    session.flush()
    audit(session, f"account.{trigger.value}", account.id)
    if result.event is not None:
        publish(session, _event(result.event, account))
    if result.state is not before:
        _keep_own_standing(session, account)
    if (before, result.state) in MAIL_AFTER:
        write(session, account.id, MAIL_AFTER[before, result.state])


def register(session: Session, form: dict, password: Hash) -> UUID | None:
    """Note a registration; an address that is known already is told so by mail, and nobody else.

    form: what a checked Registration requires, without its password. Returns the id of what is
    new, None for a known address.
    """
    values = {
        **form,
        **_password_columns(password),
        "email_key": email_key(form["email"]),
        "state": State.REGISTERED,
        "registered_at": now(session),
        "notice_version": notices.in_force(session, form["country"]).version,
    }
    made = insert(session, Account).values(**values).on_conflict_do_nothing()
    account_id = session.scalar(made.returning(Account.id))
    if account_id is None:
        _tell_owner(session, values["email_key"])
        return None
    audit(session, "account.register", account_id)
    write(session, account_id, MailKind.CONFIRM)
    return account_id


def confirm(session: Session, account: Account) -> None:
    """The address is the person's own: the registration goes to screening (S4, S14).

    When the form was sent several times for this address, nobody knows whose password was kept:
    it is dropped, and the owner of the address chooses a new one; voluntary entries go, too.
    """
    if account.registered_again_at is not None:
        account.password_hash = None
        write(session, account.id, MailKind.SET_PASSWORD)
    account.confirmed_at = now(session)
    change_state(session, account, Trigger.CONFIRM)
    profiles.confirm(session, account)


def appoint(
    session: Session, account: Account, roles: Iterable[Role], password: Hash | None
) -> None:
    """Enter a member of staff: approved at once, active when screening is clear (S14).

    password: None mails a link to choose one.
    """
    at = now(session)
    assert account.email is not None
    account.email_key, account.state, account.screening = (
        email_key(account.email), State.REGISTERED, Screening.PENDING
    )  # fmt: skip
    account.registered_at = account.confirmed_at = account.approved_at = at
    account.notice_version = notices.in_force(session, account.country).version
    if password is not None:
        keep_password(account, password)
    session.add(account)
    session.flush()
    session.add_all(StaffRole(account_id=account.id, role=role) for role in roles)
    audit(session, "account.appoint", account.id)
    change_state(session, account, Trigger.CONFIRM)
    if password is None:
        write(session, account.id, MailKind.SET_PASSWORD)


def set_password(
    session: Session, account: Account, password: Hash, *, but: UUID | None = None
) -> None:
    """Replace the password and void what was signed in with the old one; the state stays (S39).

    Its owner is told, and links that were mailed before are void. but: the sign-in that goes on,
    with new tokens.
    """
    keep_password(account, password)
    void_links(session, account)
    write(session, account.id, MailKind.PASSWORD_CHANGED)
    audit(session, "account.set-password", account.id)
    end_sessions(session, account, but=but)


def void_links(session: Session, account: Account) -> None:
    """A credential is another one now: unused links to change one are good no more (S39)."""
    unused = sa.delete(LinkToken).where(
        LinkToken.account_id == account.id,
        LinkToken.purpose != LinkPurpose.CONFIRM,
        LinkToken.used_at.is_(None),
    )
    session.execute(unused)


def end_sessions(
    session: Session,
    account: Account,
    *,
    only: Collection[UUID] | None = None,
    but: UUID | None = None,
) -> None:
    """End sign-ins and void every access token of a person, in every service; the state stays.

    account: its row, locked. only: the sign-ins that end, None for all. but: the one that does not
    end. The others go on by their refresh tokens.
    """
    _end_sessions(session, account, only, but)
    session.flush()
    audit(session, "account.end-sessions", account.id)
    tell_standing(session, account, AccountSessionsEnded)


def tell_standing(session: Session, account: Account, kind: type) -> None:
    """Tell every service how an active account stands now; others cannot act anyway.

    account: its row, locked and flushed. kind: the event's class.
    """
    if account.state is State.ACTIVE:
        publish(session, _event(kind, account))
        _keep_own_standing(session, account)


def assign_roles(session: Session, account: Account, roles: Iterable[Role]) -> None:
    """Give a member of staff these roles instead of those of before; what is signed in ends (S12).

    account: its row, locked.
    """
    session.execute(sa.delete(StaffRole).where(StaffRole.account_id == account.id))
    session.add_all(StaffRole(account_id=account.id, role=role) for role in sorted(set(roles)))
    audit(session, "account.assign-roles", account.id)
    end_sessions(session, account)


def keep_password(account: Account, password: Hash) -> None:
    """Keep a password; nothing else follows from it."""
    for name, value in _password_columns(password).items():
        setattr(account, name, value)


def password_of(account: Account) -> Hash | None:
    """An account's password as it is kept, None where there is none."""
    if account.password_hash is None:
        return None
    return Hash(account.password_hash, account.password_scheme or "", account.pepper_id or "")


def grounds_of(account: Account) -> Grounds:
    """What decides, beside its state, where an account can go."""
    return Grounds(
        screening=account.screening,
        approved=account.approved_at is not None,
        blocked_by_staff=account.blocked_by_staff_at is not None,
    )


def _keep(account: Account, result: Step, at: datetime) -> None:
    held = result.grounds.screening is Screening.BLOCKED
    since = {State.REFUSED: "refused_at", State.DEACTIVATED: "deactivated_at"}
    if account.state is State.DEACTIVATED and result.state not in HIDDEN | {State.DEACTIVATED}:
        account.deactivated_at = None
    if result.state is not account.state and result.state in since:
        setattr(account, since[result.state], at)
    if result.state is State.ERASED:
        account.erased_at = at
    account.state, account.screening = result.state, result.grounds.screening
    account.approved_at = (account.approved_at or at) if result.grounds.approved else None
    account.blocked_by_screening_at = (account.blocked_by_screening_at or at) if held else None
    if not result.grounds.blocked_by_staff:
        account.blocked_by_staff_at = account.block_reason = None
    elif account.blocked_by_staff_at is None:
        account.blocked_by_staff_at = at


def _end_sessions(
    session: Session,
    account: Account,
    only: Collection[UUID] | None = None,
    but: UUID | None = None,
) -> None:
    account.epoch += 1
    ending = sa.update(SignInSession).where(
        SignInSession.account_id == account.id, SignInSession.ended_at.is_(None)
    )
    if only is not None:
        ending = ending.where(SignInSession.id.in_(only))
    if but is not None:
        ending = ending.where(SignInSession.id != but)
    session.execute(ending.values(ended_at=now(session)))


def _event(kind: type, account: Account) -> object:
    return kind(
        account_id=account.id,
        organisation_id=account.organisation_id,
        epoch=account.epoch,
        restricted=account.restricted_at is not None,
    )


def _keep_own_standing(session: Session, account: Account) -> None:
    session.merge(
        AccountStanding(
            account_id=account.id,
            organisation_id=account.organisation_id,
            state=held_back(STANDING[account.state], account.restricted_at is not None),
            epoch=account.epoch,
            sequence=0,
        )
    )


def _password_columns(password: Hash) -> dict[str, str]:
    return {
        "password_hash": password.value,
        "password_scheme": password.scheme,
        "pepper_id": password.pepper_id,
    }


def _tell_owner(session: Session, key: str) -> None:
    found = sa.select(Account).where(Account.email_key == key).with_for_update()
    account = session.scalars(found).one_or_none()
    if account is None or account.state in HIDDEN:
        return
    if account.state is not State.REGISTERED:
        write(session, account.id, MailKind.ALREADY_REGISTERED, at_most_every=QUIET)
        return
    account.registered_again_at = now(session)
    write(session, account.id, MailKind.CONFIRM, at_most_every=QUIET)
