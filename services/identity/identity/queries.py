"""What is read in more than one place; nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.web.access import Principal, Role
from identity.accounts import password_of
from identity.models import Account, Organisation, OrganisationKind, StaffRole
from identity.passwords import Hash
from identity.rules.access import Entry
from identity.rules.addresses import AddressNotValid, email_key
from identity.rules.states import HIDDEN, SCREENED, State


@dataclass(frozen=True)
class Known:
    """An account that an address belongs to, and its password as it is kept."""

    account_id: UUID
    password: Hash | None


def credentials(session: Session, address: str) -> Known | None:
    """Whose address this is, None for nobody's; reads one row of this service alone (S33, S34)."""
    try:
        key = email_key(address)
    except AddressNotValid:
        return None
    account = session.scalars(sa.select(Account).where(Account.email_key == key)).one_or_none()
    return None if account is None else Known(account.id, password_of(account))


def roles_of(session: Session, account: Account) -> list[Role]:
    """What a person is to the portal: staff roles, else the part in the own organisation."""
    roles = sa.select(StaffRole.role).where(StaffRole.account_id == account.id)
    return sorted(session.scalars(roles)) or [account.role]


def shown(session: Session, accounts: list[Account]) -> list[dict[str, Any]]:
    """Accounts as AccountView shows them, with their roles."""
    found = sa.select(StaffRole).where(StaffRole.account_id.in_([each.id for each in accounts]))
    staff: dict[UUID, list[Role]] = {}
    for each in session.scalars(found):
        staff.setdefault(each.account_id, []).append(each.role)
    return [
        {
            **{column.key: getattr(each, column.key) for column in Account.__table__.columns},
            "roles": sorted(staff.get(each.id, [each.role])),
        }
        for each in accounts
    ]


def visible(state: State | None) -> sa.Select[Any]:
    """Accounts for the office: all but those of erased people, or those in one state."""
    accounts = sa.select(Account).where(Account.state.not_in(HIDDEN))
    return accounts if state is None else accounts.where(Account.state == state)


def colleagues(person: Principal) -> sa.Select[Any]:
    """Active accounts of the person's own organisation (S9)."""
    return sa.select(Account).where(
        Account.organisation_id == person.organisation_id, Account.state == State.ACTIVE
    )


def as_colleagues(session: Session, accounts: list[Account]) -> list[dict[str, Any]]:
    """Accounts as ColleagueView shows them."""
    return [
        {
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


def operator(session: Session) -> Organisation | None:
    """The organisation that the operator's own staff belong to."""
    found = sa.select(Organisation).where(Organisation.kind == OrganisationKind.OPERATOR)
    return session.scalars(found.order_by(Organisation.id).limit(1)).one_or_none()
