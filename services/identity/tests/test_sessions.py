"""Staying signed in, seeing where one is, and the end of it (S31-S36)."""

import jwt
import pytest

from common.events.catalogue import AccountSessionsEnded
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.web.access import Role
from identity.app import service
from identity.mails import write
from identity.models import MailKind, RefreshToken, SignInSession
from identity.rules.states import State
from identity.sessions import MOST

from .factories import (
    PASSWORD,
    an_account,
    mails,
    own_standing,
    token_in,
    with_password,
)

BROWSER = {"User-Agent": "Browser 1.0", "X-Forwarded-For": "192.0.2.10"}
NEXT = "seven quiet otters"


def sign_in(identity, account, password=PASSWORD, **headers):
    asked = {"email": account.email, "password": password}
    return identity.anonymous().post("/sessions", asked, headers={**BROWSER, **headers})


def refresh(identity, answer):
    body = {"refresh_token": answer.json["refresh_token"]}
    return identity.anonymous().post("/sessions/refresh", body)


def with_token(identity, answer):
    caller = identity.anonymous()
    caller.token = answer.json["access_token"]
    return caller


def goes_on(identity, answer):
    """Whether identity takes the access token, and whether the refresh token is good."""
    access = with_token(identity, answer).get("/accounts/me").status_code
    return access == 200, refresh(identity, answer).status_code == 200


def session_of(answer):
    claims = jwt.decode(answer.json["access_token"], options={"verify_signature": False})
    return claims["sid"]


@pytest.fixture
def anna(identity, customer):
    account = identity.given(with_password(identity, an_account(customer)))
    identity.given(own_standing(account))
    return account


def test_a_refresh_token_is_exchanged_once_for_new_ones(identity, anna):
    first = sign_in(identity, anna)
    second = refresh(identity, first)
    assert second.status_code == 200
    assert session_of(second) == session_of(first)
    assert refresh(identity, second).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_the_sign_in_for_everybody(identity, anna):
    stolen = sign_in(identity, anna)
    newest = refresh(identity, stolen)
    assert refresh(identity, stolen).status_code == 401
    assert refresh(identity, newest).status_code == 401
    (opened,) = identity.rows(SignInSession)
    assert opened.ended_at is not None


def test_another_sign_in_of_the_same_person_goes_on(identity, anna):
    stolen = sign_in(identity, anna)
    other = sign_in(identity, anna)
    refresh(identity, stolen)
    refresh(identity, stolen)
    assert refresh(identity, other).status_code == 200


def test_only_the_hash_of_a_refresh_token_is_kept(identity, anna):
    token = sign_in(identity, anna).json["refresh_token"]
    assert token not in {row.hash for row in identity.rows(RefreshToken)}


def test_a_refresh_token_expires_and_so_does_the_whole_sign_in(identity, anna):
    token = sign_in(identity, anna)
    identity.clock.advance("P7D")
    assert refresh(identity, token).status_code == 401
    token = sign_in(identity, anna)
    for _ in range(4):
        identity.clock.advance("P6D")
        token = refresh(identity, token)
    identity.clock.advance("P6D")
    assert refresh(identity, token).status_code == 401


def test_an_unknown_refresh_token_gets_the_same_answer(identity):
    for token, status in (("x" * 43, 401), ("too short", 422)):
        answer = identity.anonymous().post("/sessions/refresh", {"refresh_token": token})
        assert answer.status_code == status


def test_a_block_voids_the_tokens_at_once(identity, anna):
    answer = sign_in(identity, anna)
    chief = identity.sign_in(Role.COMPLIANCE)
    blocked = chief.change("POST", f"/accounts/{anna.id}/block", 1, {"reason": "misuse"})
    assert blocked.status_code == 200
    assert with_token(identity, answer).get("/accounts/me").status_code == 401
    assert refresh(identity, answer).status_code == 401


def test_after_a_block_is_lifted_the_old_tokens_stay_void(identity, anna):
    answer = sign_in(identity, anna)
    chief = identity.sign_in(Role.COMPLIANCE)
    chief.change("POST", f"/accounts/{anna.id}/block", 1, {"reason": "misuse"})
    chief.change("POST", f"/accounts/{anna.id}/unblock", 2)
    assert with_token(identity, answer).get("/accounts/me").status_code == 401
    assert refresh(identity, answer).status_code == 401
    again = sign_in(identity, anna)
    assert with_token(identity, again).get("/accounts/me").status_code == 200


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(identity, anna):
    answer = sign_in(identity, anna)
    with identity.runtime.transaction() as session:
        write(session, anna.id, MailKind.SET_PASSWORD)
    token = token_in(mails(identity)[0][2])
    identity.anonymous().post("/passwords", {"token": token, "password": "a new password"})
    assert identity.published() == [
        AccountSessionsEnded(account_id=anna.id, organisation_id=anna.organisation_id, epoch=2)
    ]
    assert with_token(identity, answer).get("/accounts/me").status_code == 401
    assert refresh(identity, answer).status_code == 401
    assert sign_in(identity, anna).status_code == 401
    assert sign_in(identity, anna, "a new password").status_code == 201


# -------------------------------------------------------------------------------- seen by its owner


def test_a_person_sees_where_they_are_signed_in(identity, anna):
    first = sign_in(identity, anna)
    began = identity.clock.now()
    identity.clock.advance("PT1H")
    refresh(identity, first)
    second = sign_in(identity, anna, **{"User-Agent": "Phone", "X-Forwarded-For": "2001:db8::1"})
    shown = with_token(identity, second).get("/sessions").json
    assert [each.pop("id") for each in shown] == [session_of(second), session_of(first)]
    then = identity.clock.now().isoformat().replace("+00:00", "Z")
    assert shown == [
        {"begun_at": then, "last_used_at": then, "network": "2001:db8::/48", "client": "Phone",
         "current": True},
        {"begun_at": began.isoformat().replace("+00:00", "Z"), "last_used_at": then,
         "network": "192.0.2.0/24", "client": "Browser 1.0", "current": False},
    ]  # fmt: skip


def test_nobody_sees_or_ends_the_sign_ins_of_somebody_else(identity, anna, customer):
    tokens = sign_in(identity, anna)
    for caller in (identity.sign_in(organisation_id=customer.id), identity.sign_in(Role.ADMIN)):
        assert caller.get("/sessions").json == []
        path = f"/sessions/{session_of(tokens)}"
        assert caller.call("DELETE", path).status_code == 404
    assert goes_on(identity, tokens) == (True, True)


def test_a_sign_in_that_ended_or_ran_out_is_not_shown_any_more(identity, anna):
    sign_in(identity, anna)
    identity.clock.advance("P7D")
    assert with_token(identity, sign_in(identity, anna)).get("/sessions").json[1:] == []


def test_an_owner_sees_the_tries_to_sign_in_and_how_they_ended(identity, anna):
    sign_in(identity, anna, "a wrong password")
    tokens = sign_in(identity, anna)
    caller = with_token(identity, tokens)
    first = caller.get("/accounts/me/sign-ins?limit=1")
    (latest,) = first.json
    assert (latest["outcome"], latest["network"]) == ("ok", "192.0.2.0/24")
    following = first.headers["Link"].split(";")[0].strip("<>")
    (earlier,) = caller.get(following).json
    assert (earlier["outcome"], earlier["client"]) == ("wrong_password", "Browser 1.0")
    assert identity.sign_in(Role.ADMIN).get("/accounts/me/sign-ins").json == []


def test_a_client_that_calls_itself_something_long_and_odd_is_kept_short(identity, anna):
    tokens = sign_in(identity, anna, **{"User-Agent": "\u00a0Odd\t" + "x" * 500})
    (shown,) = with_token(identity, tokens).get("/sessions").json
    assert len(shown["client"]) <= 120
    assert shown["client"].isprintable()


# ------------------------------------------------------------------------------- ended by its owner


def test_ending_one_sign_in_voids_its_tokens_and_the_others_go_on_by_refresh(identity, anna):
    lost, here = sign_in(identity, anna), sign_in(identity, anna)
    ended = with_token(identity, here).call("DELETE", f"/sessions/{session_of(lost)}")
    assert (ended.status_code, ended.data) == (204, b"")
    assert goes_on(identity, lost) == (False, False)
    assert identity.published() == [
        AccountSessionsEnded(account_id=anna.id, organisation_id=anna.organisation_id, epoch=2)
    ]
    assert with_token(identity, here).get("/accounts/me").status_code == 401
    anew = refresh(identity, here)
    assert goes_on(identity, anew) == (True, True)


def test_a_sign_in_ends_once(identity, anna):
    lost, here = sign_in(identity, anna), sign_in(identity, anna)
    path = f"/sessions/{session_of(lost)}"
    assert with_token(identity, here).call("DELETE", path).status_code == 204
    here = refresh(identity, here)
    assert with_token(identity, here).call("DELETE", path).status_code == 404
    assert with_token(identity, here).call("DELETE", f"/sessions/{uuid7()}").status_code == 404
    assert len(identity.published()) == 1


def test_signing_out_everywhere_ends_all_sign_ins(identity, anna):
    everywhere = [sign_in(identity, anna) for _ in range(3)]
    assert with_token(identity, everywhere[0]).call("DELETE", "/sessions").status_code == 204
    assert [goes_on(identity, each) for each in everywhere] == [(False, False)] * 3


def test_who_signed_out_is_out_at_once_and_elsewhere_stays_signed_in(identity, anna):
    here, elsewhere = sign_in(identity, anna), sign_in(identity, anna)
    out = with_token(identity, here).call("DELETE", "/sessions/current")
    assert (out.status_code, out.data) == (204, b"")
    assert goes_on(identity, here) == (False, False)
    assert goes_on(identity, refresh(identity, elsewhere)) == (True, True)


def test_beyond_twenty_sign_ins_the_oldest_ends(identity, anna):
    oldest, second, *_ = [sign_in(identity, anna) for _ in range(MOST)]
    assert identity.published() == []
    newest = sign_in(identity, anna)
    assert goes_on(identity, oldest) == (False, False)
    assert goes_on(identity, newest) == (True, True)
    assert refresh(identity, second).status_code == 200
    assert len(with_token(identity, newest).get("/sessions").json) == MOST


# ---------------------------------------------------------------------------------- ended by others


def test_staff_end_all_sign_ins_of_a_person_who_can_sign_in_again(identity, anna):
    tokens = sign_in(identity, anna)
    desk = identity.sign_in(Role.SUPPORT)
    path = f"/accounts/{anna.id}/sessions/end"
    assert desk.post(path).status_code == 428
    assert desk.change("POST", path, 7).status_code == 412
    assert desk.change("POST", path, 1).status_code == 200
    assert goes_on(identity, tokens) == (False, False)
    assert goes_on(identity, sign_in(identity, anna)) == (True, True)
    acts = identity.rows(AuditEntry, AuditEntry.subject == str(anna.id))
    assert [each.action for each in acts] == ["account.end-sessions"]
    assert acts[0].actor == str(desk.person.account_id)


def test_ending_the_sign_ins_of_a_blocked_person_publishes_no_event_that_frees_them(
    identity, customer
):
    blocked = identity.given(an_account(customer, State.BLOCKED))
    desk = identity.sign_in(Role.COMPLIANCE)
    path = f"/accounts/{blocked.id}/sessions/end"
    assert desk.change("POST", path, 1).status_code == 200
    assert identity.published() == []


@pytest.mark.parametrize("act", ["block", "deactivation"])
def test_disabling_an_account_leaves_no_session_alive(identity, anna, act):
    """Keycloak #37981 left sessions alive; Supabase took tokens after a ban."""
    everywhere = [sign_in(identity, anna) for _ in range(2)]
    body = {"reason": "misuse"} if act == "block" else None
    chief = identity.sign_in(Role.ADMIN)
    assert chief.change("POST", f"/accounts/{anna.id}/{act}", 1, body).status_code == 200
    assert [goes_on(identity, each) for each in everywhere] == [(False, False)] * 2
    assert all(row.ended_at for row in identity.rows(SignInSession))
    assert sign_in(identity, anna).status_code == 401


def test_what_was_ended_stays_ended_after_a_restart(identity, anna):
    """Keycloak #31296 forgot revocations when it was started anew."""
    ended, kept = sign_in(identity, anna), sign_in(identity, anna)
    with_token(identity, kept).call("DELETE", f"/sessions/{session_of(ended)}")
    kept = refresh(identity, kept)
    settings, clock = identity.runtime.settings, identity.clock
    identity.runtime.close()
    identity.runtime = service.runtime(settings, clock=clock, broker=identity.runtime.broker)
    identity.app = service.create_app(identity.runtime)
    assert goes_on(identity, ended) == (False, False)
    assert goes_on(identity, kept) == (True, True)
