"""Identity under test: on SQLite, and where locks matter on both databases."""

import httpx
import pytest

from common.testing.harness import Harness
from common.web.access import Role
from identity.app import service
from identity.settings import OTHERS

from .factories import AT, an_account, an_organisation, me


def _harness(folder, **settings):
    usual = {
        "bcrypt_cost": 4,
        "mail_url": f"folder:{folder}/mails",
        "second_factor_for_staff": False,
        "services": ",".join(f"{each}=http://{each}" for each in sorted(OTHERS)),
    }
    others = dict.fromkeys(OTHERS, httpx.MockTransport(_nothing_of_anybody))
    return Harness(service, folder, transports=others, **{**usual, **settings})


def _nothing_of_anybody(request):
    """What a service answers that holds nothing of anybody."""
    return httpx.Response(200, json=[])


@pytest.fixture
def identity(tmp_path):
    """The service on SQLite."""
    harness = _harness(tmp_path)
    yield harness
    harness.runtime.close()


@pytest.fixture(scope="module")
def shared_identity(tmp_path_factory):
    """One service for all tests of a file, for those that look at nothing but rows of their own."""
    harness = _harness(tmp_path_factory.mktemp("identity"))
    yield harness
    harness.runtime.close()


@pytest.fixture
def identity_with(tmp_path):
    """Function that makes the service with other settings."""
    made = []

    def make(**settings):
        made.append(_harness(tmp_path, **settings))
        return made[-1]

    yield make
    for harness in made:
        harness.runtime.close()


@pytest.fixture
def on_postgres(tmp_path, new_postgres_database):
    """The service on PostgreSQL."""
    harness = _harness(tmp_path, database_url=new_postgres_database("identity"))
    yield harness
    harness.runtime.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def on_both(request):
    """The service on each of its databases."""
    return request.getfixturevalue("identity" if request.param == "sqlite" else "on_postgres")


@pytest.fixture
def customer(identity):
    """A customer that people can be assigned to."""
    return identity.given(an_organisation())


@pytest.fixture
def operator(identity):
    """The operator's own organisation."""
    return identity.given(an_organisation(kind="operator", name="Operator of the Portal"))


@pytest.fixture
def managed(identity):
    """A customer whose user managers decide about its people."""
    return identity.given(an_organisation(user_management_since=AT, agreement_reference="A-1"))


@pytest.fixture
def manager(identity, managed):
    """The managed customer's user manager, signed in."""
    account = identity.given(an_account(managed, role=Role.USER_MANAGER))
    caller = me(identity, account, Role.USER_MANAGER)
    caller.account = account
    return caller
