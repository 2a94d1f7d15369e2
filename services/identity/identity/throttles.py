"""Slows guessing down and locks nobody out (S30; docs/asvs.md 6.1.1, 6.3.1).

A try is counted before the password is looked at, so that tries at the same time do not slip past;
when it was right it counts no more. Three counters, with the limits of rules/throttling.py: the
address as typed from this network (5 free, then a wait that doubles, 15 minutes at most), the
address from everywhere (50, at most 1 minute), the network for all addresses (300, at most
1 minute). Where the person has signed in from this network before, only the first counts: what
others do to an account does not slow its owner down. No wait outlasts 15 minutes, a refused try
counts for nothing, 6 hours without a failed try forget all, and a password set with a mailed link
is good at once. An address that nobody has is counted in the same rows by the same statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert_for
from identity.models import SignInThrottle
from identity.rules.addresses import AddressNotValid, email_key
from identity.rules.refusals import TooManyTries
from identity.rules.throttling import (
    FORGOTTEN_AFTER,
    Counter,
    counters_of,
    seconds_left,
    wait_after,
)

Counted = Mapping[str, Counter]
"""Counters of one try, by the keys of their rows."""


def typed_key(address: str) -> str:
    """The spelling an address is counted by, whether it can be one or not."""
    try:
        return email_key(address)
    except AddressNotValid:
        return address.strip().casefold()


def count(session: Session, address_key: str, network: str, *, is_known_here: bool) -> Counted:
    """Count a try that is going to be made; raises TooManyTries, and counts nothing, when it waits.

    address_key: `typed_key` of the address, or an account's email_key. network:
    Origin.counted_as. is_known_here: the person has signed in from there before.
    """
    counted = _keys(session, address_key, network, counters_of(is_known_here))
    at = now(session)
    rows = _on_each(session, _adding, counted, at=at, old=at - FORGOTTEN_AFTER)
    if left := max(seconds_left(row.wait_until, at) for row in rows):
        raise TooManyTries("Wait a little before the next try.", retry_after=left)
    for row in rows:
        if wait := wait_after(counted[row.key], row.failures):
            waits = sa.update(SignInThrottle).where(SignInThrottle.key == row.key)
            session.execute(waits.values(wait_until=at + wait))
    return counted


def clear(session: Session, counted: Counted) -> None:
    """The try was right: what failed from here before is forgotten, elsewhere it never counted."""
    _on_each(session, _subtracting, counted, at=now(session), cleared=_own(counted))


def take_back(session: Session, counted: Counted) -> None:
    """The try was not made after all: it counts nowhere."""
    _on_each(session, _subtracting, counted, at=now(session), cleared="")


def keep(session: Session, counted: Counted) -> None:
    """The try failed: it is remembered from now on."""
    failed = sa.update(SignInThrottle).where(SignInThrottle.key == _own(counted))
    session.execute(failed.values(last_failed_at=now(session)))


def forget(session: Session, address_key: str, network: str) -> None:
    """Forget what failed for an address from a network: its owner proved to be there."""
    (key,) = _keys(session, address_key, network, (Counter.OWN,))
    session.execute(sa.delete(SignInThrottle).where(SignInThrottle.key == key))


def _keys(
    session: Session, address_key: str, network: str, counters: tuple[Counter, ...]
) -> dict[str, Counter]:
    keys = session.info["runtime"].keys
    told = {
        Counter.OWN: f"{address_key} {network}",
        Counter.ADDRESS: address_key,
        Counter.NETWORK: network,
    }
    return {
        keys.digest(f"sign-in throttle: {counter}", told[counter].encode()): counter
        for counter in counters
    }


def _own(counted: Counted) -> str:
    return next(key for key, counter in counted.items() if counter is Counter.OWN)


def _on_each(session: Session, statement: Any, counted: Counted, **facts: Any) -> list[Any]:
    """Rows of the counters after a statement on each; in one order, so that no two tries block."""
    connection = session.connection()
    built = statement(connection.dialect.name)
    return [connection.execute(built, {"counter": key, **facts}).one() for key in sorted(counted)]


@cache
def _adding(dialect: str) -> Any:
    """Count one more; wait_until comes back as it was. Built once."""
    table, adding = SignInThrottle.__table__.c, _row(dialect, failures=1)
    old = sa.bindparam("old", type_=table.last_failed_at.type)
    counted = sa.case((table.last_failed_at <= old, 1), else_=table.failures + 1)
    return adding.on_conflict_do_update(
        index_elements=[table.key],
        set_={"failures": counted, "last_failed_at": adding.excluded.last_failed_at},
    ).returning(table.key, table.failures, table.wait_until)


@cache
def _subtracting(dialect: str) -> Any:
    """Count one less, nothing on the counter that is cleared; nobody waits. Built once."""
    table, taking = SignInThrottle.__table__.c, _row(dialect, failures=0)
    nothing = sa.or_(table.key == sa.bindparam("cleared"), table.failures < 1)
    return taking.on_conflict_do_update(
        index_elements=[table.key],
        set_={
            "failures": sa.case((nothing, 0), else_=table.failures - 1),
            "wait_until": None,
        },
    ).returning(table.key)


def _row(dialect: str, *, failures: int) -> Any:
    at = sa.bindparam("at", type_=SignInThrottle.__table__.c.last_failed_at.type)
    row = {"key": sa.bindparam("counter"), "failures": failures}
    return insert_for(dialect, SignInThrottle.__table__).values({**row, "last_failed_at": at})
