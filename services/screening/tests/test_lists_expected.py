"""Every real file is read to the last name: the counts and changes of its expected.json."""

import subprocess
import sys
import unicodedata
from datetime import date

import pytest

from screening.lists.entries import changes, mostly_not_latin
from screening.lists.reading import bytes_under, read_list, read_lists

from .conftest import real

LISTS = {
    "un/consolidated.xml.gz": ("un-consolidated", date(2026, 2, 27)),
    "us/2021-07/sdn.csv.gz": ("us-sdn", None),
    "us/2019-01/sdn.csv.gz": ("us-sdn", None),
    "us/enhanced/cons_enhanced.xml.gz": ("us-consolidated", date(2025, 1, 10)),
    "us/sdn.sample.xml": ("us-sdn", date(2020, 4, 22)),
    "uk/2026-08-20/UK-Sanctions-List.xml.gz": ("uk-sanctions", date(2026, 8, 20)),
    "uk/2026-08-21/UK-Sanctions-List.xml.gz": ("uk-sanctions", date(2026, 8, 21)),
    "uk/official-sample.xml": ("uk-sanctions", date(2026, 9, 2)),
    "eu/2026-05-01/xmlFullSanctionsList_1_1.xml.gz": ("eu-consolidated", date(2026, 5, 1)),
    "eu/official-sample.xml": ("eu-consolidated", date(2020, 4, 15)),
}
MEGABYTE = 1024 * 1024

_read = {}


def parsed_list(file):
    if file not in _read:
        _read[file] = read_list(real("sanctions", file))
    return _read[file]


def counts(parsed, file):
    """What expected.json counts, by its own definitions."""
    people = [entry for entry in parsed.entries if entry.kind == "individual"]
    citizens = parsed.entries if parsed.list_id == "eu-consolidated" else people

    def names(entries):
        """Native-script names stand beside the others, but in the EU's file among them."""
        found = [name for entry in entries for name in entry.names]
        if parsed.list_id == "us-sdn" and file.endswith(".csv.gz"):
            return [name for name in found if name.strong]
        if parsed.list_id == "eu-consolidated":
            return found
        return [name for name in found if name.kind != "original"]

    def aliases(entries):
        return [name for name in names(entries) if name.kind != "primary"]

    def natives(entries):
        return [name for entry in entries for name in entry.names if name.kind == "original"]

    def weak(entries):
        return [name for each in entries for name in each.names if not name.strong]

    found = {
        "entries": len(parsed.entries),
        "individuals": len(people),
        "entities": sum(entry.kind == "entity" for entry in parsed.entries),
        "vessels": sum(entry.kind == "vessel" for entry in parsed.entries),
        "ships": sum(entry.kind == "vessel" for entry in parsed.entries),
        "aircraft": sum(entry.kind == "aircraft" for entry in parsed.entries),
        "names": len(names(parsed.entries)),
        "individual_names": len(names(people)),
        "alt_rows": len(aliases(parsed.entries)),
        "individual_alt_rows": len(aliases(people)),
        "individual_aliases": len(aliases(people)),
        "names_incl_weak": sum(len(entry.names) for entry in parsed.entries),
        "weak_aliases_in_remarks": len(weak(parsed.entries)),
        "individual_weak_aliases_in_remarks": len(weak(people)),
        "low_quality_aliases": sum(name.kind != "original" for name in weak(parsed.entries)),
        "native_script_names": len(natives(parsed.entries)),
        "individual_native_script_names": len(natives(people)),
        "individuals_with_native_script_name": sum(bool(natives([each])) for each in people),
        "birth_dates": sum(len(entry.birth_dates) for entry in people),
        "birth_date_elements": sum(len(entry.birth_dates) for entry in people),
        "individuals_with_birth_date": sum(bool(entry.birth_dates) for entry in people),
        "nationalities": sum(len(entry.nationalities) for entry in citizens),
        "individuals_with_nationality": sum(bool(entry.nationalities) for entry in people),
        "unique_reference_numbers": len({entry.entry_id for entry in parsed.entries}),
    }
    if parsed.list_id == "uk-sanctions":
        references = [entry.references for entry in parsed.entries]
        found["entries_with_un_reference"] = sum(
            any(not each.isdecimal() for each in known) for known in references
        )
    if parsed.list_id == "eu-consolidated":
        written = [born.text for entry in people for born in entry.birth_dates]
        found["birth_dates_full"] = sum(len(each.rstrip("~")) == 10 for each in written)
        found["entries_with_un_reference"] = sum(len(e.references) == 2 for e in parsed.entries)
    return found


@pytest.mark.parametrize("file", LISTS)
def test_a_real_file_holds_what_a_correct_parser_finds(file, expected):
    parsed, known = parsed_list(file), expected["files"][file]
    wanted = dict(known["expected"])
    assert (parsed.list_id, parsed.published_on) == LISTS[file]
    if not file.endswith(".csv.gz"):  # a set has a checksum of its own
        assert parsed.checksum == known["uncompressed_sha256"]
    found = counts(parsed, file)
    if file in ADJUSTED:
        name, by = ADJUSTED[file]
        assert name in wanted
        wanted[name] -= by
    shared = found.keys() & wanted.keys()
    assert len(shared) >= min(6, len(wanted))
    assert {name: found[name] for name in shared} == {name: wanted[name] for name in shared}


ADJUSTED = {
    # its Name element has a type and a strength, but no name
    "uk/2026-08-20/UK-Sanctions-List.xml.gz": ("low_quality_aliases", 1),
    "uk/2026-08-21/UK-Sanctions-List.xml.gz": ("low_quality_aliases", 1),
    # elements that hold a place and no date
    "eu/2026-05-01/xmlFullSanctionsList_1_1.xml.gz": ("birth_dates", 182),
}


@pytest.mark.parametrize("day", ["2026-08-20", "2026-08-21"])
def test_names_without_a_name_and_types_in_any_casing_are_told_apart(day, expected):
    file = f"uk/{day}/UK-Sanctions-List.xml.gz"
    wanted = expected["files"][file]["expected"]
    kinds = [n.kind for e in parsed_list(file).entries for n in e.names if n.kind != "original"]
    types = wanted["name_types"]
    named = sum(types.values()) - wanted["empty_name_elements"]
    assert len(kinds) == named == wanted["names"]
    assert kinds.count("primary") + kinds.count("alias") == named
    assert 0 < kinds.count("primary") <= types["Primary Name"] + types["Primary name"]


def scripts(text):
    """Whether letters of a text are Latin, and whether others are; "ª" and "º" are Latin."""
    letters = [each for each in text if each.isalpha() and unicodedata.category(each) != "Lm"]
    return {each in "ªº" or unicodedata.name(each).startswith("LATIN") for each in letters}


def test_the_eu_mixes_scripts_in_one_name_and_each_name_has_the_script_of_most_letters(expected):
    file = "eu/2026-05-01/xmlFullSanctionsList_1_1.xml.gz"
    wanted = expected["files"][file]["expected"]
    names = [name for entry in parsed_list(file).entries for name in entry.names]
    assert all((name.kind == "original") == mostly_not_latin(name.text) for name in names)
    assert sum(len(scripts(name.text)) > 1 for name in names) == wanted["mixed_script_names"]
    born = [b for e in parsed_list(file).entries for b in e.birth_dates]
    years = [each.text for each in born if len(each.text.rstrip("~")) == 4]
    months = [each.text for each in born if len(each.text.rstrip("~")) == 7]
    hijri = [each.text for each in born if "calendar" in each.text]
    assert len(years) + len(months) + len(hijri) == wanted["birth_dates_year_only"]
    assert len(hijri) == 4
    assert [each.text for each in born if each.span() is None] == hijri
    assert (
        sum(each.circa for each in born) == wanted["birth_dates_circa"] - 32
    )  # those without date


@pytest.mark.parametrize(
    ("old", "new", "pair"),
    [
        ("uk/2026-08-20", "uk/2026-08-21", "uk/2026-08-20 -> uk/2026-08-21"),
        ("us/2019-01", "us/2021-07", "us/2019-01 -> us/2021-07"),
    ],
    ids=["uk", "us"],
)
def test_from_one_real_version_to_the_next_exactly_these_people_change(old, new, pair, expected):
    before, after = parsed_list(old), parsed_list(new)
    found = changes(before.fingerprints("individual"), after.fingerprints("individual"))
    wanted = expected["deltas"][pair]
    for what in ("added", "removed", "changed"):
        ids = getattr(found, what)
        assert (len(ids), ids) == (wanted[what], set(wanted[f"{what}_ids"]))


def test_of_the_uk_pair_no_other_entry_changes_its_names(expected):
    before, after = parsed_list("uk/2026-08-20"), parsed_list("uk/2026-08-21")
    for kind in ("entity", "vessel"):
        found = changes(before.fingerprints(kind), after.fingerprints(kind))
        assert not found.added | found.removed | found.changed
    details = expected["deltas"]["uk/2026-08-20 -> uk/2026-08-21"]["changed_detail"]
    names = [
        {entry.entry_id: {name.text for name in entry.names} for entry in parsed.entries}
        for parsed in (before, after)
    ]
    for entry_id, detail in details.items():
        assert names[1][entry_id] - names[0][entry_id] == set(detail["names_added"])


def test_a_change_of_ofacs_format_changes_nobody(sdn_2021):
    """The XML of 2020 and the CSV of 2021 tell the same of the same people."""
    of_xml = parsed_list("us/sdn.sample.xml")
    of_csv = {entry.entry_id: entry.fingerprint() for entry in sdn_2021.entries}
    assert [entry.fingerprint() for entry in of_xml.entries] == [
        of_csv[entry.entry_id] for entry in of_xml.entries
    ]


PEAK = """
import sys
from pathlib import Path
from screening.versions import read
(packed,) = read(Path(sys.argv[1]))
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(packed.size.entries, int(peak.split()[1]) * 1024)
"""


def test_the_largest_file_is_read_in_less_than_300_megabytes():
    file = real("sanctions", "eu", "2026-05-01", "xmlFullSanctionsList_1_1.xml.gz")
    ran = subprocess.run(
        [sys.executable, "-c", PEAK, file], capture_output=True, text=True, check=True
    )
    entries, peak = map(int, ran.stdout.split())
    assert entries == 5860
    print(f"peak: {peak / MEGABYTE:.0f} MiB")
    assert peak < 300 * MEGABYTE


@pytest.mark.parametrize("file", ["eu/2026-05-01", "us/2021-07"])
def test_who_watches_is_told_of_every_byte(file):
    seen = []
    path = real("sanctions", file)
    assert len(list(read_lists(path, seen.append))) == 1
    assert sum(seen) == bytes_under(path)
    assert len(seen) > 10
