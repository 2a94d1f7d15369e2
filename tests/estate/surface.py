"""Everything that can be called: each operation of each service, with a body that fits it.

The operations come from the services' own OpenAPI documents. What a body must mean beyond its
schema (a machine there is, a price that is right) is written here once, by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from werkzeug.test import TestResponse

from common.ids import uuid7
from common.privacy.rulebook import all_rules
from common.service import Runtime
from common.web.access import Principal, Role, access_token, service_token
from common.web.problems import CONTENT_TYPE
from deploy.local.portal import Portal
from deploy.local.story import NOTICE
from identity.models import Account
from tests.estate.scenario import Scenario

METHODS = ("get", "post", "put", "patch", "delete")
OWN_BODY = "multipart/form-data"
INSTEAD = {("identity", "post", "/sessions/second-factor"): {"recovery_code", "passkey"}}
"""Fields that stand instead of one that the fitting body has."""


@dataclass(frozen=True)
class Operation:
    """One method of one path. described: as the OpenAPI document describes it."""

    service: str
    method: str
    path: str
    described: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it apart."""
        return self.service, self.method, self.path

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what varies in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def is_internal(self) -> bool:
        """Whether it is for other services."""
        return self.path.startswith("/internal/")

    @property
    def is_public(self) -> bool:
        """Whether it needs no token, as the document says."""
        return self.described.get("security") == []

    def filled(self, ids: Mapping[str, Any]) -> str:
        """Its path with values in it; random ids for what is not given."""
        return self.path.format(**{name: ids.get(name, uuid7()) for name in self.parameters})

    def __str__(self) -> str:
        return f"{self.service} {self.method.upper()} {self.path}"


def document(portal: Portal, service: str) -> dict[str, Any]:
    """A service's OpenAPI document."""
    return dict(portal.estate.apps[service].test_client().get("/openapi.json").json)


def operations(portal: Portal) -> list[Operation]:
    """Every operation of every service."""
    return [
        Operation(service, method, path, described)
        for service in portal.estate.apps
        for path, item in document(portal, service)["paths"].items()
        for method, described in item.items()
        if method in METHODS
    ]


def fitting(scenario: Scenario) -> dict[tuple[str, str, str], dict[str, Any]]:
    """For every operation that takes JSON, a body that its checks let pass.

    Ids in it are those of the scenario's first customer.
    """
    made, texts = scenario.made, scenario.texts
    customer = scenario.customers()[0]["id"]
    machine = made["case"]["machine"]["id"]
    price = {"amount": "24.90", "currency": "EUR"}
    names = {"en": "Lens", "nl": "Lens", "de": "Linse"}
    token = {"token": "x" * 43}
    participant = {"name": "Ines Ohm", "email": "ines@customer.example", "language": "de"}
    account = "/accounts/{account_id}"
    factors, oneself = "/accounts/me/second-factors", {"current_password": texts["password"]}
    credential = {"id": "eHg", "rawId": "eHg", "type": "public-key"}
    attestation = {"clientDataJSON": "e30", "attestationObject": "eHg"}
    assertion = {"clientDataJSON": "e30", "authenticatorData": "eHg", "signature": "eHg"}
    consent = {"purpose": "voluntary_profile", "text_id": "voluntary-profile-1"}
    voluntary = {
        "salutation": "Mrs", "job_title": "Welder", "phone": "+49 7156 1",
        "mobile": "+49 171 5550000", "interests": "Lasers",
    }  # fmt: skip
    rules = {
        name: msgspec.to_builtins([asdict(each) for each in all_rules(runtime)])
        for name, runtime in scenario.portal.estate.runtimes.items()
    }
    return {
        **{
            (name, "post", "/retention/preview"): {"rules": of_service}
            for name, of_service in rules.items()
        },
        **{(name, "post", "/internal/erasures"): {"after": str(uuid7())} for name in rules},
        **{
            (name, "post", "/retention/rule-sets/{rule_set_id}/activation"): {
                "preview_id": str(uuid7())
            }
            for name in rules
        },
        ("identity", "post", "/registrations"): {
            "given_name": "Ines", "family_name": "Ohm", "email": "ines@customer.example",
            "company": "Muster AG", "customer_number": "K 1", "country": "DE", "language": "de",
            "password": texts["password"], **voluntary, "consents": [consent],
        },
        ("identity", "patch", "/accounts/me"): {
            "given_name": "Ines", "family_name": "Ohm", "company": "Muster AG",
            "customer_number": "K 1", "country": "DE", "language": "de",
        },
        ("identity", "post", "/accounts/me/consents"): consent,
        ("identity", "put", "/accounts/me/profile"): {**voluntary, "shown": ["phone"]},
        ("identity", "post", "/accounts/{account_id}/restriction"): {"ground": "claims"},
        **{
            ("identity", "post", f"/accounts/{whose}/rights-requests"): {
                "right": "access", "words": "Everything, please.",
            }
            for whose in ("me", "{account_id}")
        },
        ("identity", "post", "/rights-requests/outside"): {
            "email": "nobody@customer.example", "language": "de", "right": "erasure",
            "words": "Forget me, please.",
        },
        ("identity", "post", "/recipient-notices/confirmation"): {
            "recipient": "Mails Ltd", "until": "2026-03-02T00:00:00Z",
        },
        ("identity", "post", "/rights-requests/follow"): token,
        ("identity", "post", "/rights-requests/{rights_request_id}/extension"): {
            "reason": "complex",
        },
        ("identity", "post", "/rights-requests/{rights_request_id}/reply"): {"text": "Done."},
        ("identity", "post", "/rights-requests/{rights_request_id}/refusal"): {
            "ground": "unfounded", "text": "As you know.",
        },
        ("identity", "post", "/advertising-objections"): token,
        ("identity", "post", "/internal/advertising"): {"account_ids": [str(uuid7())]},
        ("identity", "post", "/registrations/confirmation"): token,
        ("identity", "post", "/passwords"): {**token, "password": texts["password"]},
        ("identity", "post", "/passwords/recovery"): {"email": "nobody@customer.example"},
        ("identity", "post", "/accounts/me/address"): {
            "email": "ines.ohm@customer.example", "current_password": texts["password"],
        },
        ("identity", "post", "/accounts/address-confirmation"): token,
        ("identity", "put", "/accounts/me/notifications"): {
            "cases": True, "orders": False, "trainings": True,
        },
        ("identity", "post", "/sessions"): {
            "email": "nobody@customer.example", "password": texts["password"],
        },
        ("identity", "post", "/sessions/refresh"): {"refresh_token": "x" * 43},
        ("identity", "put", "/accounts/me/password"): {
            **oneself, "password": texts["password"],
        },
        ("identity", "post", f"{factors}/totp"): oneself,
        ("identity", "post", f"{factors}/totp/confirmation"): {"code": "000000"},
        ("identity", "delete", f"{factors}/totp"): oneself,
        ("identity", "post", f"{factors}/passkeys/options"): oneself,
        ("identity", "post", f"{factors}/passkeys"): {
            "label": "Key ring", "credential": {**credential, "response": attestation},
        },
        ("identity", "delete", f"{factors}/passkeys/{{passkey_id}}"): oneself,
        ("identity", "post", f"{factors}/recovery-codes"): oneself,
        ("identity", "post", "/sessions/second-factor"): {
            "pending": "x" * 43, "code": "000000",
        },
        ("identity", "post", "/sessions/second-factor/enrolment"): {"pending": "x" * 43},
        ("identity", "post", "/sessions/passkey"): {
            "credential": {**credential, "response": assertion},
        },
        ("identity", "post", f"{account}/second-factors/reset"): {"reason": "called_back"},
        ("identity", "put", "/organisations/{organisation_id}/second-factor"): {
            "required": False,
        },
        ("identity", "post", f"{account}/approval"): {"organisation_id": customer},
        ("identity", "post", f"{account}/assignment"): {"organisation_id": customer},
        ("identity", "post", f"{account}/role"): {"role": "member"},
        ("identity", "post", "/organisations/{organisation_id}/user-management"): {
            "agreement_reference": "A 1", "manager_account_id": str(uuid7()),
        },
        ("identity", "post", "/invitations"): {
            "email": "ines@customer.example", "language": "de", "organisation_id": customer,
        },
        ("identity", "post", "/invitations/acceptance"): {
            **token, "given_name": "Ines", "family_name": "Ohm", "country": "DE",
            "language": "de", "password": texts["password"],
        },
        ("identity", "post", f"{account}/refusal"): {"reason": "duplicate"},
        ("identity", "post", f"{account}/block"): {"reason": "misuse"},
        ("identity", "post", "/organisations"): {"name": "Beispiel AG", "country": "DE"},
        ("identity", "post", f"{account}/erasure"): {"plan_id": str(uuid7())},
        ("identity", "post", "/legal-holds"): {
            "scope": "class", "subject": "case", "ground": "A claim", "review_on": "2099-01-01",
        },
        ("identity", "patch", "/legal-holds/{hold_id}"): {"review_on": "2099-01-01"},
        ("identity", "post", "/representations"): a_contract(
            made.get("representative", customer)
        ),
        ("identity", "patch", "/representations/{representation_id}"): {
            "valid_to": "2090-01-01T00:00:00Z",
        },
        ("identity", "post", "/internal/names"): {"account_ids": [str(uuid7())]},
        ("identity", "post", "/internal/accounts"): {"after": str(uuid7()), "limit": 10},
        ("identity", "post", "/internal/standings"): {"after": str(uuid7()), "limit": 10},
        ("screening", "post", "/screenings/{account_id}/decision"): {
            "outcome": "clear", "reason": "another_person",
            "entries": [{"list_id": "un-consolidated", "entry_id": "XXi.001"}],
        },
        ("screening", "post", "/objections"): {"ground": "art_21_1"},
        ("screening", "post", f"{account}/objections"): {"ground": "art_21_1"},
        ("screening", "post", "/objections/{objection_id}/answer"): {
            "outcome": "reject", "reason": "compelling_grounds",
        },
        ("service-cases", "post", "/machines"): {
            "organisation_id": customer, "product": "Press brake", "serial_number": "X-1",
        },
        ("service-cases", "post", "/cases"): {
            "machine_id": machine, "title": "No beam", "description": "It is dark.",
            "contact_name": "Ines Ohm", "contact_phone": "+49 7156 1",
            "contact_email": "ines@customer.example", "channel": "portal",
            "notice_version": NOTICE,
        },
        ("service-cases", "post", "/cases/{case_id}/state"): {"trigger": "close"},
        ("service-cases", "put", "/cases/{case_id}/contact"): {
            "contact_name": "Ines Ohm", "contact_phone": "+49 7156 1",
            "contact_email": "ines@customer.example",
        },
        ("service-cases", "post", "/cases/{case_id}/messages"): {"text": "Still dark."},
        ("shop", "post", "/products"): {
            "sku": "LENS-80", "name": names, "price": price, "available": True,
        },
        ("shop", "patch", "/products/{product_id}"): {
            "name": names, "price": price, "available": True,
        },
        ("shop", "post", "/orders"): {
            "lines": [{"sku": "NOZZLE-15", "quantity": 1}], "expected_total": price,
            "contact": {"name": "Ines", "email": "ines@customer.example", "phone": "+49 1"},
            "delivery": {
                "street": "Weg 1", "postal_code": "80331", "city": "Ort", "country": "DE",
            },
            "channel": "portal", "notice_version": NOTICE,
        },
        ("training", "post", "/sessions"): {
            "title": names, "place": "Hall", "starts_at": "2026-06-01T08:00:00Z",
            "ends_at": "2026-06-02T08:00:00Z", "capacity": 5,
        },
        ("training", "put", "/bookings/{booking_id}/participants/{participant_id}"): participant,
        ("training", "post", "/bookings"): {
            "session_id": made["session"]["id"], "participants": [participant],
        },
    }  # fmt: skip


def a_contract(organisation_id: str) -> dict[str, str]:
    """What staff enter of a contract with a representative."""
    return {
        "organisation_id": organisation_id, "country": "DE", "contract_reference": "C 1",
        "contract_kind": "processing", "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": "2100-01-01T00:00:00Z",
    }  # fmt: skip


def things(scenario: Scenario) -> dict[str, dict[str, str]]:
    """By service and parameter, real ids of what the first customer's people have."""
    made = scenario.made
    account = {"account_id": made[scenario.person.email]}
    rule_set = {"rule_set_id": str(uuid7())}  # of nobody: by role alone
    return {
        "identity": {
            **account,
            **rule_set,
            "organisation_id": scenario.customers()[0]["id"],
            "request_id": made.get("erasure", ""),
            "hold_id": made.get("hold", ""),
            "notice_id": made.get("recipient_notice", ""),
            "rights_request_id": made.get("rights_request", ""),
            "representation_id": made.get("representation", ""),
            "invitation_id": made.get("invitation", {}).get("id", ""),
            "purpose": "voluntary_profile",
            "version": "2026-01-01",
            "passkey_id": made.get("passkey", ""),
            "session_id": made.get("sign_in", ""),
        },
        "screening": {**account, **rule_set, "objection_id": made.get("objection", "")},
        "uploads": {**account, **rule_set, "document_id": made["document"]["id"]},
        "service-cases": {**account, **rule_set, "case_id": made["case"]["id"]},
        "shop": {
            **account,
            **rule_set,
            "order_id": made["order"]["id"],
            "product_id": made["product"]["id"],
        },
        "training": {
            **account,
            **rule_set,
            "booking_id": made["booking"]["id"],
            "participant_id": made["booking"]["participants"][0]["id"],
            "session_id": made["session"]["id"],
        },
    }


@dataclass(frozen=True)
class Visitor:
    """Somebody who calls services past the front door; token None: nobody signed in."""

    portal: Portal
    token: str | None

    def call(self, service: str, method: str, path: str, **sent: Any) -> TestResponse:
        """Call a service with the headers that every change may need."""
        headers = {"Idempotency-Key": str(uuid7()), "If-Match": '"1"', **sent.pop("headers", {})}
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        client = self.portal.estate.apps[service].test_client()
        return client.open(path, method=method.upper(), headers=headers, **sent)


def person(portal: Portal, account_id: str, organisation_id: str | None, *roles: Role) -> Visitor:
    """Somebody with an active account, with these roles in the token."""
    with portal.estate.runtimes["identity"].reading() as session:
        epoch = session.get_one(Account, UUID(account_id)).epoch
    who = Principal(
        account_id=UUID(account_id),
        organisation_id=UUID(organisation_id) if organisation_id else None,
        roles=frozenset(roles or (Role.MEMBER,)),
        country="DE",
        epoch=epoch,
        session_id=str(uuid7()),
    )
    identity = portal.estate.runtimes["identity"]
    return Visitor(portal, access_token(identity.keys, who, portal.clock.now()))


def peer(
    portal: Portal, caller: str, callee: str, scope: str, age: timedelta = timedelta()
) -> Visitor:
    """Another service, with a token for this callee and scope that is so old."""
    keys = portal.estate.runtimes[caller].keys
    return Visitor(portal, service_token(keys, callee, scope, portal.clock.now() - age))


def is_problem(answer: TestResponse, *statuses: int) -> bool:
    """Whether an answer is a problem by RFC 9457 with one of these statuses."""
    body = answer.get_json(force=True, silent=True) or {}
    return (
        answer.status_code in statuses
        and answer.content_type == CONTENT_TYPE
        and body.get("status") == answer.status_code
        and {"type", "title", "detail", "trace_id"} <= set(body)
    )


def stored(runtime: Runtime) -> Iterator[tuple[str, str, Any]]:
    """Every value of every table that a service's database really has: table, column, value."""
    tables = sa.MetaData()
    tables.reflect(runtime.db.engine)
    with runtime.db.engine.connect() as connection:
        for table in tables.sorted_tables:
            for row in connection.execute(sa.select(table)).mappings():
                for column, value in row.items():
                    yield table.name, column, value


def counted(portal: Portal, service: str) -> dict[str, int]:
    """How many rows each table of a service has, the audit trail's aside."""
    tables = sa.MetaData()
    engine = portal.estate.runtimes[service].db.engine
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in tables.sorted_tables
            if not table.name.startswith("audit_")
        }
