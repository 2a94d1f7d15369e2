"""The names of everybody, to find those that a changed list entry may mean; in memory alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import RLock
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from common.logs import log
from screening import checks, coverage
from screening.checks import Compared
from screening.likeness import forget_words
from screening.lists.entries import Entry
from screening.models import Screening
from screening.name_index import NameIndex
from screening.names import AT_ONCE, read_names
from screening.providers import LocalProvider, PersonName
from screening.rules.states import Occasion
from screening.spelling import spellings

FRESH = timedelta(minutes=5)
"""How long a worker may hold the name of somebody who was erased elsewhere; far longer than a
transaction that writes a digest takes from its clock's time to its commit."""


class AccountIndex:
    """Names by account, one in a runtime: `runtime.resource(AccountIndex)`.

    A name is held only while the digest in the database is its own: so it is the one that was
    compared. Nothing of it is ever written (S16).
    """

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._names: NameIndex[UUID] = NameIndex()
        self._lock = RLock()  # an erasure is handled in another thread
        self._looked_at: datetime | None = None
        self._looked_at_all: datetime | None = None
        self._nameless: dict[UUID, str] = {}
        self.digests: dict[UUID, str] = {}

    def __len__(self) -> int:
        return len(self.digests)

    def is_due(self) -> bool:
        """Whether it is time to look again who is there."""
        at = self._looked_at_all
        return at is None or self._runtime.clock.now() - at >= FRESH

    def sync(self) -> None:
        """Hold everybody's name as it was compared, and nobody else's; raises PeerUnavailable.

        A name that is another at identity by now is asked to be compared in full. Of all rows only
        the latest are looked at, until their number says that somebody has gone.
        """
        at = self._runtime.clock.now()
        if self._looked_at is None or self.is_due() or not self._hold_latest(self._looked_at):
            self._looked_at_all = at
            self._hold_all()
        self._looked_at = at

    def _hold_latest(self, looked_at: datetime) -> bool:
        """Hold names that were compared since; whether that is everybody."""
        everybody = _everybody()
        count = everybody.with_only_columns(sa.func.count())
        with self._runtime.reading() as session:
            since = Screening.checked_at >= looked_at - FRESH
            latest = dict(session.execute(everybody.where(since)).all())
            number = session.scalar(count)
        self._read(latest)
        return number == len(self.digests) + len(self._nameless)

    def _hold_all(self) -> None:
        with self._runtime.reading() as session:
            stored = dict(session.execute(_everybody()).all())
        with self._lock:
            self._nameless.clear()
            gone = self.digests.keys() - stored.keys()
        for account_id in gone:
            self.discard(account_id)
        if gone:
            forget_words()
        self._read(stored)

    def put(self, account_id: UUID, name: PersonName, digest: str) -> None:
        """Hold a name that was just compared."""
        with self._lock:
            self._names.put(account_id, name.full)
            self.digests[account_id] = digest
            self._nameless.pop(account_id, None)

    def discard(self, account_id: UUID) -> None:
        """Forget a name."""
        with self._lock:
            self._names.discard(account_id)
            self.digests.pop(account_id, None)
            self._nameless.pop(account_id, None)

    def compare(self, provider: LocalProvider) -> dict[UUID, Compared]:
        """What is found when everybody's name is compared with a provider's few people."""
        with self._lock:
            near = self._nearby(provider.people.values())
            if not near:
                return {}  # and the provider need not make an index
            names = [PersonName(self._names[each], "") for each in near]
            digests = [self.digests[each] for each in near]
        answers = zip(near, digests, provider.compare(names), strict=True)
        return {
            account_id: Compared(digest, answer)
            for account_id, digest, answer in answers
            if answer.found
        }

    def _nearby(self, entries: Iterable[Entry]) -> list[UUID]:
        near: set[UUID] = set()
        for entry in entries:
            for name in entry.names:
                for text in spellings(name.text):
                    near |= self._names.nearby(text)
        return sorted(near)

    def _read(self, stored: Mapping[UUID, str]) -> None:
        """Read the names that are not held yet, or are held as they were before."""
        unknown = [key for key, digest in stored.items() if self.digests.get(key) != digest]
        for start in range(0, len(unknown), AT_ONCE):
            portion = unknown[start : start + AT_ONCE]
            names = read_names(self._runtime, portion)
            others = []
            for account_id in portion:
                name, digest = names.get(account_id), stored[account_id]
                if name and checks.digest(self._runtime, name) == digest:
                    self.put(account_id, name, digest)
                    continue
                self.discard(account_id)
                self._nameless[account_id] = digest
                if name:
                    others.append(account_id)
            self._compare_in_full(others)
            if len(unknown) > AT_ONCE:
                log.info("account index", count=len(self))

    def _compare_in_full(self, account_ids: Sequence[UUID]) -> None:
        if account_ids:
            with self._runtime.transaction() as session:
                checks.ask_all(
                    session,
                    Occasion.NAME,
                    Screening.account_id.in_(account_ids),
                    Screening.next_try_at.is_(None),
                )


def _everybody() -> sa.Select[Any, Any]:
    """Account and digest of everybody who was compared and is to be compared again."""
    rows = sa.select(Screening.account_id, Screening.name_digest)
    return rows.where(Screening.name_digest.is_not(None), coverage.wanted())
