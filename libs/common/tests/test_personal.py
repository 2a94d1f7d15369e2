"""A column that states nothing is found; so is a table whose personal columns lack their facts."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase

from common.db import CommonBase
from common.messaging.brokers.embedded import ParkedMessage
from common.privacy.personal import (
    CONTRACT,
    INTEREST,
    Category,
    about,
    declared,
    personal,
    technical,
    undeclared,
)
from sample.models import Base

FACTS = about("account_id", purpose="identify", basis=CONTRACT, keep="account", source="S4")


def table(*columns):
    made = sa.MetaData()
    sa.Table("people", made, *columns)
    return made


@pytest.mark.parametrize("base", [Base, CommonBase])
def test_every_column_of_the_shared_and_the_sample_tables_states_what_it_is(base):
    assert list(undeclared(base.metadata, declared(base))) == []
    assert ParkedMessage.__tablename__ in CommonBase.metadata.tables


def test_a_column_that_states_nothing_is_named():
    found = table(
        sa.Column("id", sa.Uuid, info=technical("key")),
        sa.Column("family_name", sa.String),
        sa.Column("phone", sa.String, info={"something": "else"}),
    )
    assert list(undeclared(found, {})) == [
        "people.family_name: states neither personal() nor technical()",
        "people.phone: states neither personal() nor technical()",
    ]


def test_a_table_with_a_personal_column_needs_facts():
    found = table(
        sa.Column("account_id", sa.Uuid, info=technical("key")),
        sa.Column("family_name", sa.String, info=personal("identity")),
    )
    assert list(undeclared(found, {})) == ["people: has personal columns and no __personal__"]
    assert list(undeclared(found, {"people": FACTS})) == []


def test_facts_are_found_by_table():
    class Own(DeclarativeBase):
        pass

    class Person(Own):
        __tablename__ = "people"
        __personal__ = FACTS
        account_id = sa.orm.mapped_column(sa.Uuid, primary_key=True, info=personal("pseudonym"))

    class Part(Own):
        __tablename__ = "parts"
        id = sa.orm.mapped_column(sa.Integer, primary_key=True, info=technical("key"))

    assert declared(Own) == {"people": FACTS}
    assert Part.__tablename__ == "parts"


def test_a_column_says_only_what_differs_from_its_table():
    facts = personal("contact", basis=INTEREST, readers=(), erasure="null")["personal"]
    assert facts == {
        "category": "contact",
        "basis": INTEREST,
        "purpose": None,
        "source": None,
        "readers": (),
        "erasure": "null",
    }


@pytest.mark.parametrize("category", ["nmae", "", "Contact"])
def test_an_unknown_category_is_refused_when_the_module_is_loaded(category):
    with pytest.raises(ValueError, match="Category"):
        personal(category)


def test_an_unknown_act_of_erasure_is_refused():
    with pytest.raises(ValueError, match="no such act of erasure: forget"):
        personal("contact", erasure="forget")


@pytest.mark.parametrize("category", list(Category))
def test_every_category_can_be_stated(category):
    assert personal(category.value)["personal"]["category"] == category
