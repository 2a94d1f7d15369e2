"""Tables say what they hold about a person, and the migration makes exactly them."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from common.db import CommonBase
from common.privacy.personal import declared, undeclared
from service_cases.models import Base, Case

from .factories import REPORTED_AT, a_case, a_machine


def test_every_column_says_what_it_holds_about_a_person():
    assert list(undeclared(Base.metadata, declared(Base))) == []


def test_the_migration_makes_the_tables_of_the_models(any_cases):
    def ours(name, kind, _):
        return kind != "table" or name in Base.metadata.tables

    assert not set(Base.metadata.tables) & set(CommonBase.metadata.tables)
    with any_cases.runtime.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(
    "state", ["closed", "reported"], ids=["closed_without_a_time", "open_with_a_time"]
)
def test_a_case_has_a_time_of_closing_exactly_when_it_is_closed(any_cases, state):
    machine = any_cases.given(a_machine())
    case = any_cases.given(a_case(machine, closed_at=None if state == "reported" else REPORTED_AT))
    wrong = {"closed_at": REPORTED_AT if state == "reported" else None}
    with pytest.raises(sa.exc.IntegrityError), any_cases.runtime.transaction() as session:
        session.execute(sa.update(Case).where(Case.id == case.id).values(wrong))


def test_a_machine_with_cases_cannot_be_deleted(any_cases):
    machine = any_cases.given(a_machine())
    any_cases.given(a_case(machine))
    with pytest.raises(sa.exc.IntegrityError), any_cases.runtime.transaction() as session:
        session.execute(sa.delete(type(machine)))
