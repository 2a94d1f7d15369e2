"""Which migrations a database lacks, told without alembic: a serving process need not hold it."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa

_VERSION = sa.table("alembic_version", sa.column("version_num"))


def missing(runtime: Any) -> bool:
    """Whether the database lacks a migration that this program has.

    A database that a newer program has migrated already lacks nothing: while one version replaces
    the other, both serve.
    """
    branches = [known for folder in folders(runtime) if (known := revisions(folder))]
    heads = {known[-1] for known in branches}
    with runtime.db.engine.connect() as connection:
        has_any = sa.inspect(connection).has_table(_VERSION.name)
        current = set(connection.execute(sa.select(_VERSION)).scalars()) if has_any else set()
    newer = current.difference(*branches)  # each stands in the place of a head of ours
    return len(heads - current) > len(newer)


def folders(runtime: Any) -> tuple[Path, Path]:
    """Where the service's own migrations are, and those of the tables that every service has."""
    shared = Path(__file__).with_name("migrations")
    return runtime.service.folder / "migrations" / "versions", shared / "versions"


@functools.cache
def revisions(folder: Path) -> tuple[str, ...]:
    """Ids of the migrations in a folder, oldest first: what their files' names begin with."""
    found = (re.match(r"\w+?_\d{4}", file.name) for file in folder.glob("*.py"))
    return tuple(sorted(each[0] for each in found if each))
