"""Versions of lists: how one comes into force, which are, and the provider that knows them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.events.catalogue import SanctionsListUpdated
from common.messaging import publish, wake_worker
from common.privacy.audit import audit
from screening import checks, coverage
from screening.lists.entries import Entry, ParsedList
from screening.lists.files import ListRefused, Watching, nobody_watches
from screening.lists.reading import bytes_under, read_lists
from screening.models import ListVersion
from screening.providers.local import LocalProvider, ids_in_force
from screening.rules.comparisons import EntryId
from screening.rules.lists import ListSize, why_refused
from screening.rules.states import Occasion

_LOCK = 0x5C4EE7
_PEOPLE = msgspec.json.Decoder(list[Entry])


class NoListInForce(Exception):
    """There is nothing to compare with; nobody is clear for that."""


@dataclass(frozen=True)
class PackedList:
    """A list that was read: its people packed, so that a large one is held once and small.

    file: what it came in, for what is said about it.
    """

    file: str
    list_id: str
    version: str
    checksum: str
    size: ListSize
    content: bytes


@dataclass(frozen=True)
class Imported:
    """A list in force after an import; new: False where this very version already was."""

    version: ListVersion
    new: bool


def read(path: Path, watching: Watching = nobody_watches) -> list[PackedList]:
    """Read every list in a file or folder; raises ListRefused.

    Source: S22.
    """
    with watching(path.name, bytes_under(path)) as watch:
        packed = [_pack(path.name, parsed) for parsed in read_lists(path, watch)]
    if len({each.list_id for each in packed}) < len(packed):
        raise ListRefused(path.name, "it holds a list twice: name the version to import")
    return packed


def bring_into_force(
    runtime: Any, lists: Sequence[PackedList], *, allow_shrink: bool = False
) -> tuple[list[Imported], list[ListRefused]]:
    """Put lists in the place of their versions in force; an event of each has them compared.

    One transaction for all, so that nobody is compared with half of a first import. A refused list
    leaves its last good version in force and the others alone; a list that is in force already
    changes nothing.
    Source: S18, S22.
    """
    done: list[Imported] = []
    refused: list[ListRefused] = []
    with runtime.transaction() as session:
        lock_lists(session)
        for each in lists:
            former = session.scalar(_in_force().where(ListVersion.list_id == each.list_id))
            if former is not None and former.checksum == each.checksum:
                done.append(Imported(former, new=False))
                continue
            size = former and _size_of(former)
            replaced = _was_replaced(session, each)
            reason = why_refused(each.size, size, replaced=replaced, allow_shrink=allow_shrink)
            if reason:
                refused.append(ListRefused(each.file, f"as version of {each.list_id}, {reason}"))
                continue
            done.append(Imported(_replace(session, former, each), new=True))
    return done, refused


def request_everybody(session: Session, occasion: Occasion) -> int:
    """Have the name of everybody compared again, refused registrations aside; return how many.

    The former verdict stands until then. Needs `lock_lists`. Source: S18.
    """
    count = checks.ask_all(session, occasion, coverage.wanted())
    wake_worker(session)
    return count


def lock_lists(session: Session, *, shared: bool = False) -> None:
    """Hold the versions in force still until the commit.

    shared: for whoever writes what a comparison with them came to; an import waits for them, and
    they for it, so that no verdict of a former version is written once its changes are noted.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        session.execute(sa.select(lock(_LOCK)))


class ListsInForce:
    """The people of the versions in force and their provider, read again when others are.

    One in a runtime: `runtime.resource(ListsInForce)`.
    """

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._ids: tuple[UUID, ...] = ()
        self._codes: tuple[str, ...] = ()
        self._people: dict[UUID, list[Entry]] = {}
        self._entries: dict[EntryId, Entry] = {}
        self._provider: LocalProvider | None = None

    def provider(self) -> LocalProvider:
        """Provider of the versions in force at this moment; raises NoListInForce."""
        self._look()
        if self._provider is None:
            self._provider = self._of(self._entries.values())
        return self._provider

    def provider_of(self, entries: Iterable[EntryId]) -> LocalProvider:
        """Provider of these entries alone, those that are not in force left out.

        Raises NoListInForce.
        """
        self._look()
        return self._of(self._entries[each] for each in entries if each in self._entries)

    def _look(self) -> None:
        with self._runtime.reading() as session:
            current = ids_in_force(session)
            if not current:
                raise NoListInForce
            if current == self._ids:
                return
            self._ids, self._provider = (), None  # gone before the next is made
            rows = session.scalars(_in_force().order_by(ListVersion.list_id)).all()
            self._people = {row.id: self._people.get(row.id) or people_of(row) for row in rows}
            self._codes = tuple(row.code for row in rows)
        people = (each for group in self._people.values() for each in group)
        self._entries = {(each.list_id, each.entry_id): each for each in people}
        self._ids = tuple(self._people)

    def _of(self, people: Iterable[Entry]) -> LocalProvider:
        settings = self._runtime.settings
        return LocalProvider(
            people, settings.review_at, settings.hit_at, ids=self._ids, codes=self._codes
        )


def people_of(version: ListVersion) -> list[Entry]:
    """The people of a version, as they were read."""
    return _PEOPLE.decode(zlib.decompress(version.content))


def _pack(file: str, parsed: ParsedList) -> PackedList:
    people = [each for each in parsed.entries if each.kind == "individual"]
    checksum = parsed.checksum
    day = parsed.published_on
    return PackedList(
        file=file,
        list_id=parsed.list_id,
        version=f"{day}.{checksum[:8]}" if day else checksum[:16],
        checksum=checksum,
        size=ListSize(len(parsed.entries), len(people), day, sum(len(p.names) for p in people)),
        content=zlib.compress(msgspec.json.encode(people)),
    )


def _in_force() -> sa.Select[ListVersion]:
    return sa.select(ListVersion).where(ListVersion.in_force_to.is_(None))


def _size_of(version: ListVersion) -> ListSize:
    return ListSize(version.entries, version.people, version.published_on, version.names)


def _was_replaced(session: Session, arrived: PackedList) -> bool:
    """Whether this very version was in force before: OFAC's CSV carries no date to tell by."""
    same = sa.select(ListVersion.id).where(
        ListVersion.list_id == arrived.list_id, ListVersion.checksum == arrived.checksum
    )
    return session.scalar(same.limit(1)) is not None


def _replace(session: Session, former: ListVersion | None, arrived: PackedList) -> ListVersion:
    at = now(session)
    if former is not None:
        former.in_force_to = at
        session.flush()
    version = ListVersion(
        list_id=arrived.list_id,
        version=arrived.version,
        checksum=arrived.checksum,
        published_on=arrived.size.published_on,
        entries=arrived.size.entries,
        people=arrived.size.people,
        names=arrived.size.names,
        content=arrived.content,
        imported_at=at,
        in_force_from=at,
    )
    session.add(version)
    session.flush()
    publish(
        session,
        SanctionsListUpdated(
            list_id=version.list_id, list_version=version.version, entries=version.entries
        ),
    )
    audit(session, "list.import", version.code)
    return version
