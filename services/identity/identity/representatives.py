"""Representatives: their contracts, and the accounts they see while one is valid (S23-S25)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.privacy.audit import audit, audit_shown
from common.web.access import TOKEN_LIFE, Principal, Role
from identity import accounts
from identity.models import (
    Account,
    Organisation,
    OrganisationKind,
    RecipientKind,
    Representation,
)
from identity.rules.refusals import UnknownOrganisation, refuse_ended_relation
from identity.rules.representatives import (
    Term,
    access_ends_at,
    end_changed,
    end_now,
    refuse_senseless,
)
from identity.rules.states import HIDDEN, State


def open_representative(session: Session, organisation_id: UUID) -> Organisation:
    """A representative that stays one until this transaction ends.

    Raises UnknownOrganisation, RelationEnded.
    """
    found = session.get(Organisation, organisation_id, with_for_update={"read": True})
    if found is None or found.kind is not OrganisationKind.REPRESENTATIVE:
        raise UnknownOrganisation(errors={"/organisation_id": "There is no such representative."})
    refuse_ended_relation(found.relation_ended_at)
    return found


def enter(session: Session, contract: dict[str, Any], by: UUID) -> Representation:
    """Enter a contract: from its first instant, people of the representative have access (S25)."""
    refuse_senseless((contract["valid_from"], contract["valid_to"]), now(session))
    open_representative(session, contract["organisation_id"])
    entered = Representation(**contract, created_by=by, version=1)
    session.add(entered)
    session.flush()
    audit(session, "representation.enter", entered.id)
    return entered


def change_end(session: Session, contract: Representation, ends: datetime | None) -> None:
    """Let a contract end at another instant, None for now; whoever loses access is signed out.

    contract: its row, locked. Raises ContractOver, Invalid.
    """
    at, before = now(session), contract.valid_to
    held = term(contract)
    contract.valid_to = end_now(held, at) if ends is None else end_changed(held, ends, at)
    session.flush()
    audit(session, "representation.end", contract.id)
    if contract.valid_to < before:
        _sign_out(session, contract.organisation_id)


def access_ends(session: Session, account: Account, at: datetime) -> datetime | None:
    """When a representative's access ends as things are; None without a contract valid now."""
    contracts = session.scalars(_contracts_of(account.organisation_id))
    return access_ends_at([term(each) for each in contracts], at)


def lacks_contract(session: Session, account: Account) -> bool:
    """Whether this is a representative's account without a contract that is valid now (S25)."""
    is_one = account.role is Role.REPRESENTATIVE
    return is_one and access_ends(session, account, now(session)) is None


def token_life(session: Session, account: Account) -> timedelta:
    """How long an access token lives; a representative's never longer than the contract (S25)."""
    if account.role is not Role.REPRESENTATIVE:
        return TOKEN_LIFE
    at = now(session)
    return min(TOKEN_LIFE, (access_ends(session, account, at) or at) - at)


def countries(session: Session, organisation_id: UUID | None, at: datetime) -> list[str]:
    """Countries in which an organisation represents the operator at this instant."""
    valid = _contracts_of(organisation_id).where(*_valid(at))
    return sorted({each.country for each in session.scalars(valid)})


def represented(person: Principal, at: datetime) -> sa.Select[Any]:
    """Accounts whose entries the representative may read at this instant, and no others (S24).

    Those that customers' people confirmed, of a country with a contract that is valid now; none of
    which the use is restricted.
    """
    employers = sa.select(Organisation.id).where(Organisation.kind != OrganisationKind.CUSTOMER)
    own = sa.select(Organisation.id).where(
        Organisation.id == person.organisation_id,
        Organisation.kind == OrganisationKind.REPRESENTATIVE,
        Organisation.relation_ended_at.is_(None),
    )
    here = sa.select(Representation.country).where(
        Representation.organisation_id.in_(own), *_valid(at)
    )
    return sa.select(Account).where(
        Account.country.in_(here),
        Account.confirmed_at.is_not(None),
        Account.restricted_at.is_(None),
        Account.state.not_in(HIDDEN | {State.REGISTERED}),
        sa.or_(Account.organisation_id.is_(None), Account.organisation_id.not_in(employers)),
    )


def note_reads(session: Session, read: list[Account]) -> None:
    """Write down that a representative saw these accounts, one by one (S24)."""
    audit_shown(session, read, "account.read-by-representative")


def recipients(session: Session, account: Account) -> list[dict[str, Any]]:
    """Who may see a person's entries or could since they exist (S24, reading 2, art. 19 GDPR).

    Representatives with their contracts, and the companies that the settings name.
    """
    known = [
        {
            "kind": RecipientKind.REPRESENTATIVE,
            "organisation": name,
            "country": contract.country,
            "contract_kind": contract.contract_kind,
            "since": contract.valid_from,
            "until": contract.valid_to,
        }
        for contract, name in covering(session, account)
    ]
    others = session.info["runtime"].settings.other_recipients
    nothing = dict.fromkeys(("country", "contract_kind", "since", "until"))
    return [
        *known,
        *({"kind": RecipientKind(kind), "organisation": name, **nothing} for kind, name in others),
    ]


def covering(session: Session, account: Account) -> list[tuple[Representation, str]]:
    """Contracts under which a person's entries are or were seen, with the representative's name."""
    employer = account.organisation_id and session.get_one(Organisation, account.organisation_id)
    if employer and employer.kind is not OrganisationKind.CUSTOMER:
        return []
    found = sa.select(Representation, Organisation.name).join(
        Organisation, Organisation.id == Representation.organisation_id
    )
    since = found.where(
        Representation.country == account.country,
        Representation.valid_from <= now(session),
        Representation.valid_from < Representation.valid_to,
        Representation.valid_to > account.registered_at,
    )
    return [(each, name) for each, name in session.execute(since.order_by(Representation.id))]


def term(contract: Representation) -> Term:
    """From when until when a contract is valid."""
    return contract.valid_from, contract.valid_to


def _contracts_of(organisation_id: UUID | None) -> sa.Select[Any]:
    return sa.select(Representation).where(Representation.organisation_id == organisation_id)


def _valid(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return Representation.valid_from <= at, Representation.valid_to > at


def _sign_out(session: Session, organisation_id: UUID) -> None:
    people = sa.select(Account.id).where(
        Account.organisation_id == organisation_id,
        Account.role == Role.REPRESENTATIVE,
        Account.state == State.ACTIVE,
    )
    for account_id in session.scalars(people.order_by(Account.id)).all():
        accounts.end_sessions(session, accounts.locked(session, account_id))
