"""Operator commands and the daily fetch: what is said, what comes into force, how it ends."""

import json
import os
import pty
import socket
import subprocess
import sys

import pytest
import structlog
from click.testing import CliRunner

from screening import operators
from screening.models import ListSource, ListVersion, Screening

from .conftest import real
from .factories import FIRST, SECOND, import_lists, list_of, register, row_of

UN = "/un/consolidated.xml"
SET = ("/us/sdn.csv", "/us/alt.csv", "/us/add.csv")


@pytest.fixture
def run(screening, monkeypatch):
    """Runs a command of `python -m screening` on the service under test."""
    settings = screening.runtime.settings
    monkeypatch.setenv("PORTAL_PROFILE", "development")
    monkeypatch.setenv("PORTAL_BROKER_URL", "embedded:")
    monkeypatch.setenv("PORTAL_KEYS_DIR", str(settings.keys_dir))
    monkeypatch.setenv("SCREENING_DATABASE_URL", settings.database_url)

    def command(group, *arguments):
        return CliRunner().invoke(group, [str(each) for each in arguments])

    yield command
    structlog.reset_defaults()


def in_force(screening):
    return {row.list_id for row in screening.rows(ListVersion) if row.in_force_to is None}


def test_an_operator_imports_a_folder(run, screening):
    result = run(operators.lists, "import", FIRST)
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        "un-consolidated",
        "us-sdn",
    ]
    assert " in force: 9 entries, 8 people, " in result.stdout
    assert result.stderr.splitlines() == ["2026-01-01"]  # progress: one line, for it is no terminal
    assert in_force(screening) == {"un-consolidated", "us-sdn"}
    assert "was in force already" in run(operators.lists, "import", FIRST).stdout


def test_on_a_terminal_an_import_shows_how_far_it_is(run, tmp_path):
    terminal, end = pty.openpty()
    with os.fdopen(end, "wb") as stderr:
        command = [sys.executable, "-m", "screening", "lists", "import", str(FIRST)]
        subprocess.run(command, stderr=stderr, stdout=subprocess.DEVNULL, check=True)
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert "2026-01-01" in shown
    assert "100%" in shown


def test_an_operator_fetches_from_the_publishers_urls(run, screening, publisher):
    result = run(operators.lists, "fetch", *publisher.urls(UN, *SET))
    assert result.exit_code == 0, result.stderr
    assert "consolidated.xml" in result.stderr
    assert in_force(screening) == {"un-consolidated", "us-sdn"}
    again = import_lists(screening, FIRST)[0]
    assert [each.new for each in again] == [False, False]


def test_what_is_unchanged_at_its_publisher_is_said_to_be(run, screening, publisher):
    url = publisher.url + UN + "?token=secret"
    run(operators.lists, "fetch", url)
    again = run(operators.lists, "fetch", url)
    assert (again.exit_code, again.stdout) == (0, f"{publisher.url}{UN} unchanged\n")


def test_a_folder_is_fetched_like_a_url(run, screening):
    result = run(operators.lists, "fetch", FIRST)
    assert result.exit_code == 0
    assert in_force(screening) == {"un-consolidated", "us-sdn"}
    assert [row.last_error for row in screening.rows(ListSource)] == [None]


def test_without_an_argument_the_setting_says_what_to_fetch(run, screening, monkeypatch):
    nothing = run(operators.lists, "fetch")
    assert nothing.exit_code == 2
    assert "SCREENING_LIST_URLS" in nothing.stderr
    monkeypatch.setenv("SCREENING_LIST_URLS", str(FIRST))
    assert run(operators.lists, "fetch").exit_code == 0
    assert in_force(screening) == {"un-consolidated", "us-sdn"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{publisher}/un/missing.xml", "missing.xml was refused: its publisher answered 404."),
        ("{publisher}/us/sdn.csv", "it is missing beside the other files"),
        ("http://127.0.0.1:{closed}/list.xml", "it could not be fetched (ConnectError)."),
        ("http://[", "it is no URL."),
        ("{folder}/nowhere", "it cannot be read (No such file or directory)."),
        ("{folder}", "it holds no list."),
    ],
    ids=["not_there", "a_part_of_a_set", "down", "no_url", "no_file", "empty_folder"],
)
def test_what_can_not_be_read_ends_with_one_sentence(
    run, screening, publisher, tmp_path, source, said
):
    empty = tmp_path / "empty"
    empty.mkdir()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        at = {"publisher": publisher.url, "closed": closed.getsockname()[1], "folder": empty}
        result = run(operators.lists, "fetch", source.format(**at))
    assert result.exit_code == 1
    (error,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert said in error
    assert screening.rows(ListVersion) == []


def test_an_import_of_what_can_not_be_read_takes_nothing(run, screening, tmp_path):
    result = run(operators.lists, "import", FIRST, tmp_path / "nowhere.xml")
    assert result.exit_code == 1
    assert "nowhere.xml was refused: it cannot be read" in result.stderr
    assert screening.rows(ListVersion) == []


def test_a_shrunken_list_ends_with_one_sentence_until_it_is_allowed(run, screening, tmp_path):
    import_lists(screening, list_of(tmp_path / "a.xml", "2026-01-01", *"ABCDEFGHIJ"))
    smaller = list_of(tmp_path / "b.xml", "2026-01-02", "A")
    result = run(operators.lists, "import", smaller)
    assert result.exit_code == 1
    assert "more than a tenth is missing" in result.stderr
    assert run(operators.lists, "import", smaller, "--allow-shrink").exit_code == 0


def test_the_status_names_what_is_in_force_and_what_waits(run, screening, publisher):
    nothing = run(operators.lists, "status")
    assert nothing.exit_code == 1
    assert "No list is in force" in nothing.stderr
    import_lists(screening, FIRST)
    run(operators.lists, "fetch", publisher.url + UN + "?token=secret")
    run(operators.lists, "fetch", publisher.url + "/un/missing.xml")
    register(screening)
    un, us = screening.rows(ListVersion)
    shown = run(operators.lists, "status").stdout
    lines = shown.splitlines()
    since = f"{un.in_force_from:%Y-%m-%d %H:%M} UTC"
    assert lines[:4] == [
        f"{un.code} in force since {since}",
        "  published 2026-01-01",
        f"  9 entries, 8 people, {un.names} names",
        f"  sha256 {un.checksum}",
    ]
    assert lines[4].startswith(us.code)
    assert lines[5] == "  published on a day that its files do not say"
    assert lines[8].startswith(f"{publisher.url}{UN} fetched 20")
    assert lines[9] == (
        f"{publisher.url}/un/missing.xml never fetched; "
        "the last try failed: its publisher answered 404"
    )
    assert lines[-1] == "1 names to compare"
    assert "secret" not in shown


def test_an_operator_has_everybody_compared_again(run, screening):
    import_lists(screening, FIRST)
    account_id = register(screening)
    screening.run_steps()
    assert not row_of(screening, account_id).pending
    assert run(operators.rescreen).stdout == "1 names to compare\n"
    assert row_of(screening, account_id).pending
    screening.clock.instant = screening.rows(Screening)[0].next_try_at
    screening.run_steps()
    assert not row_of(screening, account_id).pending


def test_a_database_without_tables_ends_with_one_sentence(run, monkeypatch, tmp_path):
    monkeypatch.setenv("SCREENING_DATABASE_URL", f"sqlite:///{tmp_path}/new.sqlite")
    result = run(operators.lists, "status")
    assert result.exit_code == 1
    assert "python -m screening migrate" in result.stderr


# ---------------------------------------------------------------------------------- differences


def test_a_diff_tells_added_removed_and_changed_people_and_ends_like_diff(run, tmp_path):
    old = list_of(tmp_path / "old.xml", "2026-01-01", "Anna", "Berta", "Carla")
    new = list_of(tmp_path / "new.xml", "2026-01-02", "Anna", "Bertha", "Carla", "Dora")
    result = run(operators.lists, "diff", old, new)
    assert (result.exit_code, result.stdout) == (1, "+ XXi.3\n~ XXi.1\n")
    back = run(operators.lists, "diff", new, old, "--json")
    assert back.exit_code == 1
    assert json.loads(back.stdout) == {
        "list_id": "un-consolidated",
        "added": [],
        "removed": ["XXi.3"],
        "changed": ["XXi.1"],
    }
    same = run(operators.lists, "diff", old, old)
    assert (same.exit_code, same.stdout) == (0, "")


def test_a_diff_needs_no_database_for_files(run, monkeypatch, tmp_path):
    monkeypatch.setenv("SCREENING_DATABASE_URL", f"sqlite:///{tmp_path}/none.sqlite")
    file = list_of(tmp_path / "a.xml", "2026-01-01", "Anna")
    assert run(operators.lists, "diff", file, file).exit_code == 0
    assert run(operators.lists, "diff", file, "un-consolidated:2026-01-01.0").exit_code == 2


def test_a_diff_compares_versions_that_were_imported(run, screening):
    import_lists(screening, FIRST)
    import_lists(screening, SECOND)
    former, latter = [
        row.code for row in screening.rows(ListVersion) if row.list_id == "un-consolidated"
    ]
    of_versions = run(operators.lists, "diff", former, latter)
    of_files = run(operators.lists, "diff", FIRST / "un", SECOND / "un")
    assert of_versions.exit_code == of_files.exit_code == 1
    assert of_versions.stdout == of_files.stdout != ""
    assert run(operators.lists, "diff", latter, SECOND / "un").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (FIRST / "un", FIRST / "us", "un-consolidated and us-sdn are different lists"),
        (FIRST / "un", FIRST, "it holds 2 lists instead of one"),
        (FIRST / "un", "un-consolidated:2020-01-01.0", "is no path and no version of a list"),
        ("nowhere", FIRST / "un", "nowhere is no path and no version of a list"),
    ],
    ids=["two_lists", "several", "no_version", "no_path"],
)
def test_a_diff_that_can_not_be_made_is_trouble_and_no_difference(run, old, new, said):
    result = run(operators.lists, "diff", old, new)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_diff_of_the_real_uk_pair_names_two_people(run):
    days = [real("sanctions", "uk", f"2026-08-{day}") for day in (20, 21)]
    result = run(operators.lists, "diff", *days)
    assert result.stdout == "~ AQD0124\n~ AQD0250\n"
