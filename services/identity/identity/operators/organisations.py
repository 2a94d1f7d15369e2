"""`organisation`: customers, and representatives of the operator."""

from __future__ import annotations

from uuid import UUID

import click
import sqlalchemy as sa

from identity import organisations
from identity.models import Organisation, OrganisationKind
from identity.operators.terminal import ACTOR, Refusing, bound, checked, line
from identity.schemas.accounts import NewOrganisation

ENTERED = (OrganisationKind.CUSTOMER.value, OrganisationKind.REPRESENTATIVE.value)


@click.group(cls=Refusing)
def organisation() -> None:
    """Customers, and representatives of the operator."""


@organisation.command("add")
@click.argument("name")
@click.argument("country")
@click.option("--kind", type=click.Choice(ENTERED), default=ENTERED[0], show_default=True)
def add(name: str, country: str, kind: str) -> None:
    """Enter an organisation. Prints its id."""
    form = checked(NewOrganisation(), {"name": name, "country": country})
    with bound().transaction(actor=ACTOR) as session:
        entered = organisations.enter(
            session, form["name"], form["country"], OrganisationKind(kind)
        )
    click.echo(entered.id)


@organisation.command("list")
def show() -> None:
    """List organisations: id, kind, country, since when, until when, name."""
    with bound().reading() as session:
        for each in session.scalars(sa.select(Organisation).order_by(Organisation.id)):
            since, until = each.registered_at, each.relation_ended_at
            line(each.id, each.kind.value, each.country, since, until, each.name)


@organisation.command("end")
@click.argument("organisation_id", type=click.UUID)
def end(organisation_id: UUID) -> None:
    """End the relation: its accounts are deactivated and its content goes everywhere (S55)."""
    with bound().transaction(actor=ACTOR) as session:
        found = session.get(Organisation, organisation_id, with_for_update=True)
        if found is None:
            raise click.ClickException("There is no such organisation.")
        organisations.end_relation(session, found)
    click.echo("The relation is ended; its accounts follow within seconds.", err=True)
