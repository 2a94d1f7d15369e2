"""Objection to advertising."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web.schemas import Answer, Instant, Request
from identity.models import ObjectionSurface
from identity.schemas.internal import MOST_IDS


class AdvertisingView(Answer):
    """Whether somebody objected to advertising, when and where."""

    objected = fields.Boolean()
    objected_at = Instant(allow_none=True)
    surface = fields.Enum(ObjectionSurface, by_value=True, allow_none=True)


class AudienceAsked(Request):
    """People whom somebody wants to advertise to."""

    account_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(max=MOST_IDS))


class Audience(Answer):
    """Those of them who may be advertised to now."""

    account_ids = fields.List(fields.UUID())
