"""Somebody with a second factor, signing in: what the tests about second factors share."""

import pyotp

from identity.models import StaffRole

from .authenticator import Device
from .factories import PASSWORD, an_account, an_organisation, own_standing, with_password

STEP_UP = {"current_password": PASSWORD}
MINE = "/accounts/me/second-factors"
NOT_ACCEPTED = (422, "/problems/passkey-refused")
FAILED = (401, "/problems/sign-in-failed", "")


def failure(answer):
    """What tells one refused sign-in from another: it must be FAILED for each."""
    return answer.status_code, answer.json["type"], answer.json["detail"]


def somebody(harness, *staff_roles, organisation=None, **facts):
    """An active account with a password."""
    organisation = organisation or harness.given(
        an_organisation(kind="operator" if staff_roles else "customer")
    )
    account = harness.given(with_password(harness, an_account(organisation, **facts)))
    for role in staff_roles:
        harness.given(StaffRole(account_id=account.id, role=role))
    harness.given(own_standing(account))
    return account


def by_password(harness, account, password=PASSWORD):
    return harness.anonymous().post("/sessions", {"email": account.email, "password": password})


def show(harness, answer, **proof):
    """Show a second factor after the right password."""
    body = {"pending": answer.json["pending"], **proof}
    return harness.anonymous().post("/sessions/second-factor", body)


def with_token(harness, answer):
    caller = harness.anonymous()
    caller.token = answer.json["access_token"]
    return caller


def options(identity):
    """What any device is asked to sign somebody in."""
    return identity.anonymous().post("/sessions/passkey/options").json


def by_passkey(identity, credential):
    return identity.anonymous().post("/sessions/passkey", {"credential": credential})


def refused(anna, credential, label="Laptop"):
    """How a passkey is refused that somebody registers."""
    answer = anna.post(f"{MINE}/passkeys", {"label": label, "credential": credential})
    return answer.status_code, answer.json["type"]


class Person:
    """The owner of an account, on one client, that goes on with its refresh token."""

    def __init__(self, harness, account):
        self.harness, self.account, self.codes, self.secret = harness, account, [], ""
        self.tokens = by_password(harness, account).json

    def refresh(self):
        answer = self.harness.anonymous().post(
            "/sessions/refresh", {"refresh_token": self.tokens["refresh_token"]}
        )
        self.tokens = answer.json
        return answer

    def call(self, method, path, json=None):
        caller = self.harness.anonymous()
        caller.token = self.tokens["access_token"]
        return caller.call(method, path, json=json)

    def post(self, path, json=None):
        return self.call("POST", path, json)

    def code(self):
        """What the app shows now."""
        return pyotp.TOTP(self.secret).at(self.harness.clock.now())

    def next_code(self):
        """What the app shows in the next step, which has come."""
        self.harness.clock.advance("PT30S")
        return self.code()

    def add_app(self):
        """Set up an authenticator app; keeps its secret and the recovery codes."""
        self.secret = self.post(f"{MINE}/totp", STEP_UP).json["secret"]
        confirmed = self.post(f"{MINE}/totp/confirmation", {"code": self.code()})
        assert confirmed.status_code == 200, confirmed.json
        self.codes = confirmed.json["recovery_codes"] or self.codes
        self.refresh()
        return self

    def add_passkey(self, device=None, label="Laptop"):
        """Register a passkey; returns its device."""
        device = device or Device()
        options = self.post(f"{MINE}/passkeys/options", STEP_UP).json
        body = {"label": label, "credential": device.create(options)}
        made = self.post(f"{MINE}/passkeys", body)
        assert made.status_code == 201, made.json
        self.codes = made.json["recovery_codes"] or self.codes
        self.refresh()
        return device
