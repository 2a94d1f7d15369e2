"""What is left of a name before it is compared."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from screening.spelling import normalise

INVISIBLE = "\u00ad\u034f\u200b\u200c\u200d\u200e\u202e\u2060\ufeff\u3164\u115f\U000e0041\x00\x07"
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
@example("\ud800")
@example("İstanbul ﷺ ß ﬁ Ⅻ 😀")
def test_normalising_never_fails_and_twice_is_once(text):
    normal = normalise(text)
    assert normalise(normal) == normal
    assert set(normal) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert normal == " ".join(normal.split())


@given(st.text(st.characters(categories=["L", "Zs"], max_codepoint=0x24F)), st.data())
def test_invisible_characters_change_nothing(text, data):
    position = data.draw(st.integers(0, len(text)))
    invisible = data.draw(st.sampled_from(INVISIBLE))
    assert normalise(text[:position] + invisible + text[position:]) == normalise(text)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("  Erna\t ERDACHT ", "erna erdacht"),
        ("Renée Müller-Groß", "renee muller gross"),
        ("O'Neill, Seán", "oneill sean"),
        ("ʻAbd al-Raḥmān", "abd al rahman"),
        ("Владимир", "vladimir"),
        ("Ｅｒｎａ", "erna"),
        ("…", ""),
    ],
)
def test_a_name_comes_down_to_latin_words(written, normal):
    assert normalise(written) == normal
