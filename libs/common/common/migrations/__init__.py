"""Migrations: the tables every service has and the service's own, brought up to date by alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from common.db import CommonBase
from common.revisions import folders

_LOCK = 0x0A1E3B1C
ONLY_ADDED_TO = ("audit_entries", "audit_seals", "audit_anchors")
"""Tables of which the running service changes nothing and deletes nothing."""
_HERE = Path(__file__).parent


class UnfitDatabase(Exception):
    """The database cannot hold what people enter; the text is one sentence for the operator."""


def upgrade(runtime: Any) -> None:
    """Bring the database to the newest migrations; of several processes one does it.

    Raises UnfitDatabase for one that was made with another encoding than UTF8.
    """
    with runtime.db.engine.connect() as connection, connection.begin():
        if runtime.db.is_postgres:
            encoding = connection.scalar(sa.text("SHOW server_encoding"))
            if encoding != "UTF8":
                raise UnfitDatabase(
                    f"The database holds {encoding}: make it anew with CREATE DATABASE … "
                    "TEMPLATE template0 ENCODING 'UTF8'."
                )
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config = _config(runtime)
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def grant(runtime: Any, role: str) -> None:
    """Let a role that owns nothing run the service: it can add to the audit and not change it.

    Raises ValueError on SQLite, where there are no roles. Said anew after every migration.
    """
    if not runtime.db.is_postgres:
        raise ValueError("SQLite has no roles: nothing can be granted.")
    with runtime.db.engine.begin() as connection:
        to = connection.dialect.identifier_preparer.quote(role)
        for each in (
            f"GRANT USAGE ON SCHEMA public TO {to}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {to}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {to}",
            f"REVOKE UPDATE, DELETE ON {', '.join(ONLY_ADDED_TO)} FROM {to}",
            f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {to}",
        ):
            connection.execute(sa.text(each))


def draft(runtime: Any, slug: str, *, shared: bool = False) -> str:
    """Write the migration that brings an up-to-date database to the models; return its path.

    shared: for the tables of libs/common instead of the service's own.
    """
    own, common = folders(runtime)
    folder, tables = (common, CommonBase.metadata) if shared else (
        own, runtime.parts["models"].Base.metadata
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("*.py"))) + 1
    branch = "common" if shared else runtime.service.package
    config = _config(runtime)
    config.attributes["tables"] = tables
    with runtime.db.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        script = command.revision(
            config,
            slug.replace("_", " "),
            autogenerate=True,
            rev_id=f"{branch}_{number:04}",
            version_path=str(folder),
            head="base" if number == 1 else f"{branch}@head",
            branch_label=branch if number == 1 else None,
        )
    return str(script.path)  # type: ignore[union-attr]


def _config(runtime: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    locations = ":".join(str(folder) for folder in folders(runtime))
    config.set_main_option("version_locations", locations)
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config
