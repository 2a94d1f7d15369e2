"""Alembic's entry point for every service; the connection is given by `common.migrations`."""

from alembic import context

config = context.config
tables = config.attributes.get("tables")


def _ours(name, kind, _):
    return kind != "table" or name in tables.tables


def _without_application_code(kind, column_type, _):
    if kind == "type" and type(column_type).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=config.attributes["connection"],
    target_metadata=tables,
    include_name=_ours,
    render_item=_without_application_code,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
