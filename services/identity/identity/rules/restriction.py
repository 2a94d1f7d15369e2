"""Restriction of the use of a person's data: kept, and not used (art. 18 GDPR)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from common.refusals import Conflict
from common.texts import Text

ENDS_AFTER = timedelta(days=7)
"""How long after the person was told of it a restriction ends (art. 18(3))."""


class RestrictionGround(StrEnum):
    """Why: art. 18(1)(a) to (d)."""

    ACCURACY_CONTESTED = "accuracy_contested"
    UNLAWFUL = "unlawful"
    CLAIMS = "claims"
    OBJECTION = "objection"


class NotRestricted(Conflict):
    """There is no restriction that could end."""

    title = Text(
        "The use of these data is not restricted",
        "Het gebruik van deze gegevens is niet beperkt",
        "Die Verwendung dieser Daten ist nicht eingeschränkt",
    )


def refuse_unrestricted(restricted_at: datetime | None) -> None:
    """Raise NotRestricted where nothing can be lifted."""
    if restricted_at is None:
        raise NotRestricted("Restrict it first.")


def ends_at(told_at: datetime) -> datetime:
    """When a restriction ends whose person is told so at this instant."""
    return told_at + ENDS_AFTER
