"""The desk for rights: received, answered within a month, followed without an account (S2)."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from common.events.catalogue import ErasureRequested
from common.ids import uuid7
from common.mail import MailRefused
from common.privacy.audit import AuditEntry
from common.privacy.sweeps import sweep
from common.refusals import IllegalTransition, next_state
from common.web.access import Role
from identity import jobs, rights
from identity.models import ErasureRequest, RightsRequest
from identity.rules.rights import (
    EXTENDED_BECAUSE,
    REFUSED_BECAUSE,
    TRANSITIONS,
    ExtensionReason,
    RefusalGround,
    RequestState,
    RequestTrigger,
    Right,
    is_overdue,
)
from identity.rules.states import State

from .factories import AT, a_rights_request, an_account, mails, me, scraped, token_in

OWN = "/accounts/me/rights-requests"
OUTSIDE = {
    "email": "Ines@Elsewhere.example", "language": "de", "right": "erasure",
    "words": "Please forget me.",
}  # fmt: skip


@pytest.fixture
def dpo(identity):
    return identity.sign_in(Role.DPO)


@pytest.fixture
def anna(identity, customer):
    return identity.given(an_account(customer))


def ask(caller, **facts):
    return caller.post(OWN, {"right": "access", **facts})


def from_outside(identity, **facts):
    return identity.anonymous().post("/rights-requests/outside", {**OUTSIDE, **facts})


def follow(identity, token, language="en"):
    return identity.anonymous().post(
        "/rights-requests/follow", {"token": token}, headers={"Accept-Language": language}
    )


def decide(dpo, request_id, what, body, version=None):
    seen = version or dpo.get(f"/rights-requests/{request_id}").json["version"]
    return dpo.change("POST", f"/rights-requests/{request_id}/{what}", seen, body)


# ------------------------------------------------------------------------------------------ rules


@given(st.lists(st.sampled_from(RequestTrigger), max_size=6))
def test_a_request_is_closed_once_and_a_closed_one_stays_closed(triggers):
    state, closed = RequestState.UNCONFIRMED, []
    for trigger in triggers:
        try:
            state = next_state(TRANSITIONS, state, trigger)
        except IllegalTransition:
            continue
        if state not in (RequestState.UNCONFIRMED, RequestState.OPEN):
            closed.append(state)
    assert len(closed) <= 1
    assert not closed or closed == [state]


@pytest.mark.parametrize("state", RequestState)
def test_only_an_open_request_is_ever_overdue(state):
    late = is_overdue(state, date(2026, 3, 1), AT + timedelta(days=2))
    assert late is (state is RequestState.OPEN)


def test_every_ground_and_reason_has_words():
    assert REFUSED_BECAUSE.keys() == set(RefusalGround)
    assert EXTENDED_BECAUSE.keys() == set(ExtensionReason)


# --------------------------------------------------------------------------- people with accounts


@pytest.mark.parametrize("right", Right)
def test_a_person_asks_and_is_told_until_when_it_is_answered(identity, anna, right):
    caller = me(identity, anna)
    answer = ask(caller, right=right, words="All of it.\nThank you.")
    assert answer.status_code == 201
    assert (answer.json["state"], answer.json["due_on"]) == ("open", "2026-04-02")
    assert caller.get(OWN).json == [answer.json]
    ((to, subject, text),) = mails(identity)
    assert (to, subject) == (anna.email, "We received your request")
    assert "2 April 2026" in text
    assert "All of it" not in text


def test_the_same_key_is_one_request(identity, anna):
    caller = me(identity, anna)
    key = {"Idempotency-Key": str(uuid7())}
    for _ in range(2):
        assert caller.post(OWN, {"right": "access"}, headers=key).status_code == 201
    assert len(identity.rows(RightsRequest)) == 1


def test_a_person_takes_a_request_back_and_nobody_elses(identity, customer, anna):
    request_id = ask(me(identity, anna)).json["id"]
    path = f"{OWN}/{request_id}/withdrawal"
    colleague = me(identity, identity.given(an_account(customer)))
    assert colleague.post(path).status_code == 404
    assert me_again(identity, anna).post(path).json["state"] == "withdrawn"
    assert me_again(identity, anna).post(path).status_code == 409
    mails(identity)
    assert len(mails(identity)) <= 1  # of the withdrawal nothing is told


def me_again(identity, account):
    return identity.sign_in(
        account_id=account.id, organisation_id=account.organisation_id, known=False
    )


def test_staff_enter_what_somebody_asked_for_by_letter(identity, anna):
    support = identity.sign_in(Role.SUPPORT)
    path = f"/accounts/{anna.id}/rights-requests"
    assert support.post(path, {"right": "rectification"}).status_code == 201
    (listed,) = me(identity, anna).get(OWN).json
    assert listed["right"] == "rectification"
    gone = identity.given(an_account(None, State.ERASING))
    assert (
        support.post(f"/accounts/{gone.id}/rights-requests", {"right": "access"}).status_code == 404
    )


# --------------------------------------------------------------------- people who have no account


def test_who_has_no_account_asks_confirms_and_follows_with_the_mailed_link(identity, dpo):
    assert from_outside(identity).json == {"status": "accepted"}
    ((to, subject, text),) = mails(identity)
    assert (to, subject) == ("Ines@elsewhere.example", "Bestätigen Sie Ihren Antrag")
    assert "/request?token=" in text
    assert dpo.get("/rights-requests?state=open").json == []
    shown = follow(identity, token_in(text)).json
    assert (shown["state"], shown["due_on"], shown["words"]) == (
        "open", "2026-04-02", "Please forget me."
    )  # fmt: skip
    assert "account_id" not in shown
    assert "address" not in shown
    newest = token_in(mails(identity)[-1][2])
    (open_now,) = dpo.get("/rights-requests?state=open").json
    assert decide(dpo, open_now["id"], "reply", {"text": "Erased."}).status_code == 200
    assert follow(identity, newest).json["reply"] == "Erased."
    assert mails(identity)[-1][1] == "Ihr Antrag ist beantwortet"
    assert follow(identity, newest).status_code == 404  # a newer one was sent


def test_a_stranger_cannot_have_an_address_written_to_again_and_again(identity):
    for _ in range(3):
        from_outside(identity, email="ines@elsewhere.example")
    assert len(mails(identity)) == 1
    from_outside(identity, right="access")
    assert len(mails(identity)) == 2


def test_requests_from_one_network_are_limited(identity_with):
    identity = identity_with(recoveries_per_hour=2)
    answers = [from_outside(identity, email=f"a{n}@b.example").status_code for n in range(3)]
    assert answers == [202, 202, 429]
    assert len(identity.rows(RightsRequest)) == 2


@pytest.mark.parametrize("known", [True, False])
def test_the_answer_does_not_tell_whether_there_is_an_account(identity, anna, known):
    answer = from_outside(identity, email=anna.email if known else "nobody@elsewhere.example")
    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})


def test_the_link_is_kept_as_a_hash_and_another_one_opens_nothing(identity):
    from_outside(identity)
    token = token_in(mails(identity)[0][2])
    (kept,) = identity.rows(RightsRequest)
    assert token not in repr(vars(kept))
    assert follow(identity, token[:-1] + ("a" if token[-1] != "a" else "b")).status_code == 404


def test_what_nobody_confirms_is_gone_after_a_week(identity):
    from_outside(identity)
    identity.clock.advance("P6DT23H")
    sweep(identity.runtime)
    assert len(identity.rows(RightsRequest)) == 1
    identity.clock.advance("PT2H")
    sweep(identity.runtime)
    assert identity.rows(RightsRequest) == []


# ------------------------------------------------------------------------------------ at the desk


def test_the_desk_takes_two_months_more_once_and_says_why(identity, anna, dpo):
    request_id = ask(me(identity, anna)).json["id"]
    answer = decide(dpo, request_id, "extension", {"reason": "complex"})
    assert (answer.status_code, answer.json["due_on"]) == (200, "2026-06-02")
    assert "art. 12(3)" in answer.json["extended_because"]
    assert decide(dpo, request_id, "extension", {"reason": "complex"}).status_code == 409
    assert mails(identity)[-1][1] == "Your request takes longer"
    assert "2 June 2026" in mails(identity)[-1][2]


@pytest.mark.parametrize("ground", RefusalGround)
def test_a_refusal_says_its_ground_and_where_to_complain(identity, anna, dpo, ground):
    request_id = ask(me(identity, anna)).json["id"]
    body = {"ground": ground, "text": "You asked us yesterday."}
    assert decide(dpo, request_id, "refusal", body).status_code == 200
    (shown,) = me_again(identity, anna).get(OWN, headers={"Accept-Language": "nl"}).json
    assert shown["refused_because"] == REFUSED_BECAUSE[ground].nl
    assert shown["reply"] == "You asked us yesterday."
    assert "supervisory authority" in mails(identity)[-1][2]


@pytest.mark.parametrize("what", ["extension", "reply", "refusal"])
def test_a_closed_request_is_not_decided_again(identity, anna, dpo, what):
    closed = identity.given(a_rights_request(anna, state=RequestState.ANSWERED, closed_at=AT))
    body = {
        "extension": {"reason": "complex"}, "reply": {"text": "x"},
        "refusal": {"ground": "unfounded"},
    }[what]  # fmt: skip
    assert decide(dpo, closed.id, what, body).status_code == 409
    assert mails(identity) == []


def test_overdue_requests_are_an_alarm_and_a_list(identity, anna, dpo):
    request = identity.given(a_rights_request(anna))
    identity.given(a_rights_request(anna, state=RequestState.ANSWERED, closed_at=AT))
    assert jobs.count_overdue_requests(identity.runtime) == 0
    identity.clock.instant = AT.replace(month=4, day=1, hour=21, minute=59)  # 23:59 in Berlin
    assert jobs.count_overdue_requests(identity.runtime) == 0
    identity.clock.advance("PT1M")
    assert jobs.count_overdue_requests(identity.runtime) == 1
    assert scraped(identity)["portal_rights_requests_overdue"] == 1
    late = identity.sign_in(Role.DPO).get("/rights-requests?state=overdue").json
    assert [(each["id"], each["overdue"]) for each in late] == [(str(request.id), True)]


def test_everything_that_the_desk_does_is_in_the_audit_and_so_is_what_it_reads(identity, anna, dpo):
    request_id = ask(me(identity, anna)).json["id"]
    decide(dpo, request_id, "extension", {"reason": "many_requests"})
    decide(dpo, request_id, "reply", {"text": "Here you are."})
    with identity.runtime.reading() as session:
        acts = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    for each in ("receive", "read", "extend", "answer"):
        assert f"rights-request.{each}" in acts


# ----------------------------------------------------------------------------- erasure and the end


def test_a_completed_erasure_is_the_answer_to_who_asked_for_it(identity, anna):
    asked = identity.given(a_rights_request(anna, right=Right.ERASURE))
    other = identity.given(a_rights_request(anna))
    with identity.runtime.transaction() as session:
        rights.fulfil_erasure(session, anna.id)
    states = {each.id: each.state for each in identity.rows(RightsRequest)}
    assert states == {asked.id: RequestState.ANSWERED, other.id: RequestState.OPEN}


def test_of_an_erased_person_nothing_that_was_written_stays(identity, customer):
    gone = identity.given(an_account(customer, State.ERASING))
    identity.given(a_rights_request(gone, words="canary", reply="canary", next_try_at=AT))
    request = identity.given(ErasureRequest(account_id=gone.id, requested_at=AT, asked_at=AT))
    identity.when(ErasureRequested(account_id=gone.id, request_id=request.id))
    (kept,) = identity.rows(RightsRequest)
    assert (kept.words, kept.reply, kept.address) == (None, None, None)
    assert kept.right is Right.ACCESS
    assert mails(identity) == []
    assert identity.rows(RightsRequest)[0].next_try_at is None


def test_three_years_after_its_end_a_request_is_gone(identity, anna):
    closed = {"state": RequestState.REFUSED, "closed_at": AT}
    identity.given(a_rights_request(anna, **closed))
    identity.given(a_rights_request(anna))
    identity.clock.instant = AT.replace(year=2029) - timedelta(seconds=1)
    sweep(identity.runtime)
    assert len(identity.rows(RightsRequest)) == 2
    identity.clock.advance("PT1S")
    sweep(identity.runtime)
    (left,) = identity.rows(RightsRequest)
    assert left.state is RequestState.OPEN


def test_a_mail_that_is_refused_waits_and_the_newest_news_go_out(identity, anna, monkeypatch):
    request_id = ask(me(identity, anna)).json["id"]
    with monkeypatch.context() as broken:
        broken.setattr("common.mail.FolderMailer.send", _refused)
        identity.run_steps()
    (waiting,) = identity.rows(RightsRequest)
    assert waiting.attempts == 1
    assert waiting.next_try_at == identity.clock.now() + timedelta(minutes=1)
    decide(identity.sign_in(Role.DPO), request_id, "reply", {"text": "Done."})
    assert [subject for _, subject, _ in mails(identity)] == ["Your request is answered"]


def _refused(mailer, message):
    raise MailRefused("451 try again")
