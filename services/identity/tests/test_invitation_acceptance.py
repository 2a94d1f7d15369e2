"""Invitations that are accepted or forgotten: by their link alone, once, in 30 days (S47, S48)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.events.catalogue import (
    AccountActivated,
    AccountRegistered,
    InvitationAccepted,
    InvitationExpired,
    InvitationSent,
)
from common.messaging.outbox import OutboxRow
from common.privacy.audit import AuditEntry
from common.web.access import Role
from common.web.idempotency import StoredAnswer
from identity import erasures
from identity.accounts import locked
from identity.models import Account
from identity.rules.invitations import InvitationState, expiry_of
from identity.rules.states import State

from .factories import (
    AT,
    a_registration,
    a_screening,
    an_account,
    an_organisation,
    mails,
    stored,
    token_in,
)
from .test_invitations import ADDRESS, a_person, invite, only, withdraw


def invited(identity, manager, email=ADDRESS):
    """The secret of the link that the invited person got."""
    invite(manager, email)
    return token_in(mails(identity)[-1][2])


def accept(identity, token, **entered):
    body = a_person(token=token, **entered)
    return identity.anonymous().post("/invitations/acceptance", body)


def account_of(identity, address=ADDRESS):
    (account,) = identity.rows(Account, Account.email_key == address.casefold())
    return account


def test_who_accepts_has_an_account_that_is_approved_and_still_to_be_screened(
    identity, managed, manager
):
    token = invited(identity, manager)
    assert accept(identity, token).status_code == 204
    account, row = account_of(identity), only(identity)
    assert (account.state, account.organisation_id, account.role) == (
        State.SCREENING, managed.id, Role.MEMBER
    )  # fmt: skip
    assert (account.email, account.approved_by) == (ADDRESS, manager.account.id)
    assert (row.state, row.account_id) == (InvitationState.ACCEPTED, account.id)
    assert (row.email, row.email_key, row.language, row.token_hash) == (None,) * 4
    of = {"invitation_id": row.id, "organisation_id": managed.id}
    assert identity.published() == [
        InvitationSent(**of),
        InvitationAccepted(account_id=account.id, **of),
        AccountRegistered(account_id=account.id, organisation_id=managed.id, epoch=1),
    ]
    identity.when(a_screening(account.id))
    assert stored(identity, account).state is State.ACTIVE
    assert identity.published(AccountActivated)


def test_a_link_is_good_once(identity, manager):
    token = invited(identity, manager)
    assert accept(identity, token).status_code == 204
    refused = accept(identity, token, given_name="Other")
    assert (refused.status_code, refused.json["type"]) == (404, "/problems/link-not-valid")
    assert account_of(identity).given_name == "Ines"


@pytest.mark.parametrize(
    "more", [{"email": "x@y.example"}, {"organisation_id": "1"}, {"role": "user_manager"}]
)
def test_address_organisation_and_role_are_the_invitations_own(identity, manager, more):
    answer = accept(identity, invited(identity, manager), **more)
    assert answer.status_code == 422
    assert len(identity.rows(Account)) == 1


def test_a_password_close_to_the_person_is_refused_and_the_link_stays_good(identity, manager):
    token = invited(identity, manager)
    assert accept(identity, token, password="Ines Ohm muster").status_code == 422
    assert accept(identity, token).status_code == 204


def test_nobody_accepts_for_a_customer_whose_relation_has_ended(identity, managed, manager):
    token = invited(identity, manager)
    path = f"/organisations/{managed.id}/end-of-relation"
    identity.sign_in(Role.ADMIN).change("POST", path, 1)
    assert accept(identity, token).status_code == 404
    assert only(identity).email is None


def test_nobody_accepts_what_a_manager_sent_when_user_management_is_off(identity, managed, manager):
    token = invited(identity, manager)
    path = f"/organisations/{managed.id}/user-management"
    identity.sign_in(Role.ADMIN).change("DELETE", path, 1)
    assert accept(identity, token).status_code == 404


def test_an_unconfirmed_registration_keeps_nobody_from_accepting(identity, managed, manager):
    """Whoever typed the address shows nothing; what stood in the form goes."""
    stranger = a_registration(email=ADDRESS, given_name="Stranger", company="Evil AG")
    identity.anonymous().post("/registrations", stranger)
    token = invited(identity, manager)
    assert accept(identity, token).status_code == 204
    account = account_of(identity)
    assert (account.given_name, account.company, account.state) == ("Ines", None, State.SCREENING)


def test_who_got_an_account_meanwhile_gets_no_second_one(identity, manager):
    token = invited(identity, manager)
    identity.given(an_account(address=ADDRESS))
    assert accept(identity, token).status_code == 404
    assert account_of(identity).given_name == "Anna"


def test_what_an_invited_person_enters_is_described_as_the_form_checks_it(identity):
    fields = identity.anonymous().get("/invitations/schema").json["fields"]
    assert {each["name"] for each in fields if each["required"]} == {
        "given_name", "family_name", "country", "language", "password"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sent_at", "expires_at"),
    [
        ("2026-03-01T12:00:00", "2026-03-31T12:00:00"),  # clocks go forward in between
        ("2026-10-10T00:30:00", "2026-11-09T00:30:00"),  # and back
        ("2028-02-01T08:00:00", "2028-03-02T08:00:00"),  # over a leap day
        ("2027-02-01T08:00:00", "2027-03-03T08:00:00"),
        ("2028-01-30T23:59:59", "2028-02-29T23:59:59"),
        ("2026-12-31T00:00:00", "2027-01-30T00:00:00"),
    ],
)
def test_thirty_days_are_calendar_days_in_utc(sent_at, expires_at):
    sent, expires = (
        datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (sent_at, expires_at)
    )
    assert expiry_of(sent) == expires


@given(st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_no_invitation_lives_longer_than_thirty_days(sent_at):
    """Keycloak #34049: the arithmetic of an expiry came to 54 years."""
    assert expiry_of(sent_at) - sent_at == timedelta(days=30)


def test_an_invitation_is_good_to_the_last_second_of_its_thirty_days(identity, manager):
    token = invited(identity, manager)
    identity.clock.advance("P29DT23H59M59S")
    identity.run_steps()
    assert only(identity).state is InvitationState.SENT
    assert accept(identity, token).status_code == 204


def test_at_thirty_days_it_is_void_even_before_the_worker_came(identity, manager):
    token = invited(identity, manager)
    identity.clock.advance("P30D")
    assert accept(identity, token).status_code == 404
    assert only(identity).state is InvitationState.SENT


def test_at_thirty_days_nothing_with_the_address_is_left(identity, managed, manager):
    token = invited(identity, manager)
    identity.clock.advance("P30D")
    identity.run_steps()
    row = only(identity)
    assert (row.state, row.email, row.email_key, row.language, row.token_hash) == (
        InvitationState.EXPIRED, None, None, None, None
    )  # fmt: skip
    of = {"invitation_id": row.id, "organisation_id": managed.id}
    assert identity.published(InvitationExpired) == [InvitationExpired(**of)]
    with identity.runtime.db.engine.connect() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())
    assert str(row.id).replace("-", "") in dump
    assert ADDRESS.casefold() not in dump.casefold()
    assert token not in dump
    files = [file.read_bytes() for file in (identity.folder / "mails").iterdir()]
    assert not any(ADDRESS.encode() in each for each in files)
    bodies = [each.body for each in identity.rows(OutboxRow) + identity.rows(StoredAnswer)]
    assert not any(ADDRESS.encode() in each for each in bodies)


def test_an_invitation_that_never_went_out_expires_thirty_days_after_it_was_asked_for(
    identity_with,
):
    identity = identity_with(mail_url="smtp://127.0.0.1:1")
    managed = identity.given(an_organisation(user_management_since=AT))
    invite(identity.sign_in(Role.USER_MANAGER, organisation_id=managed.id))
    for _ in range(12):
        identity.run_steps()
        identity.clock.advance("PT12H")
    assert (only(identity).sent_at, only(identity).next_try_at) == (None, None)
    identity.clock.advance("P24DT1S")
    identity.run_steps()
    assert (only(identity).state, only(identity).email) == (InvitationState.EXPIRED, None)


def test_a_refused_mail_is_tried_again_and_the_days_run_from_when_it_went(identity_with, tmp_path):
    identity = identity_with(mail_url="smtp://127.0.0.1:1")
    managed = identity.given(an_organisation(user_management_since=AT))
    invite(identity.sign_in(Role.USER_MANAGER, organisation_id=managed.id))
    identity.run_steps()
    assert (only(identity).attempts, only(identity).sent_at) == (1, None)
    identity.clock.advance("PT1M")
    later = identity_with(mail_url=f"folder:{tmp_path}/mails")
    later.clock.advance("PT1M")
    later.run_steps()
    assert only(later).sent_at == later.clock.now()


@pytest.mark.parametrize("language", ["en", "nl", "de"])
def test_the_mail_says_who_gave_the_address_what_for_and_which_rights_there_are(
    identity_with, language, tmp_path
):
    identity = identity_with(public_url="https://portal.example/")
    managed = identity.given(an_organisation(user_management_since=AT, name="Muster & Söhne {AG}"))
    manager = identity.sign_in(Role.USER_MANAGER, organisation_id=managed.id)
    invite(manager, language=language)
    ((address, _, text),) = mails(identity)
    assert address == ADDRESS
    assert f"https://portal.example/invitation?token={token_in(text)}\n" in text
    for said in (
        "Muster & Söhne {AG}",
        "30 ",
        "6",
        "14",
        "2026-01-01",
        "/privacy",
        "privacy@operator.example",
    ):
        assert said in text
    assert {"en": "supervisory authority", "nl": "toezichthoudende", "de": "Aufsichtsbehörde"}[
        language
    ] in text


def test_erasing_the_invited_person_and_the_inviter_leaves_ids_without_the_first(identity, manager):
    accept(identity, invited(identity, manager))
    account = account_of(identity)
    identity.when(a_screening(account.id))
    for each in (account, manager.account):
        with identity.runtime.transaction() as session:
            row = locked(session, each.id)
            row.state, row.deactivated_at = State.DEACTIVATED, identity.clock.now()
            session.flush()
            request = erasures.begin(session, row)
        for event in [e for e in identity.published() if getattr(e, "request_id", 0) == request.id]:
            identity.when(event)
    assert (only(identity).account_id, only(identity).invited_by) == (None, manager.account.id)


def test_every_act_is_in_the_audit(identity, manager):
    row_id = invite(manager).json["id"]
    withdraw(manager, row_id)
    done = {(each.actor, each.action, each.subject) for each in identity.rows(AuditEntry)}
    actor = str(manager.account.id)
    assert done >= {
        (actor, "invitation.send", row_id), (actor, "invitation.withdraw", row_id)
    }  # fmt: skip
