"""The object store, a folder or S3, through opendal: a key is written once and never changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import opendal
from opendal.layers import RetryLayer, TimeoutLayer

from common.refusals import Unavailable
from common.texts import Text
from uploads.settings import store_options

CHUNK_BYTES = 1 << 20
_FAULTS: tuple[type[BaseException], ...] = (
    OSError,  # what opendal raises for a file that is open
    *(each for each in vars(opendal.exceptions).values() if isinstance(each, type)),
)
_VERSIONS_AT_MOST = 100


class StoreUnavailable(Unavailable):
    """The object store does not answer, refuses, or lacks what should be there."""

    title = Text(
        "Documents cannot be reached at the moment",
        "Documenten zijn op dit moment niet bereikbaar",
        "Dokumente sind im Moment nicht erreichbar",
    )


def open_store(runtime: Any) -> opendal.Operator:
    """Connect to the store of the settings; raises StoreUnavailable when it is not there."""
    settings = runtime.settings
    options = store_options(settings.store_url)
    if options["scheme"] == "s3":
        options |= {
            "access_key_id": settings.store_access_key,
            "secret_access_key": settings.store_secret_key,
            "disable_config_load": "true",
            "disable_ec2_metadata": "true",
        }
    with _reaching():
        operator = opendal.Operator(options.pop("scheme"), **options)
        operator = operator.layer(TimeoutLayer(timeout=10, io_timeout=20))
        operator = operator.layer(RetryLayer(max_times=2, min_delay=0.1, max_delay=1))
        operator.check()
    return operator


def write(operator: opendal.Operator, key: str, content: BinaryIO) -> None:
    """Store content, a chunk at a time; it is there for good when this returns."""
    with _reaching(), operator.open(key, "wb") as target:
        while chunk := content.read(CHUNK_BYTES):
            target.write(chunk)


def read(operator: opendal.Operator, key: str) -> Iterator[bytes]:
    """Content in chunks; a missing object is noticed before the first of them."""
    with _reaching():
        source = operator.open(key, "rb")
        first = source.read(CHUNK_BYTES)
    return _chunks(source, first)


def remove(operator: opendal.Operator, key: str) -> None:
    """Remove an object in every version a bucket keeps; returns when the store says it is gone."""
    with _reaching():
        for _ in range(_VERSIONS_AT_MOST):
            try:
                version = operator.stat(key).version
            except opendal.exceptions.NotFound:
                return
            operator.delete(key, version=version)
    raise StoreUnavailable("An object is still there after its removal.")


def _chunks(source: Any, first: bytes) -> Iterator[bytes]:
    with source:
        chunk = first
        while chunk:
            yield chunk
            chunk = source.read(CHUNK_BYTES)


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        raise StoreUnavailable("Try again in a moment.") from error
