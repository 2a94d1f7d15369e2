"""Versions of lists: how one comes into force, which are, and the provider that knows them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from common.clock import now
from common.events.catalogue import SanctionsListUpdated
from common.messaging import publish, wake_worker
from common.privacy.audit import audit
from common.web.standing import AccountStanding, Standing
from screening.lists.entries import Entry, ParsedList
from screening.lists.files import ListRefused
from screening.lists.reading import read_lists
from screening.models import ListVersion, Screening
from screening.providers.local import LocalProvider, ids_in_force
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


def read(path: Path) -> list[PackedList]:
    """Read every list in a file or folder; raises ListRefused.

    Source: S22.
    """
    packed = [_pack(path.name, parsed) for parsed in read_lists(path)]
    if len({each.list_id for each in packed}) < len(packed):
        raise ListRefused(path.name, "it holds a list twice: name the version to import")
    return packed


def bring_into_force(
    runtime: Any, lists: Sequence[PackedList], *, allow_shrink: bool = False
) -> tuple[list[Imported], list[ListRefused]]:
    """Put lists in the place of their versions in force and have everybody compared again.

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
            size = former and ListSize(former.entries, former.people, former.published_on)
            reason = why_refused(each.size, size, allow_shrink=allow_shrink)
            if reason:
                refused.append(ListRefused(each.file, f"as version of {each.list_id}, {reason}"))
                continue
            done.append(Imported(_replace(session, former, each), new=True))
        if any(each.new for each in done):
            request_everybody(session, Occasion.LIST)
    return done, refused


def request_everybody(session: Session, occasion: Occasion) -> int:
    """Have the name of everybody compared again, refused registrations aside; return how many.

    The former verdict stands until then. Needs `lock_lists`. Source: S18.
    """
    at = now(session)
    unwanted = sa.select(AccountStanding.account_id).where(
        AccountStanding.account_id == Screening.account_id,
        AccountStanding.state.in_((Standing.REFUSED, Standing.ERASED)),
    )
    asked = sa.update(Screening).where(~unwanted.exists())
    result: Any = session.execute(
        asked.values(
            request=Screening.request + 1,
            occasion=occasion,
            requested_at=at,
            next_try_at=at,
            attempts=0,
        ),
        execution_options={"synchronize_session": False},
    )
    wake_worker(session)
    return int(result.rowcount)


def lock_lists(session: Session, *, shared: bool = False) -> None:
    """Hold the versions in force still until the commit.

    shared: for whoever writes what a comparison with them came to; an import waits for them, and
    they for it, so that no verdict of a former version slips past the import's request.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        session.execute(sa.select(lock(_LOCK)))


class ListsInForce:
    """The provider of the versions in force, made again when others are; one in a runtime.

    Open it with `runtime.resource(ListsInForce)`.
    """

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._provider: LocalProvider | None = None

    def provider(self) -> LocalProvider:
        """Provider of the versions in force at this moment; raises NoListInForce."""
        with self._runtime.reading() as session:
            current = ids_in_force(session)
            if not current:
                raise NoListInForce
            if self._provider is None or current != self._provider.ids:
                self._provider = None  # the former index goes before the next one is made
                rows = (
                    _in_force().order_by(ListVersion.list_id).options(undefer(ListVersion.content))
                )
                versions = session.scalars(rows).all()
                settings = self._runtime.settings
                people = _people(version.content for version in versions)
                self._provider = LocalProvider(
                    people,
                    settings.review_at,
                    settings.hit_at,
                    ids=tuple(each.id for each in versions),
                    codes=tuple(each.code for each in versions),
                )
            return self._provider


def _pack(file: str, parsed: ParsedList) -> PackedList:
    people = [each for each in parsed.entries if each.kind == "individual"]
    checksum = parsed.checksum
    day = parsed.published_on
    return PackedList(
        file=file,
        list_id=parsed.list_id,
        version=f"{day}.{checksum[:8]}" if day else checksum[:16],
        checksum=checksum,
        size=ListSize(len(parsed.entries), len(people), day),
        content=zlib.compress(msgspec.json.encode(people)),
    )


def _people(contents: Iterable[bytes]) -> Iterable[Entry]:
    for content in contents:
        yield from _PEOPLE.decode(zlib.decompress(content))


def _in_force() -> sa.Select[ListVersion]:
    return sa.select(ListVersion).where(ListVersion.in_force_to.is_(None))


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
