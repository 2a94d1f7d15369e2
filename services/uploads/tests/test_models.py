"""Tables say what they hold about a person, and the migration makes exactly them."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from common.db import CommonBase
from common.privacy.personal import declared, undeclared
from uploads import retention
from uploads.models import Base

from .factories import a_document


def test_every_column_says_what_it_holds_about_a_person():
    assert list(undeclared(Base.metadata, declared(Base))) == []


def test_every_rule_that_a_table_names_is_there():
    assert {facts.keep for facts in declared(Base).values()} <= {
        rule.record_class for rule in retention.RULES
    }


def test_the_migration_makes_the_tables_of_the_models(any_uploads):
    def ours(name, kind, _):
        return kind != "table" or name in Base.metadata.tables

    assert not set(Base.metadata.tables) & set(CommonBase.metadata.tables)
    with any_uploads.runtime.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        assert compare_metadata(context, Base.metadata) == []


def test_one_object_is_never_two_documents(any_uploads):
    document = any_uploads.given(a_document())
    with pytest.raises(sa.exc.IntegrityError):
        any_uploads.given(a_document(object_key=document.object_key))
