"""Training under test: on SQLite, and where locks matter on both databases."""

import pytest

from common.testing.harness import Harness
from training.app import service


@pytest.fixture
def training(tmp_path):
    """The service on SQLite."""
    return Harness(service, tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def on_both(request, tmp_path):
    """The service on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        return Harness(service, tmp_path)
    new_database = request.getfixturevalue("new_postgres_database")
    return Harness(service, tmp_path, database_url=new_database("training"))


@pytest.fixture
def on_postgres(tmp_path, new_postgres_database):
    """The service on PostgreSQL."""
    return Harness(service, tmp_path, database_url=new_postgres_database("training"))
