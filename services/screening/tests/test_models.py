"""Tables say what they hold about a person, hold no name, and are what the migration makes."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from common.privacy.personal import declared, undeclared
from screening.models import Base


def test_every_column_says_what_it_holds_about_a_person():
    assert list(undeclared(Base.metadata, declared(Base))) == []


def test_the_migration_makes_the_tables_of_the_models(on_both):
    def ours(name, kind, _):
        return kind != "table" or name in Base.metadata.tables

    with on_both.runtime.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        assert compare_metadata(context, Base.metadata) == []
