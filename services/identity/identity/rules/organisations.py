"""User management: who counts as a user manager, and what cannot happen to the last one."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

from common.refusals import Conflict, IllegalTransition, NotAllowed
from common.texts import Text
from common.web.access import Role
from identity.rules.refusals import UnknownOrganisation
from identity.rules.states import State

ASSIGNABLE = frozenset({State.SCREENING, State.AWAITING_APPROVAL, State.BLOCKED})
"""Accounts that a customer can be given to, as long as nobody has approved them."""


class UserManagementOff(NotAllowed):
    """Staff decide about the organisation's people (S44)."""

    title = Text(
        "User management is switched off for your organisation",
        "Gebruikersbeheer is voor uw organisatie uitgeschakeld",
        "Die Nutzerverwaltung ist für Ihre Organisation ausgeschaltet",
    )


class NobodyInCharge(Conflict):
    """An organisation with user management keeps a user manager."""

    title = Text(
        "Name another user manager first",
        "Wijs eerst een andere gebruikersbeheerder aan",
        "Benennen Sie zuerst eine andere Nutzerverwalterin oder einen anderen Nutzerverwalter",
    )


def is_managed(user_management_since: datetime | None, relation_ended_at: datetime | None) -> bool:
    """Whether an organisation's user managers may decide about its people (S44)."""
    return user_management_since is not None and relation_ended_at is None


def effective_role(role: Role, managed: bool) -> Role:
    """A customer's person as the portal knows it: without user management nobody manages (S13)."""
    return Role.MEMBER if role is Role.USER_MANAGER and not managed else role


def refuse_nobody_in_charge(role: Role, state: State, managed: bool, other_managers: int) -> None:
    """Raise NobodyInCharge when the organisation would be left with none; a blocked one is none.

    other_managers: active user managers of the same organisation beside this one.
    """
    if managed and role is Role.USER_MANAGER and state is State.ACTIVE and not other_managers:
        raise NobodyInCharge("Name another user manager, or have user management switched off.")


def refuse_no_member(role: Role, state: State, managed: bool) -> None:
    """Raise IllegalTransition unless an account can have this role in its organisation now."""
    if role is Role.USER_MANAGER and not managed:
        raise IllegalTransition("User management is switched off for the organisation.")
    if role is Role.USER_MANAGER and state is not State.ACTIVE:
        raise IllegalTransition("Only an active account can become a user manager.")


def organisation_meant(asked: UUID | None, known: UUID | None, *, only_known: bool) -> UUID:
    """Which organisation something is for: the one that is named, else the one known already.

    only_known: for user managers, who decide for their own alone. Raises UnknownOrganisation.
    """
    if asked is None and known is None:
        raise UnknownOrganisation(errors={"/organisation_id": "Missing data for required field."})
    if only_known and asked not in (None, known):
        raise UnknownOrganisation(errors={"/organisation_id": "There is no such customer."})
    return cast(UUID, asked or known)


def refuse_assigned(state: State, approved: bool) -> None:
    """Raise IllegalTransition for an account that acts for its organisation already (S8)."""
    if approved or state not in ASSIGNABLE:
        raise IllegalTransition("Only an applicant who is not yet approved can be assigned.")
