"""`notices`: the privacy notices that people are shown (S1)."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import click

from common.privacy.retention import ANYWHERE
from common.texts import LANGUAGES
from identity import notices as published
from identity.operators.terminal import ACTOR, Refusing, bound, line

NAMED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-([A-Z]{2}))?")


@click.group(cls=Refusing)
def notices() -> None:
    """Privacy notices: versions, and from which day they are in force."""


@notices.command("publish")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def publish(folder: Path) -> None:
    """Publish the notice in FOLDER. Prints its version.

    FOLDER is named by its first day, and by a country if it is for one (2027-01-01,
    2027-01-01-CH), and holds the texts en.md, nl.md and de.md.
    """
    valid_from, country = _named(folder.resolve().name)
    texts = {language: _text(folder / f"{language}.md") for language in LANGUAGES}
    with bound().transaction(actor=ACTOR) as session:
        version = published.publish(session, valid_from, country, texts).version
    click.echo(version)
    click.echo(f"In force from {valid_from}, and never changed from now on.", err=True)


@notices.command("list")
def show() -> None:
    """List notices: version, country, from when, when published."""
    with bound().reading() as session:
        for each in published.all_of_them(session):
            line(each.version, each.country, each.valid_from, each.published_at)


def _named(name: str) -> tuple[date, str]:
    parts = NAMED.fullmatch(name)
    try:
        return date.fromisoformat(parts[1] if parts else name), (parts and parts[2]) or ANYWHERE
    except ValueError as error:
        fault = f"Name the folder by its first day, as 2027-01-01 or 2027-01-01-CH, not {name}."
        raise click.ClickException(fault) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read as UTF-8 text.") from error
