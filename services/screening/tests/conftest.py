"""Screening on databases of its own, beside an identity that answers, and the real lists.

The real lists and name sets are read once a run from the folder shared/data beside the project.
"""

import csv
import json
from pathlib import Path

import httpx
import pytest

from common.testing.harness import Harness
from common.web import Role
from screening.app import service
from screening.lists.reading import read_list
from screening.matching import Index

from .factories import FIRST, Identity
from .publisher import Publisher

REAL = Path(__file__).parents[3].parent / "shared" / "data"


def real(*parts):
    path = REAL.joinpath(*parts)
    if not REAL.is_dir():
        pytest.skip("the real lists are missing: put them into shared/data beside the project")
    return path


@pytest.fixture(scope="session")
def expected():
    return json.loads(real("sanctions", "expected.json").read_text())


@pytest.fixture(scope="session")
def un_list():
    return read_list(real("sanctions", "un"))


@pytest.fixture(scope="session")
def sdn_2019():
    return read_list(real("sanctions", "us", "2019-01"))


@pytest.fixture(scope="session")
def sdn_2021():
    return read_list(real("sanctions", "us", "2021-07"))


@pytest.fixture(scope="session")
def real_index(un_list, sdn_2021):
    return Index([*un_list.entries, *sdn_2021.entries])


@pytest.fixture(scope="session")
def name_rows():
    """Rows of one of the name sets, as dictionaries."""

    def rows(file):
        with real("names", file).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    return rows


@pytest.fixture
def make_screening(tmp_path):
    """Makes the service on SQLite or at a URL; `identity` is whom it reads names from."""
    made = []

    def make(database_url=None, **settings):
        identity = Identity(tmp_path / "keys")
        transport = httpx.WSGITransport(app=identity.app)
        harness = Harness(
            service,
            tmp_path,
            database_url=database_url,
            transports={"identity": transport},
            **settings,
        )
        harness.identity, identity.clock = identity, harness.clock
        made.append(harness)
        return harness

    yield make
    for harness in made:
        harness.runtime.close()


@pytest.fixture
def screening(make_screening):
    """The service on SQLite."""
    return make_screening()


@pytest.fixture
def on_postgres(make_screening, new_postgres_database):
    """The service on PostgreSQL."""
    return make_screening(new_postgres_database("screening"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def on_both(request):
    """The service on each of its databases."""
    return request.getfixturevalue("screening" if request.param == "sqlite" else "on_postgres")


@pytest.fixture
def publisher():
    """A web server that publishes the sample."""
    made = Publisher(FIRST)
    yield made
    made.close()


@pytest.fixture
def officer(screening):
    """One of compliance, signed in."""
    return screening.sign_in(Role.COMPLIANCE)


@pytest.fixture
def colleague(screening):
    """Another one of compliance, signed in."""
    return screening.sign_in(Role.COMPLIANCE)
