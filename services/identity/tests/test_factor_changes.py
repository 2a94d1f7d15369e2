"""Factors set up, replaced, removed, and sealed: what follows from it (ASVS 6.4, 6.5, 7.4.3)."""

import pyotp
import pytest
from cryptography.exceptions import InvalidTag

from common.events.catalogue import AccountSessionsEnded
from common.privacy.audit import AuditEntry
from identity.accounts import set_password
from identity.mails import write
from identity.models import (
    AuthenticatorApp,
    MailKind,
)
from identity.passwords import Passwords
from identity.sealing import Sealed, Seals

from .factories import mails, stored, token_in
from .second_factors import (
    FAILED,
    MINE,
    STEP_UP,
    Person,
    by_password,
    failure,
    show,
    somebody,
)


@pytest.fixture
def anna(identity):
    """Somebody with an authenticator app."""
    return Person(identity, somebody(identity)).add_app()


# ------------------------------------------------------------------------------- setting it up


def test_an_app_is_set_up_with_the_password_and_a_code(identity):
    anna = Person(identity, somebody(identity))
    made = anna.post(f"{MINE}/totp", STEP_UP)
    assert made.status_code == 201
    uri = pyotp.parse_uri(made.json["uri"])
    assert (uri.secret, uri.name) == (made.json["secret"], anna.account.email)
    assert uri.issuer == identity.runtime.settings.operator_name
    assert by_password(identity, anna.account).status_code == 201, "it counts when confirmed"
    anna.secret = made.json["secret"]
    done = anna.post(f"{MINE}/totp/confirmation", {"code": anna.code()})
    assert len(done.json["recovery_codes"]) == 10
    assert by_password(identity, anna.account).status_code == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/totp"),
        ("DELETE", "/totp"),
        ("POST", "/passkeys/options"),
        ("DELETE", "/passkeys/01890000-0000-7000-8000-000000000000"),
        ("POST", "/recovery-codes"),
    ],
)
def test_a_stolen_session_without_the_password_changes_nothing(identity, anna, method, path):
    identity.forget_published()
    answer = anna.call(method, MINE + path, {"current_password": "not the password"})
    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/not-the-password"
    assert anna.call(method, MINE + path, {}).status_code == 422
    assert identity.published() == []


def test_a_wrong_code_confirms_nothing(identity):
    anna = Person(identity, somebody(identity))
    anna.post(f"{MINE}/totp", STEP_UP)
    answer = anna.post(f"{MINE}/totp/confirmation", {"code": "000000"})
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/code-wrong")
    assert by_password(identity, anna.account).status_code == 201


def test_an_app_that_is_confirmed_replaces_the_one_before(identity, anna):
    old = anna.secret
    anna.add_app()
    assert len(identity.rows(AuthenticatorApp)) == 1
    pending = by_password(identity, anna.account)
    identity.clock.advance("PT30S")
    stale = pyotp.TOTP(old).at(identity.clock.now())
    assert failure(show(identity, pending, code=stale)) == FAILED
    assert show(identity, pending, code=anna.code()).status_code == 201


def test_a_change_of_a_factor_ends_all_other_sign_ins_and_the_own_one_goes_on(identity):
    account = somebody(identity)
    anna, thief = Person(identity, account), Person(identity, account)
    before = stored(identity, account).epoch
    anna.secret = anna.post(f"{MINE}/totp", STEP_UP).json["secret"]
    anna.post(f"{MINE}/totp/confirmation", {"code": anna.code()})
    assert anna.call("GET", "/accounts/me").status_code == 401
    assert thief.call("GET", "/accounts/me").status_code == 401
    assert thief.refresh().status_code == 401
    assert anna.refresh().status_code == 200
    assert anna.call("GET", "/accounts/me").status_code == 200
    (event,) = identity.published(AccountSessionsEnded)
    assert event.epoch == before + 1


def test_a_change_of_a_factor_is_noted_and_its_owner_is_told(identity, anna):
    assert "second-factor.add" in {each.action for each in identity.rows(AuditEntry)}
    sent = [subject for _, subject, _ in mails(identity)]
    assert sent == ["Your second factor was changed"]


def test_ones_own_factors_are_shown_without_any_secret(identity, anna):
    shown = anna.call("GET", MINE).json
    assert shown == {
        "authenticator_app": {"created_at": "2026-03-02T09:00:00Z",
                              "last_used_at": "2026-03-02T09:00:00Z"},
        "passkeys": [],
        "recovery_codes_left": 10,
        "required": False,
    }  # fmt: skip


def test_without_its_app_the_password_is_enough_again(identity, anna):
    assert anna.call("DELETE", f"{MINE}/totp", STEP_UP).status_code == 204
    anna.refresh()
    assert by_password(identity, anna.account).status_code == 201
    assert anna.call("GET", MINE).json["recovery_codes_left"] == 0
    assert anna.call("DELETE", f"{MINE}/totp", STEP_UP).status_code == 404


@pytest.mark.parametrize("kind", [MailKind.SET_PASSWORD, MailKind.RECOVER])
def test_a_password_reset_by_link_leaves_the_factors_in_place(identity, anna, kind):
    """Recovery does not bypass the second factor (ASVS 6.4.3)."""
    with identity.runtime.transaction() as session:
        write(session, anna.account.id, kind)
    token = token_in(next(text for *_, text in mails(identity) if "?token=" in text))
    chosen = {"token": token, "password": "another horse, another battery"}
    assert identity.anonymous().post("/passwords", chosen).status_code == 204
    answer = by_password(identity, anna.account, chosen["password"])
    assert (answer.status_code, answer.json["methods"]) == (202, ["code", "recovery_code"])
    assert show(identity, answer, code=anna.next_code()).status_code == 201


def test_a_new_password_voids_what_is_pending(identity, anna):
    pending = by_password(identity, anna.account)
    with identity.runtime.transaction(actor="test") as session:
        kept = identity.runtime.resource(Passwords).make("another horse, another battery")
        set_password(session, session.merge(stored(identity, anna.account)), kept)
    assert failure(show(identity, pending, code=anna.next_code())) == FAILED


# --------------------------------------------------------------------------------- secrets at rest


def test_a_secret_is_sealed_and_opens_only_for_its_account(identity, anna):
    (app,) = identity.rows(AuthenticatorApp)
    assert anna.secret not in app.sealed_secret
    seals, sealed = identity.runtime.resource(Seals), Sealed(app.sealed_secret, app.pepper_id)
    assert seals.open(sealed, str(anna.account.id)) == anna.secret
    with pytest.raises(InvalidTag):
        seals.open(sealed, "somebody else")


def test_what_an_older_pepper_sealed_still_opens_and_is_sealed_afresh_when_it_is_used(
    identity_with,
):
    old, new = "old:" + "o" * 32, "new:" + "n" * 32
    before = identity_with(pepper=old)
    anna = Person(before, somebody(before)).add_app()
    (app,) = before.rows(AuthenticatorApp)
    assert app.pepper_id == "old"
    after = identity_with(pepper=f"{new},{old}")
    after.clock.instant = before.clock.instant
    anna.harness = after
    assert show(after, by_password(after, anna.account), code=anna.next_code()).status_code == 201
    (app,) = after.rows(AuthenticatorApp)
    assert app.pepper_id == "new"
    alone = identity_with(pepper=new)
    alone.clock.instant = anna.harness.clock.instant
    anna.harness = alone
    assert show(alone, by_password(alone, anna.account), code=anna.next_code()).status_code == 201
