"""The estate in containers: what it is told, and how people and operators reach it from outside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, SERVICES
from deploy.local import wiring
from deploy.local.portal import Portal, over_http

INSIDE = Path("/var/lib/portal")
"""Where containers see the estate's folder."""
USER = 10001
"""Whom the images run as; on a machine of root's, the folder is made this user's."""
BUCKET = "portal-uploads"
Run = Callable[[str, tuple[str, ...], str], str]
"""Runs a command of a service in one of its containers: service, arguments, standard input."""


def prepare(folder: Path, public_url: str) -> dict[str, str]:
    """Write what containers are told below a folder: keys and portal.env."""
    folder.mkdir(parents=True, exist_ok=True)
    password = wiring.secret(folder, "servers")
    databases = {
        name: f"postgresql://{_role(name)}:{password}@postgres/{_role(name)}"
        for name in OWNERS_OF_PERSONAL_DATA
    }
    servers = wiring.Servers(
        databases,
        broker_url=f"amqp://portal:{password}@rabbitmq/%2F",
        web_urls={name: f"http://{name}:8000" for name in OWNERS_OF_PERSONAL_DATA},
        mail_url="smtp://mail:1025",
        store_url=f"s3://{BUCKET}?region=eu-central-1&endpoint=http://objects:5000",
    )
    told = {
        **wiring.environment(folder, servers, public_url, INSIDE),
        **{f"{wiring.prefix(name)}_HOST": "0.0.0.0" for name in SERVICES},
        "UPLOADS_STORE_ACCESS_KEY": "portal",
        "UPLOADS_STORE_SECRET_KEY": password,
        "POSTGRES_PASSWORD": password,
        "RABBITMQ_DEFAULT_USER": "portal",
        "RABBITMQ_DEFAULT_PASS": password,
    }
    file = folder / "portal.env"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in told.items()))
    if os.getuid() == 0:
        for each in (folder, *folder.rglob("*")):
            os.chown(each, USER, USER)
    return told


def make_bucket(objects_url: str) -> None:
    """Make the bucket of the development store, which forgets it with every restart."""
    httpx.put(f"{objects_url}/{BUCKET}", timeout=30).raise_for_status()


def reach(url: str, mail_url: str, folder: Path, run: Run) -> Portal:
    """The portal of an estate in containers, for the seed and for the story."""
    portal = over_http(url, folder, partial(_operate, folder, run))
    portal.mails = partial(caught, mail_url)
    return portal


def caught(mail_url: str) -> list[dict[str, str]]:
    """Mails that the catcher (maildev) holds, oldest first."""
    return [
        {
            "to": each["to"][0]["address"],
            "subject": each["subject"],
            "date": each["date"],
            "text": each["text"],
        }
        for each in httpx.get(f"{mail_url}/email", timeout=30).raise_for_status().json()
    ]


def _operate(folder: Path, run: Run, service: str, *arguments: str, stdin: str = "") -> str:
    """Run an operator's command; what it is to read is carried into the folder first."""
    return run(service, tuple(_carried(folder, each) for each in arguments), stdin)


def _carried(folder: Path, argument: str) -> str:
    here = Path(argument)
    if not here.is_absolute() or not here.exists():
        return argument
    there = here if here.is_relative_to(folder) else folder / "lists" / here.name
    if there != here:
        shutil.copytree(here, there, dirs_exist_ok=True)
    return str(INSIDE / there.relative_to(folder))


def _role(service: str) -> str:
    return service.replace("-", "_")
