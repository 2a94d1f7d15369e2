"""What is read in more than one place; nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.privacy import rulesets
from common.privacy.retention import RowFacts, due
from common.web.access import Principal, Role
from identity.accounts import password_of
from identity.models import (
    Account,
    AuthenticatorApp,
    Invitation,
    Organisation,
    OrganisationKind,
    Outcome,
    SignInSession,
    SignInTry,
    StaffRole,
)
from identity.passwords import Hash
from identity.profiles import shown_to_colleagues
from identity.rules.access import Entry
from identity.rules.addresses import AddressNotValid, email_key
from identity.rules.dates import ON_ITS_WAY, WARNED_BEFORE
from identity.rules.invitations import InvitationState
from identity.rules.organisations import effective_role
from identity.rules.states import HIDDEN, SCREENED, State, shown_state

NOBODY = UUID(int=0)
"""Id of no account."""


@dataclass(frozen=True)
class Known:
    """An account that an address belongs to, and its password as it is kept."""

    account_id: UUID
    password: Hash | None


@dataclass(frozen=True)
class Claimed:
    """Whom somebody says to be. is_known_here: this person has signed in from the network."""

    account_id: UUID
    password: Hash | None
    is_known_here: bool


def credentials(session: Session, address: str) -> Known | None:
    """Whose address this is, None for nobody's; reads one row of this service alone (S33, S34)."""
    try:
        key = email_key(address)
    except AddressNotValid:
        return None
    account = session.scalars(sa.select(Account).where(Account.email_key == key)).one_or_none()
    return None if account is None else Known(account.id, password_of(account))


def claimed(session: Session, address_key: str, network: str) -> Claimed:
    """Whose address this is, NOBODY's where there is none; one statement for both (S30, S34)."""
    row = session.execute(_claimed(), {"key": address_key, "network": network}).one_or_none()
    if row is None:
        return Claimed(NOBODY, None, is_known_here=False)
    account_id, value, scheme, pepper_id, is_known_here = row
    kept = None if value is None else Hash(value, scheme or "", pepper_id or "")
    return Claimed(account_id, kept, is_known_here)


@cache
def _claimed() -> Any:
    seen = sa.exists().where(
        SignInTry.account_id == Account.id,
        SignInTry.outcome == Outcome.OK,
        SignInTry.network == sa.bindparam("network"),
    )
    return sa.select(
        Account.id, Account.password_hash, Account.password_scheme, Account.pepper_id, seen
    ).where(Account.email_key == sa.bindparam("key"))


def roles_of(session: Session, account: Account) -> list[Role]:
    """What a person is to the portal: staff roles, else the part in the own organisation."""
    roles = sa.select(StaffRole.role).where(StaffRole.account_id == account.id)
    return sorted(session.scalars(roles)) or [_part(account, managed_among(session, [account]))]


def managed_among(session: Session, accounts: list[Account]) -> set[UUID]:
    """Organisations of these accounts whose user management is on (S44)."""
    ids = {each.organisation_id for each in accounts if each.role is Role.USER_MANAGER}
    found = sa.select(Organisation).where(Organisation.id.in_(ids))
    return {each.id for each in session.scalars(found) if each.is_managed} if ids else set()


def _part(account: Account, managed: set[UUID]) -> Role:
    return effective_role(account.role, account.organisation_id in managed)


def shown(session: Session, accounts: list[Account]) -> list[dict[str, Any]]:
    """Accounts as AccountView shows them, with their roles."""
    found = sa.select(StaffRole).where(StaffRole.account_id.in_([each.id for each in accounts]))
    staff: dict[UUID, list[Role]] = {}
    for each in session.scalars(found):
        staff.setdefault(each.account_id, []).append(each.role)
    managed = managed_among(session, accounts)
    return [
        {
            **{column.key: getattr(each, column.key) for column in Account.__table__.columns},
            "state": shown_state(each.state, each.blocked_by_staff_at is not None),
            "roles": sorted(staff.get(each.id, [_part(each, managed)])),
        }
        for each in accounts
    ]


def visible(person: Principal, state: State | None = None) -> sa.Select[Any]:
    """Accounts for the office, or for a user manager those of the own organisation (S49, S50).

    Those of erased people are not among them. state: only those that are shown in it.
    """
    accounts = sa.select(Account).where(Account.state.not_in(HIDDEN))
    if Role.USER_MANAGER in person.roles:
        accounts = accounts.where(Account.organisation_id == person.organisation_id)
    return accounts if state is None else accounts.where(_is_shown_in(state))


def _is_shown_in(state: State) -> sa.ColumnElement[bool]:
    """The same as shown_state, asked of rows."""
    held = sa.and_(Account.state == State.BLOCKED, Account.blocked_by_staff_at.is_(None))
    if state is State.SCREENING:
        return sa.or_(Account.state == state, held)
    return sa.and_(Account.state == state, ~held)


def invitations_for(
    person: Principal, organisation_id: UUID | None, state: InvitationState | None
) -> sa.Select[Any]:
    """Invitations for staff, or for a user manager those of the own organisation (S50)."""
    found = sa.select(Invitation)
    if Role.USER_MANAGER in person.roles:
        found = found.where(Invitation.organisation_id == person.organisation_id)
    if organisation_id is not None:
        found = found.where(Invitation.organisation_id == organisation_id)
    return found if state is None else found.where(Invitation.state == state)


def colleagues(person: Principal) -> sa.Select[Any]:
    """Active accounts of the person's own organisation, but restricted ones (S9, art. 18)."""
    return sa.select(Account).where(
        Account.organisation_id == person.organisation_id,
        Account.state == State.ACTIVE,
        Account.restricted_at.is_(None),
    )


def as_colleagues(session: Session, accounts: list[Account]) -> list[dict[str, Any]]:
    """Accounts as ColleagueView shows them, with what each of them shows (S9, reading 5)."""
    profile = shown_to_colleagues(session, [each.id for each in accounts])
    return [
        {
            **profile.get(each["id"], {}),
            "account_id": each["id"],
            "display_name": f"{each['given_name']} {each['family_name']}",
            "roles": each["roles"],
        }
        for each in shown(session, accounts)
    ]


def entry(session: Session, account_id: UUID) -> Entry | None:
    """What the directory knows of an account."""
    account = session.get(Account, account_id)
    if account is None:
        return None
    organisation = (
        session.get_one(Organisation, account.organisation_id) if account.organisation_id else None
    )
    return Entry(
        organisation_id=account.organisation_id,
        state=account.state,
        given_name=account.given_name,
        family_name=account.family_name,
        of_staff=organisation is not None and organisation.kind is OrganisationKind.OPERATOR,
        restricted=account.restricted_at is not None,
    )


def names(session: Session, account_ids: list[UUID]) -> list[Account]:
    """Accounts whose names may be compared with the lists: those of people not erased (S16)."""
    wanted = sa.select(Account).where(Account.id.in_(account_ids), Account.state.not_in(HIDDEN))
    return list(session.scalars(wanted.order_by(Account.id)))


def screened_after(session: Session, after: UUID | None, limit: int) -> list[UUID]:
    """Ids of accounts that are compared with every new list, in their order (S18)."""
    ids = sa.select(Account.id).where(Account.state.in_(SCREENED))
    if after is not None:
        ids = ids.where(Account.id > after)
    return list(session.scalars(ids.order_by(Account.id).limit(limit)))


def signed_in_after(session: Session, after: UUID | None, limit: int) -> list[UUID]:
    """Ids of accounts with a sign-in that has not ended, in their order."""
    opened = sa.select(SignInSession.account_id).where(SignInSession.ended_at.is_(None))
    ids = sa.select(Account.id).where(Account.id.in_(opened))
    if after is not None:
        ids = ids.where(Account.id > after)
    return list(session.scalars(ids.order_by(Account.id).limit(limit)))


def peppered(session: Session) -> list[tuple[str, str, int | None, int]]:
    """What was made with which pepper at which cost, and how many there are."""
    cost = sa.cast(sa.func.substr(Account.password_hash, 5, 2), sa.Integer)
    hashes = sa.select(sa.func.coalesce(Account.pepper_id, ""), cost, sa.func.count())
    passwords = hashes.where(Account.password_hash.is_not(None)).group_by(Account.pepper_id, cost)
    seals = sa.select(AuthenticatorApp.pepper_id, sa.func.count())
    return sorted([
        *(("password", *row) for row in session.execute(passwords)),
        *(
            ("authenticator", pepper, None, number)
            for pepper, number in session.execute(seals.group_by(AuthenticatorApp.pepper_id))
        ),
    ])  # fmt: skip


def operator(session: Session) -> Organisation | None:
    """The organisation that the operator's own staff belong to."""
    found = sa.select(Organisation).where(Organisation.kind == OrganisationKind.OPERATOR)
    return session.scalars(found.order_by(Organisation.id).limit(1)).one_or_none()


def near_the_limit(session: Session) -> int:
    """How many closed accounts are still here less than WARNED_BEFORE before their limit (S26).

    Whose erasure has just fallen due is on its way and no alarm.
    """
    rules, at = rulesets.in_force(session), now(session)
    closed = sa.select(Account.deactivated_at).where(
        Account.state.in_((State.DEACTIVATED, State.ERASING)), Account.deactivated_at.is_not(None)
    )
    facts = (
        RowFacts(record_class="account", process_ended_at=closed_at)
        for closed_at in session.scalars(closed)
    )
    answers = (due(each, rules, (), at) for each in facts)
    late = (each.limit_at for each in answers if each.has_come(at - ON_ITS_WAY))
    return sum(limit is not None and limit - WARNED_BEFORE <= at for limit in late)
