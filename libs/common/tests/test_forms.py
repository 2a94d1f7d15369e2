"""What a form tells people, what the document says and what is checked are one thing (S5, S59)."""

from enum import StrEnum
from operator import itemgetter

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields, validate
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.db import TYPES, metadata
from common.events.catalogue import ConsentPurpose
from common.privacy.personal import CONSENT, CONTRACT, about, personal, technical
from common.privacy.purposes import PURPOSES
from common.texts import LANGUAGES, Text
from common.web.forms import KINDS, FieldView, FormView, asked, described
from common.web.schemas import COUNTRIES, Country, Email, Language, Line, Paragraphs, Request


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Own(DeclarativeBase):
    metadata = metadata()
    type_annotation_map = TYPES


class Wish(Own):
    __tablename__ = "wishes"
    __personal__ = about("id", purpose="order", basis=CONTRACT, keep="wish", source="S4")

    id: Mapped[int] = mapped_column(primary_key=True, info=technical("key"))
    size: Mapped[Size] = mapped_column(info=technical("how large"))
    name: Mapped[str] = mapped_column(info=personal("identity"))
    phone: Mapped[str] = mapped_column(
        info=personal(
            "contact",
            basis=CONSENT,
            purpose="collaborate",
            consent=ConsentPurpose.VOLUNTARY_PROFILE,
        )
    )


NAME = Text("Name", "Naam", "Name")
LARGE = Text("large", "groot", "groß")
SIZES = {Size.SMALL: Text("small", "klein", "klein"), Size.LARGE: LARGE}
KEPT = {"wish": Text("For a year", "Een jaar", "Ein Jahr")}


class Guest(Request):
    name = Line(20, required=True, metadata=asked(Wish.name, NAME))
    email = Email(metadata=asked(Wish.phone, NAME))


class NewWish(Request):
    id = fields.UUID(required=True, metadata=asked(Wish.id, NAME))
    name = Line(20, shortest=2, required=True, metadata=asked(Wish.name, NAME))
    phone = Line(40, load_default=None, metadata=asked(Wish.phone, NAME))
    text = Paragraphs(500, required=True, metadata=asked(Wish.name, NAME, free_text=True))
    size = fields.Enum(Size, by_value=True, metadata=asked(Wish.size, NAME, names=SIZES))
    country = Country(required=True, metadata=asked(Wish.name, NAME))
    language = Language(metadata=asked(Wish.name, NAME))
    guests = fields.List(
        fields.Nested(Guest),
        required=True,
        validate=validate.Length(1, 3),
        metadata=asked(Wish.id, NAME),
    )


def told(language="en"):
    return {each["name"]: each for each in described(NewWish(), KEPT, language)}


def refused(**sent):
    """Fields of NewWish that a body is refused for."""
    return set(NewWish().validate(sent))


def test_the_form_names_every_field_in_order_and_those_of_a_list_by_their_path():
    own = [*NewWish().fields]
    assert list(told()) == [*own, "guests.name", "guests.email"]


def test_the_form_marks_exactly_what_the_check_requires():
    for path, field in told().items():
        form, name = (Guest(), path.removeprefix("guests.")) if "." in path else (NewWish(), path)
        assert field["required"] == (name in form.validate({})), path


@pytest.mark.parametrize("name", ["name", "phone", "text"])
def test_a_text_of_the_lengths_told_is_taken_and_no_other(name):
    shortest, longest = (told()[name][each] for each in ("shortest", "longest"))
    for length in (shortest, longest):
        assert name not in refused(**{name: "x" * length})
    for length in (shortest - 1, longest + 1):
        assert name in refused(**{name: "x" * length})


def test_a_list_of_as_many_entries_as_told_is_taken_and_no_other():
    guest = {"name": "Anna"}
    shortest, longest = (told()["guests"][each] for each in ("shortest", "longest"))
    assert [n for n in range(9) if "guests" not in refused(guests=n * [guest])] == [
        *range(shortest, longest + 1)
    ]


@pytest.mark.parametrize("name", ["size", "country", "language"])
def test_the_options_told_are_taken_and_nothing_else(name):
    field = told()[name]
    assert field["kind"] == "choice"
    assert all(name not in refused(**{name: option["value"]}) for option in field["options"])
    assert name in refused(**{name: "neither"})


def test_all_countries_and_languages_are_offered():
    form = told()
    assert tuple(each["value"] for each in form["country"]["options"]) == COUNTRIES
    assert tuple(each["value"] for each in form["language"]["options"]) == LANGUAGES


def test_a_form_tells_what_kind_of_entry_a_field_takes():
    kinds = {name: each["kind"] for name, each in told().items() if each["kind"] != "choice"}
    assert kinds == {
        "id": "uuid",
        "name": "text",
        "phone": "text",
        "text": "paragraphs",
        "guests": "list",
        "guests.name": "text",
        "guests.email": "email",
    }
    assert set(kinds.values()) <= set(KINDS)


def test_free_text_is_marked_where_the_form_says_so():
    assert [name for name, each in told().items() if each["free_text"]] == ["text"]


def test_a_field_says_what_its_column_says_and_what_differs_from_its_table():
    form = told()
    facts = itemgetter("category", "purpose", "basis", "retention")
    order, collaborate = (PURPOSES[each].say("en") for each in ("order", "collaborate"))
    assert facts(form["name"]) == ("identity", order, "6(1)(b)", "For a year")
    assert facts(form["phone"]) == ("contact", collaborate, "6(1)(a)", "For a year")


def test_a_field_that_says_nothing_about_a_person_shares_purpose_and_retention_of_its_table():
    field = told()["size"]
    assert (field["category"], field["basis"]) == (None, None)
    assert (field["purpose"], field["retention"]) == (PURPOSES["order"].say("en"), "For a year")


@pytest.mark.parametrize(
    ("language", "label", "country", "size", "purpose", "retention"),
    [
        ("en", "Name", "Germany", "large", "To perform your order", "For a year"),
        ("nl", "Naam", "Duitsland", "groot", "Om uw bestelling uit te voeren", "Een jaar"),
        ("de", "Name", "Deutschland", "groß", "Um Ihre Bestellung auszuführen", "Ein Jahr"),
    ],
)
def test_everything_is_said_in_the_readers_language(
    language, label, country, size, purpose, retention
):
    form = told(language)
    assert form["guests.name"]["label"] == label
    assert {"value": "DE", "label": country} in form["country"]["options"]
    assert {"value": "large", "label": size} in form["size"]["options"]
    assert form["name"]["purpose"].startswith(purpose)
    assert form["name"]["retention"] == retention


def test_a_language_is_offered_in_itself():
    for reader in LANGUAGES:
        options = told(reader)["language"]["options"]
        assert [each["label"] for each in options] == ["English", "Nederlands", "Deutsch"]


def test_a_retention_rule_that_nothing_is_said_about_is_an_error():
    with pytest.raises(KeyError, match="wish"):
        described(NewWish(), {}, "en")


def test_the_answer_holds_all_that_is_told():
    form = list(told().values())
    assert FormView().dump({"fields_": form}) == {"fields": form}
    assert all(set(each) == set(FieldView().fields) for each in form)


def test_the_document_says_of_personal_fields_what_the_form_says():
    spec = APISpec("Wishes", "1", "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.schema("NewWish", schema=NewWish)
    document = spec.to_dict()["components"]["schemas"]
    form = told()
    for schema, path in (("NewWish", ""), ("Guest", "guests.")):
        for name, said in document[schema]["properties"].items():
            facts = said.get("x-personal-data", {"category": None, "basis": None})
            assert facts["category"] == form[path + name]["category"]
            assert facts["basis"] == form[path + name]["basis"]
            assert (name in document[schema]["required"]) == form[path + name]["required"]
    phone = document["NewWish"]["properties"]["phone"]["x-personal-data"]
    assert (phone["purpose"], phone["retention"]) == ("collaborate", "wish")
