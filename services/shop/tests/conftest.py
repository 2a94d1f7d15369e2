"""The shop under test, on a database of its own."""

import pytest

from common.testing.harness import Harness
from shop.app import service


@pytest.fixture
def shop(tmp_path):
    """The shop on SQLite."""
    harness = Harness(service, tmp_path)
    yield harness
    harness.runtime.close()


@pytest.fixture
def shop_on_postgres(tmp_path, new_postgres_database):
    """The shop on PostgreSQL."""
    harness = Harness(service, tmp_path, database_url=new_postgres_database("shop"))
    yield harness
    harness.runtime.close()
