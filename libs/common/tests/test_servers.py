"""Real servers really start, keep their data, and never outlive whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import psycopg
import pytest

from common.testing import containers, processes, servers
from common.testing.server import Server, ServerFailed
from common.testing.servers import NoServer, create_database, start_postgres, start_rabbit

STARTERS = [
    pytest.param(start_postgres, marks=pytest.mark.postgres, id="postgres"),
    pytest.param(start_rabbit, marks=pytest.mark.rabbit, id="rabbit"),
]
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_rabbit(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the machine's own programs count, as where there is neither an engine nor a URL."""
    monkeypatch.delenv(servers.POSTGRES_URL, raising=False)
    monkeypatch.delenv(servers.RABBIT_URL, raising=False)
    monkeypatch.setattr(servers, "engine_answers", lambda: False)
    if "" in servers.origins().values():
        pytest.skip("this machine has no server programs, only an engine or a URL")


def inhabitants(folder: Path) -> list[str]:
    """Processes that live in a folder, whoever their parent is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.joinpath("cwd").readlink().is_relative_to(folder):
                found.append(process.joinpath("cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it ended meanwhile
    return found


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row[0]


def put(url: str, body: bytes) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("kept", durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", "kept", body, pika.BasicProperties(delivery_mode=2))


def take(url: str) -> bytes | None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        _, _, body = connection.channel().basic_get("kept", auto_ack=True)
    return body


def come_back(server: Server, how: str) -> None:
    if how != "restart":
        getattr(server, how)()
    server.restart()


@pytest.mark.postgres
def test_a_test_database_is_empty_utf8_and_sorts_by_code_point(postgres_url: str) -> None:
    assert value(postgres_url, "SELECT count(*) FROM pg_stat_user_tables") == 0
    assert value(postgres_url, "SHOW server_encoding") == "UTF8"
    assert value(postgres_url, "SELECT min(n) FROM (VALUES ('a'), ('B')) AS v (n)") == "B"


@pytest.mark.postgres
def test_every_test_database_is_another_one(new_postgres_database: Callable[[str], str]) -> None:
    first, second = new_postgres_database("shop"), new_postgres_database("shop")
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE orders (id int)")
    assert value(second, "SELECT count(*) FROM pg_stat_user_tables") == 0


@pytest.mark.postgres
def test_a_database_made_again_is_empty_again_even_while_in_use(postgres_server: Server) -> None:
    url = create_database(postgres_server.url, "test_made_again")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE orders (id int)")
        connection.commit()
        assert create_database(postgres_server.url, "test_made_again") == url
    assert value(url, "SELECT count(*) FROM pg_stat_user_tables") == 0
    servers.drop_database(postgres_server.url, "test_made_again")


@pytest.mark.rabbit
def test_a_second_client_library_can_talk_to_the_rabbit_of_the_session(
    rabbit_server: Server,
) -> None:
    with pika.BlockingConnection(pika.URLParameters(rabbit_server.url)) as connection:
        assert connection.is_open


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["restart", "stop", "kill"])
def test_postgres_comes_back_at_its_port_with_its_data(postgres: Server, how: str) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (how text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [how])
    come_back(postgres, how)
    assert value(postgres.url, "SELECT how FROM kept ORDER BY ctid DESC LIMIT 1") == how


@pytest.mark.rabbit
@pytest.mark.parametrize("how", ["restart", "stop", "kill"])
def test_rabbit_comes_back_at_its_port_with_its_messages(rabbit: Server, how: str) -> None:
    put(rabbit.url, how.encode())
    come_back(rabbit, how)
    assert take(rabbit.url) == how.encode()


@pytest.mark.postgres
def test_a_stopped_postgres_refuses_and_a_stop_waits_for_no_client(postgres: Server) -> None:
    with psycopg.connect(postgres.url):
        started = time.monotonic()
        postgres.stop()
    assert time.monotonic() - started < 15
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url)
    postgres.restart()


@pytest.mark.postgres
def test_postgres_data_in_a_folder_are_there_at_the_next_start(tmp_path: Path) -> None:
    with start_postgres(tmp_path / "kept") as first, psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 7 AS id")
    with start_postgres(tmp_path / "kept") as second:
        assert second.data_dir == first.data_dir
        assert value(second.url, "SELECT id FROM orders") == 7


@pytest.mark.rabbit
def test_rabbit_messages_in_a_folder_are_there_at_the_next_start(tmp_path: Path) -> None:
    with start_rabbit(tmp_path) as first:
        put(first.url, b"kept")
    with start_rabbit(tmp_path) as second:
        assert take(second.url) == b"kept"


@needs_proc
@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("start", STARTERS)
def test_a_closed_server_leaves_no_process_and_no_throwaway_folder(
    start: Callable[[], Server],
) -> None:
    with start() as server:
        assert server.data_dir
        folder = server.data_dir.parent
        assert inhabitants(folder)
    assert inhabitants(folder) == []
    assert not folder.exists()


INTERRUPTED = """
import os, signal, pytest
from common.testing import servers

servers.engine_answers = lambda: False

@pytest.mark.timeout(0)
def test_waits_for_ever({fixture}):
    with open({note!r} + ".draft", "w") as file:
        file.write(str({fixture}.data_dir.parent))
    os.rename({note!r} + ".draft", {note!r})
    signal.pause()
"""


@needs_proc
@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(
    ("fixture", "number"),
    [
        pytest.param("postgres_server", signal.SIGINT, marks=pytest.mark.postgres),
        pytest.param("rabbit_server", signal.SIGTERM, marks=pytest.mark.rabbit),
        pytest.param("postgres_server", signal.SIGKILL, marks=pytest.mark.postgres),
    ],
)
def test_an_interrupted_pytest_leaves_no_server(
    tmp_path: Path, fixture: str, number: signal.Signals
) -> None:
    note = tmp_path / "note"
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(INTERRUPTED.format(fixture=fixture, note=str(note)))
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "common.testing.plugin", "test_it.py"],
        cwd=tmp_path,
        start_new_session=True,
    )
    try:
        eventually(lambda: note.exists() or run.poll() is not None)
        folder = Path(note.read_text())
        assert inhabitants(folder)
        os.killpg(run.pid, number)
        run.wait(180)
    finally:
        run.kill()
    eventually(lambda: not inhabitants(folder))
    eventually(lambda: not folder.exists())


def eventually(true: Callable[[], bool]) -> None:
    """Wait, at most a minute, until something outside of this process is so."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("start", "product", "variable"),
    [
        (start_postgres, "PostgreSQL", "PORTAL_TEST_POSTGRES_URL"),
        (start_rabbit, "RabbitMQ", "PORTAL_TEST_RABBIT_URL"),
    ],
)
def test_a_machine_without_servers_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, start: Callable[[], Server], product: str, variable: str
) -> None:
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(servers, "engine_answers", lambda: False)
    monkeypatch.setattr(processes, "_search", lambda program, *folders: None)
    with pytest.raises(NoServer, match=f"{product} is not here") as caught:
        start()
    assert "sudo apt-get install -y postgresql rabbitmq-server" in str(caught.value)
    assert variable in str(caught.value)
    assert servers.origins()[product] == ""
    assert servers.main() == 1


def test_an_engine_that_is_not_there_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert containers.engine_answers.__wrapped__() is False


@pytest.mark.postgres
def test_a_given_server_is_used_and_never_stopped(
    monkeypatch: pytest.MonkeyPatch, postgres_server: Server
) -> None:
    monkeypatch.setenv("PORTAL_TEST_POSTGRES_URL", postgres_server.url)
    with start_postgres() as given:
        assert given.url == postgres_server.url
        for order in (given.stop, given.kill, given.restart):
            with pytest.raises(ServerFailed, match="not ours to stop"):
                order()
    assert value(given.url, "SELECT 1") == 1


@pytest.mark.postgres
@pytest.mark.usefixtures("private")
def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with start_postgres(tmp_path / "kept") as server:
        assert server.data_dir
        version = server.data_dir / "PG_VERSION"
    version.write_text("9.6\n")
    with pytest.raises(ServerFailed, match=r"version 9\.6"):
        start_postgres(tmp_path / "kept")
    assert inhabitants(tmp_path) == []


@pytest.mark.postgres
@pytest.mark.usefixtures("private")
def test_data_may_lie_below_a_folder_that_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with start_postgres(tmp_path / "below" / "kept") as server:
        assert value(server.url, "SELECT 1") == 1
    assert tmp_path.stat().st_mode & 0o777 == 0o700
