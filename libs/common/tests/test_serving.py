"""The web process: who is being answered when it is told to end gets the answer."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from common.testing.server import connect_port, free_port

SLOW = """
import time
from pathlib import Path

def create_app():
    def answer(environ, start_response):
        Path("asked").touch()
        time.sleep(1.0)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]
    return answer
"""
START = (
    "from common.processes import serve; from common.settings import ProcessSettings;"
    "serve('slow:create_app', ProcessSettings(port={port}))"
)


@pytest.fixture
def web(tmp_path):
    """A web process whose answers take a second: its port, its process and its folder."""
    (tmp_path / "slow.py").write_text(SLOW)
    port = free_port()
    command = [sys.executable, "-c", START.format(port=port)]
    process = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    wait_for(lambda: answers(port))
    yield port, process, tmp_path / "asked"
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # and the one that it watches
    process.wait()


def answers(port):
    try:
        connect_port(port)
    except OSError:
        return False
    return True


def wait_for(fact):
    deadline = time.monotonic() + 20
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def asked_when(web, end):
    """What somebody gets who asked before `end` was called."""
    port, _, asked = web
    got = []

    def ask():
        try:
            got.append(httpx.get(f"http://127.0.0.1:{port}/", timeout=20).text)
        except httpx.TransportError as error:
            got.append(type(error).__name__)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(asked.exists)
    end()
    thread.join()
    return got


def test_a_request_in_hand_is_answered_before_the_process_ends(web):
    port, process, _ = web
    assert asked_when(web, process.terminate) == ["done"]
    assert process.wait(timeout=20) == 0
    assert not answers(port)


def test_control_a_process_that_is_killed_answers_nobody(web):
    _, process, _ = web

    kill = functools.partial(os.killpg, process.pid, signal.SIGKILL)
    assert asked_when(web, kill) in (["RemoteProtocolError"], ["ReadError"])


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_that_watches_holds_nothing_of_the_service(web):
    _, process, _ = web
    words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
    assert words[1:4] == [b"-m", b"granian", b"slow:create_app"]
