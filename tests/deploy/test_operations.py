"""The runbooks: every command of ours that they name exists, with the options that they give."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from common.messaging import portalctl
from common.processes import command_line
from common.service import load_services

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
COMMANDS = re.findall(r"^\$ (.+)$", TEXT, re.MULTILINE)


def known(line: str) -> click.Command:
    """The command that a line runs; raises click.UsageError for one that there is not."""
    words = shlex.split(line)
    if words[:2] == ["python", "-m"]:
        package, *words = words[2:]
        service = load_services([package.replace("_", "-")])[package.replace("_", "-")]
        named = f"{package}.operators"
        own = importlib.import_module(named).COMMANDS if importlib.util.find_spec(named) else ()
        command: click.Command = command_line(service, own)
    else:
        assert words.pop(0) == "portalctl"
        command = portalctl.main
    context = click.Context(command, info_name=line)
    while isinstance(command, click.Group):
        name = words.pop(0)
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"there is no command {name}: {line}")
        command, context = found, click.Context(found, parent=context, info_name=name)
    if "--help" not in words:
        command.make_parser(context).parse_args(list(words))
    return command


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_runbooks_exists_as_it_stands_there(line: str) -> None:
    assert known(line).callback is not None


@pytest.mark.parametrize(
    "line",
    ["portalctl parked loose", "python -m shop job sweep --fast", "python -m shop web --chek"],
)
def test_a_command_that_there_is_not_is_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        known(line)
