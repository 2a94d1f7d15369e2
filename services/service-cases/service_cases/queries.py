"""Reads that several routes need."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from common.web import Role
from common.web.access import Principal
from service_cases.models import Case, Machine


def visible(
    model: type[Machine] | type[Case], person: Principal, organisation_id: UUID | None
) -> sa.Select[Any]:
    """Rows a person may see: support all, everybody else the own organisation's (S50, S62).

    organisation_id: only that organisation's, of those.
    """
    rows = sa.select(model)
    if Role.SUPPORT not in person.roles:
        rows = rows.where(model.organisation_id == person.organisation_id)
    if organisation_id is not None:
        rows = rows.where(model.organisation_id == organisation_id)
    return rows
