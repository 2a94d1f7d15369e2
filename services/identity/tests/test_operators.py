"""Operator commands: results on stdout, talk on stderr, an exit code that says how it went."""

import dataclasses
import os
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import jwt
import pytest
from click.testing import CliRunner

from common import logs
from common.clock import SystemClock
from common.events.catalogue import (
    AccountDeactivated,
    AccountRegistered,
    AccountSessionsEnded,
    BusinessRelationshipEnded,
    OrganisationRegistered,
)
from common.ids import uuid7
from common.messaging.brokers.embedded import EmbeddedBroker
from common.privacy.audit import AuditEntry
from common.processes import command_line
from common.web.access import Role
from identity import operators
from identity.app import service
from identity.models import (
    Account,
    AuthenticatorApp,
    ContractKind,
    Organisation,
    OrganisationKind,
    Representation,
    StaffRole,
)
from identity.operators import accounts as account_commands
from identity.rules.states import State

from .factories import (
    PASSWORD,
    a_screening,
    an_account,
    mails,
    own_standing,
    stored,
    token_in,
    with_password,
)

SVEN = [
    "staff", "add", "--email", "sven@operator.example", "--given-name", "Sven",
    "--family-name", "Staff", "--language", "de", "--role", "approver", "--role", "dpo",
]  # fmt: skip


@pytest.fixture
def environment(identity, monkeypatch):
    """What an operator's process is told, and no variable of ours beside it."""
    for name in [name for name in os.environ if name.startswith(("PORTAL_", "IDENTITY_"))]:
        monkeypatch.delenv(name)
    told = {
        "PORTAL_PROFILE": "development",
        "PORTAL_BROKER_URL": "embedded:",
        "PORTAL_KEYS_DIR": str(identity.folder / "keys"),
        "IDENTITY_DATABASE_URL": f"sqlite:///{identity.folder}/identity.sqlite",
        "IDENTITY_BCRYPT_COST": "4",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run_alone(identity, environment):
    """Function that runs a command as an operator does, in a process of its own."""

    def command(*arguments, typed=""):
        done = subprocess.run(
            [sys.executable, "-m", "identity", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
        )
        identity.clock.instant = SystemClock().now()
        return done

    return command


@pytest.fixture
def run(identity, environment):
    """Function that runs a command in this process, because that is faster."""
    commands = command_line(service, operators.COMMANDS)

    def command(*arguments, typed=""):
        done = CliRunner().invoke(commands, arguments, input=typed)
        logs.configure("info")
        if not isinstance(done.exception, SystemExit | None):
            raise done.exception
        identity.clock.instant = SystemClock().now()
        return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)

    return command


def rows_of(done):
    """What a command listed."""
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def restarted(identity, **settings):
    """The same service, data and clock, in a new process with other settings."""
    identity.runtime.close()
    told = dataclasses.replace(identity.runtime.settings, **settings)
    identity.runtime = service.runtime(told, clock=identity.clock, broker=EmbeddedBroker())
    identity.app = service.create_app(identity.runtime)


def sign_in(identity, account, password=PASSWORD):
    asked = {"email": account.email, "password": password}
    return identity.anonymous().post("/sessions", asked)


def refresh(identity, answer):
    asked = {"refresh_token": answer.json["refresh_token"]}
    return identity.anonymous().post("/sessions/refresh", asked).status_code


def reads(identity, answer):
    """Whether the access token of an answer still lets its owner read the own account."""
    caller = identity.anonymous()
    caller.token = answer.json["access_token"]
    return caller.get("/accounts/me").status_code


def noted(identity, subject):
    """What operators did to something, in order."""
    where = (AuditEntry.actor == "operator", AuditEntry.subject == str(subject))
    return [entry.action for entry in identity.rows(AuditEntry, *where)]


def signed_in(identity, organisation, **facts):
    """An active account whose owner is signed in, and the tokens."""
    account = identity.given(with_password(identity, an_account(organisation, **facts)))
    identity.given(own_standing(account))
    identity.clock.instant = SystemClock().now()
    answer = sign_in(identity, account)
    assert answer.status_code == 201
    return account, answer


# ------------------------------------------------------------------------------------- staff


def test_appointed_staff_choose_a_password_and_are_active_when_screening_is_clear(
    identity, run_alone
):
    done = run_alone(*SVEN)
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
    assert "account.appoint" in noted(identity, account.id)
    assert noted(identity, organisation.id) == ["organisation.register"]
    chosen = {"token": token_in(mails(identity)[0][2]), "password": "chosen with great care"}
    assert identity.anonymous().post("/passwords", chosen).status_code == 204
    identity.when(a_screening(account.id))
    asked = {"email": "sven@operator.example", "password": "chosen with great care"}
    assert identity.anonymous().post("/sessions", asked).status_code == 201


def test_a_password_may_be_given_on_standard_input(identity, run_alone):
    done = run_alone(*SVEN, "--password-stdin", typed="typed by the operator\n")
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


def test_staff_are_listed_by_id_without_their_names(identity, operator, customer, run):
    boss = identity.given(an_account(operator))
    identity.given(StaffRole(account_id=boss.id, role=Role.DPO))
    identity.given(StaffRole(account_id=boss.id, role=Role.ADMIN))
    identity.given(an_account(customer))
    identity.given(an_account(operator, State.ERASED))
    assert rows_of(run("staff", "list")) == [
        [str(boss.id), "active", "admin,dpo", "2026-03-01T09:00:00Z"]
    ]


def test_other_roles_replace_those_of_before_and_what_is_signed_in_ends(identity, operator, run):
    boss, answer = signed_in(identity, operator)
    identity.given(StaffRole(account_id=boss.id, role=Role.ADMIN))
    assert run("staff", "roles", str(boss.id), "--role", "dpo", "--role", "dpo").returncode == 0
    assert [row.role for row in identity.rows(StaffRole)] == [Role.DPO]
    assert identity.published() == [
        AccountSessionsEnded(account_id=boss.id, organisation_id=operator.id, epoch=2)
    ]
    assert (reads(identity, answer), refresh(identity, answer)) == (401, 401)
    assert noted(identity, boss.id) == ["account.assign-roles", "account.end-sessions"]
    roles = jwt.decode(
        sign_in(identity, boss).json["access_token"], options={"verify_signature": False}
    )["roles"]
    assert roles == ["dpo"]


def test_a_dismissed_member_of_staff_is_deactivated(identity, operator, run):
    boss, answer = signed_in(identity, operator)
    assert run("staff", "dismiss", str(boss.id)).returncode == 0
    assert stored(identity, boss).state is State.DEACTIVATED
    assert len([each for each in identity.published() if isinstance(each, AccountDeactivated)]) == 1
    assert reads(identity, answer) == 401
    assert noted(identity, boss.id) == ["account.deactivate"]
    again = run("staff", "dismiss", str(boss.id))
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)


def test_the_commands_for_staff_leave_customers_alone(identity, customer, run):
    account = identity.given(an_account(customer))
    for command in (["dismiss"], ["roles", "--role", "admin"]):
        done = run("staff", *command, str(account.id))
        assert (done.returncode, done.stderr) == (1, "Error: There is no such account.\n")
    assert stored(identity, account).state is State.ACTIVE
    assert identity.rows(StaffRole) == []


# ----------------------------------------------------------- organisations and representatives


def test_a_customer_is_entered(identity, run):
    done = run("organisation", "add", "Muster AG", "DE")
    (row,) = identity.rows(Organisation)
    assert (done.returncode, UUID(done.stdout.strip())) == (0, row.id)
    assert (row.name, row.kind) == ("Muster AG", OrganisationKind.CUSTOMER)
    assert run("organisation", "add", "Muster AG", "XX").returncode == 2


def test_a_relation_is_ended_once(identity, customer, run):
    assert run("organisation", "end", str(customer.id)).returncode == 0
    assert identity.published() == [BusinessRelationshipEnded(organisation_id=customer.id)]
    assert noted(identity, customer.id) == ["organisation.end"]
    for wrong in (customer.id, uuid7()):
        done = run("organisation", "end", str(wrong))
        assert (done.returncode, done.stdout) == (1, "")
    assert rows_of(run("organisation", "list"))[0][1:4] == [
        "customer",
        "DE",
        "2026-03-01T09:00:00Z",
    ]


def test_a_representative_is_appointed_screened_and_signs_in_while_a_contract_is_valid(
    identity, run
):
    agency = run("organisation", "add", "Agency", "ES", "--kind", "representative").stdout.strip()
    carla = ["--email", "carla@agency.example", "--given-name", "Carla", "--family-name", "Cruz"]
    appointed = run(
        "representative", "add", "--organisation", agency, *carla, "--password-stdin",
        typed="a long way to go\n",
    )  # fmt: skip
    account = identity.rows(Account)[0]
    assert (appointed.returncode, appointed.stdout.strip()) == (0, str(account.id))
    assert (account.role, account.state) == (Role.REPRESENTATIVE, State.SCREENING)
    assert identity.rows(StaffRole) == []
    identity.when(a_screening(account.id))
    assert sign_in(identity, account, "a long way to go").status_code == 401
    at = identity.clock.now()
    identity.given(
        Representation(
            organisation_id=UUID(agency),
            country="ES",
            contract_reference="C-1",
            contract_kind=ContractKind.JOINT,
            valid_from=at,
            valid_to=at + timedelta(days=1),
            created_by=uuid7(),
        )
    )
    assert sign_in(identity, account, "a long way to go").status_code == 201
    assert rows_of(run("representative", "list")) == [[str(account.id), "active", agency, "ES"]]


def test_a_representative_acts_for_a_representative(identity, customer, run):
    carla = ["--email", "carla@agency.example", "--given-name", "Carla", "--family-name", "Cruz"]
    done = run("representative", "add", "--organisation", str(customer.id), *carla)
    assert (done.returncode, done.stderr) == (1, "Error: There is no such representative.\n")
    assert identity.rows(Account) == []


# ----------------------------------------------------------------------- accounts and sessions


def test_a_new_link_for_a_password_is_mailed(identity, run, customer):
    account = identity.given(an_account(customer))
    assert run("account", "mail-password-link", str(account.id)).returncode == 0
    assert len(mails(identity)) == 1
    erased = identity.given(an_account(customer, State.ERASED))
    assert run("account", "mail-password-link", str(erased.id)).returncode == 1
    assert stored(identity, account).state is State.ACTIVE


def test_an_account_is_shown_without_what_the_person_entered_unless_asked(identity, customer, run):
    account = identity.given(an_account(customer, customer_number="C-7"))
    shown = dict(rows_of(run("account", "show", str(account.id))))
    assert shown["id"] == str(account.id)
    assert (shown["state"], shown["roles"]) == ("active", "member")
    assert (shown["approved_at"], shown["deactivated_at"]) == ("2026-03-01T09:00:00Z", "-")
    assert not {"Anna", "Muster", account.email, "C-7"} & set(shown.values())
    entered = dict(rows_of(run("account", "show", str(account.id), "--personal")))
    assert (entered["given_name"], entered["email"]) == ("Anna", account.email)
    assert noted(identity, account.id) == ["account.read", "account.read-personal"]
    assert not any("password" in name for name in entered)


def test_an_erased_account_is_not_shown(identity, customer, run):
    erased = identity.given(an_account(customer, State.ERASED))
    assert run("account", "show", str(erased.id), "--personal").returncode == 1
    assert noted(identity, erased.id) == []


def test_the_sessions_of_one_account_end(identity, customer, run):
    anna, hers = signed_in(identity, customer)
    _, others = signed_in(identity, customer)
    identity.forget_published()
    assert run("sessions", "end", str(anna.id)).stdout == "1\n"
    assert (reads(identity, hers), refresh(identity, hers)) == (401, 401)
    assert (reads(identity, others), refresh(identity, others)) == (200, 200)
    assert identity.published() == [
        AccountSessionsEnded(account_id=anna.id, organisation_id=customer.id, epoch=2)
    ]
    assert noted(identity, anna.id) == ["account.end-sessions"]


def test_the_sessions_of_all_accounts_end(identity, customer, operator, run, monkeypatch):
    monkeypatch.setattr(account_commands, "AT_A_TIME", 2)
    people = [signed_in(identity, each) for each in (customer, operator, customer, customer)]
    asleep = identity.given(an_account(customer))
    assert run("sessions", "end", "--all").stdout == "4\n"
    for account, answer in people:
        assert (reads(identity, answer), refresh(identity, answer)) == (401, 401)
        assert noted(identity, account.id) == ["account.end-sessions"]
    assert stored(identity, asleep).epoch == 1
    assert run("sessions", "end", "--all").stdout == "0\n"


def test_whose_sessions_end_is_said_and_not_guessed(identity, run):
    for arguments in ([], ["--all", str(uuid7())]):
        assert run("sessions", "end", *arguments).returncode == 2
    assert run("sessions", "end", str(uuid7())).returncode == 1


# -------------------------------------------------------------------------- keys and peppers


def kid_of(answer):
    return jwt.get_unverified_header(answer.json["access_token"])["kid"]


def test_a_signing_key_is_changed_with_overlap_and_then_retired(identity, customer, run):
    anna, before = signed_in(identity, customer)
    kid = run("keys", "rotate", "identity").stdout.strip()
    assert kid_of(sign_in(identity, anna)) == kid_of(before)
    restarted(identity)
    after = sign_in(identity, anna)
    assert (kid_of(after), kid_of(before) == kid) == (kid, False)
    assert (reads(identity, before), reads(identity, after)) == (200, 200)
    known = {tuple(each) for each in rows_of(run("keys", "status"))}
    assert {("identity", kid, "current"), ("identity", kid_of(before), "previous")} <= known
    assert run("keys", "retire", kid_of(before)).returncode == 0
    assert (reads(identity, before), reads(identity, after)) == (401, 200)
    assert (noted(identity, kid), noted(identity, kid_of(before))) == (
        ["key.rotate"], ["key.retire"]
    )  # fmt: skip


def test_what_cannot_be_done_with_a_key_is_one_sentence_and_leaves_no_trace(identity, run):
    (current,) = (kid for name, kid, _ in rows_of(run("keys", "status")) if name == "identity")
    for arguments in (["retire", current], ["retire", "identity-0"], ["rotate", "nobody"]):
        done = run("keys", *arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert identity.rows(AuditEntry) == []


def test_the_pepper_is_changed_with_overlap_and_hashes_are_renewed(
    identity, customer, run, monkeypatch
):
    restarted(identity, pepper="1:first")
    anna, _ = signed_in(identity, customer)
    monkeypatch.setenv("IDENTITY_PEPPER", "2:second,1:first")
    restarted(identity, pepper="2:second,1:first")
    told = run("peppers", "status")
    assert rows_of(told) == [["password", "1", "4", "1", "listed"]]
    assert told.stderr == "IDENTITY_PEPPER must still list 1.\n"
    assert sign_in(identity, anna).status_code == 201
    told = run("peppers", "status")
    assert rows_of(told) == [["password", "2", "4", "1", "current"]]
    assert told.stderr == "IDENTITY_PEPPER needs no more 1.\n"
    restarted(identity, pepper="2:second")
    assert sign_in(identity, anna).status_code == 201


def test_control_without_the_overlap_nobody_signs_in_and_the_status_says_why(
    identity, customer, run, monkeypatch
):
    restarted(identity, pepper="1:first")
    anna, _ = signed_in(identity, customer)
    restarted(identity, pepper="2:second")
    assert sign_in(identity, anna).status_code == 401
    monkeypatch.setenv("IDENTITY_PEPPER", "2:second")
    told = run("peppers", "status")
    assert (told.returncode, told.stdout) == (1, "password\t1\t4\t1\tmissing\n")
    assert told.stderr == "Error: IDENTITY_PEPPER does not list 1.\n"


def test_secrets_sealed_under_a_pepper_need_it_too(identity, customer, run, monkeypatch):
    anna = identity.given(an_account(customer))
    at = identity.clock.now()
    identity.given(
        AuthenticatorApp(account_id=anna.id, sealed_secret="x", pepper_id="1", created_at=at)
    )
    monkeypatch.setenv("IDENTITY_PEPPER", "2:second,1:first")
    told = run("peppers", "status")
    assert rows_of(told) == [["authenticator", "1", "-", "1", "listed"]]
    assert told.stderr == "IDENTITY_PEPPER must still list 1.\n"


def test_every_command_says_what_it_does(run):
    groups = {each.name: each for each in operators.COMMANDS}
    for name, group in groups.items():
        assert name in run("--help").stdout
        for command in group.commands.values():
            shown = run(name, command.name, "--help")
            assert (shown.returncode, command.help.split(".")[0][:20] in shown.stdout) == (0, True)


# --------------------------------------------------------------------------- privacy notices


def test_an_operator_publishes_a_folder_and_lists_what_there_is(run, tmp_path):
    folder = tmp_path / "2027-01-01-CH"
    folder.mkdir()
    for language, text in {"en": "# Notice", "nl": "# Verklaring", "de": "# Hinweise"}.items():
        (folder / f"{language}.md").write_text(text)
    assert run("notices", "publish", str(folder)).stdout == "2027-01-01-CH\n"
    rows = run("notices", "list").stdout.splitlines()
    assert [row.split("\t")[0] for row in rows] == ["2027-01-01-CH", "2026-01-01"]


@pytest.mark.parametrize("name", ["notice", "2027-13-01", "2027-01-01-Switzerland"])
def test_a_folder_that_is_not_named_by_its_day_is_refused(run, tmp_path, name):
    (tmp_path / name).mkdir()
    refused = run("notices", "publish", str(tmp_path / name))
    assert (refused.returncode, "2027-01-01-CH" in refused.stderr) == (1, True)


def test_a_folder_that_lacks_a_language_is_refused(run, tmp_path):
    (tmp_path / "2027-01-01").mkdir()
    (tmp_path / "2027-01-01" / "en.md").write_text("# Notice")
    refused = run("notices", "publish", str(tmp_path / "2027-01-01"))
    assert (refused.returncode, "nl.md" in refused.stderr) == (1, True)
