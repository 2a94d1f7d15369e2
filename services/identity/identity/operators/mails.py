"""`mails`: those that were given up, neither address nor text among what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from common.privacy.audit import audit
from identity import mails as waiting
from identity.accounts import locked
from identity.models import Mail, MailKind
from identity.operators.terminal import ACTOR, Refusing, bound, line


def which(command: Callable[..., Any]) -> Callable[..., Any]:
    """Arguments that name one mail, or all."""
    kinds = click.Choice([kind.value for kind in MailKind])
    for option in (
        click.option("--all", "everything", is_flag=True, help="All that were given up."),
        click.argument("kind", type=kinds, required=False),
        click.argument("account_id", type=click.UUID, required=False),
    ):
        command = option(command)
    return command


@click.group(cls=Refusing)
def mails() -> None:
    """Mails that were refused for days and given up."""


@mails.command("list")
def list_given_up() -> None:
    """List them: account, kind, how often it was tried, when it was given up."""
    with bound().reading() as session:
        for mail in waiting.given_up(session):
            line(mail.account_id, mail.kind.value, mail.attempts, mail.given_up_at)


@mails.command("retry")
@which
def retry(account_id: UUID | None, kind: str | None, everything: bool) -> None:
    """Try one, or all, again; a worker sends them, with new links."""
    with bound().transaction(actor=ACTOR) as session:
        for mail in _meant(session, account_id, kind, everything):
            audit(session, "mail.retry", mail.account_id)
            waiting.retry(session, mail)


@mails.command("drop")
@which
def drop(account_id: UUID | None, kind: str | None, everything: bool) -> None:
    """Drop one, or all: they do not go out."""
    with bound().transaction(actor=ACTOR) as session:
        for mail in _meant(session, account_id, kind, everything):
            audit(session, "mail.drop", mail.account_id)
            session.delete(mail)


def _meant(
    session: Session, account_id: UUID | None, kind: str | None, everything: bool
) -> list[Mail]:
    """The mails that are meant, their accounts locked; stops when a named one is not there."""
    if everything is (account_id is not None) or (account_id is None) is not (kind is None):
        raise click.UsageError("Name ACCOUNT and KIND, or --all.")
    named = (account_id, MailKind(kind) if kind else None)
    for owner in sorted({mail.account_id for mail in waiting.given_up(session, *named)}):
        locked(session, owner)
    session.expire_all()
    found = waiting.given_up(session, *named)
    if not found and not everything:
        raise click.ClickException("There is no such mail.")
    click.echo(f"{len(found)} {'mail' if len(found) == 1 else 'mails'}.", err=True)
    return found
