"""Where lists come from: what is new at its publisher comes into force, and is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from common.db import insert
from screening import downloads, versions
from screening.downloads import Validators
from screening.lists.files import ListRefused, Watching, nobody_watches
from screening.models import ListSource, ListVersion
from screening.versions import Imported, PackedList


@dataclass(frozen=True)
class Arrived:
    """A list that was fetched and read: from which sources, and what they said about it."""

    sources: Sequence[str]
    lists: list[PackedList]
    validators: dict[str, Validators]


@dataclass(frozen=True)
class Outcome:
    """What a fetch came to; unchanged: the sources that had nothing new."""

    done: list[Imported]
    unchanged: list[str]
    refused: list[ListRefused]


def fetch(
    runtime: Any,
    sources: Iterable[str],
    *,
    allow_shrink: bool = False,
    watching: Watching = nobody_watches,
) -> Outcome:
    """Fetch lists from URLs and folders and bring what is new into force.

    A list that cannot be fetched or is refused keeps its last good version, is asked for again the
    next time in any case, and holds no other list up.
    Source: S18, S22.
    """
    arrived: list[Arrived] = []
    unchanged: list[str] = []
    refused: list[ListRefused] = []
    for group in downloads.lists_behind(sources):
        try:
            found = _arrival(runtime, group, watching)
            if found:
                _refuse_a_second(found, arrived)
        except ListRefused as error:
            refused.append(error)
            _note(runtime, group, last_error=error.reason)
        else:
            if found:
                arrived.append(found)
            else:
                unchanged += group
                _note(runtime, group, fetched_at=runtime.clock.now(), last_error=None)
    lists = [each for found in arrived for each in found.lists]
    done, too_bad = versions.bring_into_force(runtime, lists, allow_shrink=allow_shrink)
    for each in arrived:
        _remember(runtime, each, done, too_bad)
    return Outcome(done, unchanged, [*refused, *too_bad])


def _arrival(runtime: Any, group: Sequence[str], watching: Watching) -> Arrived | None:
    if not downloads.is_url(group[0]):
        return Arrived(group, versions.read(Path(group[0]), watching), {})
    with TemporaryDirectory() as folder:
        fetched = downloads.fetch(group, Path(folder), _known(runtime, group), watching)
        if fetched is None:
            return None
        return Arrived(group, versions.read(fetched.path, watching), fetched.validators)


def _refuse_a_second(found: Arrived, others: Sequence[Arrived]) -> None:
    """One list from two sources would replace itself every day."""
    already = {each.list_id for other in others for each in other.lists}
    for each in found.lists:
        if each.list_id in already:
            raise ListRefused(each.file, f"{each.list_id} came from another source already")


def _known(runtime: Any, group: Sequence[str]) -> dict[str, Validators]:
    """What the publisher said about the version in force; nothing where another one is."""
    in_force = sa.select(ListVersion.checksum).where(ListVersion.in_force_to.is_(None))
    same = sa.select(ListSource).where(ListSource.url.in_(group), ListSource.checksum.in_(in_force))
    with runtime.reading() as session:
        rows = session.scalars(same).all()
    if len(rows) < len(group):
        return {}
    return {row.url: Validators(row.etag, row.last_modified) for row in rows}


def _remember(
    runtime: Any, arrived: Arrived, done: Sequence[Imported], refused: Sequence[ListRefused]
) -> None:
    """Note what a source gave, unless it was refused: then it is to be fetched again."""
    accepted = {each.version.checksum for each in done}
    files = {each.file for each in arrived.lists if each.checksum not in accepted}
    for error in refused:
        if error.file in files:
            _note(runtime, arrived.sources, last_error=error.reason)
            return
    nothing = Validators(None, None)
    checksum = arrived.lists[0].checksum if len(arrived.lists) == 1 else None
    for source in arrived.sources:
        said = arrived.validators.get(source, nothing)
        _note(
            runtime,
            [source],
            etag=said.etag,
            last_modified=said.last_modified,
            checksum=checksum,
            fetched_at=runtime.clock.now(),
            last_error=None,
        )


def _note(runtime: Any, group: Sequence[str], **facts: Any) -> None:
    with runtime.transaction() as session:
        for source in group:
            noted = insert(session, ListSource).values(url=source, **facts)
            session.execute(noted.on_conflict_do_update(index_elements=["url"], set_=facts))
