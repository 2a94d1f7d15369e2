"""The made-up service of libs/common's tests, on a real RabbitMQ."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "libs/common/tests"))

from common import logs
from sample.rig import RabbitRig


@pytest.fixture(scope="session", autouse=True)
def quiet_logs():
    """Send log lines nowhere; unconfigured, structlog paints every failure a handler is to have."""
    with open(os.devnull, "w") as nowhere:
        logs.configure(stream=nowhere)
        yield


@pytest.fixture
def rig(tmp_path, rabbit_server):
    made = RabbitRig(tmp_path, None, rabbit_server.url)
    yield made
    made.close()
