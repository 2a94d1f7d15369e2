"""`account` and `sessions`: one person's account, and whoever is signed in."""

from __future__ import annotations

from uuid import UUID

import click

from common.privacy.audit import audit
from identity import accounts, mails, queries
from identity.models import MailKind
from identity.operators.terminal import ACTOR, Refusing, account_of, bound, line

DATES = (
    "registered_at", "confirmed_at", "approved_at", "blocked_by_staff_at",
    "blocked_by_screening_at", "refused_at", "deactivated_at",
)  # fmt: skip
PERSONAL = (
    "given_name", "family_name", "email", "company", "customer_number", "country", "language",
)  # fmt: skip
AT_A_TIME = 100
"""Accounts whose sessions end in one transaction, so that nobody waits long for a lock."""


@click.group(cls=Refusing)
def account() -> None:
    """Accounts."""


@account.command("mail-password-link")
@click.argument("account_id", type=click.UUID)
def mail_password_link(account_id: UUID) -> None:
    """Mail a new link to choose a password; earlier links are void when it goes out."""
    with bound().transaction(actor=ACTOR) as session:
        account_of(session, account_id)
        audit(session, "account.mail-password-link", account_id)
        mails.write(session, account_id, MailKind.SET_PASSWORD)
    click.echo("The link is mailed.", err=True)


@account.command("show")
@click.argument("account_id", type=click.UUID)
@click.option("--personal", is_flag=True, help="What the person entered too; the audit says so.")
def show(account_id: UUID, personal: bool) -> None:
    """Show an account: state, roles and dates; what the person entered only when asked for."""
    with bound().transaction(actor=ACTOR) as session:
        found = account_of(session, account_id)
        audit(session, "account.read-personal" if personal else "account.read", found.id)
        roles = ",".join(role.value for role in queries.roles_of(session, found))
        line("id", found.id)
        line("state", found.state.value)
        line("organisation", found.organisation_id)
        line("roles", roles)
        for name in (*DATES, *(PERSONAL if personal else ())):
            line(name, getattr(found, name))


@click.group(cls=Refusing)
def sessions() -> None:
    """Who is signed in."""


@sessions.command("end")
@click.argument("account_id", type=click.UUID, required=False)
@click.option("--all", "everybody", is_flag=True, help="Everybody's, staff included.")
def end(account_id: UUID | None, everybody: bool) -> None:
    """End the sessions of an account, or of all (ASVS 7.4.5). Prints of how many accounts."""
    if everybody == (account_id is not None):
        raise click.UsageError("Name an account, or say --all.")
    runtime, ended = bound(), 0
    if account_id is not None:
        with runtime.transaction(actor=ACTOR) as session:
            accounts.end_sessions(session, account_of(session, account_id))
            ended = 1
    after: UUID | None = None
    while everybody:
        with runtime.transaction(actor=ACTOR) as session:
            batch = queries.signed_in_after(session, after, AT_A_TIME)
            for each in batch:
                accounts.end_sessions(session, accounts.locked(session, each))
        ended += len(batch)
        if len(batch) < AT_A_TIME:
            break
        after = batch[-1]
    click.echo(ended)
