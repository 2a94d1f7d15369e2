"""The bundled sample: invented people in the official formats, in two versions."""

from pathlib import Path

import pytest

import screening
from screening.lists.entries import changes
from screening.lists.reading import read_lists
from screening.matching import Index

SAMPLE = Path(screening.__file__).parent / "sample"


def version(day):
    return {parsed.list_id: parsed for parsed in read_lists(SAMPLE / day)}


@pytest.fixture(scope="module")
def first():
    return version("2026-01-01")


@pytest.fixture(scope="module")
def second():
    return version("2026-02-01")


def people(lists):
    return [e for parsed in lists.values() for e in parsed.entries if e.kind == "individual"]


def test_each_version_holds_both_lists_and_says_which_day_it_is_of(first, second):
    assert first.keys() == second.keys() == {"un-consolidated", "us-sdn"}
    assert str(first["un-consolidated"].published_on) == "2026-01-01"
    assert str(second["un-consolidated"].published_on) == "2026-02-01"
    assert len(people(first)) == 16


def test_the_second_version_adds_anna_muster_beispiel_and_nothing_else(first, second):
    old, new = first["un-consolidated"], second["un-consolidated"]
    found = changes(old.fingerprints("individual"), new.fingerprints("individual"))
    assert (found.added, found.removed, found.changed) == ({"XXi.009"}, set(), set())
    assert first["us-sdn"] == second["us-sdn"]
    assert Index(people(first)).compare("Anna Muster-Beispiel").outcome == "clear"
    match = Index(people(second)).compare("Anna Muster-Beispiel")
    assert match.outcome == "hit"
    assert match.candidates[0].matched_name == "Anna Muster-Beispiel"


def test_viktor_erfunden_is_a_hit_in_latin_and_in_cyrillic(first):
    index = Index(people(first))
    assert index.compare("Viktor Erfunden").outcome == "hit"
    assert index.compare("Виктор Эрфунден").outcome == "hit"


def test_every_entry_says_that_it_is_invented(second):
    programmes = {p for parsed in second.values() for e in parsed.entries for p in e.programmes}
    assert {programme.upper() for programme in programmes} == {"INVENTED", "SAMPLE"}
    assert {e.entry_id[:2] for parsed in second.values() for e in parsed.entries} == {"XX", "99"}


def test_no_sample_name_comes_near_a_listed_person(second, real_index):
    for entry in people(second):
        for name in entry.names:
            assert real_index.compare(name.text).outcome == "clear", name.text
