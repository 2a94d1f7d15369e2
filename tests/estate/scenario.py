"""A longer story than the one of `make demo`: every event of the catalogue happens in it once.

Its texts are given, so that one test can look for them wherever they must not be, and another at
the messages they led to. All is done through HTTP and operator commands, as people do it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from common.messaging.brokers import Message
from common.messaging.brokers.embedded import EmbeddedBroker
from common.testing.clock import StandingClock
from deploy.local import seed, wiring
from deploy.local.portal import Person, Portal
from deploy.local.story import NOTICE, PNG, Story, un_list
from tests.estate.conftest import URL, SettledEstate, in_this_process

PLAIN = {
    "given": "Roswitha", "family": "Zwetschgenbaum", "local_part": "roswitha",
    "colleague_given": "Balthasar", "colleague_family": "Quittenstrauch",
    "colleague_local_part": "balthasar", "other_local_part": "somebody",
    "company": seed.CUSTOMERS[0][0], "customer_number": "K 4711",
    "corrected_given": "Melchior", "job_title": "Welder", "own_phone": "+49 7156 3029",
    "password": seed.PASSWORD, "next_password": "another horse battery staple",
    "file": "bracket", "content": "",
    "title": "Beam is off centre", "description": "Since this morning.\nA burr on one side.",
    "message": "It is the left one.", "ground": "Claim of warranty",
    "case_contact": "Roswitha Z.", "case_local_part": "case", "case_phone": "+49 7156 3030",
    "order_contact": "Roswitha Z.", "order_local_part": "order", "order_phone": "+49 7156 3031",
    "street": "Industrieweg 1", "postal_code": "80331", "city": "München",
    "participant": "Roswitha Z.", "participant_local_part": "participant",
}  # fmt: skip
"""What people enter. content: follows the drawing's last byte."""


class RecordingBroker(EmbeddedBroker):
    """Keeps what was published, as it went over the wire."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[Message] = []

    def publish(self, messages: Any) -> list[str | None]:
        self.published += messages
        return super().publish(messages)


@contextmanager
def a_settled_estate(
    folder: Path,
    broker: EmbeddedBroker | None = None,
    kind: type[SettledEstate] = SettledEstate,
    databases: Mapping[str, str] | None = None,
    **told: str,
) -> Iterator[Portal]:
    """A seeded estate without a broker between, as long as the block lasts; for many tests.

    databases: a URL for each service, by default a SQLite file. told: environment variables beside
    the usual ones.
    """
    servers = wiring.embedded(folder)
    if databases is not None:
        servers = replace(servers, databases=databases)
    with pytest.MonkeyPatch.context() as environment:
        usual = wiring.environment(folder, servers, URL)
        usual |= {"PORTAL_CLOCK_FILE": "", "IDENTITY_BCRYPT_COST": "4"}
        for name in list(os.environ):
            if name.startswith("PORTAL_") and not name.startswith("PORTAL_TEST_"):
                environment.delenv(name)
        for name, value in {**usual, **told}.items():
            environment.setenv(name, value)
        clock = StandingClock()
        estate = kind(folder, broker or EmbeddedBroker(), clock, False)
        portal = in_this_process(estate, clock, clock.advance)
        portal.settle, portal.estate = estate.settle, estate
        try:
            seed.fill(portal, None)
            yield portal
        finally:
            estate.close()


@dataclass
class Scenario(Story):
    """People of one customer and of another, and all that can happen to them."""

    texts: Mapping[str, str] = field(default_factory=lambda: PLAIN)
    people: int = 0

    def play(self) -> None:
        """Everything, to the erasure a year later."""
        self.people_come()
        self.use_every_service()
        self.staff_and_customers_change_things()
        self.a_claim_comes_up_and_is_settled(self.texts["ground"])
        self.the_account_has_a_history()
        self.a_colleague_has_second_thoughts()
        self.people_are_invited()
        self.a_new_list_names_the_person()
        self.a_review_clears_the_person()
        self.somebody_is_refused()
        self.another_customer_leaves()
        self.the_name_is_contested()
        self.the_account_is_closed()
        self.a_year_later_everything_is_erased()

    def people_come(self) -> None:
        """Staff sign in; a person and a colleague register and are released."""
        for who in seed.STAFF:
            self.staff[who] = self.portal.sign_in(seed.address(who), seed.PASSWORD)
        self.given, self.family = self.texts["given"], self.texts["family"]
        self.person = self.register(self.given, self.family)
        self.colleague = self.register(
            self.texts["colleague_given"], self.texts["colleague_family"], "colleague_local_part"
        )
        for each in (self.person, self.colleague):
            self.tell_voluntarily(each)

    def tell_voluntarily(self, person: Person) -> None:
        """Agree to voluntary entries, as the form asks for it, and make them."""
        (asked,) = person.get("identity", "accounts/me/consents")
        body = {"purpose": asked["purpose"], "text_id": asked["text_id"]}
        person.post("identity", "accounts/me/consents", body)
        self.put(person, "accounts/me/profile", {
            "job_title": self.texts["job_title"], "phone": self.texts["own_phone"],
            "shown": ["phone"],
        })  # fmt: skip

    def put(self, person: Person, path: str, body: dict[str, Any], method: str = "PUT") -> None:
        """Look at something of identity, then replace what was seen."""
        seen = {"If-Match": person.send("GET", "identity", path).headers["ETag"]}
        person.send(method, "identity", path, json=body, headers=seen)

    def register(
        self, given: str, family: str, local_part: str = "local_part", customer: int = 0
    ) -> Person:
        """Registered, address confirmed, screened, approved for a customer, active."""
        person = self.apply(given, family, local_part)
        account = self.portal.until(lambda: self._account(person.email, "awaiting_approval"))
        body = {"organisation_id": self.customers()[customer]["id"]}
        self.staff["approver"].change("identity", f"accounts/{account['id']}", "approval", body)
        person.sign_in()
        self.portal.until(lambda: self._standings(person) == {"active"})
        self.made[person.email] = account["id"]
        return person

    def apply(self, given: str, family: str, local_part: str = "local_part") -> Person:
        """Registered and the address confirmed."""
        self.people += 1
        email = f"{self.texts[local_part]}.{self.people}@customer.example"
        person = Person(self.portal, email, self.texts["password"], None)
        person.post("identity", "registrations", {
            "given_name": given, "family_name": family, "email": email,
            "company": self.texts["company"], "customer_number": self.texts["customer_number"],
            "country": "DE", "language": "en", "password": person.password,
        })  # fmt: skip
        token = self.portal.link_in_mail(email, "confirm")
        person.post("identity", "registrations/confirmation", {"token": token})
        return person

    def customers(self) -> list[dict[str, Any]]:
        """The customers of the seed, in its order."""
        if "customers" not in self.made:
            known = self.staff["admin"].get("identity", "organisations?limit=100")
            by_name = {each["name"]: each for each in known}
            self.made["customers"] = [by_name[name] for name, _ in seed.CUSTOMERS]
        return list(self.made["customers"])

    def use_every_service(self) -> None:
        """A drawing, a case with a message, an order, a booking."""
        self.made |= {
            "document": self.upload(self.person),
            "case": self.report(self.person),
            "order": self.order(self.person),
            "booking": self.book(self.person),
        }
        self.made["session"] = self.person.get("training", "sessions")[0]
        self.made["product"] = self.person.get("shop", "products")[0]
        self.made["message"] = self.person.post(
            "service-cases", f"cases/{self.made['case']['id']}/messages",
            {"text": self.texts["message"]},
        ).json()  # fmt: skip

    def upload(self, person: Person) -> dict[str, Any]:
        """A drawing; every one has another name."""
        declaration = person.get("uploads", "declaration")["version"]
        name = f"{self.texts['file']}-{len(self.made)}.png"
        content = PNG + self.texts["content"].encode()
        return person.send(
            "POST", "uploads", "documents",
            data={"declaration": declaration}, files={"file": (name, content, "image/png")},
        ).json()  # fmt: skip

    def report(self, person: Person) -> dict[str, Any]:
        """A case about a machine of one's own."""
        machine = person.get("service-cases", "machines")[0]
        return person.post("service-cases", "cases", {
            "machine_id": machine["id"], "title": self.texts["title"],
            "description": self.texts["description"],
            "contact_name": self.texts["case_contact"],
            "contact_phone": self.texts["case_phone"],
            "contact_email": f"{self.texts['case_local_part']}@customer.example",
            "notice_version": NOTICE,
        }).json()  # fmt: skip

    def order(self, person: Person) -> dict[str, Any]:
        """A part, at the price that is shown."""
        product = person.get("shop", "products")[0]
        return person.post("shop", "orders", {
            "lines": [{"sku": product["sku"], "quantity": 1}],
            "expected_total": product["price"],
            "contact": {
                "name": self.texts["order_contact"], "phone": self.texts["order_phone"],
                "email": f"{self.texts['order_local_part']}@customer.example",
            },
            "delivery": {
                "street": self.texts["street"], "postal_code": self.texts["postal_code"],
                "city": self.texts["city"], "country": "DE",
            },
            "notice_version": NOTICE,
        }).json()  # fmt: skip

    def book(self, person: Person) -> dict[str, Any]:
        """A seat of the next training."""
        session = person.get("training", "sessions")[0]
        return person.post("training", "bookings", {
            "session_id": session["id"],
            "participants": [{
                "name": self.texts["participant"],
                "email": f"{self.texts['participant_local_part']}@customer.example",
                "language": "en",
            }],
        }).json()  # fmt: skip

    def staff_and_customers_change_things(self) -> None:
        """Orders confirmed and cancelled, a booking cancelled, a drawing deleted, a case solved."""
        confirmed, cancelled = self.order(self.person), self.order(self.person)
        self.staff["shop"].change("shop", f"orders/{confirmed['id']}", "confirmation", None)
        self.person.change("shop", f"orders/{cancelled['id']}", "cancellation", None)
        booking = self.book(self.person)
        self.staff["trainer"].get("training", "bookings")
        self.person.change("training", f"bookings/{booking['id']}", "cancellation", None)
        document = f"documents/{self.upload(self.person)['id']}"
        seen = self.person.send("GET", "uploads", document).headers["ETag"]
        self.person.send("DELETE", "uploads", document, headers={"If-Match": seen})
        case = f"cases/{self.report(self.person)['id']}"
        for who, trigger in (
            (self.staff["support"], "take"),
            (self.staff["support"], "ask_customer"),
            (self.person, "answer"),
            (self.staff["support"], "solve"),
            (self.person, "close"),
        ):
            who.change("service-cases", case, "state", {"trigger": trigger})

    def the_account_has_a_history(self) -> None:
        """Blocked and unblocked, closed and opened again by staff; then a new password."""
        account_id = self.made[self.person.email]
        account, admin = f"accounts/{account_id}", self.staff["admin"]
        admin.change("identity", account, "block", {"reason": "security"})
        self.portal.until(lambda: self._standings(self.person) == {401})
        admin.change("identity", account, "unblock", None)
        admin.change("identity", account, "deactivation", None)
        admin.change("identity", account, "reactivation", None)
        self.portal.operate("identity", "account", "mail-password-link", account_id)
        token = self.portal.link_in_mail(self.person.email, "password")
        self.person.password = self.texts["next_password"]
        body = {"token": token, "password": self.person.password}
        self.person.token = None
        self.person.post("identity", "passwords", body)
        self.person.sign_in()
        self.portal.until(lambda: self._standings(self.person) == {"active"})

    def the_name_is_contested(self) -> None:
        """The use of somebody's data is restricted, and no more a week after they were told."""
        account, dpo = f"accounts/{self.made[self.person.email]}", self.staff["dpo"]
        dpo.change("identity", account, "restriction", {"ground": "accuracy_contested"})
        self.portal.until(lambda: self._orders_are_shown_with(403))
        dpo.change("identity", account, "restriction/end", None)
        self.portal.until(lambda: dpo.get("identity", account)["restriction_ends_at"])
        self.portal.advance_by("P7D")
        for each in (*self.staff.values(), self.person, self.colleague):
            each.sign_in()
        self.portal.until(lambda: self._orders_are_shown_with(200))

    def _orders_are_shown_with(self, status: int) -> bool:
        return self.person.send("GET", "shop", "orders", None).status_code == status

    def the_person_objects(self) -> str:
        """Object to being compared with sanctions lists; return the objection's id."""
        body = {"ground": "art_21_1"}
        return str(self.person.post("screening", "objections", body).json()["id"])

    def a_colleague_has_second_thoughts(self) -> None:
        """Another name, and no voluntary entries any more."""
        corrected = {"given_name": self.texts["corrected_given"]}
        self.put(self.colleague, "accounts/me", corrected, "PATCH")
        self.colleague.send("DELETE", "identity", "accounts/me/consents/voluntary_profile")
        for method in ("PUT", "DELETE"):
            self.colleague.send(method, "identity", "accounts/me/advertising-objection")

    def people_are_invited(self) -> None:
        """A colleague manages people for a while; of two who are invited one comes."""
        customer, admin = self.customers()[0]["id"], self.staff["admin"]
        path = f"organisations/{customer}"
        self.made[self.colleague.email] = self._account(self.colleague.email, "active")["id"]
        admin.change("identity", path, "user-management", {
            "agreement_reference": "A 4711",
            "manager_account_id": self.made[self.colleague.email],
        })  # fmt: skip
        self.colleague.sign_in()
        comes, stays_away = (
            f"{self.texts['colleague_local_part']}.{each}@customer.example"
            for each in ("comes", "stays-away")
        )
        self.colleague.post("identity", "invitations", {"email": comes})
        token = self.portal.link_in_mail(comes, "invitation")
        guest = Person(self.portal, comes, self.texts["password"], None)
        guest.post("identity", "invitations/acceptance", {
            "token": token, "given_name": self.texts["colleague_given"],
            "family_name": self.texts["colleague_family"], "country": "DE", "language": "en",
            "password": guest.password,
        })  # fmt: skip
        self.portal.until(lambda: self._account(comes, "active"))
        by_staff = {"email": stays_away, "organisation_id": customer}
        self.made["invitation"] = self.staff["approver"].post(
            "identity", "invitations", by_staff
        ).json()  # fmt: skip
        self.portal.link_in_mail(stays_away, "invitation")
        seen = {"If-Match": admin.send("GET", "identity", path).headers["ETag"]}
        admin.send("DELETE", "identity", f"{path}/user-management", headers=seen)
        self.colleague.sign_in()

    def somebody_is_refused(self) -> None:
        """A registration is turned down; a month later it is erased."""
        person = self.apply(self.texts["given"], self.texts["colleague_family"], "other_local_part")
        account = self.portal.until(lambda: self._account(person.email, "awaiting_approval"))
        body = {"reason": "duplicate"}
        self.staff["approver"].change("identity", f"accounts/{account['id']}", "refusal", body)

    def another_customer_leaves(self) -> None:
        """Its relation ends with a document, a case, an order and a booking still open."""
        stranger = self.somebody_of_another_customer()
        self.upload(stranger), self.report(stranger), self.order(stranger), self.book(stranger)
        path = f"organisations/{self.customers()[1]['id']}"
        self.staff["admin"].change("identity", path, "end-of-relation", None)
        self.portal.until(lambda: self._standings(stranger) == {401})

    def somebody_of_another_customer(self) -> Person:
        """An active member of the second customer."""
        return self.register("Fridolin", "Mirabellenast", "other_local_part", customer=1)


def a_scenario(portal: Portal, texts: Mapping[str, str] = PLAIN) -> Scenario:
    """The scenario on an estate that is seeded, with nothing played yet."""
    return Scenario(portal, lambda line: None, un_list(None), texts=texts)
