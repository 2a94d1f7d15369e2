"""Passwords as they are kept (S10, S11)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from common.refusals import Unavailable
from common.settings import SettingsError, check
from identity.passwords import Passwords, TooBusy
from identity.settings import OTHERS, Settings, peppers


@pytest.fixture
def passwords(identity):
    return identity.runtime.resource(Passwords)


def test_a_password_is_found_right_and_any_other_wrong(passwords):
    kept = passwords.make("correct horse battery")
    assert passwords.check(kept, "correct horse battery")
    assert not passwords.check(kept, "correct horse batterz")


def test_characters_past_the_seventy_second_byte_count(passwords):
    kept = passwords.make("x" * 80 + "a")
    assert not passwords.check(kept, "x" * 80 + "b")
    assert passwords.check(kept, "x" * 80 + "a")


def test_a_long_password_of_other_alphabets_is_kept_whole(passwords):
    kept = passwords.make("密" * 255 + "a")
    assert not passwords.check(kept, "密" * 255 + "b")


def test_nobodys_password_is_never_right(passwords):
    assert not passwords.check(None, "correct horse battery")


def test_the_hash_holds_nothing_of_the_password_and_differs_every_time(passwords):
    first, second = passwords.make("correct horse battery"), passwords.make("correct horse battery")
    assert first.value != second.value
    assert "horse" not in first.value


def test_without_the_pepper_a_stolen_hash_is_no_use(identity, identity_with):
    kept = identity.runtime.resource(Passwords).make("correct horse battery")
    thief = identity_with(pepper="another").runtime.resource(Passwords)
    assert not thief.check(kept, "correct horse battery")


def test_a_pepper_is_changed_without_anybody_losing_their_password(identity_with):
    before = identity_with(pepper="first").runtime.resource(Passwords)
    kept = before.make("correct horse battery")
    after = identity_with(pepper="2:second,1:first").runtime.resource(Passwords)
    assert after.check(kept, "correct horse battery")
    assert after.is_outdated(kept)
    assert not after.is_outdated(after.make("correct horse battery"))


def test_a_hash_of_another_cost_is_outdated(identity_with):
    kept = identity_with(bcrypt_cost=4).runtime.resource(Passwords).make("correct horse battery")
    assert identity_with(bcrypt_cost=5).runtime.resource(Passwords).is_outdated(kept)


def test_who_comes_when_all_places_are_taken_is_sent_away_at_once(identity_with):
    passwords = identity_with(hash_queue=0).runtime.resource(Passwords)
    go, begun = Event(), [Event() for _ in range(passwords.places)]

    def wait(mine):
        mine.set()
        return go.wait(60)

    with ThreadPoolExecutor(passwords.places) as people:
        waiting = [people.submit(passwords.work, lambda mine=mine: wait(mine)) for mine in begun]
        assert all(mine.wait(60) for mine in begun)
        with pytest.raises(TooBusy) as refused:
            passwords.make("correct horse battery")
        go.set()
    assert isinstance(refused.value, Unavailable)
    assert refused.value.retry_after == 2
    assert all(each.result() for each in waiting)


@pytest.mark.parametrize(("threads", "places"), [(1, 1), (3, 1), (6, 4)])
def test_passwords_leave_threads_for_other_requests(identity_with, threads, places):
    identity = identity_with(hash_queue=100, threads=threads)
    assert identity.runtime.resource(Passwords).places == places


def test_a_pepper_without_an_id_is_the_first():
    assert peppers("secret") == [("1", "secret")]
    assert peppers("2:new,1:old") == [("2", "new"), ("1", "old")]


PRODUCTION = {
    "profile": "production",
    "broker_url": "amqp://broker",
    "keys_dir": ".",
    "database_url": "postgresql://database",
    "pepper": "p" * 32,
    "mail_url": "smtps://mail",
    "mail_from": "portal@operator.com",
    "contact_email": "service@operator.com",
    "dpo_email": "privacy@operator.com",
    "services": ",".join(f"{each}=http://{each}" for each in sorted(OTHERS)),
}


def test_production_starts_with_real_secrets_and_addresses():
    assert check(Settings(**PRODUCTION), "identity").bcrypt_cost == 12


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"pepper": "development:not-a-secret"}, "IDENTITY_PEPPER"),
        ({"pepper": "short"}, "IDENTITY_PEPPER"),
        ({"bcrypt_cost": 9}, "IDENTITY_BCRYPT_COST"),
        ({"bcrypt_cost": 40}, "IDENTITY_BCRYPT_COST"),
        ({"hash_queue": -1}, "IDENTITY_HASH_QUEUE"),
        ({"second_factor_for_staff": False}, "IDENTITY_SECOND_FACTOR_FOR_STAFF"),
        ({"mail_url": "folder:mails"}, "IDENTITY_MAIL_URL"),
        ({"dpo_email": "privacy@operator.example"}, "IDENTITY_DPO_EMAIL"),
    ],
)
def test_production_refuses_what_is_only_for_development(changed, named):
    with pytest.raises(SettingsError, match=named):
        check(Settings(**{**PRODUCTION, **changed}), "identity")


def test_development_starts_with_the_defaults():
    needed = ("broker_url", "keys_dir", "database_url")
    asked = {name: PRODUCTION[name] for name in needed}
    check(Settings(profile="development", **asked), "identity")
