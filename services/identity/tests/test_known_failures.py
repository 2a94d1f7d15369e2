"""What went wrong elsewhere, and the test that it does not here.

| failure                                                 | shown by                              |
|---------------------------------------------------------|---------------------------------------|
| Keycloak #37981: disabled, and the sessions go on       | test_sessions.py::test_disabling_an_account_leaves_no_session_alive |
| Keycloak #47080: another organisation's invitation      | test_invitations.py::test_nobody_acts_on_another_organisations_invitation |
| Keycloak #34049: an expiry of 54 years                  | test_invitation_acceptance.py::test_no_invitation_lives_longer_than_thirty_days |
| Keycloak #48888: time tells who has an account          | test_sign_in.py::test_every_failure_runs_the_same_statements |
| Keycloak #26625: sending mail tells who has an account  | test_recovery_requests.py::test_the_request_runs_the_same_statements_for_everybody_and_sends_nothing |
| Keycloak #31296: a restart forgets revocations          | test_sessions.py::test_what_was_ended_stays_ended_after_a_restart |
| CVE-2026-16072: an administrator reads the invitation   | test_invitations.py::test_the_inviter_sees_the_address_and_never_the_link |
| Supabase: a token is good after a ban                   | test_sessions.py::test_a_block_voids_the_tokens_at_once |
| ZITADEL #10344: an event without its subject's id       | test_known_failures.py::test_every_event_names_whom_or_what_it_is_about |
| bcrypt: 73 bytes, cut or an error                       | test_passwords.py::test_characters_past_the_seventy_second_byte_count |
"""  # noqa: E501 - names of tests are not broken

import dataclasses
import re
import typing
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from common.events.catalogue import (
    _EVENTS,
    AuditHeadAnchored,
    SanctionsListUpdated,
    kind_of,
)
from common.events.envelope import Undecodable, decode, encode
from common.ids import uuid7
from common.messaging.outbox import OutboxRow
from common.web.access import Role

from .factories import a_registration, a_screening, an_account, an_organisation, mails, token_in

HERE = Path(__file__).parent
ROW = re.compile(r"^\| (.+?) +\| ([\w]+\.py)::(\w+) +\|$", re.MULTILINE)


def missing(table):
    """Rows whose test is not there."""
    return [
        failure
        for failure, file, name in ROW.findall(table)
        if not (HERE / file).is_file() or f"def {name}(" not in (HERE / file).read_text()
    ]


def test_every_known_failure_has_a_test():
    assert len(ROW.findall(__doc__)) == 10
    assert missing(__doc__) == []


def test_a_known_failure_without_a_test_is_found():
    """Control: the table is looked at."""
    row = "| Nobody #1: nothing | test_known_failures.py::test_that_nobody_wrote |"
    assert missing(row) == ["Nobody #1: nothing"]


def test_every_event_names_whom_or_what_it_is_about(identity):
    """ZITADEL #10344: whoever consumed such an event could not tell whom it was about.

    A registration, a confirmation and an organisation's end: each message names its subject
    twice, in the envelope and in the data, as an id and the same one.
    """
    customer = identity.given(an_organisation())
    admin = identity.sign_in(Role.ADMIN)
    block = {"reason": "other"}
    account = identity.given(an_account(customer))
    admin.change("POST", f"/accounts/{account.id}/block", 1, block)
    admin.change("POST", f"/organisations/{customer.id}/end-of-relation", 1)
    identity.anonymous().post("/registrations", a_registration())
    token = token_in(mails(identity)[-1][2])
    identity.anonymous().post("/registrations/confirmation", {"token": token})
    messages = [decode(row.body) for row in identity.rows(OutboxRow)]
    assert len(messages) >= 3
    for envelope, event in messages:
        subject = getattr(event, kind_of(type(event)).subject)
        assert isinstance(subject, UUID)
        assert envelope.subject == str(subject)


def test_no_event_is_declared_whose_subject_may_be_missing():
    assert len(_EVENTS) > 20
    for kind in _EVENTS:
        facts = kind_of(kind)
        field = next(each for each in dataclasses.fields(kind) if each.name == facts.subject)
        hint = typing.get_type_hints(kind)[facts.subject]
        about_nobody = kind in (AuditHeadAnchored, SanctionsListUpdated)
        assert hint is (str if about_nobody else UUID), kind
        assert field.default is dataclasses.MISSING, kind


def test_an_event_without_its_subjects_id_is_not_taken(identity):
    """Whoever sends one all the same: it is parked, and handled as nobody's."""
    envelope, event = decode(identity.message(a_screening(uuid7())).body)
    nameless = {
        name: value
        for name, value in msgspec.to_builtins(event).items()
        if name != kind_of(type(event)).subject
    }
    data = msgspec.Raw(msgspec.json.encode(nameless))
    with pytest.raises(Undecodable):
        decode(encode(msgspec.structs.replace(envelope, data=data)))
    assert decode(encode(envelope))[1] == event
