"""Recovery codes; what happens at once; and that no secret of a second factor stays or leaks."""

import io
import re

import pytest

from common import logs
from common.events.catalogue import ErasureRequested
from common.messaging.outbox import OutboxRow
from common.privacy.sweeps import sweep
from common.web.idempotency import StoredAnswer
from identity import erasures
from identity.accounts import change_state, locked
from identity.models import SECOND_FACTORS, RecoveryCode
from identity.rules.states import Trigger
from identity.second_factors import recovery_codes, totp

from .factories import mails
from .second_factors import FAILED, MINE, STEP_UP, Person, by_password, failure, show, somebody
from .test_erasures import everything
from .test_races import Race


@pytest.fixture
def anna(identity):
    return Person(identity, somebody(identity)).add_app()


def used(identity, anna, code):
    return show(identity, by_password(identity, anna.account), recovery_code=code)


def test_there_are_ten_of_125_bits_and_only_their_hashes_are_kept(identity, anna):
    assert len(set(anna.codes)) == 10
    assert all(re.fullmatch(r"([A-Z2-7]{5}-){4}[A-Z2-7]{5}", code) for code in anna.codes)
    kept = {row.hash for row in identity.rows(RecoveryCode)}
    assert len(kept) == 10
    assert not kept & {code.replace("-", "") for code in anna.codes}


def test_each_is_good_once(identity, anna):
    assert used(identity, anna, anna.codes[0]).status_code == 201
    assert failure(used(identity, anna, anna.codes[0])) == FAILED
    assert used(identity, anna, anna.codes[1]).status_code == 201
    anna.refresh()
    assert anna.call("GET", MINE).json["recovery_codes_left"] == 8


def test_it_may_be_typed_in_small_letters_and_without_the_hyphens(identity, anna):
    assert used(identity, anna, anna.codes[0].lower().replace("-", " ")).status_code == 201


def test_its_owner_is_told_that_one_was_used(identity, anna):
    mails(identity)
    used(identity, anna, anna.codes[0])
    assert [subject for _, subject, _ in mails(identity)] == ["Your second factor was changed"] * 2


def test_when_all_are_used_it_is_no_way_any_more(identity, anna):
    for code in anna.codes:
        assert used(identity, anna, code).status_code == 201
    assert by_password(identity, anna.account).json["methods"] == ["code"]


def test_new_ones_make_the_old_ones_void(identity, anna):
    fresh = anna.post(f"{MINE}/recovery-codes", STEP_UP).json["recovery_codes"]
    assert len(fresh) == 10
    assert not set(fresh) & set(anna.codes)
    assert failure(used(identity, anna, anna.codes[0])) == FAILED
    assert used(identity, anna, fresh[0]).status_code == 201


def test_without_a_factor_there_are_none(identity):
    berta = Person(identity, somebody(identity))
    answer = berta.post(f"{MINE}/recovery-codes", STEP_UP)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/second-factor-needed")


# --------------------------------------------------------------------------------------- at once

GUARDS = {"postgresql": " FOR UPDATE", "sqlite": "BEGIN IMMEDIATE"}
"""What makes one of two wait for the other, by database."""


SHOWN = {
    "code": (totp.use, lambda anna: anna.next_code(), "authenticator_apps.sealed_secret"),
    "recovery code": (recovery_codes.use, lambda anna: anna.codes[0], "recovery_codes.hash ="),
}


def two_uses(harness, kind, *, guarded):
    """Whether the same code was good for each of two who use it at the same time."""
    use, shown_by, after = SHOWN[kind]
    anna = Person(harness, somebody(harness)).add_app()
    shown = shown_by(anna)

    def once():
        with harness.runtime.transaction(actor="test") as session:
            return use(session, locked(session, anna.account.id), shown)

    without = "" if guarded else GUARDS[harness.runtime.db.engine.dialect.name]
    return sorted(Race(harness, [after], without).run(once, once))


@pytest.mark.parametrize("kind", SHOWN)
def test_of_two_uses_of_one_code_at_once_one_succeeds(on_both, kind):
    assert two_uses(on_both, kind, guarded=True) == [False, True]


@pytest.mark.parametrize("kind", SHOWN)
def test_control_without_the_lock_one_code_is_good_twice(on_both, kind):
    assert two_uses(on_both, kind, guarded=False) == [True, True]


def test_of_two_sign_ins_completed_at_once_with_one_code_one_succeeds(on_both):
    anna = Person(on_both, somebody(on_both)).add_app()
    pending = [by_password(on_both, anna.account) for _ in range(2)]
    code = anna.next_code()
    race = Race(on_both, ["authenticator_apps.sealed_secret"])
    answers = race.run(*(lambda mine=mine: show(on_both, mine, code=code) for mine in pending))
    assert sorted(answer.status_code for answer in answers) == [201, 401]


# --------------------------------------------------------------------------- nothing stays or leaks


def a_full_life(identity):
    """Somebody who has and used every kind of factor; returns the secrets that were shown."""
    anna = Person(identity, somebody(identity)).add_app()
    device = anna.add_passkey(label="Canary label")
    used(identity, anna, anna.codes[0])
    anna.post(f"{MINE}/totp", STEP_UP)
    anna.post(f"{MINE}/passkeys/options", STEP_UP)
    pending = by_password(identity, anna.account)
    show(identity, pending, code="000000")
    secrets = [anna.secret, *anna.codes, pending.json["pending"]]
    return anna, device, secrets


def test_no_secret_stands_in_the_database_a_log_an_event_or_a_kept_answer(identity):
    lines = io.StringIO()
    logs.configure("debug", lines)
    anna, _, secrets = a_full_life(identity)
    anna.refresh()
    later = anna.call("GET", MINE).text + anna.call("GET", "/accounts/me").text
    kept = " ".join(str(vars(row)) for model in (OutboxRow, StoredAnswer)
                    for row in identity.rows(model))  # fmt: skip
    for place in (lines.getvalue(), later, kept, everything(identity), str(mails(identity))):
        assert place
        assert not [secret for secret in secrets if secret in place]
    assert "Canary label" not in lines.getvalue() + kept


def test_erasing_a_person_erases_all_second_factors(identity):
    anna, _, _ = a_full_life(identity)
    other = Person(identity, somebody(identity)).add_app()
    assert all(
        identity.rows(model, model.account_id == anna.account.id) for model in SECOND_FACTORS
    )
    with identity.runtime.transaction(actor="test") as session:
        account = locked(session, anna.account.id)
        change_state(session, account, Trigger.DEACTIVATE)
        request = erasures.begin(session, account)
    identity.when(ErasureRequested(account_id=anna.account.id, request_id=request.id))
    for model in SECOND_FACTORS:
        assert identity.rows(model, model.account_id == anna.account.id) == []
    assert "Canary label" not in everything(identity)
    assert len(identity.rows(RecoveryCode)) == 10
    assert by_password(identity, other.account).status_code == 202


def test_what_was_never_completed_is_forgotten(identity):
    a_full_life(identity)
    identity.clock.advance("P1D")
    identity.clock.advance("PT1S")
    sweep(identity.runtime)
    left = {model.__name__: len(identity.rows(model)) for model in SECOND_FACTORS}
    assert left == {
        "AuthenticatorApp": 1,
        "Passkey": 1,
        "RecoveryCode": 10,
        "PendingSignIn": 0,
        "PasskeyChallenge": 0,
    }
