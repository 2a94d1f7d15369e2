"""`python -m gateway web`."""

import sys

import click

from common.processes import serve
from common.settings import SettingsError, load
from gateway.settings import Settings


@click.group(help="The web gateway of the portal.")
def main() -> None:
    """Group of commands."""


@main.command()
def web() -> None:
    """Answer HTTP requests."""
    try:
        serve("gateway.app:create_app", load(Settings, "gateway"))
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main(prog_name="python -m gateway")
