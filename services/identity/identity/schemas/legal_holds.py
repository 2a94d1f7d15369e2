"""Legal holds, as the data protection officer places and sees them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
from marshmallow import fields, validate

from common.events.catalogue import HoldScope
from common.privacy.rulebook import record_classes
from common.web import Page
from common.web.schemas import Answer, Instant, Line, Paragraphs, Request


class NewReview(Request):
    """Day by which somebody looks again whether the hold is needed."""

    review_on = fields.Date(required=True)


class NewLegalHold(NewReview):
    """What must not be deleted, and for which claim.

    subject: the id of the account, organisation or case, or a retention class.
    """

    scope = fields.Enum(HoldScope, by_value=True, required=True)
    subject = Line(80, required=True, validate=validate.Regexp(r"^[a-z0-9-]+$"))
    ground = Paragraphs(500, required=True, validate=validate.Length(1, 500))

    @ma.validates_schema(skip_on_field_errors=True)
    def _subject_fits(self, form: dict[str, Any], **_: Any) -> None:
        if form["scope"] is HoldScope.CLASS:
            if form["subject"] not in record_classes():
                raise ma.ValidationError("There is no such retention class.", "subject")
        elif not _is_id(form["subject"]):
            raise ma.ValidationError("Not an id.", "subject")


class LegalHoldsAsked(Page):
    """Which holds to list."""

    state = fields.String(load_default=None, validate=validate.OneOf(("standing", "released")))


class LegalHoldView(Answer):
    """A legal hold."""

    id = fields.UUID()
    scope = fields.Enum(HoldScope, by_value=True)
    subject = fields.String()
    ground = fields.String(allow_none=True)
    placed_by = fields.UUID()
    placed_at = Instant()
    review_on = fields.Date()
    released_by = fields.UUID(allow_none=True)
    released_at = Instant(allow_none=True)
    version = fields.Integer()


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
