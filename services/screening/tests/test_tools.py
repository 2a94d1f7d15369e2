"""The tools of compliance officers, as they are called from a shell."""

import csv
import json

import pytest
from click.testing import CliRunner

from screening import operators

from .factories import FIRST, SECOND

HEADER = "id,name,birth_date,country\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a tool where no setting is made; the tools need no service."""
    monkeypatch.chdir(tmp_path)

    def run(command, *arguments, files=()):
        for name, text in dict(files).items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return CliRunner().invoke(command, list(map(str, arguments)))

    return run


def test_match_answers_one_line_a_name_in_the_order_asked(run, tmp_path):
    queries = HEADER + "a,Viktor Erfunden,,\nb,Kim Sorglos,,\nc,Viktor Erfundis,,\nd,…,,\n"
    result = run(
        operators.match,
        *("--lists", FIRST, "--queries", "names.csv", "--output", "answers.jsonl"),
        files={"names.csv": queries},
    )
    assert (result.exit_code, result.stdout) == (0, "")
    assert "names of listed people" in result.stderr
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [(line["id"], line["outcome"]) for line in lines] == [
        ("a", "hit"), ("b", "clear"), ("c", "review"), ("d", "review"),
    ]  # fmt: skip
    match = lines[0]["matches"][0]
    assert set(match) == {"list", "entry_id", "matched_name", "score", "band", "explanation"}
    assert (match["score"], match["band"]) == (100, "hit")
    assert match["explanation"].startswith("Compared with the ")
    assert lines[3]["matches"] == []


def test_match_writes_to_stdout_and_talks_on_stderr(run):
    result = run(
        operators.match,
        *("--lists", FIRST, "--queries", "names.csv"),
        files={"names.csv": "id,name\n1,Kim Sorglos\n"},
    )
    assert json.loads(result.stdout) == {"id": "1", "outcome": "clear", "matches": []}


def test_an_entry_that_stands_in_two_files_counts_once(run):
    result = run(
        operators.match,
        *("--lists", FIRST, "--lists", SECOND, "--queries", "names.csv"),
        files={"names.csv": "id,name\n1,Viktor Erfunden\n"},
    )
    found = [match["entry_id"] for match in json.loads(result.stdout)["matches"]]
    assert len(found) == len(set(found)) > 0


@pytest.mark.parametrize(
    ("queries", "told"),
    [
        ("id\n1\n", "lacks the column name"),
        ("", "lacks the column id, name"),
        (HEADER + "1,Kim,1957-13-01,\n", "line 2: birth_date '1957-13-01' is no date"),
        (HEADER + "1,Kim,yesterday,\n", "line 2: birth_date 'yesterday' is no date"),
        (HEADER + "1,Kim\n", "line 2: it has other columns than the first line"),
        (HEADER + "1,Kim,,,,\n", "line 2: it has other columns than the first line"),
    ],
)
def test_a_file_of_names_that_cannot_be_read_is_told_in_one_sentence(run, queries, told):
    result = run(
        operators.match,
        *("--lists", FIRST, "--queries", "names.csv", "--output", "answers.jsonl"),
        files={"names.csv": queries},
    )
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("born", ["1957", "1957-03", "1957-03-02"])
def test_a_birth_date_may_be_known_in_part(run, born):
    result = run(
        operators.match,
        *("--lists", FIRST, "--queries", "names.csv"),
        files={"names.csv": HEADER + f"1,Viktor Erfunden,{born},\n"},
    )
    assert result.exit_code == 0


def test_a_file_that_holds_no_list_is_refused(run):
    result = run(
        operators.match,
        *("--lists", "names.csv", "--queries", "names.csv"),
        files={"names.csv": "id,name\n1,Kim\n"},
    )
    assert result.exit_code == 1
    assert "was refused" in result.stderr


def test_compare_says_score_and_band(run):
    assert run(operators.compare, "Viktor Erfunden", "ERFUNDEN, Viktor").stdout == "100.0\thit\n"
    assert run(operators.compare, "محمد كريم", "Mohammed Karim").stdout == "85.0\treview\n"
    assert run(operators.compare, "Mohammed Karim", "محمد كريم").stdout == "85.0\treview\n"
    assert run(operators.compare, "Kim Sorglos", "Viktor Erfunden").stdout == "0.0\tclear\n"
    assert run(operators.compare, "…", "Viktor Erfunden").stdout == "0.0\tclear\n"


def test_compare_answers_a_file_of_pairs_with_a_file(run, tmp_path):
    pairs = "id,name_a,name_b\n1,Viktor Erfunden,Viktor Erfundin\n2,Kim Sorglos,Viktor Erfunden\n"
    result = run(
        operators.compare,
        *("--pairs", "pairs.csv", "--output", "scores.csv", "--hit-at", "90"),
        files={"pairs.csv": pairs},
    )
    assert (result.exit_code, result.stdout) == (0, "")
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["band"]) for row in rows] == [("1", "hit"), ("2", "clear")]


@pytest.mark.parametrize("arguments", [(), ("one",), ("a", "b", "c"), ("a", "--pairs", "p.csv")])
def test_compare_wants_two_names_or_a_file(run, arguments):
    result = run(operators.compare, *arguments, files={"p.csv": "id,name_a,name_b\n"})
    assert result.exit_code == 2
    assert "two names, or --pairs" in result.stderr


def test_bands_the_wrong_way_round_and_a_folder_that_is_not_there_are_told(run):
    pair = ("Viktor Erfunden", "Kim Sorglos")
    wrong = run(operators.compare, *pair, "--review-at", "95", "--hit-at", "82")
    assert (wrong.exit_code, "must not be above" in wrong.stderr) == (2, True)
    files = {"names.csv": "id,name\n1,Kim Sorglos\n"}
    arguments = ("--lists", FIRST, "--queries", "names.csv", "--output", "nowhere/answers.jsonl")
    missing = run(operators.match, *arguments, files=files)
    assert (missing.exit_code, "No such file" in missing.stderr) == (1, True)


def test_a_header_without_end_is_told_in_one_sentence(run):
    files = {"names.csv": "id,name," + "x" * 200_000 + "\n"}
    result = run(operators.match, "--lists", FIRST, "--queries", "names.csv", files=files)
    assert (result.exit_code, "cannot be read" in result.stderr) == (1, True)
