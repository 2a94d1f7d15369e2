"""Ends processes when whoever started them is gone, even by SIGKILL.

stack.py starts this file as a session of its own and writes `+PID` for each process group it
starts and `-PID` for each that has ended. The end of the input is the order to end the rest.
Standard library only, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

PATIENCE_SECONDS = 10


def main(lines: Iterable[str]) -> None:
    """Note what runs until the lines end; then ask it to end, and end it."""
    running: set[int] = set()
    for line in lines:
        pid = int(line[1:])
        running.add(pid) if line.startswith("+") else running.discard(pid)
    deadline = time.monotonic() + PATIENCE_SECONDS
    left = {pid for pid in running if _signalled(pid, signal.SIGTERM)}
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = {pid for pid in left if _signalled(pid, 0)}
    for pid in left:
        _signalled(pid, signal.SIGKILL)


def _signalled(group: int, number: int) -> bool:
    """Signal a process group; False when there is none any more."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main(sys.stdin)
