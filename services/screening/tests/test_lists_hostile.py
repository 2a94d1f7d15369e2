"""Hostile and damaged files: one clear sentence, bounded memory, the last good version kept."""

import contextlib
import gzip
import subprocess
import sys
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from screening.lists.entries import ParsedList
from screening.lists.files import ListRefused
from screening.lists.reading import read_list
from screening.models import ListVersion

from .factories import FIRST, import_lists
from .test_lists_formats import ENHANCED, EU, SDN, UK

UN = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z"><INDIVIDUALS><INDIVIDUAL>
<DATAID>1</DATAID><FIRST_NAME>Erna</FIRST_NAME><SECOND_NAME>Erdächt</SECOND_NAME>
<REFERENCE_NUMBER>XXi.1</REFERENCE_NUMBER></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"""
PERSON = UN[UN.index("<INDIVIDUAL>") : UN.index("</INDIVIDUALS>")]
TWICE = UN.replace(PERSON, PERSON * 2)
FORMATS = {"un": UN, "uk": UK, "eu": EU, "sdn": SDN, "enhanced": ENHANCED}
NULLS = ",".join(["-0- "] * 7)
CSV = {
    "sdn.csv": f'7,"ERDACHT, Erna","individual","ONE",{NULLS},"DOB 1957."\r\n\x1a'.encode(),
    "alt.csv": b'7,1,"fka","AUSGEDACHT",-0- \r\n\x1a',
    "add.csv": b'7,1,"Street 1",-0- ,-0- ,-0- \r\n\x1a',
}
MEGABYTE = 1024 * 1024
WHITE = gzip.compress(b" \n" * 8 * MEGABYTE)
OPEN = b'<CONSOLIDATED_LIST dateGenerated="2026-02-27"><INDIVIDUALS>'


def gzipped(*parts):
    """Members one after the other, which unpack to what they hold together."""
    return b"".join(gzip.compress(part) for part in parts)


def a_gigabyte_of_whitespace(before, after=b""):
    return gzipped(before) + WHITE * 64 + gzipped(after)


def with_doctype(inner):
    head = f"<!DOCTYPE CONSOLIDATED_LIST [{inner}]>"
    return UN.replace("<CONSOL", head + "<CONSOL", 1).replace("Erna", "&c;").encode()


LAUGHS = "".join(
    f'<!ENTITY {name} "{of * 10}">'
    for name, of in (("a", "ha"), ("b", "&a;"), ("d", "&b;"), ("e", "&d;"), ("c", "&e;"))
)
HOSTILE = {
    "billion laughs": (with_doctype(LAUGHS), "a DTD or an entity"),
    "external entity": (with_doctype('<!ENTITY c SYSTEM "file:///etc/passwd">'), "a DTD or"),
    "parameter entity": (
        with_doctype('<!ENTITY % p SYSTEM "http://lists.invalid/x.dtd">%p;'),
        "a DTD or an entity",
    ),
    "quadratic blowup": (with_doctype(f'<!ENTITY c "{"x" * 100_000}">'), "a DTD or an entity"),
    "undeclared entity": (UN.replace("Erna", "&c;").encode(), "undefined entity"),
    "gzip cut off": (gzip.compress(UN.encode())[:-20], "damaged or ends early"),
    "gzip with a wrong sum": (gzip.compress(UN.encode())[:-8] + b"\0" * 8, "damaged or ends"),
    "gzip and then rubbish": (gzip.compress(UN.encode()) + b"rubbish", "damaged or ends early"),
    "gzip in gzip": (gzip.compress(gzip.compress(UN.encode())), "not in UTF-8|cannot be read"),
    "latin-1 that says UTF-8": (UN.encode("latin-1"), "XML cannot be read"),
    "latin-1 that says so": (UN.replace("UTF-8", "latin-1").encode("latin-1"), "is in latin-1"),
    "UTF-8 that says latin-1": (UN.replace("UTF-8", "latin-1").encode(), "instead of UTF-8"),
    "UTF-16": (UN.replace("UTF-8", "UTF-16").encode("utf-16"), "not in UTF-8"),
    "UTF-16 without a mark": (UN.encode("utf-16-le"), "not in UTF-8"),
    "UTF-32": (UN.encode("utf-32"), "not in UTF-8"),
    "UTF-7": (UN.replace("UTF-8", "utf-7").encode("utf-7"), "in"),
    "NUL": (UN.replace("Erna", "Er\0na").encode(), "not in UTF-8"),
    "overlong UTF-8": (UN.encode().replace(b"Erna", b"\xc0\xbcErna"), "XML cannot be read"),
    "a surrogate": (UN.encode().replace(b"Erna", b"\xed\xa0\x80"), "XML cannot be read"),
    "a tag never closed": (OPEN + b"<INDIVIDUAL", "XML cannot be read"),
    "two roots": ((UN + UN[39:]).encode(), "XML cannot be read"),
    "a thousand levels": (OPEN + b"<a>" * 1000, "nested deeper than 32"),
    "the id twice": (TWICE.encode(), "the entry id XXi.1 stands in it twice"),
    "a name of 10,000": (UN.replace("Erna", "E" * 10_000).encode(), "XXi.1 has a name of more"),
    "an id of 10,000": (UN.replace("XXi.1", "X" * 10_000).encode(), "entry id is longer"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "XML cannot be read"),
    "zip": (b"PK\x03\x04" + b"\0" * 100, "not in UTF-8"),
    "nothing but a mark": ("\ufeff".encode(), "XML cannot be read"),
}
ENDLESS = {
    "before the list": (a_gigabyte_of_whitespace(b"", OPEN), "more than 512 MiB"),
    "between entries": (a_gigabyte_of_whitespace(OPEN), "a tag or text without end"),
    "in a name": (a_gigabyte_of_whitespace(OPEN + b"<INDIVIDUAL><FIRST_NAME>"), "without end"),
    "in a tag": (a_gigabyte_of_whitespace(OPEN + b"<INDIVIDUAL "), "a tag or text without end"),
    "in a value": (a_gigabyte_of_whitespace(OPEN + b'<a b="'), "a tag or text without end"),
    "in a comment": (a_gigabyte_of_whitespace(OPEN + b"<!--"), "a tag or text without end"),
    "elements in an entry": (
        gzipped(OPEN + b"<INDIVIDUAL>") + gzip.compress(b"<a/>" * MEGABYTE) * 64,
        "one entry is larger than 8 MiB",
    ),
    "names of elements": (
        gzipped(OPEN, b"".join(b"<a%d/>" % n for n in range(200_000))),
        "more elements than any list",
    ),
    "attributes": (
        gzipped(OPEN + b"<a ", b" ".join(b'a%d=""' % n for n in range(50_000)), b"/>"),
        "more elements than any list",
    ),
}


def refusal(path):
    with pytest.raises(ListRefused) as refused:
        read_list(path)
    return str(refused.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_one_sentence(tmp_path, name):
    content, reason = HOSTILE[name]
    file = tmp_path / "list.xml"
    file.write_bytes(content)
    with pytest.raises(ListRefused, match=reason) as refused:
        read_list(file)
    said = str(refused.value)
    assert said.startswith("The list file list.xml was refused: ")
    assert said.endswith(".")
    assert len(said) < 500
    assert "\n" not in said
    assert "root:" not in said


READ = """
import sys
from pathlib import Path
from screening.lists.files import ListRefused
from screening.lists.reading import read_list
try:
    read_list(Path(sys.argv[1]))
except ListRefused as error:
    print(error)
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak.split()[1]) * 1024)
"""


def read_elsewhere(path):
    """What a process of its own says about a file, and how much memory it took.

    ru_maxrss would count the process that started it as well.
    """
    ran = subprocess.run(
        [sys.executable, "-c", READ, path], capture_output=True, text=True, check=True, timeout=60
    )
    said, peak = ran.stdout.splitlines()
    return said, int(peak)


@pytest.mark.parametrize("where", ENDLESS)
def test_a_file_without_end_takes_neither_memory_nor_disk(tmp_path, where):
    content, reason = ENDLESS[where]
    assert len(content) < 3 * MEGABYTE
    file = tmp_path / "list.xml.gz"
    file.write_bytes(content)
    said, peak = read_elsewhere(file)
    assert reason in said
    assert peak < 150 * MEGABYTE


def test_no_more_entries_are_held_than_a_list_may_have(tmp_path, monkeypatch):
    monkeypatch.setattr("screening.lists.xml_records.MAX_ENTRIES", 2)
    monkeypatch.setattr("screening.lists.ofac.csv_set.MAX_ENTRIES", 2)
    file = tmp_path / "list.xml"
    file.write_bytes(OPEN + PERSON.encode() * 3)
    assert "it holds more than 2 entries" in refusal(file)
    write_set(tmp_path, **{"add.csv": CSV["add.csv"][:-1] * 4})
    assert "add.csv was refused: it holds more than 2 rows" in refusal(tmp_path / "sdn.csv")


@pytest.mark.parametrize("name", FORMATS)
def test_a_name_that_no_register_would_take_refuses_the_file_and_names_the_entry(tmp_path, name):
    """To leave the entry out would clear somebody."""
    file = tmp_path / "list.xml"
    for letters, taken in ((900, True), (10_000, False)):
        text = FORMATS[name].replace("Erna", "E" * letters, 1)
        file.write_text(text, encoding="utf-8")
        if taken:
            assert len(read_list(file).entries) == 1
        else:
            assert "has a name of more than 1000 characters" in refusal(file)


# ----------------------------------------------------------------------------------- OFAC's CSV


def write_set(folder, **changed):
    for name, content in (CSV | changed).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sdn.csv": b"," * 1_000_000}, "has 1000001 columns instead of 12"),
        ({"sdn.csv": b"x," * 5_000_000}, "columns instead of 12"),
        ({"sdn.csv": b"\0" * 100}, "not in latin-1"),
        ({"alt.csv": CSV["alt.csv"].replace(b"AUS", b"A\0S")}, "alt.csv was refused: it is not in"),
        ({"sdn.csv": CSV["sdn.csv"].decode().encode("utf-16-be")}, "it is not in latin-1"),
        ({"sdn.csv": CSV["sdn.csv"].replace(b"Erna", "Ернa".encode())}, "it is not in latin-1"),
        ({"sdn.csv": CSV["sdn.csv"].replace(b"Erna", b"E" * 10_000)}, "its entry 7 has a name of"),
        ({"alt.csv": CSV["alt.csv"].replace(b"AUS", b"A" * 10_000)}, "its entry 7 has a name of"),
        ({"sdn.csv": CSV["sdn.csv"][:-1] * 2 + b"\x1a"}, "the entry id 7 stands in it twice"),
        ({"sdn.csv": CSV["sdn.csv"].replace(b"7,", b"8,", 1)}, "belong to different versions"),
        ({"sdn.csv": CSV["sdn.csv"].replace(b"individual", b"i" * 9_000)}, "is not known|iii…"),
    ],
    ids=["columns", "pieces", "nul", "nul_in_a_name", "utf-16", "utf-8", "name", "alias", "twice",
         "mixed", "endless_kind"],
)  # fmt: skip
def test_a_hostile_set_is_refused_with_one_sentence(tmp_path, changed, reason):
    with pytest.raises(ListRefused, match=reason) as refused:
        read_list(write_set(tmp_path, **changed))
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("file", ["sdn.csv", "alt.csv"])
def test_a_set_without_end_takes_neither_memory_nor_disk(tmp_path, file):
    write_set(tmp_path)
    (tmp_path / file).unlink()
    (tmp_path / f"{file}.gz").write_bytes(gzip.compress(b" " * 16 * MEGABYTE) * 64)
    said, peak = read_elsewhere(tmp_path)
    assert f"{file}.gz was refused: its CSV cannot be read" in said
    assert peak < 150 * MEGABYTE


# ------------------------------------------------------------------------------------- anything


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


def damaged(content):
    """A flipped byte, a cut, a piece that stands twice or is missing."""
    places = st.integers(0, len(content) - 1)
    return st.one_of(
        st.builds(
            lambda at, byte: content[:at] + bytes([byte]) + content[at + 1 :],
            places,
            st.integers(0, 255),
        ),
        st.builds(lambda at: content[:at], places),
        st.builds(lambda one, two: content[:one] + content[two:], places, places),
        st.builds(
            lambda at, more: content[:at] + more + content[at:], places, st.binary(max_size=8)
        ),
    )


def read_or_refuse(path):
    with contextlib.suppress(ListRefused):
        assert isinstance(read_list(path), ParsedList)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_gives_a_list_or_a_refusal_and_nothing_else(folder, name, packed, data):
    content = FORMATS[name].encode()
    file = folder / f"{name}.xml"
    file.write_bytes(data.draw(damaged(gzip.compress(content, mtime=0) if packed else content)))
    read_or_refuse(file)


@pytest.mark.parametrize("name", CSV)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_to_a_set_gives_a_list_or_a_refusal_and_nothing_else(folder, name, data):
    write_set(folder, **{name: data.draw(damaged(CSV[name]))})
    read_or_refuse(folder / "sdn.csv")


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=200))
@example(b"\x1f\x8b")
@example(b"<")
def test_any_bytes_give_a_refusal(folder, content):
    file = folder / "bytes.xml"
    file.write_bytes(content)
    refusal(file)


# ------------------------------------------------------------------------- what stays in force


@pytest.mark.parametrize("name", ["billion laughs", "gzip cut off", "latin-1 that says UTF-8",
                                  "a name of 10,000", "the id twice"])  # fmt: skip
def test_after_a_hostile_file_the_last_good_version_is_in_force(on_both, tmp_path, name):
    import_lists(on_both, FIRST)
    before = [(row.code, row.in_force_to) for row in on_both.rows(ListVersion)]
    on_both.forget_published()
    file = tmp_path / "list.xml"
    file.write_bytes(HOSTILE[name][0])
    with pytest.raises(ListRefused):
        import_lists(on_both, file)
    assert [(row.code, row.in_force_to) for row in on_both.rows(ListVersion)] == before
    assert on_both.published() == []


def test_a_gigabyte_of_whitespace_is_what_it_says():
    """Otherwise the tests above would prove nothing."""
    unpacked = gzip.GzipFile(fileobj=BytesIO(WHITE))
    assert sum(len(piece) for piece in iter(lambda: unpacked.read(MEGABYTE), b"")) == 16 * MEGABYTE
