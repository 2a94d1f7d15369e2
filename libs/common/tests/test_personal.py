"""A column that states nothing is found; so is a table whose personal columns lack their facts."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase

from common.db import CommonBase
from common.events.catalogue import ConsentPurpose
from common.messaging.brokers.embedded import ParkedMessage
from common.privacy.grounds import Ground
from common.privacy.personal import (
    CONSENT,
    CONTRACT,
    EXPLICIT_CONSENT,
    INTEREST,
    Category,
    Origin,
    about,
    declared,
    facts_of,
    personal,
    technical,
    undeclared,
    unruled,
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
    column = sa.Column(
        "phone", sa.String, info=personal("contact", basis=INTEREST, readers=(), erasure="null")
    )
    table(column)
    facts = facts_of(column, FACTS)
    assert (facts.table, facts.column) == ("people", "phone")
    assert (facts.basis, facts.readers, facts.erasure) == (INTEREST, (), "null")
    assert (facts.purpose, facts.keep, facts.source) == ("identify", "account", "S4")
    assert (facts.origin, facts.consent, facts.other) == (Origin.PORTAL, None, False)


def test_a_technical_column_has_no_facts():
    column = sa.Column("id", sa.Uuid, info=technical("key"))
    table(column)
    assert facts_of(column, FACTS) is None


def test_the_reason_for_keeping_is_the_columns_own_or_its_tables_and_of_nothing_else():
    shared = about(
        "account_id",
        purpose="order",
        basis=CONTRACT,
        keep="order",
        source="S67",
        because=Ground.STATUTORY,
    )
    kept = sa.Column("name", sa.String, info=personal("identity", erasure="keep"))
    attributed = personal("pseudonym", erasure="keep", because=Ground.ATTRIBUTION, other=True)
    by = sa.Column("placed_by", sa.Uuid, info=attributed)
    gone = sa.Column("phone", sa.String, info=personal("contact"))
    table(kept, by, gone)
    assert [facts_of(each, shared).because for each in (kept, by, gone)] == [
        Ground.STATUTORY,
        Ground.ATTRIBUTION,
        None,
    ]


@pytest.mark.parametrize(
    ("stated", "portable"),
    [
        (personal("contact", origin=Origin.PERSON), True),
        (personal("contact", origin=Origin.PERSON, basis=CONSENT), True),
        (personal("contact", origin=Origin.PERSON, basis=INTEREST), False),
        (personal("contact", origin=Origin.COLLEAGUE), False),
        (personal("status"), False),
        (personal("secret", origin=Origin.PERSON), False),
    ],
)
def test_portable_is_what_the_person_entered_by_contract_or_consent(stated, portable):
    column = sa.Column("value", sa.String, info=stated)
    table(column)
    assert facts_of(column, FACTS).portable is portable


@pytest.mark.parametrize(
    ("stated", "fault"),
    [
        (
            personal("contact", erasure="keep"),
            "is kept when its person is erased, and does not say why (because=)",
        ),
        (
            personal("contact", basis=CONSENT),
            "rests on a consent and names no purpose of the ledger (consent=)",
        ),
        (
            personal("contact", basis=EXPLICIT_CONSENT),
            "rests on a consent and names no purpose of the ledger (consent=)",
        ),
        (
            personal("contact", purpose="profiling"),
            "there is no purpose profiling in common.privacy.purposes",
        ),
    ],
)
def test_a_column_that_says_too_little_or_what_there_is_not_is_named(stated, fault):
    found = table(sa.Column("phone", sa.String, info=stated))
    assert list(undeclared(found, {"people": FACTS})) == [f"people.phone: {fault}"]


def test_a_column_that_says_all_of_it_is_not_named():
    found = table(
        sa.Column(
            "phone",
            sa.String,
            info=personal(
                "contact",
                basis=CONSENT,
                consent=ConsentPurpose.VOLUNTARY_PROFILE,
                erasure="keep",
                because=Ground.LEGAL_HOLD,
            ),
        )
    )
    assert list(undeclared(found, {"people": FACTS})) == []


def test_a_retention_class_without_a_rule_is_named():
    assert list(unruled({"people": FACTS}, {"sign-in"})) == [
        "people: there is no retention rule for account"
    ]
    assert list(unruled({"people": FACTS}, {"account"})) == []


@pytest.mark.parametrize("category", ["nmae", "", "Contact"])
def test_an_unknown_category_is_refused_when_the_module_is_loaded(category):
    with pytest.raises(ValueError, match="Category"):
        personal(category)


def test_an_unknown_act_of_erasure_is_refused():
    with pytest.raises(ValueError, match="no such act of erasure: forget"):
        personal("contact", erasure="forget")


@pytest.mark.parametrize("category", list(Category))
def test_every_category_can_be_stated(category):
    assert personal(category.value)["personal"].category is category
