"""Changes of organisations."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.events.catalogue import (
    BusinessRelationshipEnded,
    OrganisationRegistered,
    UserManagementDisabled,
    UserManagementEnabled,
)
from common.messaging import publish
from common.privacy.audit import audit
from common.refusals import Conflict, IllegalTransition, Invalid
from common.web.access import Principal, Role
from identity import invitations
from identity.accounts import end_sessions
from identity.models import Account, Organisation, OrganisationKind
from identity.rules.organisations import (
    UserManagementOff,
    organisation_meant,
    refuse_no_member,
    refuse_nobody_in_charge,
)
from identity.rules.refusals import UnknownOrganisation, refuse_ended_relation
from identity.rules.states import State


def enter(session: Session, name: str, country: str, kind: OrganisationKind) -> Organisation:
    """Enter an organisation that people can be assigned to."""
    organisation = Organisation(
        name=name, country=country, kind=kind, registered_at=now(session), version=1
    )
    session.add(organisation)
    session.flush()
    audit(session, "organisation.register", organisation.id)
    publish(session, OrganisationRegistered(organisation_id=organisation.id))
    return organisation


def end_relation(session: Session, organisation: Organisation) -> None:
    """The organisation is a customer no more; what hangs on it follows from the event (S55).

    organisation: its row, locked. From now on nobody is approved for it or signs in for it.
    """
    refuse_ended_relation(organisation.relation_ended_at)
    if organisation.kind is OrganisationKind.OPERATOR:
        raise Conflict("The operator is no customer.")
    organisation.relation_ended_at = now(session)
    session.flush()
    invitations.withdraw_all(session, organisation.id)
    audit(session, "organisation.end", organisation.id)
    publish(session, BusinessRelationshipEnded(organisation_id=organisation.id))


def open_customer(session: Session, organisation_id: UUID) -> Organisation:
    """A customer whose relation stays open until this transaction ends.

    Raises UnknownOrganisation, RelationEnded.
    """
    organisation = session.get(Organisation, organisation_id, with_for_update={"read": True})
    if organisation is None or organisation.kind is not OrganisationKind.CUSTOMER:
        raise UnknownOrganisation(errors={"/organisation_id": "There is no such customer."})
    refuse_ended_relation(organisation.relation_ended_at)
    return organisation


def refuse_closed(session: Session, organisation_id: UUID | None) -> None:
    """Raise RelationEnded when the organisation is no customer any more; else it stays so."""
    if organisation_id is not None:
        organisation = session.get_one(
            Organisation, organisation_id, with_for_update={"read": True}
        )
        refuse_ended_relation(organisation.relation_ended_at)


def enable_user_management(
    session: Session, organisation: Organisation, first: Account | None, reference: str, by: UUID
) -> None:
    """Let an organisation's own people decide who acts for it (S43, S44).

    organisation: its row, locked. first: the account that becomes its first user manager, locked
    before. reference: of the agreement with the customer.
    """
    refuse_ended_relation(organisation.relation_ended_at)
    if organisation.kind is not OrganisationKind.CUSTOMER:
        raise Conflict("Only customers have user management.")
    if organisation.user_management_since is not None:
        raise Conflict("User management is switched on already.")
    if first is None or first.organisation_id != organisation.id or first.state is not State.ACTIVE:
        raise Invalid(errors={"/manager_account_id": "There is no such active member."})
    organisation.user_management_since = now(session)
    organisation.user_management_by, organisation.agreement_reference = by, reference
    session.flush()
    audit(session, "organisation.enable-user-management", organisation.id)
    publish(session, UserManagementEnabled(organisation_id=organisation.id))
    _give_role(session, first, Role.USER_MANAGER)


def disable_user_management(session: Session, organisation: Organisation) -> None:
    """Take the power to decide from an organisation's people, at once and for good (S13, S44).

    organisation: its row, locked after its managers. They become members, their tokens are void,
    and what they invited and nobody accepted is withdrawn.
    """
    if organisation.user_management_since is None:
        raise Conflict("User management is switched off already.")
    organisation.user_management_since = organisation.user_management_by = None
    organisation.agreement_reference = None
    session.flush()
    audit(session, "organisation.disable-user-management", organisation.id)
    publish(session, UserManagementDisabled(organisation_id=organisation.id))
    for manager in locked_in_charge(session, organisation.id):
        _give_role(session, manager, Role.MEMBER)
    invitations.withdraw_all(session, organisation.id, of_members=True)


def locked_in_charge(session: Session, organisation_id: UUID) -> list[Account]:
    """Accounts that are user managers of an organisation, each locked."""
    managers = sa.select(Account).where(
        Account.organisation_id == organisation_id, Account.role == Role.USER_MANAGER
    )
    held = managers.order_by(Account.id).with_for_update()
    return list(session.scalars(held, execution_options={"populate_existing": True}))


def set_role(session: Session, account: Account, role: Role, by: Principal) -> None:
    """Make a member a user manager or a user manager a member; tokens of before are void (S43).

    account: its row, locked.
    """
    organisation = _held(session, account)
    if organisation is None or organisation.kind is not OrganisationKind.CUSTOMER:
        raise IllegalTransition("The account belongs to no customer.")
    refuse_powerless(organisation, by)
    refuse_no_member(role, account.state, organisation.is_managed)
    if role is Role.MEMBER:
        _refuse_nobody_left(session, account, organisation)
    if role is not account.role:
        _give_role(session, account, role)


def refuse_leaving_nobody(session: Session, account: Account) -> None:
    """Raise NobodyInCharge when nobody else manages the organisation's people.

    account: its row, locked.
    """
    if account.role is Role.USER_MANAGER:
        _refuse_nobody_left(session, account, _held(session, account))


def decide_for(session: Session, person: Principal) -> None:
    """Keep a user manager's power as it is until this transaction ends; staff need none.

    Raises UserManagementOff: a switch that was turned since the request came in counts.
    """
    if Role.USER_MANAGER in person.roles:
        own = person.organisation_id
        organisation = session.get(Organisation, own, with_for_update={"read": True})
        refuse_powerless(organisation, person)


def refuse_powerless(organisation: Organisation | None, person: Principal) -> None:
    """Raise UserManagementOff for the manager of an organisation without user management."""
    if Role.USER_MANAGER in person.roles and (organisation is None or not organisation.is_managed):
        raise UserManagementOff()


def inviting(session: Session, person: Principal, asked: UUID | None) -> Organisation:
    """The customer that somebody invites for, locked: its invitations are counted by one at a time.

    asked: the one named; a user manager has the own. Raises UnknownOrganisation, RelationEnded,
    UserManagementOff.
    """
    manages = Role.USER_MANAGER in person.roles
    own = person.organisation_id if manages else None
    meant = organisation_meant(asked, own, only_known=manages)
    organisation = session.get(Organisation, meant, with_for_update=True)
    refuse_powerless(organisation, person)
    if organisation is None or organisation.kind is not OrganisationKind.CUSTOMER:
        raise UnknownOrganisation(errors={"/organisation_id": "There is no such customer."})
    refuse_ended_relation(organisation.relation_ended_at)
    return organisation


def _held(session: Session, account: Account) -> Organisation | None:
    """An account's organisation, locked: whoever counts its managers does so alone."""
    if account.organisation_id is None:
        return None
    return session.get_one(
        Organisation, account.organisation_id, with_for_update=True, populate_existing=True
    )


def _refuse_nobody_left(
    session: Session, account: Account, organisation: Organisation | None
) -> None:
    others = sa.select(sa.func.count()).where(
        Account.organisation_id == account.organisation_id,
        Account.role == Role.USER_MANAGER,
        Account.state == State.ACTIVE,
        Account.id != account.id,
    )
    managed = organisation is not None and organisation.is_managed
    refuse_nobody_in_charge(account.role, account.state, managed, session.scalar(others) or 0)


def _give_role(session: Session, account: Account, role: Role) -> None:
    """Access tokens of before are void; refresh tokens get ones with the new role (ASVS 8.3.2)."""
    account.role = role
    audit(session, "account.change-role", account.id)
    end_sessions(session, account, only=())
