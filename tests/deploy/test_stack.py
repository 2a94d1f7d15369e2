"""The local stack's processes: none outlives whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from common.testing.server import free_ports
from deploy.local import stack

STARTER = """
import sys
from pathlib import Path
from deploy.local.stack import Stack
folder, port = Path(sys.argv[1]), int(sys.argv[2])
started = Stack(folder, {"GATEWAY_UPSTREAMS": ""}, port)
started.start(("development", "pages"))
print(started._processes["development", "pages"].pid, flush=True)
sys.stdin.read()
"""


def is_there(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_killed_starter_leaves_no_process(tmp_path: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path), str(free_ports(2))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=stack.ROOT,
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert is_there(pid)
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate()
    deadline = time.monotonic() + 20
    while is_there(pid):
        assert time.monotonic() < deadline, "a page of a killed stack is still served"
        time.sleep(0.05)
