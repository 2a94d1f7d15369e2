"""Operator commands: results on stdout, talk on stderr; exit code 1 when it was not done."""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

import click
import marshmallow as ma
from sqlalchemy.orm import Session

from common import logs
from common.privacy.audit import audit
from common.texts import LANGUAGES
from common.web.access import STAFF_ROLES, Role
from identity import accounts, mails, organisations, queries
from identity.app import service
from identity.models import Account, MailKind, OrganisationKind
from identity.passwords import Hash, Passwords
from identity.rules.states import HIDDEN
from identity.schemas.accounts import NewOrganisation
from identity.schemas.registration import Appointment

ACTOR = "operator"
COUNTRY = "DE"
"""Of the operator's organisation and staff unless the command says another."""


@click.group()
def staff() -> None:
    """The operator's own people."""


@staff.command("add")
@click.option("--email", required=True)
@click.option("--given-name", required=True)
@click.option("--family-name", required=True)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--country", default=COUNTRY, show_default=True, help="ISO 3166-1, two letters.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(sorted(role.value for role in STAFF_ROLES)),
    help="May be given several times.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password; else a link is mailed.")
def add_staff(roles: tuple[str, ...], password_stdin: bool, **entered: str) -> None:
    """Appoint somebody: active as soon as screening is clear. Prints the account's id."""
    if password_stdin:
        entered["password"] = sys.stdin.readline().rstrip("\r\n")
    form = _checked(Appointment(), entered)
    runtime = _runtime()
    password = runtime.resource(Passwords).make(form.pop("password")) if password_stdin else None
    with runtime.transaction(actor=ACTOR) as session:
        if queries.credentials(session, form["email"]) is not None:
            raise click.ClickException("There is an account with this address already.")
        account = _appoint(session, form, roles, password)
    click.echo(account.id)
    told = "" if password else ", and a link to choose a password is mailed"
    click.echo(f"Appointed; the account becomes active when screening is clear{told}.", err=True)


@click.group()
def organisation() -> None:
    """Customers."""


@organisation.command("add")
@click.argument("name")
@click.argument("country")
def add_organisation(name: str, country: str) -> None:
    """Enter a customer. Prints the organisation's id."""
    form = _checked(NewOrganisation(), {"name": name, "country": country})
    with _runtime().transaction(actor=ACTOR) as session:
        entered = organisations.enter(
            session, form["name"], form["country"], OrganisationKind.CUSTOMER
        )
    click.echo(entered.id)


@click.group()
def account() -> None:
    """Accounts."""


@account.command("mail-password-link")
@click.argument("account_id", type=click.UUID)
def mail_password_link(account_id: UUID) -> None:
    """Mail a new link to choose a password; earlier links are void when it goes out."""
    with _runtime().transaction(actor=ACTOR) as session:
        found = session.get(Account, account_id, with_for_update=True)
        if found is None or found.state in HIDDEN:
            raise click.ClickException("There is no such account.")
        audit(session, "account.mail-password-link", account_id)
        mails.write(session, account_id, MailKind.SET_PASSWORD)
    click.echo("The link is mailed.", err=True)


def _appoint(
    session: Session, form: dict[str, Any], roles: tuple[str, ...], password: Hash | None
) -> Account:
    employer = queries.operator(session) or organisations.enter(
        session,
        session.info["runtime"].settings.operator_name,
        form["country"],
        OrganisationKind.OPERATOR,
    )
    appointed = Account(**form, organisation_id=employer.id)
    accounts.appoint(session, appointed, [Role(role) for role in roles], password)
    return appointed


def _checked(schema: ma.Schema, entered: dict[str, Any]) -> dict[str, Any]:
    """What was entered, if it fits; else says which fields do not, never what stood in them."""
    try:
        form: dict[str, Any] = schema.load(entered)
    except ma.ValidationError as error:
        faults = [
            f"{name}: {' '.join(texts)}" for name, texts in error.normalized_messages().items()
        ]
        raise click.UsageError(" ".join(faults)) from error
    return form


def _runtime() -> Any:
    runtime = service.runtime()
    logs.configure(runtime.settings.log_level)
    return runtime
