"""What other services ask for."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from common.web.schemas import Answer, Request

MOST_IDS = 500


class NamesAsked(Request):
    """Accounts whose names are to be compared with the lists."""

    account_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(max=MOST_IDS))


class PersonName(Answer):
    """A name, for the comparison alone (S16); version: it is another name when this changes."""

    account_id = fields.UUID(attribute="id")
    given_name = fields.String()
    family_name = fields.String()
    version = fields.Integer()


class AccountsAsked(Request):
    """From where on to list accounts."""

    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=MOST_IDS, strict=True, validate=validate.Range(1, MOST_IDS))


class AccountIds(Answer):
    """Accounts in order of their ids; next: what to send as `after` for more, null at the end."""

    account_ids = fields.List(fields.UUID())
    next = fields.UUID(allow_none=True)


class StandingView(Answer):
    """Whether an account may act."""

    organisation_id = fields.UUID(allow_none=True)
    state = fields.String()
    epoch = fields.Integer()


class StandingRow(StandingView):
    """How one account stands."""

    account_id = fields.UUID()


class StandingPage(Answer):
    """Standings in order of the accounts' ids; next: what to send as `after`, null at the end."""

    rows = fields.List(fields.Nested(StandingRow))
    next = fields.UUID(allow_none=True)


def next_after(ids: list[UUID], limit: int) -> UUID | None:
    """What to ask for after a full page."""
    return ids[-1] if len(ids) == limit else None
