"""Environment variables of uploads."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from common import settings
from common.settings import setting


def store_options(url: str) -> dict[str, str]:
    """What opendal wants to know of the store at this address; raises ValueError for another.

    url: `folder:/path`, or `s3://bucket/prefix?region=…&endpoint=https://…` (prefix and endpoint
    may be left out; without an endpoint it is Amazon's).
    """
    parts = urlsplit(url)
    if parts.scheme == "folder" and parts.path.startswith("/") and not parts.netloc:
        return {"scheme": "fs", "root": unquote(parts.path)}
    asked = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    if parts.scheme == "s3" and parts.netloc and {"region"} <= set(asked) <= {"region", "endpoint"}:
        return {"scheme": "s3", "bucket": parts.netloc, "root": unquote(parts.path) or "/", **asked}
    raise ValueError("neither a folder nor a bucket")


def _is_store(url: str) -> bool:
    try:
        return bool(store_options(url))
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    """Where documents are kept, and how big one may be."""

    store_url: str = setting(
        "where documents are kept, `folder:/path` or `s3://bucket?region=…&endpoint=https://…`",
        allowed=_is_store,
    )
    store_access_key: str = setting("access key id of the S3 store", default="", secret=True)
    store_secret_key: str = setting("secret access key of the S3 store", default="", secret=True)
    max_body_bytes: int = setting(
        "bytes that one upload may have, with the form around it",
        default=50_000_000,
        allowed=lambda value: value >= 1,
    )

    def problems(self) -> list[str]:
        """Refuse a bucket without credentials."""
        missing = self.store_url.startswith("s3:") and not (
            self.store_access_key and self.store_secret_key
        )
        return [
            *super().problems(),
            *(["Set UPLOADS_STORE_ACCESS_KEY and UPLOADS_STORE_SECRET_KEY."] if missing else []),
        ]
