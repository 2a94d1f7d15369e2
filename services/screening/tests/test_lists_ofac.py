"""OFAC's SDN list: the real sets to the last alias, their difference, and sets to be refused."""

import gzip
import hashlib

import pytest

from screening.lists.entries import BirthDate
from screening.lists.files import ListRefused
from screening.lists.reading import read_list

NULLS = ",".join(["-0- "] * 7)
SDN = f'7,"ERDACHT, Erna","individual","ONE] [TWO",{NULLS},"{{remarks}}"\r\n\x1a'
GOOD = {
    "sdn.csv": SDN.format(remarks="DOB 1957."),
    "alt.csv": '7,1,"fka","AUSGEDACHT,  Erna",-0- \r\n\x1a',
    "add.csv": '7,1,"Street 1",-0- ,-0- ,-0- \r\n\x1a',
}


@pytest.fixture
def read(tmp_path):
    """Writes the good set with some files changed (None: left out) and reads it."""

    def write_and_read(**changed):
        files = GOOD | {f"{name}.csv": content for name, content in changed.items()}
        for name, content in files.items():
            if isinstance(content, str):
                content = content.encode("latin-1")
            if content is not None:
                (tmp_path / name).write_bytes(content)
        return read_list(tmp_path)

    return write_and_read


def test_a_set_is_put_together_from_its_files(read):
    comments = "7,\"en 'X Y'; citizen Atlantis.\"\r\n"
    remarks = (
        "DOB 02 Mar 1957; alt. DOB circa 1958; DOB Mar 1957 to 1959; DOB in spring;"
        " POB Utopia; nationality Utopia; alt. nationality Thule; a.k.a. 'NA, Er'; (a.k.a. 'B');"
        " alt. a.k.a. ''ABD'; a.k.a. \"\"DOUBLE\"\"; unseen a.k.a. 'no'; strok"
    )
    (entry,) = read(sdn=SDN.format(remarks=remarks), sdn_comments=comments).entries
    assert [(name.text, name.strong, name.kind) for name in entry.names] == [
        ("ERDACHT, Erna", True, "primary"),
        ("AUSGEDACHT, Erna", True, "former"),
        ("NA, Er", False, "alias"),
        ("'ABD", False, "alias"),
        ("DOUBLE", False, "alias"),
    ]
    assert entry.birth_dates == (
        BirthDate("1957-03-02"),
        BirthDate("1958~"),
        BirthDate("1957-03/1959"),
        BirthDate("in spring"),
    )
    assert entry.nationalities == ("Utopia", "Thule", "Atlantis")
    assert entry.programmes == ("ONE", "TWO")


def test_a_remark_that_is_cut_inside_a_name_is_continued_there(read):
    (entry,) = read(
        sdn=SDN.format(remarks="DOB 1957; a.k.a. 'snow"), sdn_comments='7,"white\'; DOB 1958."\r\n'
    ).entries
    assert entry.names[-1].text == "snowwhite"
    assert entry.birth_dates == (BirthDate("1957"), BirthDate("1958"))


def test_latin_1_is_read_as_latin_1(read):
    (entry,) = read(sdn=GOOD["sdn.csv"].replace("Erna", "René Ümlaut")).entries
    assert entry.names[0].text == "ERDACHT, René Ümlaut"


def test_line_ends_and_the_final_mark_make_no_difference_to_the_entries(read):
    marked = read()
    bare = {name[:-4]: text.replace("\r\n", "\n").strip("\n\x1a") for name, text in GOOD.items()}
    plain = read(**bare)
    assert plain.entries == marked.entries
    assert plain.checksum != marked.checksum


def test_the_checksum_is_that_of_the_checksums(read):
    lines = "".join(
        f"{hashlib.sha256(GOOD[name].encode('latin-1')).hexdigest()}  {name}\n" for name in GOOD
    )
    assert read().checksum == hashlib.sha256(lines.encode()).hexdigest()


SDN_ROW = GOOD["sdn.csv"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"sdn": b""}, "sdn.csv was refused: it is empty", id="empty"),
        pytest.param({"alt": None}, "alt.csv was refused: it is missing", id="no aliases"),
        pytest.param({"add": None}, "add.csv was refused: it is missing", id="no addresses"),
        pytest.param({"sdn": SDN_ROW[:-9]}, "CSV cannot be read", id="cut off in a cell"),
        pytest.param({"sdn": SDN_ROW[:43]}, "columns instead of 12", id="cut off between cells"),
        pytest.param({"sdn": SDN_ROW.replace("7,", "8,", 1)}, "names entry 7", id="two versions"),
        pytest.param(
            {"alt": GOOD["alt.csv"][:-1]}, "alt.csv was refused: it lacks", id="rows gone"
        ),
        pytest.param({"sdn_comments": '9,"x"\r\n'}, "names entry 9", id="a comment on nobody"),
        pytest.param({"sdn": SDN_ROW[:-1] * 2 + "\x1a"}, "stands in it twice", id="twice"),
        pytest.param({"sdn": "\x1a", "alt": "\x1a", "add": "\x1a"}, "no entry", id="no entry"),
        pytest.param({"sdn": SDN_ROW.replace("individual", "robot")}, "type 'robot'", id="kind"),
        pytest.param({"alt": GOOD["alt.csv"].replace("fka", "wka")}, "type 'wka'", id="alias kind"),
        pytest.param({"sdn": SDN_ROW.replace("7", "x", 1)}, "lacks a number", id="no number"),
        pytest.param(
            {"sdn": SDN_ROW.replace('"ERDACHT, Erna"', "-0- ")}, "lacks a number", id="no name"
        ),
        pytest.param({"sdn": SDN_ROW.replace("Erna", "Ernä").encode()}, "latin-1", id="UTF-8"),
        pytest.param({"sdn": SDN_ROW.encode("utf-16")}, "latin-1", id="UTF-16"),
        pytest.param({"sdn": gzip.compress(SDN_ROW.encode())[:-12]}, "ends early", id="cut gzip"),
        pytest.param({"sdn": "<html>" * 99}, "columns instead of 12", id="a web page"),
        pytest.param(
            {"sdn": SDN.format(remarks="x" * 200_000)}, "CSV cannot be read", id="an endless cell"
        ),
        pytest.param({"sdn": "x" * 3_000_000}, "CSV cannot be read", id="an endless line"),
    ],
)
def test_a_set_that_is_not_whole_is_refused_with_the_reason(read, changed, reason):
    with pytest.raises(ListRefused, match=reason):
        read(**changed)


def test_one_file_stands_for_its_set_packed_or_not(read, tmp_path):
    whole = read()
    for path in sorted(tmp_path.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert read_list(tmp_path / "sdn.csv.gz") == whole == read_list(tmp_path)


def test_a_file_that_lies_there_plain_and_packed_is_refused(read, tmp_path):
    (tmp_path / "sdn.csv.gz").write_bytes(gzip.compress(SDN_ROW.encode()))
    with pytest.raises(ListRefused, match="twice, plain and packed"):
        read()
