"""The UN list: the real file to the last name, and files that must not come into force."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from screening.lists import files, un
from screening.lists.entries import BirthDate, Changes, Entry, Name, changes, script_of
from screening.lists.files import ListRefused
from screening.lists.reading import read_list, read_lists
from screening.matching import Index

from .conftest import real

PERSON = """<INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>Erna</FIRST_NAME>
<SECOND_NAME> Erdacht </SECOND_NAME><REFERENCE_NUMBER>XXi.1</REFERENCE_NUMBER>{more}</INDIVIDUAL>"""


def a_list(*individuals, head='<?xml version="1.0" encoding="UTF-8"?>'):
    return (
        f'{head}<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z">'
        f"<INDIVIDUALS>{''.join(individuals)}</INDIVIDUALS></CONSOLIDATED_LIST>"
    )


@pytest.fixture
def written(tmp_path):
    """Writes a file and returns its path."""

    def write(content, name="consolidated.xml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_every_birth_date_of_the_real_list_is_of_the_type_that_it_says(un_list, expected):
    born = [born for entry in un_list.entries for born in entry.birth_dates]
    assert {
        "APPROXIMATELY": sum(each.circa for each in born),
        "BETWEEN": sum("/" in each.text for each in born),
        "EXACT": sum("/" not in each.text and not each.circa for each in born),
    } == expected["files"]["un/consolidated.xml.gz"]["expected"]["birth_date_types"]
    assert all(each.span() for each in born)


def test_an_entry_keeps_what_a_comparison_and_its_reviewer_need(written):
    more = """<UN_LIST_TYPE>DRC</UN_LIST_TYPE><NAME_ORIGINAL_SCRIPT>Эрна</NAME_ORIGINAL_SCRIPT>
    <NATIONALITY><VALUE>Utopia</VALUE><VALUE/></NATIONALITY>
    <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Die
    Dritte</ALIAS_NAME></INDIVIDUAL_ALIAS>
    <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
    <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1957</YEAR>
    </INDIVIDUAL_DATE_OF_BIRTH>"""
    assert read_list(written(a_list(PERSON.format(more=more)))).entries == (
        Entry(
            list_id="un-consolidated",
            entry_id="XXi.1",
            kind="individual",
            names=(
                Name("Erna Erdacht", "LATIN", True, "primary"),
                Name("Эрна", "CYRILLIC", True, "original"),
                Name("Die Dritte", "LATIN", False, "alias"),
            ),
            birth_dates=(BirthDate("1957~"),),
            nationalities=("Utopia",),
            programmes=("DRC",),
            references=("1",),
        ),
    )


def test_plain_and_packed_are_one_version(written):
    text = a_list(PERSON.format(more="")).encode()
    plain = read_list(written(text))
    assert plain == read_list(written(gzip.compress(text), "consolidated.xml.gz"))


LAUGHS = """<?xml version="1.0"?><!DOCTYPE CONSOLIDATED_LIST [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>"""
READER = """<?xml version="1.0"?><!DOCTYPE CONSOLIDATED_LIST [<!ENTITY c SYSTEM "file:///etc/passwd">]>"""
ELSEWHERE = (
    """<?xml version="1.0"?><!DOCTYPE CONSOLIDATED_LIST SYSTEM "http://lists.invalid/x.dtd">"""
)
WHOLE = a_list(PERSON.format(more=""))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(gzip.compress(b""), "it is empty", id="empty inside"),
        pytest.param(a_list(), "it holds no entry", id="no entry"),
        pytest.param(a_list("</b>"), "XML cannot be read", id="malformed"),
        pytest.param(WHOLE[: len(WHOLE) // 2], "XML cannot be read", id="cut off"),
        pytest.param(gzip.compress(WHOLE.encode())[:-20], "ends early", id="gzip cut off"),
        pytest.param(gzip.compress(WHOLE.encode())[:30], "ends early", id="gzip cut off soon"),
        pytest.param(b"\x1f\x8b" + b"no gzip" * 9, "damaged", id="no gzip"),
        pytest.param(
            WHOLE.replace("Erna", "Ernä").encode("latin-1"), "XML cannot be read", id="encoding"
        ),
        pytest.param(WHOLE.replace("UTF-8", "klingon"), "in klingon instead of", id="no encoding"),
        pytest.param(
            a_list(PERSON.format(more="&c;"), head=LAUGHS), "a DTD or an entity", id="laughs"
        ),
        pytest.param(
            a_list(PERSON.format(more="&c;"), head=READER), "a DTD or an entity", id="file reader"
        ),
        pytest.param(
            a_list(PERSON.format(more=""), head=ELSEWHERE), "a DTD or an entity", id="outside DTD"
        ),
        pytest.param(a_list("<a>" * 99 + "</a>" * 99), "nested deeper", id="deep"),
        pytest.param(a_list(PERSON * 2), "entry id XXi.1 stands in it twice", id="twice"),
        pytest.param(WHOLE.replace("XXi.1", ""), "lacks a number or a name", id="no number"),
        pytest.param(
            WHOLE.replace("Erna", "").replace(" Erdacht ", ""), "lacks a number", id="no name"
        ),
        pytest.param(WHOLE.replace("2026-02-27", "soon"), "no date", id="no date"),
        pytest.param("<html/>", "root element 'html'", id="another XML"),
        pytest.param("404 Not Found", "XML cannot be read", id="no XML"),
    ],
)
def test_a_file_that_is_no_whole_list_is_refused_by_name_and_reason(written, content, reason):
    with pytest.raises(ListRefused, match=reason) as refusal:
        read_list(written(content, "odd.xml"))
    assert str(refusal.value).startswith("The list file odd.xml was refused: ")


def test_a_file_that_unpacks_without_end_is_refused(written, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1024 * 1024)
    bomb = gzip.compress(a_list(PERSON.format(more=" " * 5 * 1024 * 1024)).encode())
    assert len(bomb) < 10_000
    with pytest.raises(ListRefused, match="more than 1 MiB"):
        read_list(written(bomb))


def test_a_folder_without_a_list_and_one_with_two_are_told_apart(tmp_path, written):
    with pytest.raises(ListRefused, match="it holds no list"):
        list(read_lists(tmp_path))
    written(WHOLE, "one.xml")
    assert [parsed.list_id for parsed in read_lists(tmp_path)] == ["un-consolidated"]
    written(WHOLE, "two.xml")
    with pytest.raises(ListRefused, match="it holds 2 lists"):
        read_list(tmp_path)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1957-03-02", date(1957, 3, 2), date(1957, 3, 2)),
        ("1960-02", date(1960, 2, 1), date(1960, 2, 29)),
        ("1957~", date(1957, 1, 1), date(1957, 12, 31)),
        ("1957/1959", date(1957, 1, 1), date(1959, 12, 31)),
        ("1957-03~/1959~", date(1957, 3, 1), date(1959, 12, 31)),
    ],
)
def test_a_birth_date_spans_the_days_it_may_mean(text, first, last):
    assert BirthDate(text).span() == (first, last)
    assert BirthDate(text).circa == ("~" in text)


@pytest.mark.parametrize("text", ["", "30-35 years old", "1957-02-30", "0000", "1957/x"])
def test_words_and_impossible_days_span_nothing(text):
    assert BirthDate(text).span() is None


def test_a_fingerprint_ignores_order_strength_and_repetition_but_no_value():
    def entry(*names, born=(), nationalities=()):
        return Entry("x", "1", "individual", names, born, nationalities, (), ())

    one, other = Name("A B", "LATIN", True, "primary"), Name("C D", "LATIN", True, "alias")
    weak = Name("C D", "LATIN", False, "former")
    year, nobody = (BirthDate("1957"),), entry()
    assert entry(one, other).fingerprint() == entry(weak, one, weak).fingerprint()
    distinct = [nobody, entry(one), entry(one, born=year), entry(one, nationalities=("1957",))]
    assert len({e.fingerprint() for e in distinct}) == len(distinct)


def test_changes_name_every_id_once():
    found = changes(
        {"same": "1", "gone": "1", "other": "1"}, {"same": "1", "come": "1", "other": "2"}
    )
    assert (found.added, found.removed, found.changed) == ({"come"}, {"gone"}, {"other"})


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Erna", "LATIN"),
        ("Эрна", "CYRILLIC"),
        ("金铁三", "CJK"),
        ("علي Al", "ARABIC"),
        ("12", None),
    ],
)
def test_the_script_of_most_letters_is_the_script(text, script):
    assert script_of(text) == script


SAMPLE = Path(un.__file__).parents[1] / "sample" / "2026-01-01" / "un" / "consolidated.xml"


@pytest.mark.parametrize(
    ("given", "family"),
    [("Erna", "Erdacht"), ("Zoë & Co", "<Ø>"), ("Эрна", "Эрдахт"), ("艾尔娜", "虚构")],
)
def test_a_person_is_added_and_nothing_else_changes(written, given, family):
    before = SAMPLE.read_bytes()
    after = un.with_person(before, given, family, "XXi.999")
    old, new = read_list(written(before, "old.xml")), read_list(written(after, "new.xml"))
    people = [one.fingerprints("individual") for one in (old, new)]
    assert changes(*people) == Changes(frozenset({"XXi.999"}), frozenset(), frozenset())
    assert len(new.entries) == len(old.entries) + 1
    (added,) = [entry for entry in new.entries if entry.entry_id == "XXi.999"]
    assert [name.text for name in added.names] == [f"{given} {family}"]


def test_a_person_is_added_to_the_real_list_and_found_by_it(written):
    consolidated = gzip.decompress(real("sanctions", "un", "consolidated.xml.gz").read_bytes())
    more = un.with_person(consolidated, "Erna", "Erdacht-Probe", "XXi.999")
    parsed = read_list(written(more))
    (found,) = Index(parsed.entries).compare("Erna Erdacht-Probe").candidates
    assert (found.entry_id, found.outcome) == ("XXi.999", "hit")


def test_nobody_is_added_to_what_is_no_list():
    with pytest.raises(ValueError, match="no consolidated list"):
        un.with_person(b"<html></html>", "Erna", "Erdacht", "XXi.999")
