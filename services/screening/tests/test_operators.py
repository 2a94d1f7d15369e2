"""Operator commands and the daily fetch: what is said, what comes into force, how it ends."""

import contextlib
import socket
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import structlog
from click.testing import CliRunner
from structlog.testing import capture_logs

from screening import downloads, operators
from screening.lists import files
from screening.lists.files import ListRefused
from screening.models import ListVersion, Screening

from .factories import FIRST, SECOND, import_lists, list_of, register, row_of

OFAC_FILES = ("sdn.csv", "alt.csv", "add.csv")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def publisher():
    """URL of a web server that publishes the sample."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(FIRST)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


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
    assert "un-consolidated: 9 entries read, 8 of them people" in result.stderr
    assert in_force(screening) == {"un-consolidated", "us-sdn"}
    assert "was in force already" in run(operators.lists, "import", FIRST).stdout


def test_an_operator_imports_from_the_publishers_urls(run, screening, publisher):
    urls = [f"{publisher}/un/consolidated.xml", *(f"{publisher}/us/{f}" for f in OFAC_FILES)]
    result = run(operators.lists, "import", *urls)
    assert result.exit_code == 0, result.stderr
    assert "consolidated.xml: 0.0 MiB" in result.stderr
    assert in_force(screening) == {"un-consolidated", "us-sdn"}
    again = import_lists(screening, FIRST)[0]
    assert [each.new for each in again] == [False, False]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{publisher}/un/missing.xml", "missing.xml was refused: its publisher answered 404."),
        ("{publisher}/us/sdn.csv", "it is missing beside the other files"),
        ("http://127.0.0.1:{closed}/list.xml", "it could not be fetched (ConnectError)."),
        ("http://[", "it is no URL."),
        ("{folder}/nowhere", "there is no such file or folder."),
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
        at = {"publisher": publisher, "closed": closed.getsockname()[1], "folder": empty}
        result = run(operators.lists, "import", source.format(**at))
    assert result.exit_code == 1
    (error,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert said in error
    assert screening.rows(ListVersion) == []


def test_a_shrunken_list_ends_with_one_sentence_until_it_is_allowed(run, screening, tmp_path):
    import_lists(screening, list_of(tmp_path / "a.xml", "2026-01-01", *"ABCDEFGHIJ"))
    smaller = list_of(tmp_path / "b.xml", "2026-01-02", "A")
    result = run(operators.lists, "import", smaller)
    assert result.exit_code == 1
    assert "more than a tenth is missing" in result.stderr
    assert run(operators.lists, "import", smaller, "--allow-shrink").exit_code == 0


def test_a_download_that_does_not_end_is_cut_off(publisher, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    with pytest.raises(ListRefused, match="it is larger than"):
        downloads.fetch([f"{publisher}/un/consolidated.xml"], tmp_path)


def test_a_url_can_not_name_a_file_outside_the_folder(publisher, tmp_path):
    for n, path in enumerate(("/..", "/un/%2e%2e", "/%2e%2e%2fun/consolidated.xml", "/?/../x")):
        folder = tmp_path / str(n) / "folder"
        folder.mkdir(parents=True)
        with contextlib.suppress(ListRefused):
            downloads.fetch([publisher + path], folder)
        assert [each.name for each in folder.parent.iterdir()] == ["folder"]
        assert len(list(folder.iterdir())) == 1


def test_the_status_names_what_is_in_force_and_what_waits(run, screening):
    nothing = run(operators.lists, "status")
    assert nothing.exit_code == 1
    assert "No list is in force" in nothing.stderr
    import_lists(screening, FIRST)
    register(screening)
    lines = run(operators.lists, "status").stdout.splitlines()
    assert lines[0].startswith("un-consolidated:2026-01-01.")
    assert lines[-1] == "1 names to compare"


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


def fetch_daily(screening):
    return screening.service.jobs["fetch-lists"].run(screening.runtime)


def test_without_urls_nothing_is_fetched(screening):
    assert fetch_daily(screening) == 0


def test_the_daily_fetch_brings_new_versions_into_force(make_screening, publisher):
    urls = ", ".join(
        [f"{publisher}/un/consolidated.xml", *(f"{publisher}/us/{f}" for f in OFAC_FILES)]
    )
    screening = make_screening(list_urls=urls)
    assert fetch_daily(screening) == 2
    assert fetch_daily(screening) == 0
    assert in_force(screening) == {"un-consolidated", "us-sdn"}


def test_a_publisher_who_is_down_shows_and_holds_no_other_list_up(make_screening, publisher):
    screening = make_screening(
        list_urls=f"{publisher}/un/missing.xml,"
        + ",".join(f"{publisher}/us/{file}" for file in OFAC_FILES)
    )
    with capture_logs() as logged, pytest.raises(ListRefused, match="answered 404"):
        fetch_daily(screening)
    assert in_force(screening) == {"us-sdn"}
    assert [(each["event"], each["error"]) for each in logged if "error" in each] == [
        ("list refused", "its publisher answered 404")
    ]


def test_a_daily_fetch_of_an_older_list_keeps_the_newer_one(make_screening, publisher):
    screening = make_screening(list_urls=f"{publisher}/un/consolidated.xml")
    import_lists(screening, SECOND)
    with pytest.raises(ListRefused, match=r"a tenth is missing|older than"):
        fetch_daily(screening)
    (un,) = screening.rows(ListVersion, ListVersion.list_id == "un-consolidated")
    assert str(un.published_on) == "2026-02-01"
