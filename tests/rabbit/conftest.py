"""The made-up service of libs/common's tests, on a real RabbitMQ."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "libs/common/tests"))

from sample.rig import RabbitRig


@pytest.fixture
def rig(tmp_path, rabbit_server):
    made = RabbitRig(tmp_path, None, rabbit_server.url)
    yield made
    made.close()
