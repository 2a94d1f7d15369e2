"""One service-cases on a database of its own."""

import pytest

from common.testing.harness import Harness
from service_cases.app import service


@pytest.fixture
def cases(tmp_path):
    """The service on SQLite."""
    harness = Harness(service, tmp_path)
    yield harness
    harness.runtime.close()


@pytest.fixture(scope="module")
def shared_cases(tmp_path_factory):
    """One service for all tests of a file, for those that look at nothing but rows of their own."""
    harness = Harness(service, tmp_path_factory.mktemp("cases"))
    yield harness
    harness.runtime.close()


@pytest.fixture
def postgres_cases(tmp_path, new_postgres_database):
    """The service on PostgreSQL."""
    harness = Harness(service, tmp_path, database_url=new_postgres_database("cases"))
    yield harness
    harness.runtime.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_cases(request):
    """The service on each of its databases."""
    return request.getfixturevalue("cases" if request.param == "sqlite" else "postgres_cases")
