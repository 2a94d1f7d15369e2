"""Fixtures of the tests of libs/common: the made-up service `sample` on either database."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the package `sample`

from common.testing.harness import Harness
from sample.app import service
from sample.models import Base


def with_tables(harness):
    Base.metadata.create_all(harness.runtime.db.engine)
    return harness


@pytest.fixture
def sample(tmp_path):
    """The sample service on SQLite."""
    harness = with_tables(Harness(service, tmp_path))
    yield harness
    harness.runtime.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One sample service for the tests of a file that neither move its clock nor count its rows."""
    harness = with_tables(Harness(service, tmp_path_factory.mktemp("shared")))
    yield harness
    harness.runtime.close()


@pytest.fixture
def sample_on_postgres(tmp_path, postgres_url):
    """The sample service on PostgreSQL."""
    harness = with_tables(Harness(service, tmp_path, database_url=postgres_url))
    yield harness
    harness.runtime.close()
