"""Invitations: one, a file of them, what the inviter sees, and what the invited person enters."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.refusals import Invalid
from common.texts import Text
from common.web import Page
from common.web.schemas import Answer, Instant, Language, Request
from identity.rules.invitations import MOST_ROWS, InvitationState
from identity.schemas.fields import TOKEN, Email
from identity.schemas.registration import RequiredEntries

HEADERS = (["email"], ["email", "language"])


class FileNotReadable(Invalid):
    """A file of addresses that cannot be told apart into rows; nothing of it was taken."""

    title = Text(
        "This file cannot be read", "Dit bestand is niet leesbaar", "Diese Datei ist nicht lesbar"
    )


class Invited(Request):
    """One address; language: of the mail, the inviter's own where there is none."""

    email = Email(required=True)
    language = Language(load_default=None, allow_none=True)


class NewInvitation(Invited):
    """One address, and for staff the customer it is invited for."""

    organisation_id = fields.UUID(load_default=None, allow_none=True)


class BulkQuery(Request):
    """For staff: the customer that the addresses are invited for."""

    organisation_id = fields.UUID(load_default=None)


class InvitationQuery(Page):
    """Which invitations to list."""

    organisation_id = fields.UUID(load_default=None)
    state = fields.Enum(InvitationState, by_value=True, load_default=None)


class SentView(Answer):
    """An invitation; whether the address has an account, and its link, are in no answer (S46)."""

    id = fields.UUID()
    organisation_id = fields.UUID()
    state = fields.Enum(InvitationState, by_value=True)
    invited_by = fields.UUID()
    asked_at = Instant()
    expires_at = Instant(attribute="open_until")
    version = fields.Integer()


class InvitationView(SentView):
    """An invitation as its inviter entered it; the address is null once it is over (S48)."""

    email = fields.String(allow_none=True)
    language = fields.String(allow_none=True)


class FaultView(Answer):
    """What is wrong with one cell."""

    pointer = fields.String()
    detail = fields.String()


class RowView(Answer):
    """What became of one row of a file; rows are counted from 1, the header is none."""

    row = fields.Integer()
    status = fields.String(validate=validate.OneOf(("accepted", "refused")))
    invitation_id = fields.UUID(allow_none=True)
    errors = fields.List(fields.Nested(FaultView))


class Acceptance(RequiredEntries):
    """What an invited person enters; address and organisation stand in the invitation."""

    class Meta(Request.Meta):
        """Options of marshmallow."""

        exclude = ("email", "company", "customer_number")

    token = fields.String(required=True, validate=TOKEN)


@dataclass
class Row:
    """One row of a file: a checked Invited, or what is wrong with it."""

    number: int
    invited: dict[str, Any] | None = None
    errors: list[dict[str, str]] = field(default_factory=list)

    def answered(self, invitation_id: Any) -> dict[str, Any]:
        """The row as RowView shows it."""
        status = "refused" if self.invited is None else "accepted"
        return {
            "row": self.number,
            "status": status,
            "invitation_id": invitation_id,
            "errors": self.errors,
        }


def rows_of(content: bytes) -> list[Row]:
    """Rows of a CSV file in UTF-8 with the header `email` or `email,language`; no blank ones.

    Raises FileNotReadable for a file that is none, has no row, or more than 1,000.
    """
    try:
        text = content.decode("utf-8-sig")
        lines = [each for each in csv.reader(io.StringIO(text, newline=""), strict=True) if each]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileNotReadable("Send CSV in UTF-8, separated by commas.") from error
    if not lines or lines[0] not in HEADERS:
        raise FileNotReadable("The first line must be `email` or `email,language`.")
    if not 1 <= len(lines) - 1 <= MOST_ROWS:
        raise FileNotReadable(f"Send 1 to {MOST_ROWS} rows.")
    return [_row(number, lines[0], cells) for number, cells in enumerate(lines[1:], start=1)]


def _row(number: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        fault = {"pointer": "", "detail": f"Must have {len(header)} cells."}
        return Row(number, errors=[fault])
    named = {
        name: cell for name, cell in zip(header, cells, strict=True) if cell or name == "email"
    }
    try:
        return Row(number, invited=Invited().load(named))
    except ma.ValidationError as error:
        faults = error.normalized_messages()
        return Row(number, errors=[
            {"pointer": f"/{name}", "detail": " ".join(texts)} for name, texts in faults.items()
        ])  # fmt: skip
