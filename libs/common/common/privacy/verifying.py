"""`portalctl certificate`: look at the certificate of an erasure, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import jwt

from common.keys import read_public
from common.privacy.certificates import Malformed, verify

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
