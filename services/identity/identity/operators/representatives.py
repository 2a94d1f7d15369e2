"""`representative`: people who act for a representative of the operator in a country (S23-S25)."""

from __future__ import annotations

from uuid import UUID

import click
import sqlalchemy as sa

from common.clock import now
from common.web.access import Role
from identity import accounts, representatives
from identity.models import Account
from identity.operators.terminal import (
    ACTOR,
    Refusing,
    bound,
    checked,
    hashed,
    line,
    person_options,
    refuse_known_address,
    typed_password,
)
from identity.rules.states import HIDDEN
from identity.schemas.registration import Appointment


@click.group(cls=Refusing)
def representative() -> None:
    """People of the operator's representatives, who see accounts of a country under contract."""


@representative.command("add")
@click.option("--organisation", "organisation_id", type=click.UUID, required=True)
@person_options
def add(organisation_id: UUID, password_stdin: bool, **entered: str) -> None:
    """Appoint somebody: screened like everybody, signs in while a contract is valid. Prints the id.

    Contracts are entered in the portal, by the data protection officer or an administrator.
    """
    form = checked(Appointment(), {**entered, **typed_password(password_stdin)})
    runtime = bound()
    password = hashed(runtime, form)
    with runtime.transaction(actor=ACTOR) as session:
        refuse_known_address(session, form["email"])
        employer = representatives.open_representative(session, organisation_id)
        appointed = Account(**form, organisation_id=employer.id, role=Role.REPRESENTATIVE)
        accounts.appoint(session, appointed, [], password)
    click.echo(appointed.id)
    told = "" if password else ", and a link to choose a password is mailed"
    click.echo(f"Appointed; the account becomes active when screening is clear{told}.", err=True)


@representative.command("list")
def show() -> None:
    """List people of representatives: id, state, organisation, countries under contract now."""
    with bound().reading() as session:
        people = sa.select(Account).where(
            Account.role == Role.REPRESENTATIVE, Account.state.not_in(HIDDEN)
        )
        for each in session.scalars(people.order_by(Account.id)):
            countries = representatives.countries(session, each.organisation_id, now(session))
            line(each.id, each.state.value, each.organisation_id, ",".join(countries))
