"""`keys` and `peppers`: what tokens, receipts and password hashes are made with."""

from __future__ import annotations

import click

from common import keys as key_files
from common.privacy.audit import audit
from identity import queries
from identity.operators.terminal import ACTOR, Refusing, bound, line
from identity.settings import peppers as listed_peppers


@click.group(cls=Refusing)
def keys() -> None:
    """Signing keys of the services, in PORTAL_KEYS_DIR."""


@keys.command("status")
def show() -> None:
    """List public keys: service, id, and whether current, previous or retired."""
    for service, kid, state in key_files.states(bound().settings.keys_dir):
        line(service, kid, state)


@keys.command("rotate")
@click.argument("service")
def rotate(service: str) -> None:
    """Give a service another signing key; what the one before signed counts on. Prints its id."""
    runtime = bound()
    with runtime.transaction(actor=ACTOR) as session:
        kid = key_files.rotate(runtime.settings.keys_dir, service)
        audit(session, "key.rotate", kid)
    click.echo(kid)
    click.echo(f"Restart {service}; five minutes later retire the key of before.", err=True)


@keys.command("retire")
@click.argument("kid")
def retire(kid: str) -> None:
    """Let tokens signed by a key count no more; receipts signed by it still verify."""
    runtime = bound()
    with runtime.transaction(actor=ACTOR) as session:
        key_files.retire(runtime.settings.keys_dir, kid)
        audit(session, "key.retire", kid)
    click.echo("Tokens signed by this key are refused from now on.", err=True)


@click.group(cls=Refusing)
def peppers() -> None:
    """Peppers of password hashes and of sealed secrets, in IDENTITY_PEPPER."""


@peppers.command("status")
def count() -> None:
    """List what was made with which pepper: kind, pepper, cost, number, current/listed/missing.

    Exit code 1 when something needs a pepper that the setting does not list: its owner cannot
    sign in with it.
    """
    runtime = bound()
    ids = [name for name, _ in listed_peppers(runtime.settings.pepper)]
    with runtime.reading() as session:
        counted = queries.peppered(session)
    for kind, pepper, cost, number in counted:
        known = "current" if pepper == ids[0] else "listed" if pepper in ids else "missing"
        line(kind, pepper, cost, number, known)
    needed = {pepper for _, pepper, _, _ in counted}
    for pepper in ids[1:]:
        must = "must still list" if pepper in needed else "needs no more"
        click.echo(f"IDENTITY_PEPPER {must} {pepper}.", err=True)
    if missing := sorted(needed - set(ids)):
        raise click.ClickException(f"IDENTITY_PEPPER does not list {', '.join(missing)}.")
