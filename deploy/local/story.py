"""The story of one person, registration to erasure: tests check it, `make demo` tells it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.ids import uuid7
from deploy.local import seed
from deploy.local.portal import Person, Portal, Unexpected
from screening.lists.un import with_person

Say = Callable[[str], None]
READS = {
    "identity": "accounts/me",
    "screening": "lists",
    "uploads": "documents",
    "service-cases": "cases",
    "shop": "orders",
    "training": "bookings",
}
"""A read of each service that needs an active account; what comes then is 200 or 403, never 401."""
NOTICE = "2026-01"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass
class Story:
    """One play: who is in it, and what they made.

    given, family: a name that is on no list; the list update of the story names it.
    """

    portal: Portal
    say: Say
    list_file: Path
    given: str = "Roswitha"
    family: str = field(default_factory=lambda: invented_name())
    staff: dict[str, Person] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    def play(self) -> None:
        """Tell the whole story; raises Unexpected where the estate does not follow it."""
        for who in seed.STAFF:
            self.staff[who] = self.portal.sign_in(seed.address(who), seed.PASSWORD)
        self.person = self.register(self.given, self.family)
        self.colleague = self.register("Balthasar", "Quittenstrauch")
        self.use_every_service()
        self.a_new_list_names_the_person()
        self.a_review_clears_the_person()
        self.a_claim_comes_up_and_is_settled()
        self.the_account_is_closed()
        self.a_year_later_everything_is_erased()

    def register(self, given: str, family: str) -> Person:
        """Registered, address confirmed, screened, approved, active."""
        number = uuid7().hex[-8:]
        person = Person(
            self.portal, f"{given}.{number}@customer.example".lower(), seed.PASSWORD, None
        )
        registration = {
            "given_name": given, "family_name": family, "email": person.email,
            "company": seed.CUSTOMERS[0][0], "country": "DE", "language": "en",
            "password": seed.PASSWORD,
        }  # fmt: skip
        person.post("identity", "registrations", registration)
        self.say(f"{given} {family} registers and gets a mail with a link to confirm the address.")
        token = self.portal.link_in_mail(person.email, "confirm")
        person.post("identity", "registrations/confirmation", {"token": token})
        account = self.portal.until(lambda: self._account(person.email, "awaiting_approval"))
        self.say("  screening has compared the name with every list in force: clear.")
        self._refused(person, "before approval nobody gets in")
        customer = self._customer()
        path = f"accounts/{account['id']}"
        body = {"organisation_id": customer["id"]}
        self.staff["approver"].change("identity", path, "approval", body)
        person.sign_in()
        self.portal.until(lambda: self._standings(person) == {"active"})
        self.say(f"  staff release the account for {customer['name']}; all six services know it.")
        self.made[person.email] = account["id"]
        return person

    def use_every_service(self) -> None:
        """A drawing, a case, an order, a booking."""
        declaration = self.person.get("uploads", "declaration")["version"]
        document = self.person.send(
            "POST", "uploads", "documents",
            data={"declaration": declaration}, files={"file": ("bracket.png", PNG, "image/png")},
        ).json()  # fmt: skip
        machine = self.person.get("service-cases", "machines")[0]
        case = self.person.post("service-cases", "cases", {
            "machine_id": machine["id"], "title": "Beam is off centre",
            "description": "Since this morning the cut has a burr on one side.",
            "contact_name": f"{self.given} {self.family}", "contact_email": self.person.email,
            "notice_version": NOTICE,
        }).json()  # fmt: skip
        product = self.person.get("shop", "products")[0]
        order = self.person.post("shop", "orders", {
            "lines": [{"sku": product["sku"], "quantity": 1}],
            "expected_total": product["price"],
            "contact": {"name": f"{self.given} {self.family}", "email": self.person.email},
            "delivery": {
                "street": "Industrieweg 1", "postal_code": "80331", "city": "München",
                "country": "DE",
            },
            "notice_version": NOTICE,
        }).json()  # fmt: skip
        session = self._session()
        booking = self.person.post("training", "bookings", {
            "session_id": session["id"],
            "participants": [{
                "name": f"{self.given} {self.family}", "email": self.person.email,
                "language": "en",
            }],
        }).json()  # fmt: skip
        self.made |= {"document": document, "case": case, "order": order, "booking": booking}
        self.made["session"] = session
        self.say("She uploads a drawing, reports a case, orders a part and books a training:")
        for service, path in self._things().items():
            seen = self.colleague.get(service, path)
            self.say(
                f"  {service}: {path.split('/')[0]} …{seen['id'][-6:]}, seen by a colleague too."
            )

    def a_new_list_names_the_person(self) -> None:
        """Blocked in all six: the same still-valid token is refused everywhere."""
        self._import_list(with_person(self._list(), self.given, self.family, "PORTAL.001"))
        self.portal.until(lambda: self._standings(self.person) == {401})
        self.say("A new version of the sanctions list names her. Her token is still valid:")
        for service, path in READS.items():
            problem = self.person.send("GET", service, path, 401).json()
            self.say(f"  {service}: 401 {problem['title']}")
        self._refused(self.person, "a blocked person signs in like anybody with a wrong password")

    def a_review_clears_the_person(self) -> None:
        """One reviewer finds it is somebody else, a second one agrees; the account may act again.

        What the person objected to meanwhile is answered by the data protection officer.
        """
        account_id = self.made[self.person.email]
        officer, reviewer = self.staff["compliance"], self.staff["reviewer"]
        path = f"screenings/{account_id}"
        body = {"ground": "art_22_3"}
        objection = self.staff["dpo"].post("screening", f"accounts/{account_id}/objections", body)
        self.say("She writes to the data protection officer, who records her objection.")
        seen = officer.get("screening", path)
        if seen["verdict"] != "hit" or not seen["matches"] or not seen["objection_open"]:
            raise Unexpected(f"screening says {seen}")
        body = {"outcome": "clear", "reason": "another_person"}
        officer.change("screening", path, "decision", body, expect=202)
        self.say("Compliance looks at the match: a namesake. One person proposes to clear it,")
        if officer.get("screening", path)["verdict"] != "hit":
            raise Unexpected("one person has cleared a hit")
        reviewer.change("screening", path, "proposal/approval", None, expect=200)

        def back() -> bool:
            answer = self.person.send("POST", "identity", "sessions", None, json={
                "email": self.person.email, "password": self.person.password,
            })  # fmt: skip
            if not answer.is_success:
                return False
            self.person.token = answer.json()["access_token"]
            return self._standings(self.person) == {"active"}

        self.portal.until(back)
        self.say("  a second one approves. The account is unblocked everywhere.")
        path = f"objections/{objection.json()['id']}"
        body = {"outcome": "uphold", "reason": "reviewed_and_cleared"}
        self.staff["dpo"].change("screening", path, "answer", body)

    def a_claim_comes_up_and_is_settled(self, ground: str = "Claim of warranty") -> None:
        """A legal hold keeps the case whatever falls due, until it is released."""
        case, dpo = self.made["case"]["id"], self.staff["dpo"]
        body = {"scope": "case", "subject": case, "ground": ground, "review_on": "2099-01-01"}
        hold = dpo.post("identity", "legal-holds", body).json()
        dpo.change("identity", f"legal-holds/{hold['id']}", "release", None)
        self.say("A claim about her case comes up: a legal hold keeps it, until it is released.")

    def the_account_is_closed(self) -> None:
        """Deactivated by the person; the year until erasure begins."""
        self.person.post("identity", "accounts/me/deactivation", {})
        self.portal.until(lambda: self._standings(self.person) == {401})
        self.say("She closes her account. No service lets her in any more.")

    def a_year_later_everything_is_erased(self) -> None:
        """Receipts from all six; the order is kept until its date; colleagues see a former user."""
        self.portal.advance_by("P1Y")
        self.staff["dpo"].sign_in()
        self.colleague.sign_in()
        account_id = self.made[self.person.email]

        def completed() -> dict[str, Any] | None:
            self.staff["dpo"].sign_in()
            for each in self.staff["dpo"].get("identity", "erasures?limit=100"):
                if each["account_id"] == account_id and each["state"] == "completed":
                    return dict(each)
            return None

        erasure = self.portal.by_some_night(completed)
        receipts = {each["owner"]: each["receipt"] for each in erasure["receipts"]}
        if set(receipts) != set(OWNERS_OF_PERSONAL_DATA):
            raise Unexpected(f"receipts only from {sorted(receipts)}")
        self.made["receipts"] = receipts
        self.say("A year later (the clock was moved) she is erased; each service signed a receipt:")
        for owner, receipt in sorted(receipts.items()):
            self.say(f"  {owner}: {_summary(receipt)}")
        self.colleague.sign_in()
        shown = self.colleague.get("identity", f"directory/{account_id}")
        order = self.colleague.get("shop", f"orders/{self.made['order']['id']}")
        self.made |= {"shown": shown, "order_afterwards": order}
        self.say(
            f"Her colleague sees “{shown['display_name']}”; "
            f"the order {order['number']} is kept for the tax law."
        )

    def _session(self) -> dict[str, Any]:
        """A training that has not begun; after a story the old ones lie a year back."""
        if not self.person.get("training", "sessions"):
            seed.training_sessions(self.portal, self.staff["trainer"])
        return dict(self.person.get("training", "sessions")[0])

    def _account(self, email: str, state: str) -> dict[str, Any] | None:
        for each in self.staff["approver"].get("identity", f"accounts?state={state}&limit=100"):
            if each["email"] == email:
                return dict(each)
        return None

    def _customer(self) -> dict[str, Any]:
        name = seed.CUSTOMERS[0][0]
        known = self.staff["admin"].get("identity", "organisations?limit=100")
        return next(each for each in known if each["name"] == name)

    def _refused(self, person: Person, why: str) -> None:
        body = {"email": person.email, "password": person.password}
        answer = person.send("POST", "identity", "sessions", None, json=body)
        if answer.status_code != 401:
            raise Unexpected(f"{why}: {answer.status_code}")

    def _standings(self, person: Person) -> set[Any]:
        """What the person's token is worth, asked in all six services."""
        found: set[Any] = set()
        for service, path in READS.items():
            status = person.send("GET", service, path, None).status_code
            found.add("active" if status in (200, 403) else status)
        return found

    def _things(self) -> dict[str, str]:
        return {
            "uploads": f"documents/{self.made['document']['id']}",
            "service-cases": f"cases/{self.made['case']['id']}",
            "shop": f"orders/{self.made['order']['id']}",
            "training": f"bookings/{self.made['booking']['id']}",
        }

    def _list(self) -> bytes:
        content = self.list_file.read_bytes()
        return gzip.decompress(content) if self.list_file.suffix == ".gz" else content

    def _import_list(self, content: bytes) -> None:
        folder = self.portal.folder / "lists"
        folder.mkdir(exist_ok=True)
        file = folder / f"consolidated-{uuid7().hex[-8:]}.xml"
        file.write_bytes(content)
        self.portal.operate("screening", "lists", "import", str(file))


def invented_name() -> str:
    """A family name that nobody has and no list names; another one for every story."""
    syllables = ("bir", "lun", "kor", "mas", "tel", "vin", "dro", "fal")
    number = uuid7().int & 0xFFF
    return "Zwetschgen" + "".join(syllables[number >> shift & 7] for shift in (0, 3, 6, 9))


def un_list(lists: Path | None) -> Path:
    """The UN list among the imported ones."""
    folder = lists or seed.sample_lists()
    return next(iter(sorted(folder.rglob("consolidated.xml*"))))


def _summary(receipt: dict[str, Any]) -> str:
    parts = []
    for table in receipt["tables"]:
        for what in ("deleted", "nulled", "pseudonymised", "kept"):
            if table[what]:
                until = f" until {table['until']}" if what == "kept" and table["until"] else ""
                reason = f" ({table['reason']}{until})" if what == "kept" else ""
                parts.append(f"{table[what]} of {table['table']} {what}{reason}")
    return "; ".join(parts) or "nothing was there"
