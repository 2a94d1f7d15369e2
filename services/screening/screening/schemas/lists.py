"""Versions of lists, as they are shown."""

from __future__ import annotations

from marshmallow import fields

from common.web.schemas import Answer, Instant, Request


class ListVersionView(Answer):
    """One version of a list and when it was in force (S22)."""

    list_id = fields.String()
    version = fields.String()
    published_on = fields.Date(allow_none=True)
    checksum = fields.String()
    entries = fields.Integer()
    people = fields.Integer()
    names = fields.Integer()
    imported_at = Instant()
    in_force_from = Instant()
    in_force_to = Instant(allow_none=True)


class ListsUsedQuery(Request):
    """For when; now if it is left out."""

    at = Instant(load_default=None)


class ListsUsedView(Answer):
    """The lists a name was last compared with until an instant, and on what ground (S20, S22)."""

    account_id = fields.UUID()
    at = Instant()
    checked_at = Instant()
    lists = fields.List(fields.Nested(ListVersionView))
    balancing_test = fields.String(allow_none=True)
    provider_contract = fields.String(allow_none=True)
