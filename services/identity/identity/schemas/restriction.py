"""Restriction of the use of a person's data."""

from __future__ import annotations

from marshmallow import fields

from common.web.schemas import Request
from identity.rules.restriction import RestrictionGround


class Restriction(Request):
    """On which ground of art. 18(1) GDPR."""

    ground = fields.Enum(RestrictionGround, by_value=True, required=True)
