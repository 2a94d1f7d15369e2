"""Who may do what, and who is shown to whom."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from common.texts import Text
from common.web.access import STAFF_ROLES, Reach, Role, may, may_change
from identity.rules.refusals import OwnDecision
from identity.rules.states import HIDDEN, State

_OFFICE = {
    "approver": Reach.EVERYWHERE,
    "compliance": Reach.EVERYWHERE,
    "dpo": Reach.EVERYWHERE,
    "support": Reach.EVERYWHERE,
    "admin": Reach.EVERYWHERE,
}
_STAFF = {role.value: Reach.EVERYWHERE for role in STAFF_ROLES}
_CUSTOMERS = {"member": Reach.ORGANISATION, "user_manager": Reach.ORGANISATION}
_ONESELF = {role.value: Reach.OWN for role in Role}

# fmt: off
POLICY = {
    "session.end":           may(**_ONESELF),
    "account.leave":         may(**_ONESELF),
    "account.read":          may(**{**_ONESELF, **_OFFICE}),                             # S9, S12
    "account.list":          may(**_OFFICE),
    "account.approve":       may_change(approver=Reach.EVERYWHERE),                      # S7, S51
    "account.refuse":        may_change(approver=Reach.EVERYWHERE),                      # S51
    "account.block":         may_change(compliance=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.unblock":       may_change(compliance=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.deactivate":    may_change(support=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.reactivate":    may_change(support=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.erase":         may_change(dpo=Reach.EVERYWHERE),                           # S26
    "erasure.read":          may(dpo=Reach.EVERYWHERE),
    "directory.read":        may(**_CUSTOMERS, **_STAFF),                                # S9
    "organisation.list":     may(**_STAFF),
    "organisation.read":     may(**_CUSTOMERS, **_STAFF),
    "organisation.register": may(approver=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "organisation.end":      may_change(admin=Reach.EVERYWHERE),                         # S55
}
# fmt: on


FORMER_USER = Text("Former user", "Voormalige gebruiker", "Ehemaliger Nutzer")


@dataclass(frozen=True)
class Entry:
    """What the directory knows of an account. of_staff: it is one of the operator's."""

    organisation_id: UUID | None
    state: State
    given_name: str | None
    family_name: str | None
    of_staff: bool


def display_name(
    entry: Entry,
    reader_organisation_id: UUID | None,
    reader_is_staff: bool,
    operator_name: str,
    language: str,
) -> str | None:
    """How a person is called for a reader; None when the reader may not know of the person.

    Source: S9 (colleagues see each other), S12 and S50 (nobody else does), reading 4 (an erased
    person is a former user).
    """
    colleague = entry.organisation_id is not None
    colleague = colleague and entry.organisation_id == reader_organisation_id
    if entry.of_staff and not reader_is_staff:
        return operator_name
    if not (colleague or reader_is_staff):
        return None
    if entry.state in HIDDEN:
        return FORMER_USER.say(language)
    return f"{entry.given_name} {entry.family_name}"


def refuse_own_decision(account_id: UUID, decided_by: UUID) -> None:
    """Raise OwnDecision when somebody decides about themself (S51)."""
    if account_id == decided_by:
        raise OwnDecision("You cannot decide about your own account.")
