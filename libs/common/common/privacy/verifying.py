"""`portalctl certificate`: look at the certificate of an erasure, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import jwt

from common.events.catalogue import TableErased
from common.keys import read_public
from common.privacy.certificates import Malformed, read, verify
from common.privacy.grounds import GROUNDS, Ground

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def certificate() -> None:
    """Certificates of erasures; needs neither broker nor database."""


@certificate.command("verify")
@click.argument("file", type=_FILE)
@click.option("--keys", required=True, type=_FILE, help="The estate's public keys: jwks.json.")
def verify_certificate(file: Path, keys: Path) -> None:
    """Check every signature and claim of FILE; exit 1 where one does not hold."""
    try:
        public = read_public(keys)
    except (ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
        raise click.ClickException(f"{keys} is no file of public keys (jwks.json).") from error
    try:
        checks = verify(_json(file), public)
    except Malformed as error:
        raise click.ClickException(f"{file}: {error}") from error
    for each in checks:
        click.echo(f"FAULT  {each.what}: {each.fault}" if each.fault else f"ok     {each.what}")
    faults = sum(bool(each.fault) for each in checks)
    if faults:
        raise click.ClickException(f"{faults} of {len(checks)} checks failed: do not trust {file}.")
    click.echo(f"The certificate holds: {len(checks)} checks.", err=True)


@certificate.command("show")
@click.argument("file", type=_FILE)
def show_certificate(file: Path) -> None:
    """Print what FILE says, for reading; whether it is true says `verify`."""
    try:
        said = read(_json(file))
    except Malformed as error:
        raise click.ClickException(f"{file}: {error}") from error
    click.echo(f"Erasure {said.request_id} of account {said.account_id}")
    click.echo(f"asked for {said.requested_at}, complete {said.completed_at}")
    for owner, receipt in said.receipts.items():
        click.echo(f"\n{owner}, {receipt.erased_at}")
        for each in receipt.tables:
            click.echo(f"  {each.table:24} {_became(each)}")
        for hold in receipt.holds:
            click.echo(f"  kept for the legal hold {hold}")
        for place in receipt.residue:
            click.echo(f"  may lie in {place.place} until {place.until}")


def _became(table: TableErased) -> str:
    """What became of one table's rows, in words."""
    counts = {
        "deleted": table.deleted, "emptied": table.nulled, "pseudonymised": table.pseudonymised
    }  # fmt: skip
    said = [f"{count} {what}" for what, count in counts.items() if count]
    if table.kept:
        until = f" until {table.until}" if table.until else ""
        said.append(f"{table.kept} kept{until}: {GROUNDS[Ground(table.reason or '')].en}")
    return "; ".join(said) or "nothing there"


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Malformed("This is no JSON.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; raises ValueError where it says the same name twice."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands there twice")
    return dict(pairs)
