"""`staff`: the operator's own people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.web.access import STAFF_ROLES, Role
from identity import accounts, organisations, queries
from identity.models import Account, Organisation, OrganisationKind
from identity.operators.terminal import (
    ACTOR,
    Refusing,
    account_of,
    bound,
    checked,
    hashed,
    line,
    person_options,
    refuse_known_address,
    typed_password,
)
from identity.rules.states import HIDDEN, Trigger
from identity.schemas.registration import Appointment

role_option = click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(sorted(role.value for role in STAFF_ROLES)),
    help="May be given several times.",
)


@click.group(cls=Refusing)
def staff() -> None:
    """The operator's own people."""


@staff.command("add")
@person_options
@role_option
def add(roles: tuple[str, ...], password_stdin: bool, **entered: str) -> None:
    """Appoint somebody: active as soon as screening is clear. Prints the account's id."""
    form = checked(Appointment(), {**entered, **typed_password(password_stdin)})
    runtime = bound()
    password = hashed(runtime, form)
    with runtime.transaction(actor=ACTOR) as session:
        refuse_known_address(session, form["email"])
        employer = queries.operator(session) or organisations.enter(
            session, runtime.settings.operator_name, form["country"], OrganisationKind.OPERATOR
        )
        appointed = Account(**form, organisation_id=employer.id)
        accounts.appoint(session, appointed, [Role(role) for role in roles], password)
    click.echo(appointed.id)
    told = "" if password else ", and a link to choose a password is mailed"
    click.echo(f"Appointed; the account becomes active when screening is clear{told}.", err=True)


@staff.command("list")
def show() -> None:
    """List accounts of staff: id, state, roles, since when; no names."""
    with bound().reading() as session:
        found = list(session.scalars(_staff(session).order_by(Account.id)))
        for each in queries.shown(session, found):
            roles = ",".join(role.value for role in each["roles"])
            line(each["id"], each["state"].value, roles, each["registered_at"])


@staff.command("roles")
@click.argument("account_id", type=click.UUID)
@role_option
def change_roles(account_id: UUID, roles: tuple[str, ...]) -> None:
    """Give somebody these roles instead of those of before; what is signed in ends."""
    with bound().transaction(actor=ACTOR) as session:
        accounts.assign_roles(session, _member(session, account_id), [Role(role) for role in roles])
    click.echo("The roles are changed; the person has to sign in again.", err=True)


@staff.command("dismiss")
@click.argument("account_id", type=click.UUID)
def dismiss(account_id: UUID) -> None:
    """Deactivate somebody's account: no access from now on, erased within a year (S26)."""
    with bound().transaction(actor=ACTOR) as session:
        accounts.change_state(session, _member(session, account_id), Trigger.DEACTIVATE)
    click.echo("The account is deactivated.", err=True)


def _staff(session: Session) -> sa.Select[Any]:
    employers = sa.select(Organisation.id).where(Organisation.kind == OrganisationKind.OPERATOR)
    return sa.select(Account).where(
        Account.organisation_id.in_(employers), Account.state.not_in(HIDDEN)
    )


def _member(session: Session, account_id: UUID) -> Account:
    employers = sa.select(Organisation.id).where(Organisation.kind == OrganisationKind.OPERATOR)
    return account_of(session, account_id, Account.organisation_id.in_(employers))
