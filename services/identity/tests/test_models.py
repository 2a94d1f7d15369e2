"""What the tables say of themselves."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from common.privacy.personal import declared, undeclared
from identity.models import Base


def test_every_column_states_what_it_says_about_a_person():
    assert list(undeclared(Base.metadata, declared(Base))) == []


def test_the_migrations_make_exactly_the_tables_of_the_models(on_both):
    tables = Base.metadata.tables
    ours = {"include_name": lambda name, kind, _: kind != "table" or name in tables}
    with on_both.runtime.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=ours)
        assert compare_metadata(context, Base.metadata) == []
