"""Where a screening stands and what moves it."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where one person's screening stands (S19)."""

    PENDING = "pending"
    CLEAR = "clear"
    REVIEW = "review"
    HIT = "hit"


OPEN = (Status.REVIEW, Status.HIT)
"""What a person has to look at."""


class Trigger(StrEnum):
    """What moves a screening: what the matches come to, with what people ruled about them."""

    FOUND_NOTHING = "found_nothing"
    FOUND_DOUBT = "found_doubt"
    FOUND_HIT = "found_hit"


class Ruling(StrEnum):
    """What a person decided about a match."""

    CLEAR = "clear"
    CONFIRM = "confirm"


class Occasion(StrEnum):
    """Why a name is to be compared (S14, S18)."""

    REGISTRATION = "registration"
    LIST = "list"
    OPERATOR = "operator"
    NAME = "name"
    SWEEP = "sweep"


# fmt: off
TRANSITIONS = {
    (Status.PENDING, Trigger.FOUND_NOTHING): Status.CLEAR,   # S14
    (Status.PENDING, Trigger.FOUND_DOUBT):   Status.REVIEW,  # S17 a person decides
    (Status.PENDING, Trigger.FOUND_HIT):     Status.HIT,     # S17
    (Status.CLEAR,   Trigger.FOUND_NOTHING): Status.CLEAR,   # S18
    (Status.CLEAR,   Trigger.FOUND_DOUBT):   Status.REVIEW,  # S18
    (Status.CLEAR,   Trigger.FOUND_HIT):     Status.HIT,     # S17, S18
    (Status.REVIEW,  Trigger.FOUND_NOTHING): Status.CLEAR,   # S18 the entry is gone, or cleared
    (Status.REVIEW,  Trigger.FOUND_DOUBT):   Status.REVIEW,
    (Status.REVIEW,  Trigger.FOUND_HIT):     Status.HIT,     # S17
    (Status.HIT,     Trigger.FOUND_NOTHING): Status.CLEAR,   # S18 gone, or cleared by two people
    (Status.HIT,     Trigger.FOUND_DOUBT):   Status.REVIEW,  # S18 the entry names another person
    (Status.HIT,     Trigger.FOUND_HIT):     Status.HIT,
}
# fmt: on
