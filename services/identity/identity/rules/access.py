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
_GUARDS = dict.fromkeys(("support", "compliance", "admin"), Reach.EVERYWHERE)
_STAFF = {role.value: Reach.EVERYWHERE for role in STAFF_ROLES}
_CUSTOMERS = {"member": Reach.ORGANISATION, "user_manager": Reach.ORGANISATION}
_MANAGER = {"user_manager": Reach.ORGANISATION}
"""For an organisation by its own user manager, while user management is on (S13, S43)."""
_GRANTORS = {"approver": Reach.EVERYWHERE, "admin": Reach.EVERYWHERE}
_ONESELF = {role.value: Reach.OWN for role in Role}

# fmt: off
POLICY = {
    "session.list":          may(**_ONESELF),
    "session.end":           may(**_ONESELF),
    "password.change":       may(**_ONESELF),
    "sign-in.list":          may(**_ONESELF),
    "address.change":        may(**_ONESELF),                                            # S30
    "notification.choose":   may(**_ONESELF),
    "account.recover":       may(support=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),      # S39
    "account.leave":         may(**_ONESELF),
    "account.read":          may(**{**_ONESELF, **_OFFICE, **_MANAGER}),                 # S9, S49
    "account.rectify":       may_change(**_ONESELF),                                     # art. 16
    "account.list":          may(**_OFFICE, **_MANAGER),                                 # S49
    "account.assign":        may_change(approver=Reach.EVERYWHERE),                      # S8
    "account.approve":       may_change(approver=Reach.EVERYWHERE, **_MANAGER),          # S7, S51
    "account.refuse":        may_change(approver=Reach.EVERYWHERE, **_MANAGER),          # S51
    "account.change-role":   may_change(**_GRANTORS, **_MANAGER),                        # S43, S44
    "account.block":         may_change(compliance=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.unblock":       may_change(compliance=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.deactivate":    may_change(support=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.reactivate":    may_change(support=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.end-sessions":  may_change(**_GUARDS),
    "second-factor.change": may(**_ONESELF),
    "second-factor.reset":  may_change(support=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "account.restrict":      may_change(dpo=Reach.EVERYWHERE),                           # art. 18
    "account.erase":         may_change(dpo=Reach.EVERYWHERE),                           # S26
    "erasure.plan":          may(dpo=Reach.EVERYWHERE),
    "erasure.read":          may(dpo=Reach.EVERYWHERE),
    "legal-hold.place":     may(dpo=Reach.EVERYWHERE),
    "legal-hold.read":      may(dpo=Reach.EVERYWHERE),
    "legal-hold.review":    may_change(dpo=Reach.EVERYWHERE),
    "legal-hold.release":   may_change(dpo=Reach.EVERYWHERE),
    "export.make":          may(**_ONESELF),
    "retention.see-own":    may(**_ONESELF),
    "consent.read":          may(**_ONESELF),                                            # S28
    "consent.give":          may(**_ONESELF),                                            # S6
    "consent.withdraw":      may(**_ONESELF),                                            # S6, S28
    "objection.read":      may(**_ONESELF),                                            # S69
    "objection.raise":    may(**_ONESELF),                                            # S69
    "objection.lift":  may(**_ONESELF),                                      # S69
    "objection.enter": may(dpo=Reach.EVERYWHERE, support=Reach.EVERYWHERE),  # S69
    "recipient-notice.list":    may(dpo=Reach.EVERYWHERE, representative=Reach.ORGANISATION),
    "recipient-notice.confirm": may_change(
        dpo=Reach.EVERYWHERE, representative=Reach.ORGANISATION),                        # art. 19
    "recipient-notice.confirm-all": may(dpo=Reach.EVERYWHERE),
    "rights-request.make":     may(**_ONESELF),                                          # S2
    "rights-request.see-own":  may(**_ONESELF),                                          # S2
    "rights-request.withdraw": may(**_ONESELF),                                          # S2
    "rights-request.enter":    may(dpo=Reach.EVERYWHERE, support=Reach.EVERYWHERE),
    "rights-request.list":     may(dpo=Reach.EVERYWHERE),
    "rights-request.read":     may(dpo=Reach.EVERYWHERE),
    "rights-request.extend":   may_change(dpo=Reach.EVERYWHERE),                        # art. 12(3)
    "rights-request.reply":    may_change(dpo=Reach.EVERYWHERE),                        # art. 12(3)
    "rights-request.refuse":   may_change(dpo=Reach.EVERYWHERE),                        # art. 12(4)
    "profile.read":          may(**_ONESELF),                                            # S6
    "profile.change":        may_change(**_ONESELF),                                     # S6
    "directory.read":        may(**_CUSTOMERS, **_STAFF),                                # S9
    "organisation.list":     may(**_STAFF),
    "organisation.read":     may(**_CUSTOMERS, **_STAFF),
    "organisation.register": may(approver=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "organisation.end":      may_change(admin=Reach.EVERYWHERE),                         # S55
    "organisation.switch-user-management": may_change(**_GRANTORS),                      # S44
    "organisation.require-second-factor": may_change(**_GRANTORS, **_MANAGER),
    "organisation.list-members":           may(**_OFFICE, **_MANAGER),                   # S49
    "invitation.send":       may(approver=Reach.EVERYWHERE, **_MANAGER),                 # S45, S46
    "invitation.list":       may(approver=Reach.EVERYWHERE, **_MANAGER),
    "invitation.resend":     may_change(approver=Reach.EVERYWHERE, **_MANAGER),          # S48
    "invitation.withdraw":   may_change(approver=Reach.EVERYWHERE, **_MANAGER),
    "representation.enter": may(dpo=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),           # S25
    "representation.read":  may(dpo=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),
    "representation.end":   may_change(dpo=Reach.EVERYWHERE, admin=Reach.EVERYWHERE),    # S25
    "represented.read":     may(representative=Reach.ORGANISATION),                      # S24
}
# fmt: on


SOMEBODY = Text("Portal user", "Portaalgebruiker", "Portalnutzer")
"""Whose name colleagues are not shown while the use of it is restricted (art. 18 GDPR)."""
FORMER_USER = Text("Former user", "Voormalige gebruiker", "Ehemaliger Nutzer")


@dataclass(frozen=True)
class Entry:
    """What the directory knows of an account.

    of_staff: it is one of the operator's. restricted: its person had the use of the data
    restricted.
    """

    organisation_id: UUID | None
    state: State
    given_name: str | None
    family_name: str | None
    of_staff: bool
    restricted: bool = False


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
    if entry.restricted and not reader_is_staff:
        return SOMEBODY.say(language)
    return f"{entry.given_name} {entry.family_name}"


def refuse_own_decision(account_id: UUID, decided_by: UUID) -> None:
    """Raise OwnDecision when somebody decides about themself (S51)."""
    if account_id == decided_by:
        raise OwnDecision("You cannot decide about your own account.")
