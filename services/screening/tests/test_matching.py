"""Comparing names: what counts as the same name, what a person decides, and what is nobody."""

import random
import time
from dataclasses import replace
from datetime import date
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.lists.entries import BirthDate, Entry, Name
from screening.matching import HIT_AT, MOST_WORDS, REVIEW_AT, Index
from screening.name_index import NameIndex
from screening.scoring import score
from screening.spelling import normalise, spell, spellings

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def a_name(text, strong=True, kind="alias"):
    return Name(text, "LATIN", strong, kind)


def an_entry(*names, entry_id="1", kind="individual"):
    first, *others = names
    listed = [a_name(first, kind="primary"), *others]
    return Entry("a-list", entry_id, kind, tuple(listed), (), (), (), ())


ERNA = an_entry("ERDACHT, Erna Wilhelmine", a_name("Erna Erfindung"), a_name("Die Dritte", False))


@pytest.mark.parametrize(
    "name",
    [
        "Erna Wilhelmine Erdacht",
        "ERDACHT, Erna Wilhelmine",
        "erdacht erna  WILHELMINE",
        "Èrna Wilhelmine Erdacht",
        "Erna-Wilhelmine Er\u200bdacht",
        "Erna Vilhelmine Erdacht",
        "Ernawilhelmine Erdacht",
        "Erna Erfindung",
    ],
)
def test_the_same_name_and_all_but_the_same_is_a_hit(name):
    match = Index([ERNA]).compare(name)
    assert match.outcome == "hit"
    assert match.candidates[0].score >= HIT_AT


@pytest.mark.parametrize(
    "name",
    [
        "Erna Erdacht",
        "Erna Wilhelmina Erdacht",
        "E. Wilhelmine Erdacht",
        "Ern Wlhlmn Erdcht",
        "ERDACHT, Erna Wilhe",
        "Erna Maria Wilhelmine Erdacht-Wahr",
        "Эрна Вилхелмине Эрдахт",
        "...",
    ],
)
def test_a_part_of_a_name_a_look_alike_and_no_name_at_all_are_for_a_person_to_decide(name):
    assert Index([ERNA]).compare(name).outcome == "review"


@pytest.mark.parametrize(
    "name", ["Erna Schmidt", "Erdacht", "Ernst Wilhelm Erdacht", "Erna", "Dritte"]
)
def test_one_word_in_common_is_nobody(name):
    match = Index([ERNA]).compare(name)
    assert (match.outcome, match.candidates) == ("clear", ())


@pytest.mark.parametrize("name", ["Die Dritte", "dritte die"])
def test_a_weak_alias_is_never_more_than_a_review(name):
    match = Index([ERNA]).compare(name)
    assert (match.outcome, match.candidates[0].score) == ("review", 100)
    assert match.candidates[0].explanation == (
        "Compared with the weak alias “Die Dritte” of entry 1 on list a-list (score 100):"
        " “die” is the same, “dritte” is the same; but a weak alias alone identifies nobody."
    )


def test_a_single_word_is_never_more_than_a_review():
    index = Index([an_entry("Phantomas")])
    assert index.compare("Phantomas").outcome == "review"
    assert index.compare("Phan Tomas").outcome == "review"
    assert index.compare("Phantomas Schmidt").outcome == "clear"


@pytest.mark.parametrize(
    ("published", "name", "outcome"),
    [("WANG, Chen", "晨 王", "review"), ("晨 王", "宸 王", "review"), ("晨 王", "晨 王", "hit")],
)
def test_chinese_characters_that_only_sound_alike_are_for_a_person_to_decide(
    published, name, outcome
):
    assert Index([an_entry(published)]).compare(name).outcome == outcome


def test_all_words_of_a_long_name_in_a_longer_one_are_a_review():
    index = Index([an_entry("Wilhelmine Erdachtmann Ausgedacht")])
    match = index.compare("Wilhelmine Erdachtmann Ausgedacht Ohm Uhl")
    assert match.outcome == "review"
    assert match.candidates[0].score >= REVIEW_AT


@pytest.mark.parametrize("kind", ["entity", "vessel", "aircraft"])
def test_only_individuals_are_compared(kind):
    index = Index([an_entry("Erna Erdacht", kind=kind)])
    assert index.compare("Erna Erdacht").outcome == "clear"


def test_the_bands_are_the_callers():
    index = Index([an_entry("Erna Erdacht")])
    score = index.compare("Erne Erdacht").candidates[0].score
    assert index.compare("Erne Erdacht", review_at=score, hit_at=score).outcome == "hit"
    assert index.compare("Erne Erdacht", review_at=score, hit_at=100).outcome == "review"
    assert index.compare("Erne Erdacht", review_at=score + 1, hit_at=100).outcome == "clear"


def test_each_entry_is_named_once_by_its_closest_name_and_the_gravest_comes_first():
    exact, weak = an_entry("Erna Erdacht", a_name("Erna Erdachte"), entry_id="1"), "2"
    index = Index([an_entry("Nora Nichts", a_name("Erna Erdacht", False), entry_id=weak), exact])
    found = index.compare("Erna Erdacht").candidates
    assert [(c.entry_id, c.matched_name, c.outcome) for c in found] == [
        ("1", "Erna Erdacht", "hit"),
        ("2", "Erna Erdacht", "review"),
    ]
    assert found[0].explanation == (
        "Compared with the primary name “Erna Erdacht” of entry 1 on list a-list (score 100):"
        " “erna” is the same, “erdacht” is the same."
    )


def test_an_explanation_tells_each_word_of_the_listed_name_and_none_of_the_other():
    index = Index([an_entry("Mohammed Karim AL-ERDACHT Erfunden")])
    (found,) = index.compare("Muhammed K. Alerdacht Wahr", review_at=50).candidates
    assert found.explanation == (
        "Compared with the primary name “Mohammed Karim AL-ERDACHT Erfunden” of entry 1 on list"
        f" a-list (score {found.score:.0f}): “mohammed” sounds the same, “karim” is abbreviated,"
        " “erdacht” is parted otherwise, “erfunden” is missing, 1 more in the name."
    )


@pytest.mark.parametrize(
    ("born", "country", "points"),
    [
        (None, None, 0),
        (date(1957, 3, 2), None, 3),
        (date(1958, 1, 1), None, 3),
        (date(1970, 1, 1), None, -10),
        (None, "IR", 1),
        (None, "iran, islamic republic of", 1),
        (None, "DE", -2),
        (date(1970, 1, 1), "DE", -12),
        (None, "Erewhon", -2),
    ],
)
def test_birth_year_and_nationality_raise_or_lower_the_score_where_known(born, country, points):
    entry = replace(
        an_entry("Erna Wilhelmine Erdacht"),
        birth_dates=(BirthDate("1957-03-02"), BirthDate("in her youth")),
        nationalities=("Iran, Islamic Republic of",),
    )
    index = Index([entry])
    alone = index.compare("Erna Erdacht", review_at=60).candidates[0].score
    known = index.compare("Erna Erdacht", review_at=60, born=born, country=country)
    assert known.candidates[0].score == pytest.approx(alone + points)
    unknown = Index([an_entry("Erna Wilhelmine Erdacht")])
    same = unknown.compare("Erna Erdacht", review_at=60, born=born, country=country)
    assert same.candidates[0].score == alone


@pytest.mark.parametrize(
    ("published", "name"),
    [
        ("Qasim Erdacht; Qasem Ausgedacht", "Qasem Ausgedacht"),
        ("Амир Хазматов (Erna Erdacht; Erni Erdachti)", "Erni Erdachti"),
        ("Erna Erdacht (original script: Эрна Хазматова)", "Эрна Хазматова"),
        ("Erna Erdacht (combat name)", "Erna Erdacht"),
        ("ERDACHT, Erna (Erni)", "ERDACHT, Erna (Erni)"),
    ],
)
def test_one_published_name_may_hold_several(published, name):
    assert Index([an_entry("Nora Nichts", a_name(published))]).compare(name).outcome == "hit"


def test_a_repeated_word_counts_as_often_as_it_stands():
    index = Index([an_entry("Ali Ali"), an_entry("Ali Hassan", entry_id="2")])
    assert [c.entry_id for c in index.compare("Ali Ali").candidates] == ["1"]
    assert [c.entry_id for c in index.compare("Ali Ali Nur").candidates] == ["1"]
    assert [c.entry_id for c in index.compare("Ali Nur").candidates] == []


@given(ANY_TEXT)
def test_comparing_never_fails(text):
    match = Index([ERNA]).compare(text)
    assert match.outcome in ("clear", "review", "hit")


def test_every_listed_person_is_a_hit_under_the_primary_name(real_index, un_list, sdn_2021):
    for parsed in (un_list, sdn_2021):
        for entry in parsed.entries:
            if entry.kind != "individual":
                continue
            primary = entry.names[0].text
            match = real_index.compare(primary)
            least = "hit" if len(normalise(primary)) > 1 else "review"
            own = [c for c in match.candidates if c.entry_id == entry.entry_id]
            assert (match.outcome, own[0].outcome, own[0].score) == (least, least, 100), primary


def test_people_who_are_on_no_list_are_seldom_held_up_and_never_blocked(real_index, name_rows):
    names = [row["full_name"] for row in name_rows("negatives_us.csv")[:2000]]
    began = time.perf_counter()
    outcomes = [real_index.compare(name).outcome for name in names]
    print(f"{(time.perf_counter() - began) / len(names) * 1000:.2f} ms a name")
    print(f"{outcomes.count('review') / len(names):.2%} reviews, {outcomes.count('hit')} hits")
    assert outcomes.count("review") < 0.02 * len(names)
    assert outcomes.count("hit") == 0


def recall(index, pairs):
    """Share of (name, entry id) pairs in which the name leads to the entry."""
    return mean(
        any(candidate.entry_id == entry_id for candidate in index.compare(name).candidates)
        for name, entry_id in pairs
    )


def test_a_person_is_found_by_the_names_that_another_list_gives(un_list, name_rows):
    index = Index(un_list.entries)
    rows = name_rows("crosslist_uk_un.csv")
    primaries = [(row["uk_primary"], row["un_id"]) for row in rows]
    aliases = [
        (name, row["un_id"])
        for row in rows
        for name in row["uk_names"].split("|")
        if len(normalise(name)) > 1
    ]
    found = recall(index, primaries), recall(index, aliases)
    print(f"primary names {found[0]:.1%}, all names of two words and more {found[1]:.1%}")
    assert found[0] > 0.99
    assert found[1] > 0.97


def test_aliases_that_are_spellings_are_found(name_rows):
    rows = name_rows("ofac_alias.csv")
    index = Index(
        [an_entry(p, entry_id=i) for i, p in {r["id"]: r["primary"] for r in rows}.items()]
    )
    found = recall(index, [(row["alias"], row["id"]) for row in rows[::5]])
    print(f"{found:.1%} of aliases, many of which are no spelling of the name")
    assert found > 0.35


def test_what_ofacs_own_search_calls_the_same_name_is_found(name_rows):
    rows = [r for r in name_rows("ofac_fixtures.csv") if len(r["query_name"].split()) > 1]

    def share(low, high):
        return mean(
            bool(Index([an_entry(row["result_name"])]).compare(row["query_name"]).candidates)
            for row in rows
            if low <= float(row["ofac_score"]) < high
        )

    print(
        f"of 100: {share(100, 101):.1%}, 95 to 99: {share(95, 100):.1%}, less: {share(0, 95):.1%}"
    )
    assert share(100, 101) > 0.5
    assert share(0, 95) < 0.1


def test_cyrillic_names_lead_to_their_latin_ones(name_rows):
    rows = [row for row in name_rows("crossscript_public.csv") if row["script"] == "CYRILLIC"]
    index = Index(
        [
            an_entry(row["latin_primary"], *map(a_name, row["latin_all"].split("|")), entry_id=key)
            for key, row in {row["list"] + row["id"]: row for row in rows}.items()
        ]
    )
    found = recall(index, [(row["nonlatin"], row["list"] + row["id"]) for row in rows[::3]])
    print(f"{found:.1%}")
    assert found > 0.9


def test_whoever_scores_is_a_candidate_though_most_are_spared_the_scoring(un_list):
    people = [each for each in un_list.entries if each.kind == "individual"][::15]
    index = Index(people)
    chance = random.Random(20261124)
    for entry in people:
        for _ in range(4):
            query = spell(with_slips(entry.names[0].text, chance))
            found = {each.entry_id for each in index.compare(query.text).candidates}
            assert found == {each.entry_id for each in people if scores(query, each)}


def with_slips(name, chance):
    letters = list(name)
    for _ in range(2):
        place = chance.randrange(len(letters))
        letters[place] = chance.choice([letters[place] * 2, "", letters[place - 1]])
    return "".join(letters)


def scores(query, entry):
    """Whether a name comes close to one of an entry's, by brute force."""
    for text in {text for name in entry.names for text in spellings(name.text)}:
        alone: NameIndex[int] = NameIndex()
        alone.put(0, text)
        near = alone.nearby(query) and spell(text).words
        if near and round(score(query, spell(text)).score, 1) >= REVIEW_AT:
            return True
    return False


def test_what_has_far_too_many_words_is_for_a_person_to_look_at():
    words = [f"{one}{two}a" for one in "bcdfg" for two in "aeiou"]
    assert Index([ERNA]).compare(" ".join(words[:MOST_WORDS])).outcome == "clear"
    assert Index([ERNA]).compare(" ".join([*words, "Erna"])).outcome == "review"
