"""Who may do what."""

from __future__ import annotations

from common.web import Reach, may, may_change

POLICY = {
    "list.list": may(compliance=Reach.EVERYWHERE, dpo=Reach.EVERYWHERE),
    "screening.list": may(compliance=Reach.EVERYWHERE),
    "screening.read": may(compliance=Reach.EVERYWHERE),
    "screening.decide": may_change(compliance=Reach.EVERYWHERE),
    "screening.lists_used": may(compliance=Reach.EVERYWHERE, dpo=Reach.EVERYWHERE),
}
