"""The commands of docs/operations.md, run in their order on an estate with a story behind it."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pika
from click.testing import CliRunner

from common.messaging import portalctl, topology
from common.processes import command_line
from common.service import load_services
from deploy.local.story import Story

TEXT = Path(__file__).parents[2] / "docs" / "operations.md"
ASKS_THE_PUBLISHERS = "python -m screening job fetch-lists"
QUEUE = "shop.keep_standing"


def commands() -> list[str]:
    """Every command of ours that a runbook names, in the order written."""
    return re.findall(r"^\$ (.+)$", TEXT.read_text(), re.MULTILINE)


def run_all(story: Story) -> dict[str, str]:
    """Run every command; return what each printed. Raises AssertionError where one fails."""
    folder, said = story.portal.folder, dict[str, str]()
    given = {"FILE": str(certificate_of(story)), "jwks.json": str(folder / "keys" / "jwks.json")}
    park_one(story)
    for line in commands():
        if line == ASKS_THE_PUBLISHERS:
            continue
        if "lists import" in line:
            newest = max((folder / "lists").iterdir(), key=lambda file: file.stat().st_mtime)
            given = {**given, "FILE": str(newest)}
        if "certificate" in line:
            given = {**given, "FILE": str(folder / "certificate.json")}
        if line.endswith(" KID"):
            given["KID"] = next(_former_keys())
        words = [given.get(word, word) for word in shlex.split(line)]
        said[line] = _run(words)
    return said


def _run(words: list[str]) -> str:
    done = CliRunner().invoke(*_command(words), input="y\n", catch_exceptions=False)
    assert done.exit_code == 0, f"{words}: {done.output}"
    return done.output


def _command(words: list[str]) -> tuple[click.Command, list[str]]:
    if words[0] == "portalctl":
        return portalctl.main, words[1:]
    package, *arguments = words[2:]
    name = package.replace("_", "-")
    named = f"{package}.operators"
    own = importlib.import_module(named).COMMANDS if importlib.util.find_spec(named) else ()
    return command_line(load_services([name])[name], own), arguments


def _former_keys() -> Iterator[str]:
    """Ids of keys that nothing signs with any more."""
    for line in _run(["python", "-m", "identity", "keys", "status"]).splitlines():
        if "previous" in line:
            yield line.split()[1]


def certificate_of(story: Story) -> Path:
    """The certificate of the story's erasure, in a file, as whoever asks for it gets it."""
    dpo = story.staff["dpo"]
    dpo.sign_in()
    [request] = [each for each in dpo.get("identity", "erasures") if each["state"] == "completed"]
    file = story.portal.folder / "certificate.json"
    file.write_text(
        json.dumps(dpo.get("identity", f"erasures/{request['request_id']}/certificate"))
    )
    return file


def park_one(story: Story) -> None:
    """Send a queue what nobody can read; it is parked."""
    with pika.BlockingConnection(pika.URLParameters(os.environ["PORTAL_BROKER_URL"])) as connection:
        channel = connection.channel()
        channel.basic_publish("", QUEUE, b"no event", pika.BasicProperties(message_id="loose"))
        parked = topology.parked_queue(QUEUE)

        def waits() -> bool:
            return bool(channel.queue_declare(parked, passive=True).method.message_count)

        story.portal.until(waits)
