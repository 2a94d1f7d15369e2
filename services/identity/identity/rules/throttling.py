"""How long to wait after failed tries (S30): bounded, and forgotten after some hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from common.clock import seconds

FIRST_WAIT = timedelta(seconds=5)
FORGOTTEN_PERIOD = "PT6H"
FORGOTTEN_AFTER = timedelta(seconds=seconds(FORGOTTEN_PERIOD))
"""After so long without a failed try, earlier ones count no more."""


class Counter(StrEnum):
    """What failed tries are counted by."""

    OWN = "address and network"
    ADDRESS = "address"
    NETWORK = "network"


@dataclass(frozen=True)
class Limit:
    """free: failed tries without a wait. longest: no wait is longer, whatever happens."""

    free: int
    longest: timedelta


# fmt: off
LIMITS = {
    Counter.OWN:     Limit(free=5,   longest=timedelta(minutes=15)),
    Counter.ADDRESS: Limit(free=50,  longest=timedelta(minutes=1)),
    Counter.NETWORK: Limit(free=300, longest=timedelta(minutes=1)),
}
# fmt: on


def wait_after(counter: Counter, failures: int) -> timedelta:
    """How long no other try is taken after so many failed ones: doubling, up to the longest."""
    limit = LIMITS[counter]
    if failures < limit.free:
        return timedelta(0)
    doublings = min(failures - limit.free, 30)
    return min(FIRST_WAIT * 2**doublings, limit.longest)


def counters_of(is_known_here: bool) -> tuple[Counter, ...]:
    """What counts a try: only its own counter where the person has signed in before.

    So nothing that others do, to this account or from elsewhere in this network, slows its owner.
    """
    return (Counter.OWN,) if is_known_here else tuple(Counter)


def seconds_left(wait_until: datetime | None, at: datetime) -> int:
    """Whole seconds until a try is taken again, rounded up; 0 when it is taken now."""
    return 0 if wait_until is None else max(0, -((at - wait_until) // timedelta(seconds=1)))
