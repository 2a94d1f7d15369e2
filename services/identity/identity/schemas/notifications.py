"""What people want to be told about by mail."""

from __future__ import annotations

from marshmallow import fields

from common.web.schemas import Answer, Request


class Choice(Request):
    """Of each topic whether one is told about it; mails about the account itself always come."""

    cases = fields.Boolean(required=True, truthy={True}, falsy={False})
    orders = fields.Boolean(required=True, truthy={True}, falsy={False})
    trainings = fields.Boolean(required=True, truthy={True}, falsy={False})


class ChoiceView(Answer):
    """The same, as it stands."""

    cases = fields.Boolean(required=True)
    orders = fields.Boolean(required=True)
    trainings = fields.Boolean(required=True)
