"""Who may do what."""

from __future__ import annotations

from common.web import Reach, Role, may, may_change

_ONESELF = {role.value: Reach.OWN for role in Role}
_OFFICE = {"compliance": Reach.EVERYWHERE, "dpo": Reach.EVERYWHERE}

# fmt: off
POLICY = {
    "list.list":            may(**_OFFICE),                              # S22
    "screening.list":       may(compliance=Reach.EVERYWHERE),            # S17
    "screening.read":       may(compliance=Reach.EVERYWHERE),
    "screening.decide":     may_change(compliance=Reach.EVERYWHERE),     # S17, art. 22
    "screening.approve":    may_change(compliance=Reach.EVERYWHERE),     # a second person
    "screening.lists_used": may(**_OFFICE),                              # S22
    "objection.raise":      may(**_ONESELF),                             # art. 21(1), 22(3)
    "objection.record":     may(**_OFFICE),                              # for who cannot sign in
    "objection.list":       may(**_OFFICE),
    "objection.read":       may(**_OFFICE),
    "objection.answer":     may_change(**_OFFICE),
}
# fmt: on
