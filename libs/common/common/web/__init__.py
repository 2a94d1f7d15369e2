"""HTTP: what is the same at every service's front door."""

from common.web.access import (
    Reach,
    Role,
    authorise,
    internal,
    may,
    may_change,
    public,
    while_restricted,
)
from common.web.app import principal, reading, runtime, transaction
from common.web.blueprint import Blueprint
from common.web.idempotency import idempotent
from common.web.paging import Page, page
from common.web.reader import reader_language

__all__ = [
    "Blueprint", "Page", "Reach", "Role", "authorise", "idempotent", "internal", "may",
    "may_change", "page", "principal", "public", "reader_language", "reading", "runtime",
    "transaction", "while_restricted",
]  # fmt: skip
