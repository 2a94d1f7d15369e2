"""What the commands share: what was typed, the service behind them, and how rows are printed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import click
import marshmallow as ma
import sqlalchemy as sa
from sqlalchemy.orm import Session

from common import logs
from common.keys import KeyInUse, KeyMissing
from common.refusals import Refusal
from common.texts import LANGUAGES
from identity import queries
from identity.app import service
from identity.models import Account
from identity.passwords import Hash, Passwords
from identity.rules.passwords import refuse_guessable
from identity.rules.states import HIDDEN

ACTOR = "operator"
COUNTRY = "DE"
"""Of the operator's organisation and staff unless the command says another."""


class Refusing(click.Group):
    """Commands whose refusals are one sentence and exit code 1, as every fault is."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            faults = getattr(refusal, "errors", {})
            text = str(refusal) or " ".join(faults.values()) or refusal.title.en
            raise click.ClickException(text) from refusal
        except (KeyInUse, KeyMissing) as fault:
            raise click.ClickException(str(fault)) from fault


def person_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options with which somebody is appointed."""
    for option in (
        click.option("--password-stdin", is_flag=True, help="Read the password; else a link goes."),
        click.option("--country", default=COUNTRY, show_default=True, help="ISO 3166-1."),
        click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True),
        click.option("--family-name", required=True),
        click.option("--given-name", required=True),
        click.option("--email", required=True),
    ):
        command = option(command)
    return command


def typed_password(password_stdin: bool) -> dict[str, str]:
    """The password on standard input as a field of a form, where one is to be read."""
    return {"password": sys.stdin.readline().rstrip("\r\n")} if password_stdin else {}


def hashed(runtime: Any, form: dict[str, Any]) -> Hash | None:
    """Take the password out of a form and hash it, before any transaction; refuse a weak one."""
    password = form.pop("password", None)
    if password is None:
        return None
    names = (form["given_name"], form["family_name"], form["email"])
    refuse_guessable(password, *names, runtime.settings.operator_name)
    return runtime.resource(Passwords).make(password)


def checked(schema: ma.Schema, entered: dict[str, Any]) -> dict[str, Any]:
    """What was entered, if it fits; else says which fields do not, never what stood in them."""
    try:
        form: dict[str, Any] = schema.load(entered)
    except ma.ValidationError as error:
        faults = [
            f"{name}: {' '.join(texts)}" for name, texts in error.normalized_messages().items()
        ]
        raise click.UsageError(" ".join(faults)) from error
    return form


def bound() -> Any:
    """The service, bound to the settings of the environment."""
    runtime = service.runtime()
    logs.configure(runtime.settings.log_level)
    return runtime


def refuse_known_address(session: Session, address: str) -> None:
    """Stop where there is an account with this address already."""
    if queries.credentials(session, address) is not None:
        raise click.ClickException("There is an account with this address already.")


def account_of(session: Session, account_id: UUID, *where: Any) -> Account:
    """The account as it is now, locked; erased people and what does not fit are not found."""
    shown = sa.select(Account).where(Account.id == account_id, Account.state.not_in(HIDDEN), *where)
    found = session.scalars(shown.with_for_update()).one_or_none()
    if found is None:
        raise click.ClickException("There is no such account.")
    return found


def line(*values: Any) -> None:
    """Print one row of a list: values between tabs, instants in UTC, nothing as `-`."""
    click.echo("\t".join(_text(value) for value in values))


def _text(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return str(value)
