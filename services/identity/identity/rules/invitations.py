"""Invitations: their states, how long they are good, and how many an organisation may send."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from enum import StrEnum

from common.clock import seconds
from common.refusals import TooMany
from common.texts import Text
from identity.rules.dates import QUIET

UNUSED_PERIOD = "P30D"
UNUSED_LIFE = timedelta(seconds=seconds(UNUSED_PERIOD))
"""In UTC, where every day has 24 hours."""
LIMIT_WINDOW = timedelta(days=1)
MOST_ROWS = 1_000
"""Of one file of addresses."""


class InvitationState(StrEnum):
    """Where an invitation stands; only a sent one still has an address."""

    SENT = "sent"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class InvitationTrigger(StrEnum):
    """What can happen to an invitation."""

    RESEND = "resend"
    ACCEPT = "accept"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


# fmt: off
TRANSITIONS = {
    (InvitationState.SENT, InvitationTrigger.RESEND):   InvitationState.SENT,       # S48 days anew
    (InvitationState.SENT, InvitationTrigger.ACCEPT):   InvitationState.ACCEPTED,   # S47
    (InvitationState.SENT, InvitationTrigger.EXPIRE):   InvitationState.EXPIRED,    # S48
    (InvitationState.SENT, InvitationTrigger.WITHDRAW): InvitationState.WITHDRAWN,  # S45
}
# fmt: on


class TooManyInvitations(TooMany):
    """More invitations in a day than the organisation may send."""

    title = Text("Too many invitations", "Te veel uitnodigingen", "Zu viele Einladungen")


def expiry_of(sent_at: datetime) -> datetime:
    """The first instant at which nothing of an unused invitation is left: 30 calendar days in UTC.

    Source: S48 (erased automatically when not used within 30 days after sending).
    """
    return sent_at + UNUSED_LIFE


def refuse_more_than(most: int, wanted: int, asked_at: list[datetime], now: datetime) -> None:
    """Raise TooManyInvitations when `wanted` more would be over the limit of a day.

    asked_at: when the ones of the last day were asked for, the earliest first.
    """
    over = len(asked_at) + wanted - most
    if over <= 0:
        return
    free_at = asked_at[min(over, len(asked_at)) - 1] + LIMIT_WINDOW if asked_at else now
    raise TooManyInvitations(
        f"Your organisation may send {most} invitations in 24 hours.",
        retry_after=max(1, math.ceil((free_at - now).total_seconds())),
    )


def refuse_resent_early(asked_at: datetime, now: datetime) -> None:
    """Raise TooManyInvitations when the same address was written to a moment ago."""
    wait = asked_at + QUIET - now
    if wait > timedelta(0):
        raise TooManyInvitations(
            "This invitation was sent a short while ago.",
            retry_after=math.ceil(wait.total_seconds()),
        )
