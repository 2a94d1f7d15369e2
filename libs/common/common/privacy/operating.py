"""`portalctl retention`: rules, calendar and what-if, over the databases that the settings name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.privacy import forecast, rulesets
from common.privacy.retention import Rule
from common.privacy.rulebook import all_records, all_rules
from common.refusals import Invalid
from common.service import Runtime, load_services

BAR = 40
_SERVICES = click.argument("services", nargs=-1, type=click.Choice(OWNERS_OF_PERSONAL_DATA))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


@click.group()
def retention() -> None:
    """What goes when: the rules in force, the months to come, and other rules beside them."""


@retention.command()
@_SERVICES
def rules(services: Sequence[str]) -> None:
    """Print the rules in force as JSON, to be changed and previewed."""
    shown = {name: _asked(runtime, rulesets.in_force) for name, runtime in _runtimes(services)}
    click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())


@retention.command()
@_SERVICES
@_JSON
def calendar(services: Sequence[str], as_json: bool) -> None:
    """Print how many rows go in each of the coming 24 months."""
    found = {}
    for name, runtime in _runtimes(services):
        found[name] = _asked(runtime, _calendar)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    _print_months(found)


@retention.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
def preview(file: Path, as_json: bool) -> None:
    """Print what would go earlier or later by the rules in FILE, as `retention rules` prints them.

    Nothing is stored. To put rules in force: POST /retention/preview, then activate the set.
    """
    try:
        asked = msgspec.json.decode(file.read_bytes(), type=dict[str, list[Rule]])
        found = {name: _compared(runtime, asked[name]) for name, runtime in _runtimes([*asked])}
    except (msgspec.DecodeError, Invalid) as error:
        reason = error.errors["/rules"] if isinstance(error, Invalid) and error.errors else error
        raise click.ClickException(f"{file}: {reason}") from error
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for name, rows in found.items():
        for row in rows:
            if row["earlier"] or row["later"]:
                place = f"{name}  {row['month'] or 'never':8} {row['record_class']:24}"
                moved = f"{row['earlier']:>7} earlier  {row['later']:>7} later"
                click.echo(f"{place} {row['country'] or 'every':6} {moved}")


def _calendar(session: Any) -> Any:
    records = all_records(session.info["runtime"])
    return forecast.calendar(session, records, rulesets.in_force(session))


def _compared(runtime: Runtime, asked: list[Rule]) -> Any:
    records = all_records(runtime)

    def compare(session: Any) -> Any:
        rulesets.refuse_faulty(asked, all_rules(runtime), {each.record_class for each in records})
        return forecast.compare(session, records, rulesets.in_force(session), asked)

    return _asked(runtime, compare)


def _asked(runtime: Runtime, question: Callable[[Any], Any]) -> Any:
    with runtime.reading() as session:
        return question(session)


def _runtimes(names: Sequence[str]) -> Iterator[tuple[str, Runtime]]:
    """Each service's runtime by the environment's settings, closed afterwards."""
    for name, service in load_services(names or OWNERS_OF_PERSONAL_DATA).items():
        click.echo(f"{name} …", err=True)
        runtime = service.runtime()
        try:
            yield name, runtime
        finally:
            runtime.db.close()


def _print_months(found: dict[str, list[dict[str, Any]]]) -> None:
    """A line a month with a bar, then what it is made of."""
    months: Counter[str] = Counter()
    for rows in found.values():
        for row in rows:
            months[row["month"]] += row["rows"]
    most = max(months.values(), default=1)
    for month, count in sorted(months.items()):
        click.echo(f"{month} {'█' * max(1, round(BAR * count / most)):{BAR}} {count:>9,}")
        for name, rows in found.items():
            for row in rows:
                if row["month"] == month:
                    country = f" ({row['country']})" if row["country"] else ""
                    click.echo(f"        {name} {row['record_class']}{country}: {row['rows']:,}")
