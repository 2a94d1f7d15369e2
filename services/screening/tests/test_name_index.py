"""Finding the names that a name may be compared with: none missed, none left behind."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.likeness import LEAST, alike, held_under, sought_under
from screening.matching import REVIEW_AT
from screening.name_index import NameIndex
from screening.scoring import score
from screening.spelling import spell

WORDS = [
    "mohammed", "muhamad", "ahmed", "ahmet", "karim", "karem", "krm", "ali", "al", "abd", "rahman",
    "abdulrahman", "lee", "li", "kim", "jong", "jongun", "un", "k", "m", "o", "neill", "oneill",
    "محمد", "كريم", "عبد", "الرحمن", "김정은", "владимир", "vladimir", "vladmir", "vlaidmir",
]  # fmt: skip
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


def an_index(*names):
    index = NameIndex()
    for number, name in enumerate(names):
        index.put(number, name)
    return index


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ("Mohammed Karim", "Karem Muhamad"),
        ("Mohammed Ali Karim", "Mohammed Karim"),
        ("Mohammed Karim", "M. Karim"),
        ("M. Karim", "Mohammed Karim"),
        ("Jinping Xi", "Xi Jin Ping"),
        ("Madonna", "Madona"),
        ("محمد كريم", "محمد كريم"),
        ("Mohammed Karim", "محمد كريم"),
        ("Shamsuddin", "شمس الدین"),
        ("Aleksandre Darakhvelidze", "Aleksandre Darakhvel"),
    ],
)
def test_two_names_are_nearby_whichever_of_them_is_held(held, asked):
    assert an_index("Nora Nichts", held).nearby(asked) == {1}
    assert an_index("Nora Nichts", asked).nearby(held) == {1}


@given(NAMES, NAMES)
def test_whether_two_names_are_nearby_is_a_question_of_these_two_alone(one, other):
    both_ways = an_index(one).nearby(other) == {0}, an_index(other).nearby(one) == {0}
    if score(spell(one), spell(other)).score >= REVIEW_AT and both_ways[0]:
        assert both_ways[1]
    if score(spell(other), spell(one)).score >= REVIEW_AT and both_ways[1]:
        assert both_ways[0]


@given(st.lists(NAMES, min_size=1, max_size=6), NAMES)
def test_other_names_beside_it_change_nothing(names, asked):
    together = an_index(*names).nearby(asked)
    assert together == {n for n, name in enumerate(names) if an_index(name).nearby(asked)}


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | NAMES), max_size=12), NAMES)
def test_a_name_that_was_replaced_or_dropped_leaves_nothing(steps, asked):
    index, left = NameIndex(), {}
    for key, name in steps:
        if name is None:
            index.discard(key)
            left.pop(key, None)
        else:
            index.put(key, name)
            left[key] = name
    fresh = NameIndex()
    for key, name in left.items():
        fresh.put(key, name)
    assert index.nearby(asked) == fresh.nearby(asked)
    assert holdings(index) == holdings(fresh)


def holdings(index):
    """All that an index holds, in any order; its caches are emptied by every change."""
    return {
        (name, key): sorted(map(str, held)) if isinstance(held, list) else held
        for name, value in vars(index).items()
        if isinstance(value, dict)
        for key, held in value.items()
    }


def test_a_forgotten_word_is_nowhere_in_the_index():
    index = an_index("Erna Zwxqvbnk", "Erna Erdacht")
    index.nearby("Zwxqvbnk Erna")
    index.discard(0)
    held = [each for each in gc.get_referents(index.__dict__) if isinstance(each, dict)]
    assert "zwxqvbnk" not in repr(held).casefold()
    assert "erdacht" in repr(held)


@given(st.sampled_from(WORDS[:26]), st.integers(0, 9), st.sampled_from("abcdefgh"))
def test_one_slip_of_the_keyboard_still_finds_the_word(word, place, letter):
    slipped = word[:place] + letter + word[place + 1 :]
    if alike(word, slipped) >= LEAST and len(word) > 2:
        assert set(held_under(word)) & set(sought_under(slipped))
