"""No personal value leaves identity: not by event, log, problem or stored answer (S10, S12)."""

import io

import pytest

from common import logs
from common.messaging.outbox import OutboxRow
from common.web.access import Role
from common.web.idempotency import StoredAnswer
from identity.models import Account

from .factories import PASSWORD, a_registration, a_screening, mails, stored, token_in

CANARIES = {
    "given_name": "Canarygiven",
    "family_name": "Canaryfamily",
    "email": "canary@muster.example",
    "company": "Canary AG",
    "customer_number": "CANARY-7",
}


@pytest.fixture
def life(identity, customer):
    """What was logged while a person registered, was released, signed in, failed and left."""
    lines = io.StringIO()
    logs.configure("debug", lines)
    anyone = identity.anonymous()
    anyone.post("/registrations", a_registration(**CANARIES))
    (account,) = identity.rows(Account)
    link = {"token": token_in(mails(identity)[-1][2])}
    anyone.post("/registrations/confirmation", link)
    identity.when(a_screening(account.id))
    body = {"organisation_id": str(customer.id)}
    version = stored(identity, account).version
    approver = identity.sign_in(Role.APPROVER)
    approver.change("POST", f"/accounts/{account.id}/approval", version, body)
    asked = {"email": CANARIES["email"], "password": PASSWORD}
    anyone.post("/sessions", {**asked, "password": "a wrong canary"})
    tokens = anyone.post("/sessions", asked).json
    person = identity.anonymous()
    person.token = tokens["access_token"]
    person.get("/accounts/me")
    person.post("/accounts/me/deactivation")
    secrets = [PASSWORD, link["token"], tokens["refresh_token"], tokens["access_token"]]
    return secrets, lines.getvalue()


def test_no_event_holds_a_personal_value(identity, life):
    bodies = " ".join(row.body.decode() for row in identity.rows(OutboxRow))
    assert "AccountDeactivated" in bodies
    assert "canary" not in bodies.lower()


def test_no_log_line_holds_a_personal_value_or_a_secret(life):
    secrets, text = life
    assert "/accounts/me" in text
    assert "canary" not in text.lower()
    assert not any(secret in text for secret in secrets)


def test_no_stored_answer_holds_a_personal_value(identity, life):
    answers = " ".join(str(row.body) for row in identity.rows(StoredAnswer))
    assert answers
    assert "canary" not in answers.lower()


def test_no_table_holds_a_password_or_a_token(identity, life):
    secrets, _ = life
    with identity.runtime.db.engine.connect() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())
    assert "canary" in dump.lower()
    assert not any(secret in dump for secret in secrets)
