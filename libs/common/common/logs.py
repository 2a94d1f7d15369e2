"""Logs: one JSON object a line on stderr; a field that is not on the list does not get out."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

FIELDS = frozenset({
    "account_id", "attempt", "callee", "count", "database", "dropped_fields", "error", "event_id",
    "event_type", "file", "job", "level", "logger", "message", "method", "outcome", "port",
    "process", "queue", "record_class", "request_id", "route", "seconds", "service", "setting",
    "stack", "status", "step", "subject", "subscription", "time", "trace_id", "url", "version",
})  # fmt: skip
"""All a log line may hold: constant texts, ids, numbers and names of our own parts."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def configure(level: str = "info", stream: Any = None) -> None:
    """Send our lines and those of the libraries to one place in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _exception_without_values,
        structlog.processors.EventRenamer("message"),
        _only_listed_fields,
    ]
    target: Any = stream or _Stderr()
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_json)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_LibraryLines()], level=logging.WARNING, force=True)


class _Stderr:
    """Whatever is stderr when a line is written: commands and tests replace it for a while."""

    def write(self, text: str) -> int:
        """Write to the present stderr."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Flush the present stderr."""
        sys.stderr.flush()


def _json(line: EventDict, **_: Any) -> str:
    return msgspec.json.encode(line, enc_hook=lambda value: type(value).__name__).decode()


def _only_listed_fields(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    dropped = sorted(set(line) - FIELDS)
    if not dropped:
        return line
    kept = {name: value for name, value in line.items() if name in FIELDS}
    return {**kept, "dropped_fields": dropped}


def _exception_without_values(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """An exception's text may hold what a person typed: its class and places are enough."""
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        line["error"] = type(error).__name__
        line["stack"] = [
            f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
            if "site-packages" not in frame.filename
        ][-8:]
    return line


class _LibraryLines(logging.Handler):
    """Lines of libraries keep their constant part; the values in them stay out."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        log.log(record.levelno, str(record.msg)[:200], logger=record.name, exc_info=error)
