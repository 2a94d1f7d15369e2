"""Runs one server and ends it, at the latest when whoever started it is gone.

servers.py starts this file as a session of its own, so Ctrl-C in a terminal does not reach it.
Its standard input is a pipe: "stop" and "kill" are orders, and the end of the pipe (the starter
left, ended by SIGTERM or even by SIGKILL) is the order to stop and to remove what was throwaway.
Standard library only, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from typing import Any

PATIENCE_SECONDS = 20
"""How long a server may take to end before it is killed."""


def main(order: dict[str, Any]) -> int:
    """Run the server until an order or its own end; returns its exit code.

    order: argv, stop_signal, throwaway (folder to remove at the end of the pipe, or None).
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    # Everything that descends from the server holds the lifeline: its end means all have ended.
    lifeline, held_by_server = os.pipe()
    server = subprocess.Popen(
        order["argv"],
        stdin=subprocess.DEVNULL,
        process_group=0,
        pass_fds=(held_by_server,),
    )
    os.close(held_by_server)
    word = b""
    try:
        word = _next_order(server)
    finally:
        _end(server, signal.SIGKILL if word == b"kill" else order["stop_signal"])
        select.select([lifeline], [], [], PATIENCE_SECONDS)
        if not word and order["throwaway"]:
            shutil.rmtree(order["throwaway"], ignore_errors=True)
    return int(server.returncode)


def _next_order(server: subprocess.Popen[bytes]) -> bytes:
    """Wait for an order; b"" when the pipe was closed, b"ended" when the server ended itself."""
    while server.poll() is None:
        if select.select([0], [], [], 0.2)[0]:
            return os.read(0, 16).strip()
    return b"ended"


def _end(server: subprocess.Popen[bytes], number: int) -> None:
    """Signal the server, wait for its end, then kill what is left of its process group."""
    if server.poll() is None:
        server.send_signal(number)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(PATIENCE_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
