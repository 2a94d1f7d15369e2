"""Operator commands about lists: `lists fetch | import | status | diff`, and `rescreen`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from common import logs
from screening import sources, sweeps, versions
from screening.app import service
from screening.lists.entries import changes
from screening.lists.files import ListRefused, Watch
from screening.lists.reading import read_list
from screening.models import EntryChange, ListSource, ListVersion, Screening, Sweep
from screening.rules.states import Occasion
from screening.settings import sources_in
from screening.versions import Imported

MARKS = {"added": "+", "removed": "-", "changed": "~"}

_allow_shrink = click.option(
    "--allow-shrink",
    is_flag=True,
    help="Also take a version that is older or more than a tenth smaller than the one in force.",
)


class Trouble(click.ClickException):
    """What keeps a comparison from an answer, as diff(1) tells it from a difference."""

    exit_code = 2


@click.group()
def lists() -> None:
    """Sanctions lists: which are in force, and new versions of them.

    Known are the UN's consolidated list, the UK Sanctions List, the EU's consolidated list (1.1)
    and OFAC's lists (CSV set, sdn.xml, enhanced XML), plain or gzip, told apart by what they hold.

    A list that is empty, damaged, older, or lacks more than a tenth of the version in force is
    refused with one sentence and exit code 1; the last good version then stays.
    """


@lists.command()
@click.argument("named", nargs=-1, metavar="[URL_OR_FOLDER]...")
@_allow_shrink
def fetch(named: tuple[str, ...], allow_shrink: bool) -> None:
    """Fetch lists and bring what is new into force.

    Without an argument those of SCREENING_LIST_URLS, as the daily job does. Of OFAC's CSV set name
    all files. What its publisher says is unchanged is not fetched again.
    """
    runtime = _runtime()
    asked = named or sources_in(runtime.settings.list_urls)
    if not asked:
        raise click.UsageError("Name a URL or a folder, or set SCREENING_LIST_URLS.")
    outcome = sources.fetch(runtime, asked, allow_shrink=allow_shrink, watching=_progress)
    for source in outcome.unchanged:
        click.echo(f"{_shown(source)} unchanged")
    _report(outcome.done, outcome.refused)


@lists.command("import")
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@_allow_shrink
def import_lists(paths: tuple[Path, ...], allow_shrink: bool) -> None:
    """Bring the lists in files and folders into force.

    Everybody is compared with them; what is refused leaves the last good version in force.
    """
    runtime = _runtime()
    try:
        found = [each for path in paths for each in versions.read(path, _progress)]
    except ListRefused as error:
        raise click.ClickException(str(error)) from error
    _report(*versions.bring_into_force(runtime, found, allow_shrink=allow_shrink))


@lists.command()
def status() -> None:
    """Show what is in force, what was fetched, and what waits."""
    with _runtime().reading() as session:
        in_force = session.scalars(
            sa.select(ListVersion)
            .where(ListVersion.in_force_to.is_(None))
            .order_by(ListVersion.list_id)
        ).all()
        for each in in_force:
            _show_version(each)
        for source in session.scalars(sa.select(ListSource).order_by(ListSource.url)):
            _show_source(source)
        if sweep := sweeps.last(session):
            _show_sweep(sweep)
        entries = sa.select(sa.func.count()).select_from(EntryChange)
        click.echo(f"{session.scalar(entries)} changed entries to compare")
        names = sa.select(sa.func.count()).where(Screening.next_try_at.is_not(None))
        click.echo(f"{session.scalar(names)} names to compare")
    if not in_force:
        raise click.ClickException("No list is in force: nobody can be cleared.")


@lists.command()
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with three lists of ids.")
def diff(old: str, new: str, as_json: bool) -> None:
    """Tell which people OLD and NEW differ in.

    Each is a file, a folder, or a version as `status` names it.

    A person is changed when the names, birth dates or nationalities are. Prints "+ ID" (added),
    "- ID" (removed) and "~ ID" (changed). The exit code is 0 without a difference, 1 with one, and
    2 for trouble.
    """
    (old_id, former), (new_id, latter) = _people(old), _people(new)
    if old_id != new_id:
        raise Trouble(f"{old_id} and {new_id} are different lists.")
    found = {what: sorted(ids) for what, ids in asdict(changes(former, latter)).items()}
    if as_json:
        click.echo(json.dumps({"list_id": new_id, **found}))
    else:
        for what, ids in found.items():
            for entry_id in ids:
                click.echo(f"{MARKS[what]} {entry_id}")
    sys.exit(1 if any(found.values()) else 0)


@click.command()
def rescreen() -> None:
    """Have everybody compared with the lists in force again."""
    with _runtime().transaction() as session:
        versions.lock_lists(session)
        count = versions.request_everybody(session, Occasion.OPERATOR)
    click.echo(f"{count} names to compare")


def _runtime() -> Any:
    runtime = service.runtime()
    logs.configure(runtime.settings.log_level)
    if missing := runtime.not_ready():
        raise click.ClickException(missing)
    return runtime


@contextmanager
def _progress(name: str, size: int) -> Iterator[Watch]:
    """A bar on a terminal, one line elsewhere; standard output stays with the result."""
    with click.progressbar(length=size, label=name, file=sys.stderr) as bar:
        yield bar.update


def _report(done: Sequence[Imported], refused: Sequence[ListRefused]) -> None:
    for each in done:
        version = each.version
        state = "in force" if each.new else "was in force already"
        held = f"{version.entries} entries, {version.people} people, {version.names} names"
        click.echo(f"{version.code} {state}: {held}")
    if refused:
        raise click.ClickException(" ".join(str(each) for each in refused))


def _show_version(version: ListVersion) -> None:
    since = version.in_force_from.strftime("%Y-%m-%d %H:%M UTC")
    click.echo(f"{version.code} in force since {since}")
    click.echo(f"  published {version.published_on or 'on a day that its files do not say'}")
    click.echo(f"  {version.entries} entries, {version.people} people, {version.names} names")
    click.echo(f"  sha256 {version.checksum}")


def _show_source(source: ListSource) -> None:
    fetched = source.fetched_at
    last = fetched.strftime("fetched %Y-%m-%d %H:%M UTC") if fetched else "never fetched"
    failed = f"; the last try failed: {source.last_error}" if source.last_error else ""
    click.echo(f"{_shown(source.url)} {last}{failed}")


def _show_sweep(sweep: Sweep) -> None:
    ended = sweep.finished_at
    state = ended.strftime("finished %Y-%m-%d %H:%M UTC") if ended else "under way"
    click.echo(f"sweep {state}: {sweep.compared} names compared, {sweep.drifted} drifted")


def _shown(source: str) -> str:
    """A source without its query and its user, which may hold a key."""
    scheme, mark, rest = source.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + path


def _people(named: str) -> tuple[str, dict[str, str]]:
    """List and fingerprints of its people, of a path or of a version that was imported."""
    try:
        if Path(named).exists():
            parsed = read_list(Path(named))
            return parsed.list_id, parsed.fingerprints("individual")
        with _runtime().reading() as session:
            return _people_of_version(session, named)
    except (ListRefused, click.ClickException) as error:
        raise Trouble(str(error)) from error


def _people_of_version(session: Session, code: str) -> tuple[str, dict[str, str]]:
    list_id, _, version = code.partition(":")
    asked = sa.select(ListVersion).where(
        ListVersion.list_id == list_id, ListVersion.version == version
    )
    found = session.scalars(asked.order_by(ListVersion.id.desc())).first()
    if found is None:
        raise click.ClickException(f"{code} is no path and no version of a list.")
    people = versions.people_of(found)
    return list_id, {each.entry_id: each.fingerprint() for each in people}
