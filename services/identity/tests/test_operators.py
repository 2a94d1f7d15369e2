"""Operator commands: results on stdout, talk on stderr, an exit code that says how it went."""

import os
import subprocess
import sys
from uuid import UUID

import pytest

from common.clock import SystemClock
from common.events.catalogue import AccountRegistered, OrganisationRegistered
from common.privacy.audit import AuditEntry
from common.web.access import Role
from identity.models import Account, Organisation, OrganisationKind, StaffRole
from identity.rules.states import State

from .factories import a_screening, an_account, mails, stored, token_in

SVEN = [
    "staff", "add", "--email", "sven@operator.example", "--given-name", "Sven",
    "--family-name", "Staff", "--language", "de", "--role", "approver", "--role", "dpo",
]  # fmt: skip


@pytest.fixture
def run(identity):
    """Function that runs a command as an operator does, in a process of its own."""
    settings = {
        "PORTAL_PROFILE": "development",
        "PORTAL_BROKER_URL": "embedded:",
        "PORTAL_KEYS_DIR": str(identity.folder / "keys"),
        "IDENTITY_DATABASE_URL": f"sqlite:///{identity.folder}/identity.sqlite",
        "IDENTITY_BCRYPT_COST": "4",
    }
    ours = ("PORTAL_", "IDENTITY_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}

    def command(*arguments, typed=""):
        done = subprocess.run(
            [sys.executable, "-m", "identity", *arguments],
            env={**inherited, **settings},
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
        )
        identity.clock.instant = SystemClock().now()
        return done

    return command


def test_appointed_staff_choose_a_password_and_are_active_when_screening_is_clear(identity, run):
    done = run(*SVEN)
    (account,) = identity.rows(Account)
    assert (done.returncode, UUID(done.stdout.strip())) == (0, account.id)
    assert account.state is State.SCREENING
    assert {row.role for row in identity.rows(StaffRole)} == {Role.APPROVER, Role.DPO}
    (organisation,) = identity.rows(Organisation)
    assert organisation.kind is OrganisationKind.OPERATOR
    assert account.organisation_id == organisation.id
    assert identity.published() == [
        OrganisationRegistered(organisation_id=organisation.id),
        AccountRegistered(account_id=account.id, organisation_id=organisation.id, epoch=1),
    ]
    noted = {(entry.actor, entry.action) for entry in identity.rows(AuditEntry)}
    assert noted >= {("operator", "account.appoint"), ("operator", "organisation.register")}
    chosen = {"token": token_in(mails(identity)[0][2]), "password": "chosen by sven"}
    assert identity.anonymous().post("/passwords", chosen).status_code == 204
    identity.when(a_screening(account.id))
    asked = {"email": "sven@operator.example", "password": "chosen by sven"}
    assert identity.anonymous().post("/sessions", asked).status_code == 201


def test_a_password_may_be_given_on_standard_input(identity, run):
    done = run(*SVEN, "--password-stdin", typed="typed by the operator\n")
    assert done.returncode == 0
    assert mails(identity) == []
    identity.when(a_screening(UUID(done.stdout.strip())))
    asked = {"email": "sven@operator.example", "password": "typed by the operator"}
    assert identity.anonymous().post("/sessions", asked).status_code == 201


def test_nobody_is_appointed_twice(identity, run):
    identity.given(an_account(address="sven@operator.example"))
    done = run(*SVEN)
    assert (done.returncode, done.stdout) == (1, "")
    assert "already" in done.stderr
    assert len(identity.rows(Account)) == 1


def test_what_does_not_fit_is_named_and_not_done(identity, run):
    wrong = ["--email", "canary", "--country", "XX", "--password-stdin"]
    done = run(*SVEN, *wrong, typed="short\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert all(f"{field}: " in done.stderr for field in ("email", "country", "password"))
    assert "canary" not in done.stderr
    assert run(*SVEN, "--role", "member").returncode == 2
    assert identity.rows(Account) == []


def test_a_customer_is_entered(identity, run):
    done = run("organisation", "add", "Muster AG", "DE")
    (row,) = identity.rows(Organisation)
    assert (done.returncode, UUID(done.stdout.strip())) == (0, row.id)
    assert (row.name, row.kind) == ("Muster AG", OrganisationKind.CUSTOMER)
    assert run("organisation", "add", "Muster AG", "XX").returncode == 2


def test_a_new_link_for_a_password_is_mailed(identity, run, customer):
    account = identity.given(an_account(customer))
    assert run("account", "mail-password-link", str(account.id)).returncode == 0
    assert len(mails(identity)) == 1
    erased = identity.given(an_account(customer, State.ERASED))
    assert run("account", "mail-password-link", str(erased.id)).returncode == 1
    assert stored(identity, account).state is State.ACTIVE
