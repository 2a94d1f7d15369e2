"""Operator commands about lists: `lists import`, `lists status`, `rescreen`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import sqlalchemy as sa

from common import logs
from screening import downloads, versions
from screening.app import service
from screening.lists.files import ListRefused
from screening.models import ListVersion, Screening
from screening.rules.states import Occasion


@click.group()
def lists() -> None:
    """Sanctions lists: which are in force, and new versions of them."""


@lists.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="PATH_OR_URL...")
@click.option(
    "--allow-shrink",
    is_flag=True,
    help="Also take a version that is older or more than a tenth smaller than the one in force.",
)
def import_lists(sources: tuple[str, ...], allow_shrink: bool) -> None:
    """Bring lists into force: a file, a folder, or the publisher's URL (for OFAC all its files).

    Everybody is compared with them; what is refused leaves the last good version in force.
    """
    runtime = _runtime()
    try:
        found = [each for path in _paths(sources) for each in versions.read(path)]
    except ListRefused as error:
        raise click.ClickException(str(error)) from error
    for each in found:
        _say(f"{each.list_id}: {each.size.entries} entries read, {each.size.people} of them people")
    done, refused = versions.bring_into_force(runtime, found, allow_shrink=allow_shrink)
    for imported in done:
        state = "in force" if imported.new else "was in force already"
        click.echo(f"{imported.version.code} {state}")
    if refused:
        raise click.ClickException(" ".join(str(each) for each in refused))


@lists.command()
def status() -> None:
    """Show the versions in force and how many names are still to be compared."""
    with _runtime().reading() as session:
        rows = session.scalars(
            sa.select(ListVersion)
            .where(ListVersion.in_force_to.is_(None))
            .order_by(ListVersion.list_id)
        ).all()
        for row in rows:
            since = row.in_force_from.strftime("%Y-%m-%d %H:%M UTC")
            click.echo(f"{row.code}\t{row.entries} entries\t{row.people} people\tsince {since}")
        waiting = sa.select(sa.func.count()).where(Screening.next_try_at.is_not(None))
        click.echo(f"{session.scalar(waiting)} names to compare")
    if not rows:
        raise click.ClickException("No list is in force: nobody can be cleared.")


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


def _paths(sources: Iterable[str]) -> Iterator[Path]:
    """Where each list lies, fetched if it has to be; a fetched one is gone after its turn."""
    for source in sources:
        if not downloads.is_url(source):
            if not Path(source).exists():
                raise ListRefused(source, "there is no such file or folder")
            yield Path(source)
    for urls in downloads.lists_behind(filter(downloads.is_url, sources)):
        with TemporaryDirectory() as folder:
            yield downloads.fetch(urls, Path(folder), _say)


def _say(text: str) -> None:
    click.echo(text, err=True)
