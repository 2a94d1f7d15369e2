"""What people are told about by mail: a link and never content, in their language, if they want."""

import re

import pytest

from common.events.catalogue import (
    BookingConfirmed,
    CaseMessageAdded,
    OrderConfirmed,
    Verdict,
)
from common.ids import uuid7
from common.web.access import Role
from identity.letters import LETTERS
from identity.models import Mail, MailKind, MutedTopic, Topic
from identity.rules.states import State

from .factories import a_screening, an_account, mails, me, stored


@pytest.fixture
def anna(identity, customer):
    return identity.given(an_account(customer))


def a_case_message(reporter_id, by=None):
    return CaseMessageAdded(
        case_id=uuid7(), organisation_id=uuid7(), account_id=by or uuid7(), reporter_id=reporter_id
    )


def an_order(account_id):
    return OrderConfirmed(order_id=uuid7(), organisation_id=uuid7(), account_id=account_id)


def a_booking(account_id):
    return BookingConfirmed(
        booking_id=uuid7(), session_id=uuid7(), organisation_id=uuid7(), seats=2,
        account_id=account_id,
    )  # fmt: skip


NEWS = {
    Topic.CASES: a_case_message,
    Topic.ORDERS: an_order,
    Topic.TRAININGS: a_booking,
}
KIND_OF = {
    Topic.CASES: MailKind.CASE_ANSWERED,
    Topic.ORDERS: MailKind.ORDER_CONFIRMED,
    Topic.TRAININGS: MailKind.BOOKING_CONFIRMED,
}


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("language", ["en", "nl", "de"])
def test_somebody_is_told_once_and_without_any_content(identity, customer, topic, language):
    account = identity.given(an_account(customer, language=language))
    news = NEWS[topic](account.id)
    identity.when(news)
    ((address, subject, text),) = mails(identity)
    assert (address, subject) == (account.email, LETTERS[KIND_OF[topic]].subject.say(language))
    assert "http://" in text or "https://" in text
    ids = {str(value) for value in vars(news).values()} | {account.given_name, account.family_name}
    said = re.sub(r"/objection/\S+", "", text)
    assert said != text
    assert not any(each in said for each in ids)


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
def test_nobody_is_told_whose_account_may_not_act(identity, customer, topic, state):
    account = identity.given(an_account(customer, state))
    identity.when(NEWS[topic](account.id))
    assert mails(identity) == []
    assert identity.rows(Mail) == []


@pytest.mark.parametrize("topic", Topic)
def test_nobody_is_told_who_lost_the_account_meanwhile(identity, anna, topic):
    identity.when(NEWS[topic](anna.id))
    identity.when(a_screening(anna.id, Verdict.HIT))
    assert [subject for _, subject, _ in mails(identity)] == ["Your portal account"]


@pytest.mark.parametrize("topic", Topic)
def test_an_event_about_nobody_known_here_is_no_fault(identity, topic):
    identity.when(NEWS[topic](uuid7()))
    assert identity.rows(Mail) == []


@pytest.mark.parametrize("event", [a_case_message(None), a_booking(None)])
def test_an_event_of_before_that_names_nobody_is_no_fault(identity, event):
    identity.when(event)
    assert identity.rows(Mail) == []


def test_nobody_is_told_what_they_wrote_themselves(identity, anna):
    identity.when(a_case_message(anna.id, by=anna.id))
    assert mails(identity) == []


def test_many_events_while_one_mail_waits_are_one_mail(identity, anna):
    for _ in range(5):
        identity.when(a_case_message(anna.id))
    assert len(mails(identity)) == 1
    identity.when(a_case_message(anna.id))
    assert len(mails(identity)) == 2


# ---------------------------------------------------------------------------------- preferences


def test_everything_is_on_until_somebody_switches_it_off(identity, anna):
    everything = {"cases": True, "orders": True, "trainings": True}
    assert me(identity, anna).get("/accounts/me/notifications").json == everything


@pytest.mark.parametrize("topic", Topic)
def test_what_is_switched_off_does_not_come_and_the_rest_does(identity, anna, topic):
    chosen = {each.value: each is not topic for each in Topic}
    person = me(identity, anna)
    assert person.call("PUT", "/accounts/me/notifications", json=chosen).json == chosen
    assert person.get("/accounts/me/notifications").json == chosen
    for news in NEWS.values():
        identity.when(news(anna.id))
    told = {subject for _, subject, _ in mails(identity)}
    assert told == {LETTERS[kind].subject.en for each, kind in KIND_OF.items() if each is not topic}


def test_a_choice_counts_for_what_waits_to_go_out(identity, anna):
    identity.when(an_order(anna.id))
    assert len(identity.rows(Mail)) == 1
    off = {"cases": True, "orders": False, "trainings": True}
    me(identity, anna).call("PUT", "/accounts/me/notifications", json=off)
    assert mails(identity) == []
    assert identity.rows(Mail) == []


def test_what_was_switched_off_can_be_switched_on_again(identity, anna):
    person = me(identity, anna)
    for answer in (False, True):
        chosen = dict.fromkeys(("cases", "orders", "trainings"), answer)
        assert person.call("PUT", "/accounts/me/notifications", json=chosen).json == chosen
    assert identity.rows(MutedTopic) == []


def test_only_topics_can_be_switched_off(identity, anna):
    assert {letter.topic for letter in LETTERS.values()} == {None, *Topic}
    assert {kind for kind, letter in LETTERS.items() if letter.topic} == set(KIND_OF.values())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cases": True, "orders": True},
        {"cases": True, "orders": True, "trainings": None},
        {"cases": "yes", "orders": True, "trainings": True},
        {"cases": True, "orders": "true", "trainings": True},
        {"cases": True, "orders": True, "trainings": True, "security": False},
    ],
    ids=str,
)
def test_what_is_no_choice_is_refused(identity, anna, body):
    answer = me(identity, anna).call("PUT", "/accounts/me/notifications", json=body)
    assert answer.status_code == 422
    assert identity.rows(MutedTopic) == []


def test_a_choice_is_ones_own(identity, customer, anna):
    off = dict.fromkeys(("cases", "orders", "trainings"), False)
    me(identity, anna).call("PUT", "/accounts/me/notifications", json=off)
    other = me(identity, identity.given(an_account(customer)))
    assert set(other.get("/accounts/me/notifications").json.values()) == {True}


# ----------------------------------------------------------------------- about the account itself


def subjects(identity):
    return [subject for _, subject, _ in mails(identity)]


def test_a_block_is_told_in_neutral_words_with_whom_to_appeal_to(identity, customer, anna):
    hit = identity.given(an_account(customer))
    identity.when(a_screening(hit.id, Verdict.HIT))
    compliance = identity.sign_in(Role.COMPLIANCE)
    compliance.change("POST", f"/accounts/{anna.id}/block", 1, {"reason": "misuse"})
    by_screening, by_staff = mails(identity)
    assert by_screening[1:] == by_staff[1:]
    text = by_staff[2]
    assert "If you object to this" in text
    assert "service@operator.example" in text
    assert not any(word in text.lower() for word in ("sanction", "list", "screen", "misuse"))


def test_the_end_of_a_block_is_told(identity, anna):
    compliance = identity.sign_in(Role.COMPLIANCE)
    compliance.change("POST", f"/accounts/{anna.id}/block", 1, {"reason": "misuse"})
    mails(identity)
    version = stored(identity, anna).version
    compliance.change("POST", f"/accounts/{anna.id}/unblock", version)
    assert subjects(identity)[-1] == "Your account can be used again"


def test_who_is_unblocked_before_the_mail_went_out_is_not_told_of_the_block(identity, anna):
    compliance = identity.sign_in(Role.COMPLIANCE)
    compliance.change("POST", f"/accounts/{anna.id}/block", 1, {"reason": "misuse"})
    version = stored(identity, anna).version
    compliance.change("POST", f"/accounts/{anna.id}/unblock", version)
    assert subjects(identity) == ["Your account can be used again"]


def test_closing_and_opening_an_account_are_told_also_when_one_closes_the_own(identity, anna):
    assert me(identity, anna).post("/accounts/me/deactivation").status_code == 204
    assert subjects(identity) == ["Your account is closed"]
    support = identity.sign_in(Role.SUPPORT)
    version = stored(identity, anna).version
    support.change("POST", f"/accounts/{anna.id}/reactivation", version)
    assert subjects(identity)[-1] == "Your account can be used again"


def test_mails_about_the_account_come_whatever_is_switched_off(identity, anna):
    off = dict.fromkeys(("cases", "orders", "trainings"), False)
    person = me(identity, anna)
    person.call("PUT", "/accounts/me/notifications", json=off)
    person.post("/accounts/me/deactivation")
    assert subjects(identity) == ["Your account is closed"]
