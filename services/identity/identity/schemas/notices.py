"""Privacy notices, as anybody reads them."""

from __future__ import annotations

from marshmallow import fields

from common.web.schemas import Answer, Country, Request


class NoticeAsked(Request):
    """For whom: people of which country."""

    country = Country(load_default=None)


class ResponsibleView(Answer):
    """Who is responsible, and how to reach the data protection officer (art. 13(1)(a), (b))."""

    operator = fields.String()
    address = fields.String()
    email = fields.String()
    phone = fields.String()
    dpo_email = fields.String()


class NoticeLine(Answer):
    """A notice in a list. country: * for anywhere that has none of its own."""

    version = fields.String()
    country = fields.String()
    valid_from = fields.Date()


class NoticeView(NoticeLine):
    """A notice in the reader's language, as Markdown; sha256: digest of exactly this text."""

    language = fields.String()
    sha256 = fields.String()
    text = fields.String()
    responsible = fields.Nested(ResponsibleView)
