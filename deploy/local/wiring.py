"""The estate in one readable file: which services there are, where they listen, what they are told.

`environment()` is everything the services are told, as the environment variables that their
settings.py declare; Kubernetes tells them the same things.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common import keys
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA

WEB_PORTS = {name: 8101 + n for n, name in enumerate(OWNERS_OF_PERSONAL_DATA)}


@dataclass(frozen=True)
class Servers:
    """What the estate stands on.

    databases: one URL a service. mail_url, store_url: None for files in the estate's folder.
    """

    databases: Mapping[str, str]
    broker_url: str
    web_urls: Mapping[str, str]
    mail_url: str | None = None
    store_url: str | None = None


def embedded(folder: Path) -> Servers:
    """Nothing beside this process: SQLite files, and no broker between."""
    return Servers(
        databases={
            name: f"sqlite:///{folder / 'databases' / name}.sqlite"
            for name in OWNERS_OF_PERSONAL_DATA
        },
        broker_url="embedded:",
        web_urls={name: f"http://{name}.embedded" for name in OWNERS_OF_PERSONAL_DATA},
    )


def environment(
    folder: Path, servers: Servers, public_url: str, inside: Path | None = None
) -> dict[str, str]:
    """Every variable of every service, for an estate that keeps its data in a folder.

    inside: where its processes see that folder, unless it is where we see it.
    """
    seen = inside or folder
    for needed in ("databases", "mail", "objects"):
        (folder / needed).mkdir(parents=True, exist_ok=True)
    keys.generate(folder / "keys", OWNERS_OF_PERSONAL_DATA)
    told = {
        "PORTAL_PROFILE": "development",
        "PORTAL_BROKER_URL": servers.broker_url,
        "PORTAL_KEYS_DIR": str(seen / "keys"),
        "PORTAL_CLOCK_FILE": str(seen / "clock.json"),
        "PORTAL_PUBLIC_URL": public_url,
        "PORTAL_IDENTITY_URL": servers.web_urls["identity"],
        "PORTAL_SCHEDULER": "true",
        "IDENTITY_PEPPER": secret(folder, "pepper"),
        "IDENTITY_MAIL_URL": servers.mail_url or f"folder:{seen / 'mail'}",
        "IDENTITY_SECOND_FACTOR_FOR_STAFF": "false",
        "IDENTITY_SERVICES": _pairs(servers.web_urls, but="identity"),
        "UPLOADS_STORE_URL": servers.store_url or f"folder:{seen / 'objects'}",
        "GATEWAY_UPSTREAMS": _pairs(servers.web_urls),
    }
    for name, url in servers.databases.items():
        told[f"{prefix(name)}_DATABASE_URL"] = url
    file = folder / "environment.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(told, indent=1))
    return told


def remembered(folder: Path) -> dict[str, str]:
    """The environment of the estate that keeps its data there, for operator commands."""
    told: dict[str, str] = json.loads((folder / "environment.json").read_text())
    return told


def prefix(service: str) -> str:
    """What the names of a service's own variables begin with."""
    return service.replace("-", "_").upper()


def _pairs(urls: Mapping[str, str], but: str = "") -> str:
    return ",".join(f"{name}={url}" for name, url in urls.items() if name != but)


def secret(folder: Path, name: str) -> str:
    """One of the estate's secrets, made at the first start and kept beside the data."""
    file = folder / "secrets.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    if name not in known:
        known[name] = secrets.token_hex(32)
        file.touch(mode=0o600)
        file.write_text(json.dumps(known))
    return str(known[name])
