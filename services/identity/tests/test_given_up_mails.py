"""Operators' commands for mails that were given up (S4, S12)."""

import os

import pytest
from click.testing import CliRunner

from common import logs
from common.privacy.audit import AuditEntry
from common.processes import command_line
from identity import operators
from identity.app import service
from identity.models import Mail, MailKind

from .factories import AT, an_account, mails

ABSENT = "01890000-0000-7000-8000-000000000000"
"""Id of nobody."""


@pytest.fixture
def command(identity, monkeypatch):
    """Function that runs an operator's command on two mails that were given up."""
    told = {
        "PORTAL_PROFILE": "development",
        "PORTAL_BROKER_URL": "embedded:",
        "PORTAL_KEYS_DIR": str(identity.folder / "keys"),
        "IDENTITY_DATABASE_URL": f"sqlite:///{identity.folder}/identity.sqlite",
    }
    for name in [name for name in os.environ if name.startswith(("PORTAL_", "IDENTITY_"))]:
        monkeypatch.delenv(name)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    for kind in (MailKind.RECOVER, MailKind.RELEASED):
        account = identity.given(an_account())
        mail = Mail(account_id=account.id, kind=kind, next_try_at=AT, attempts=11, given_up_at=AT)
        identity.given(mail)
    waiting = identity.given(an_account())
    identity.given(Mail(account_id=waiting.id, kind=MailKind.RELEASED, next_try_at=AT, attempts=1))

    def run(*words):
        done = CliRunner().invoke(command_line(service, operators.COMMANDS), ["mails", *words])
        logs.configure("info")
        return done

    return run


def test_an_operator_sees_what_was_given_up_and_no_address(identity, command):
    answer = command("list")
    first, second = (line.split("\t") for line in answer.stdout.splitlines())
    assert first[1:] == ["recover", "11", "2026-03-01T09:00:00Z"]
    assert second[1:] == ["released", "11", "2026-03-01T09:00:00Z"]
    assert "@" not in answer.stdout


def left(identity):
    """Kinds and attempts of the mails there are, and whether they were given up."""
    rows = sorted(identity.rows(Mail), key=lambda row: (row.attempts, row.kind))
    return [(row.kind.value, row.attempts, row.given_up_at is not None) for row in rows]


def test_an_operator_has_one_tried_again(identity, command):
    (mail,) = identity.rows(Mail, Mail.kind == MailKind.RECOVER)
    assert command("retry", str(mail.account_id), "recover").exit_code == 0
    assert left(identity) == [("recover", 0, False), ("released", 1, False), ("released", 11, True)]
    (entry,) = identity.rows(AuditEntry)
    assert (entry.actor, entry.action) == ("operator", "mail.retry")
    identity.clock.advance("P300D")
    assert len(mails(identity)) == 2


def test_an_operator_has_all_tried_again_or_drops_them(identity, command):
    assert command("retry", "--all").exit_code == 0
    assert left(identity) == [("recover", 0, False), ("released", 0, False), ("released", 1, False)]
    assert command("drop", "--all").exit_code == 0
    assert len(left(identity)) == 3


def test_an_operator_drops_what_was_given_up_and_nothing_that_waits(identity, command):
    assert command("drop", "--all").exit_code == 0
    assert left(identity) == [("released", 1, False)]
    assert {entry.action for entry in identity.rows(AuditEntry)} == {"mail.drop"}


@pytest.mark.parametrize(
    "words",
    [
        ("retry",),
        ("drop",),
        ("retry", ABSENT),
        ("retry", ABSENT, "recover", "--all"),
        ("drop", ABSENT, "no-such-kind"),
    ],
    ids=str,
)
def test_what_is_not_named_clearly_is_neither_tried_nor_dropped(identity, command, words):
    assert command(*words).exit_code == 2
    assert len(identity.rows(Mail)) == 3


def test_a_mail_that_was_not_given_up_is_not_found(identity, command):
    (waiting,) = identity.rows(Mail, Mail.attempts == 1)
    answer = command("drop", str(waiting.account_id), "released")
    assert answer.exit_code == 1
    assert len(identity.rows(Mail)) == 3
