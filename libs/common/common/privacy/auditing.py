"""`portalctl audit`: whether the audits are whole, and who read what of whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import click

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.privacy import audit as entries
from common.privacy import chain_verifying as chain
from common.service import Runtime, load_services
from common.settings import SettingsError

_INSTANT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def audit() -> None:
    """The audits of all services, in the databases that the settings name."""


@audit.command()
@click.argument("services", nargs=-1, type=click.Choice(OWNERS_OF_PERSONAL_DATA))
def verify(services: Sequence[str]) -> None:
    """Check the chain of each service, by default of all, against the heads that all others keep.

    A line a service; exit 1 with each fault named. All databases are read, whichever is checked.
    """
    runtimes = _runtimes()
    kept: dict[str, list[chain.Kept]] = {}
    for holder, runtime in runtimes.items():
        with runtime.reading() as session:
            for name, found in chain.anchors(session, holder).items():
                kept.setdefault(name, []).extend(found)
    damaged = False
    for name in services or OWNERS_OF_PERSONAL_DATA:
        damaged = _verified(name, runtimes[name], kept.get(name, [])) or damaged
    if damaged:
        raise SystemExit(1)


@audit.command()
@click.option("--from", "since", type=_INSTANT, required=True, help="First instant, in UTC.")
@click.option("--to", "until", type=_INSTANT, required=True, help="First instant after, in UTC.")
@click.option("--person", type=click.UUID, help="Account of whom.")
@click.option("--actor", help="Account or service that read.")
@click.option("--table", help="Where what was read lies.")
def reads(
    since: datetime, until: datetime, person: UUID | None, actor: str | None, table: str | None
) -> None:
    """Print who read what of whom in all services (art. 33 GDPR).

    A line a read: time, service, actor, action, person, table, row, subject.
    """
    span = (since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
    asked = entries.reads(*span, person=person, actor=actor, table=table)
    asked = asked.order_by(entries.AuditEntry.at, entries.AuditEntry.id)
    for name, runtime in _runtimes().items():
        with runtime.reading() as session:
            for each in session.scalars(asked.execution_options(yield_per=chain.PAGE)):
                at = each.at.isoformat(timespec="milliseconds")
                place = (each.person, each.row_table, each.row_id, each.subject)
                click.echo("\t".join(map(str, (at, name, each.actor, each.action, *place))))


def _verified(name: str, runtime: Runtime, kept: Sequence[chain.Kept]) -> bool:
    """Print what is wrong with an audit, and whether anything is; say whether."""
    with runtime.reading() as session:
        count = chain.length(session)

        def progress(seen: int) -> None:
            if count > chain.PAGE:
                click.echo(f"{name}: {seen} of {count}", err=True)

        found = 0
        for fault in chain.faults(session, kept, runtime.clock.now(), progress):
            click.echo(f"{name}: {fault}")
            found += 1
    others = len({each.holder for each in kept if each.holder != name})
    state = f"{found} faults" if found else "whole"
    click.echo(f"{name}: {state}, {count} sealed, heads kept by {others} other services")
    return found > 0


def _runtimes() -> dict[str, Runtime]:
    """Each service's runtime by the environment's settings, closed when the command is over."""
    found = {}
    for name, service in load_services(OWNERS_OF_PERSONAL_DATA).items():
        try:
            found[name] = service.runtime()
        except SettingsError as error:
            raise click.UsageError(str(error)) from error
        click.get_current_context().call_on_close(found[name].db.close)
    return found
