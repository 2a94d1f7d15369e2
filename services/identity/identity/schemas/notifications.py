"""What people want to be told about by mail."""

from __future__ import annotations

from marshmallow import fields

from common.web.schemas import Answer, Request, Truth


class Choice(Request):
    """Of each topic whether one is told about it; mails about the account itself always come."""

    cases = Truth(required=True)
    orders = Truth(required=True)
    trainings = Truth(required=True)


class ChoiceView(Answer):
    """The same, as it stands."""

    cases = fields.Boolean(required=True)
    orders = fields.Boolean(required=True)
    trainings = fields.Boolean(required=True)
