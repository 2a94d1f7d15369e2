"""What the routes that every service has take and answer."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.privacy.retention import ANYWHERE, Bound, Rounding, Rule, Start, Why
from common.web.paging import Page
from common.web.schemas import Answer, Instant, Line, Request

MOST_RULES = 500
_WORD = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
_PERIOD = validate.Regexp(r"^P[0-9YMWDTHS]+$")


class RuleRow(Request):
    """One retention rule: a row of data."""

    record_class = Line(80, required=True, validate=_WORD)
    period = Line(20, required=True, allow_none=True, validate=_PERIOD)
    start = fields.Enum(Start, by_value=True, required=True)
    source = Line(80, required=True, validate=_WORD)
    reason = Line(300, required=True)
    bound = fields.Enum(Bound, by_value=True, load_default=Bound.MAXIMUM)
    country = Line(2, load_default=ANYWHERE, validate=validate.Regexp(r"^([A-Z]{2}|\*)$"))
    valid_from = fields.Date(load_default=None, allow_none=True)
    valid_to = fields.Date(load_default=None, allow_none=True)
    begin = Line(20, load_default=None, allow_none=True, validate=_PERIOD)
    rounding = fields.Enum(Rounding, by_value=True, load_default=Rounding.NONE)
    suspended_by = Line(80, load_default=None, allow_none=True, validate=_WORD)
    follows = Line(80, load_default=None, allow_none=True, validate=_WORD)

    @ma.post_load
    def _as_rule(self, row: dict[str, Any], **_: Any) -> Rule:
        return Rule(**{name: value for name, value in row.items() if name != "valid_from" or value})


class RulesAsked(Request):
    """All rules of the service, as they are to be."""

    rules = fields.List(
        fields.Nested(RuleRow), required=True, validate=validate.Length(1, MOST_RULES)
    )


class PreviewSeen(Request):
    """The preview that somebody looked at before."""

    preview_id = fields.UUID(required=True)


class RuleView(Answer):
    """One retention rule."""

    record_class = fields.String()
    period = fields.String(allow_none=True)
    start = fields.Enum(Start, by_value=True)
    source = fields.String()
    reason = fields.String()
    bound = fields.Enum(Bound, by_value=True)
    country = fields.String()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
    begin = fields.String(allow_none=True)
    rounding = fields.Enum(Rounding, by_value=True)
    suspended_by = fields.String(allow_none=True)
    follows = fields.String(allow_none=True)


class CompareView(Answer):
    """Rows of one class and country that go in a month, by the rules in force and the proposed."""

    month = fields.String(allow_none=True)
    record_class = fields.String()
    country = fields.String(allow_none=True)
    before = fields.Integer()
    after = fields.Integer()
    earlier = fields.Integer()
    later = fields.Integer()


class RuleSetView(Answer):
    """A set of rules with its preview."""

    id = fields.UUID()
    preview_id = fields.UUID()
    proposed_at = Instant()
    activated_at = Instant(allow_none=True)
    preview = fields.List(fields.Nested(CompareView))


class CalendarView(Answer):
    """Rows of one class and country that go in a month."""

    month = fields.String()
    record_class = fields.String()
    country = fields.String(allow_none=True)
    rows = fields.Integer()


class OutlookView(Answer):
    """Rows of a person in one table: when they go, or why they stay."""

    table = fields.String()
    record_class = fields.String()
    rows = fields.Integer()
    goes_on = fields.Date(allow_none=True)
    why = fields.Enum(Why, by_value=True)
    source = fields.String()
    reason = fields.String()


class ReadsAsked(Page):
    """Which reads: from an instant on and before another, of one person, table or reader."""

    since = Instant(data_key="from", load_default=None)
    until = Instant(data_key="to", load_default=None)
    person = fields.UUID(load_default=None)
    table = Line(80, load_default=None, validate=_WORD)
    actor = Line(80, load_default=None, validate=_WORD)


class ReadView(Answer):
    """Who read what of whom: ids only."""

    id = fields.UUID()
    at = Instant()
    actor = fields.String()
    action = fields.String()
    subject = fields.String()
    person = fields.UUID(allow_none=True)
    table = fields.String(attribute="row_table")
    row_id = fields.UUID(allow_none=True)


class PersonalTableView(Answer):
    """What one table holds about a person, and what is stated of each column."""

    table = fields.String()
    columns = fields.Dict(keys=fields.String())
    rows = fields.List(fields.Dict(keys=fields.String()))


class ErasedTableView(Answer):
    """What becomes of a person's rows in one table; for each reason to keep some, once."""

    table = fields.String()
    deleted = fields.Integer()
    nulled = fields.Integer()
    pseudonymised = fields.Integer()
    kept = fields.Integer()
    reason = fields.String(allow_none=True)
    until = fields.Date(allow_none=True)


class PageAsked(Request):
    """From where on to go on."""

    after = fields.UUID(load_default=None, allow_none=True)


class CarriedOut(Answer):
    """An erasure that this service answered."""

    request_id = fields.UUID()
    account_id = fields.UUID()


class CarriedOutPage(Answer):
    """Erasures in the order of their requests; next: what to send as `after`, null at the end."""

    rows = fields.List(fields.Nested(CarriedOut))
    next = fields.UUID(allow_none=True)
