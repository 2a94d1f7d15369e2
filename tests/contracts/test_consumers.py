"""Every subscription is fed the example of every type it asks for, and handles it, twice."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.messaging.brokers import Done, Park
from common.messaging.inbox import InboxRow
from common.messaging.subscribe import Subscription
from common.service import load_services
from common.testing.clock import StandingClock
from common.testing.harness import Harness
from tests.contracts.conftest import as_message, example, make_known_keys

SERVICES = load_services(OWNERS_OF_PERSONAL_DATA)
ROOT = Path(__file__).parents[2]

LIVING = UUID(example("identity.AccountRegistered.v1")["subject"])
ERASED = UUID(example("identity.ErasureRequested.v1")["subject"])
REQUEST = UUID(example("identity.ErasureRequested.v1")["data"]["request_id"])
NOW = StandingClock().now()
CUSTOMER = UUID(example("identity.OrganisationRegistered.v1")["subject"])


def factories_of(service: str) -> ModuleType:
    """The factories of a service's own tests, which are in no package."""
    path = ROOT / "services" / service / "tests" / "factories.py"
    spec = importlib.util.spec_from_file_location(f"factories_of_{path.parts[-3]}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def given_identity(make: Any, given: Callable[[Any], Any]) -> None:
    from identity.models import ErasureRequest
    from identity.rules.states import State

    customer = make.an_organisation(name="Muster AG")
    customer.id = CUSTOMER
    given(customer)
    given(make.an_account(state=State.SCREENING, id=LIVING, address="living@muster.example"))
    given(make.an_account(state=State.ERASING, id=ERASED, address="erased@muster.example"))
    at = make.AT
    given(ErasureRequest(id=REQUEST, account_id=ERASED, requested_at=at, asked_at=at))


def given_screening(make: Any, given: Callable[[Any], Any]) -> None:
    given(make.a_screening(account_id=ERASED, requested_at=NOW))
    given(make.a_match(ERASED))
    given(make.a_list_version(list_id="un-consolidated"))


def given_uploads(make: Any, given: Callable[[Any], Any]) -> None:
    for uploader in (LIVING, ERASED):
        given(make.a_document(organisation_id=CUSTOMER, uploader_id=uploader))


def given_cases(make: Any, given: Callable[[Any], Any]) -> None:
    machine = given(make.a_machine(organisation_id=CUSTOMER))
    for reporter in (LIVING, ERASED):
        case = given(make.a_case(machine, account_id=reporter))
        given(make.a_message(case, author_id=reporter))


def given_shop(make: Any, given: Callable[[Any], Any]) -> None:
    for buyer in (LIVING, ERASED):
        given(make.an_order(organisation_id=CUSTOMER, account_id=buyer))


def given_training(make: Any, given: Callable[[Any], Any]) -> None:
    from training.models import Booking, Participant

    session = given(make.a_session(seats_taken=2))
    for booker in (LIVING, ERASED):
        participant = Participant(
            name="Ines Ohm", email="ines@muster.example", language="de", organisation_id=CUSTOMER
        )
        given(Booking(
            session_id=session.id, organisation_id=CUSTOMER, account_id=booker, seats=1,
            booked_at=NOW, participants=[participant],
        ))  # fmt: skip


GIVEN = {
    "identity": given_identity,
    "screening": given_screening,
    "uploads": given_uploads,
    "service-cases": given_cases,
    "shop": given_shop,
    "training": given_training,
}
"""Rows that the examples are about, as far as a service would have them."""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Harness]]:
    """Function from a name to the service with the rows that the examples are about."""
    made: dict[str, Harness] = {}
    with ExitStack() as closing:

        def service(name: str) -> Harness:
            if name not in made:
                made[name] = _made(name, tmp_path_factory.mktemp(name))
                closing.callback(made[name].runtime.close)
            return made[name]

        yield service


def _made(name: str, folder: Path) -> Harness:
    own = {
        "identity": {"bcrypt_cost": 4, "mail_url": f"folder:{folder}/mails"},
        "uploads": {"store_url": f"folder:{folder}/objects"},
    }
    make_known_keys(folder / "known")
    harness = Harness(SERVICES[name], folder, keys_dir=folder / "known", **own.get(name, {}))
    GIVEN[name](factories_of(name), harness.given)
    harness.forget_published()
    return harness


@pytest.mark.parametrize(
    ("subscription", "wire_type"),
    [
        pytest.param(each, wire_type, id=f"{each.name}-{wire_type}")
        for service in SERVICES.values()
        for each in service.subscriptions
        for wire_type in each.types
    ],
)
def test_a_subscription_handles_the_example_once_however_often_it_comes(
    services: Callable[[str], Harness], subscription: Subscription, wire_type: str
) -> None:
    harness, message = services(subscription.service), as_message(example(wire_type))
    entered = (
        InboxRow.subscription == subscription.name,
        InboxRow.event_id == UUID(message.event_id),
    )
    assert harness.rows(InboxRow, *entered) == []
    assert harness.runtime.consumer.handle(subscription, [message]) == [Done()]
    told = harness.published()
    assert harness.runtime.consumer.handle(subscription, [message]) == [Done()]
    assert harness.published() == told
    assert len(harness.rows(InboxRow, *entered)) == 1


def test_a_receipt_that_its_owner_did_not_sign_is_not_taken(
    services: Callable[[str], Harness],
) -> None:
    """Negative control: what comes out is more than that nothing was raised."""
    harness, forged = services("identity"), example("shop.PersonalDataErased.v1")
    forged["id"] = example("uploads.PersonalDataErased.v1")["causationid"]
    forged["data"]["tables"][0]["kept"] = 0
    (subscription,) = (each for each in harness.service.subscriptions if "collect" in each.name)
    (answer,) = harness.runtime.consumer.handle(subscription, [as_message(forged)])
    assert answer != Done()


def test_an_example_of_a_later_version_is_parked_and_not_guessed_at(
    services: Callable[[str], Harness],
) -> None:
    harness, later = services("shop"), example("identity.AccountBlocked.v1")
    later["type"] = "identity.AccountBlocked.v2"
    subscription = harness.service.subscriptions[0]
    answers = harness.runtime.consumer.handle(subscription, [as_message(later)])
    assert answers == [Park("UnknownSchema")]
