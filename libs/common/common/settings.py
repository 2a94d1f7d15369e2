"""Settings: every environment variable of a service, declared once, checked at the start."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from environs import Env, EnvError

from common.clock import seconds
from common.messaging.topology import Ladder

S = TypeVar("S", bound="ProcessSettings")
_MISSING: Any = object()


class SettingsError(Exception):
    """A setting is missing, unknown or out of bounds; the text is one sentence for the operator."""


def _is_port(value: int) -> bool:
    return 0 <= value <= 65535


def _is_some(value: int) -> bool:
    return value >= 1


def _is_ladder(value: str) -> bool:
    try:
        return bool(Ladder.parse(value).rungs)
    except ValueError:
        return False


def setting(
    meaning: str,
    *,
    default: Any = _MISSING,
    shared: bool = False,
    secret: bool = False,
    allowed: Callable[[Any], bool] | None = None,
) -> Any:
    """Declare an environment variable beside its type.

    meaning: one line with the unit. shared: one value for the whole estate (PORTAL_ prefix)
    instead of the service's own prefix. allowed: what values are in bounds.
    """
    facts = {"meaning": meaning, "shared": shared, "secret": secret, "allowed": allowed}
    if default is _MISSING:
        return dataclasses.field(metadata=facts)
    return dataclasses.field(default=default, metadata=facts)


def _within_a_month(text: str) -> bool:
    try:
        return 0 < seconds(text) <= 30 * 24 * 3600
    except ValueError:
        return False


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProcessSettings:
    """What every process that answers HTTP needs, the gateway included."""

    profile: str = setting(
        "`production` refuses what is only for development",
        default="production",
        shared=True,
        allowed=lambda value: value in ("production", "development"),
    )
    log_level: str = setting(
        "debug, info, warning or error",
        default="info",
        shared=True,
        allowed=lambda value: value in ("debug", "info", "warning", "error"),
    )
    traces_url: str = setting(
        "where traces are sent: an OTLP/HTTP collector's URL, …/v1/traces; empty: nowhere",
        default="",
        shared=True,
    )
    traces_share: float = setting(
        "share of the traces that are sent, 0 to 1",
        default=1.0,
        shared=True,
        allowed=lambda value: 0 <= value <= 1,
    )
    public_url: str = setting(
        "where people reach the portal; links in mails start with it",
        default="http://localhost:8080",
        shared=True,
    )
    host: str = setting("address the web process listens on", default="127.0.0.1")
    port: int = setting("port the web process listens on", default=8000, allowed=_is_port)
    threads: int = setting("requests a web process works on at a time", default=8, allowed=_is_some)
    metrics_port: int = setting("port of /metrics; 0 switches it off", default=0, allowed=_is_port)

    def problems(self) -> list[str]:
        """Sentences on combinations that a start refuses; a service adds its own."""
        return []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(ProcessSettings):
    """What every service needs; a service's own settings.py adds to it."""

    broker_url: str = setting(
        "AMQP URL of RabbitMQ, or `embedded:` in one process", shared=True, secret=True
    )
    retry_ladder: str = setting(
        "waits before each retry of a failed event, ISO 8601 durations",
        default="PT5S,PT30S,PT5M,PT1H",
        shared=True,
        allowed=_is_ladder,
    )
    keys_dir: Path = setting(
        "folder with jwks.json, <service>.pem (Ed25519) and <service>.secret", shared=True
    )
    clock_file: str = setting(
        "file with a shift of the clock in seconds; development only", default="", shared=True
    )
    database_url: str = setting("SQLAlchemy URL of this service's own database", secret=True)
    database_pool: int = setting(
        "connections kept open to the database", default=10, allowed=_is_some
    )
    tables_rewritten: str = setting(
        "by when VACUUM FULL or pg_repack has rewritten every table, so that nothing deleted is in "
        "its files (ISO 8601, at most P30D: S26)",
        default="P30D",
        shared=True,
        allowed=_within_a_month,
    )
    log_recycled: str = setting(
        "by when the database's write-ahead log and its archive are overwritten (at most P30D)",
        default="P7D",
        shared=True,
        allowed=_within_a_month,
    )
    backups_kept: str = setting(
        "how long backups are kept (at most P30D: erasure begins 11 months after the end, S26)",
        default="P30D",
        shared=True,
        allowed=_within_a_month,
    )
    scheduler: bool = setting(
        "whether the worker also runs scheduled jobs (else: `job NAME` by CronJob)",
        default=False,
        shared=True,
    )
    identity_url: str = setting(
        "base URL of identity", default="http://127.0.0.1:8001", shared=True
    )

    @property
    def peer_urls(self) -> Mapping[str, str]:
        """Base URL of each service that this one calls."""
        return {"identity": self.identity_url}

    def problems(self) -> list[str]:
        """Refuse in production what is only for development."""
        if self.profile == "production" and self.clock_file:
            return ["PORTAL_CLOCK_FILE is for development; remove it or set PORTAL_PROFILE."]
        return []


def urls_by_service(text: str) -> dict[str, str]:
    """Base URL of each service, from "identity=http://…,shop=http://…"."""
    pairs = (pair.strip().partition("=") for pair in text.split(",") if pair.strip())
    return {name: url.rstrip("/") for name, _, url in pairs}


def variable(service: str, field: dataclasses.Field[Any]) -> str:
    """Name of the environment variable behind a declared setting."""
    prefix = "PORTAL" if field.metadata["shared"] else service.replace("-", "_").upper()
    return f"{prefix}_{field.name.upper()}"


def load(kind: type[S], service: str) -> S:
    """Read and check all settings of a service; raises SettingsError with one sentence a fault."""
    names = {variable(service, field): field for field in dataclasses.fields(kind)}
    faults = [_unknown(name, names) for name in os.environ if _is_ours(name, service, names)]
    env, hints, values = Env(), get_type_hints(kind), {}
    parsers: dict[Any, Any] = {
        bool: env.bool,
        int: env.int,
        float: env.float,
        Path: env.path,
        str: env.str,
    }
    for name, field in names.items():
        if name not in os.environ:
            if field.default is dataclasses.MISSING:
                faults.append(f"{name} is not set: {field.metadata['meaning']}.")
            continue
        kind_of_value = hints[field.name]
        try:
            values[field.name] = parsers[kind_of_value](name)
        except EnvError:
            faults.append(
                f"{name} is not a valid {kind_of_value.__name__}: {field.metadata['meaning']}."
            )
    if faults:
        raise SettingsError(" ".join(faults))
    return check(kind(**values), service)


def check(settings: S, service: str) -> S:
    """Return settings whose values are in bounds; raises SettingsError otherwise."""
    faults = settings.problems()
    for field in dataclasses.fields(settings):
        allowed = field.metadata["allowed"]
        if allowed is not None and not allowed(getattr(settings, field.name)):
            name = variable(service, field)
            faults.append(f"{name} is out of bounds: {field.metadata['meaning']}.")
    if faults:
        raise SettingsError(" ".join(faults))
    return settings


def _is_ours(name: str, service: str, names: Mapping[str, Any]) -> bool:
    if name in _shared_names():
        return False  # told to the whole estate, also to who has no use for it
    prefixes = ("PORTAL_", service.replace("-", "_").upper() + "_")
    return name not in names and name.startswith(prefixes) and not name.startswith("PORTAL_TEST_")


def _shared_names() -> set[str]:
    return {
        variable("", field) for field in dataclasses.fields(Settings) if field.metadata["shared"]
    }


def _unknown(name: str, names: Mapping[str, Any]) -> str:
    close = get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]}?" if close else " Remove it."
    return f"{name} is not a setting of this service.{hint}"
