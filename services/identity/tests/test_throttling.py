"""Failed tries slow guessing down and lock nobody out (S30)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event, Thread

import bcrypt
import pytest
import sqlalchemy as sa
from hypothesis import given, strategies

from common.privacy.sweeps import sweep
from common.testing.clock import RunningClock
from identity.mails import write
from identity.models import MailKind, SignInThrottle
from identity.passwords import Passwords
from identity.rules.origins import Origin
from identity.rules.throttling import LIMITS, Counter, wait_after

from .factories import PASSWORD, an_account, an_organisation, mails, token_in, with_password

HOME, ABROAD = "192.0.2.10", "203.0.113.7"
FREE = LIMITS[Counter.OWN].free


def sign_in(identity, address, password="a wrong password", at=HOME):
    asked = {"email": address, "password": password}
    return identity.anonymous().post("/sessions", asked, headers={"X-Forwarded-For": at})


def fail(identity, address, times=FREE, at=HOME):
    codes = [sign_in(identity, address, at=at).status_code for _ in range(times)]
    assert codes == [401] * times


def fail_elsewhere(identity, address, times):
    """Wrong tries from as many networks."""
    for number in range(times):
        fail(identity, address, 1, at=f"2001:db8:{number:x}::1")


@pytest.fixture
def anna(identity, customer):
    return identity.given(with_password(identity, an_account(customer)))


# ------------------------------------------------------------------------------------- the rule


@given(counter=strategies.sampled_from(Counter), failures=strategies.integers(0, 10**9))
def test_a_wait_never_shrinks_with_more_failures_and_never_passes_its_bound(counter, failures):
    limit = LIMITS[counter]
    wait = wait_after(counter, failures)
    assert wait <= wait_after(counter, failures + 1) <= limit.longest <= timedelta(minutes=15)
    assert (wait == timedelta(0)) is (failures < limit.free)


def test_waits_begin_with_five_seconds_and_double():
    waits = [wait_after(Counter.OWN, FREE + n).total_seconds() for n in range(9)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900]


@pytest.mark.parametrize(
    ("address", "counted_as", "kept"),
    [
        ("192.0.2.10", "192.0.2.10/32", "192.0.2.0/24"),
        ("::ffff:192.0.2.10", "192.0.2.10/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        (None, "unknown", "unknown"),
        ("not an address", "unknown", "unknown"),
    ],
)
def test_an_ipv6_customer_is_one_network_and_less_is_kept_than_counted(address, counted_as, kept):
    found = Origin.of(address, "Browser\x00\n" + "x" * 200)
    assert (found.counted_as, found.network) == (counted_as, kept)
    assert len(found.client) <= 120
    assert found.client.isprintable()


# ----------------------------------------------------------------------------------- by address


def test_a_try_that_began_before_anothers_was_counted_does_not_wait(identity, anna):
    """Web processes' clocks differ, and a try may wait for the row of one that began later."""
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201
    identity.clock.advance("-PT2S")
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201


def test_a_first_try_waits_for_nothing_by_a_clock_that_runs(identity, anna):
    identity.runtime.clock = RunningClock()
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201


@pytest.mark.parametrize("who", ["known", "unknown", "no address at all"])
def test_after_five_wrong_tries_the_next_waits_and_no_hash_is_computed(
    identity, anna, who, monkeypatch
):
    address = anna.email if who == "known" else f"{who}@muster.example"
    fail(identity, address)
    monkeypatch.setattr(bcrypt, "checkpw", None)
    answer = sign_in(identity, address, PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert answer.json["type"] == "/problems/too-many-tries"


def test_the_refusal_of_a_known_and_an_unknown_address_is_the_same(identity, anna):
    answers = []
    for address in (anna.email, "nobody@muster.example"):
        fail(identity, address)
        answers.append(sign_in(identity, address))
    for each in answers:
        each.headers.remove("X-Request-Id")
    assert answers[0].data == answers[1].data
    assert list(answers[0].headers) == list(answers[1].headers)


def test_the_right_password_is_good_after_the_wait_and_clears_the_count(identity, anna):
    fail(identity, anna.email)
    identity.clock.advance("PT4S")
    assert sign_in(identity, anna.email, PASSWORD).status_code == 429
    identity.clock.advance("PT1S")
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201
    fail(identity, anna.email)


def test_who_keeps_knocking_while_waiting_does_not_make_the_wait_longer(identity, anna):
    fail(identity, anna.email)
    for _ in range(20):
        assert sign_in(identity, anna.email).status_code == 429
    identity.clock.advance("PT5S")
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201


def test_no_attack_locks_an_account_for_longer_than_fifteen_minutes(identity, anna):
    fail(identity, anna.email)
    for _ in range(30):
        identity.clock.advance("PT15M")
        assert sign_in(identity, anna.email).status_code == 401
    assert int(sign_in(identity, anna.email).headers["Retry-After"]) == 900
    identity.clock.advance("PT15M")
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201


def test_an_address_is_counted_in_all_its_spellings(identity, anna):
    for spelling in (anna.email, anna.email.upper(), anna.email.title()):
        fail(identity, spelling, 1)
    fail(identity, anna.email, 2)
    assert sign_in(identity, anna.email.upper()).status_code == 429


def test_failures_are_forgotten_after_some_hours_and_their_rows_go(identity, anna):
    fail(identity, anna.email)
    identity.clock.advance("PT6H1S")
    fail(identity, anna.email)
    identity.clock.advance("PT6H1S")
    sweep(identity.runtime)
    assert identity.rows(SignInThrottle) == []


def test_the_rows_do_not_say_whose_they_are(identity, anna):
    fail(identity, anna.email)
    kept = "".join(row.key for row in identity.rows(SignInThrottle))
    assert len(kept) == 3 * 64
    assert not any(word in kept for word in (anna.email, HOME, str(anna.id)))


def test_a_password_set_with_a_mailed_link_is_good_at_once(identity, anna):
    fail(identity, anna.email)
    with identity.runtime.transaction() as session:
        write(session, anna.id, MailKind.SET_PASSWORD)
    chosen = {"token": token_in(mails(identity)[0][2]), "password": "seven quiet otters"}
    asked = {"headers": {"X-Forwarded-For": HOME}}
    assert identity.anonymous().post("/passwords", chosen, **asked).status_code == 204
    assert sign_in(identity, anna.email, chosen["password"]).status_code == 201


# --------------------------------------------------------------- by address from everywhere


def test_an_address_tried_from_many_networks_waits_a_minute_at_most(identity, anna):
    fail_elsewhere(identity, anna.email, LIMITS[Counter.ADDRESS].free)
    for _ in range(10):
        answer = sign_in(identity, anna.email, PASSWORD, at=ABROAD)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) <= 60
        identity.clock.advance(f"PT{answer.headers['Retry-After']}S")
        assert sign_in(identity, anna.email, at="198.51.100.1").status_code in (401, 429)
    identity.clock.advance("PT1M")
    assert sign_in(identity, anna.email, PASSWORD, at=ABROAD).status_code == 201


def test_what_others_do_to_an_account_does_not_slow_its_owner_where_they_signed_in_before(
    identity, anna
):
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201
    fail_elsewhere(identity, anna.email, LIMITS[Counter.ADDRESS].free)
    assert sign_in(identity, anna.email, PASSWORD, at=ABROAD).status_code == 429
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201
    fail(identity, anna.email)
    assert sign_in(identity, anna.email, PASSWORD).status_code == 429


# ----------------------------------------------------------------------------------- by network


def test_a_network_that_tries_many_addresses_waits_and_people_known_there_do_not(identity, anna):
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201
    fail(identity, "first@muster.example", 1)
    with identity.runtime.transaction() as session:
        most = LIMITS[Counter.NETWORK].free - 1
        session.execute(sa.update(SignInThrottle).values(failures=most))
    fail(identity, "last@muster.example", 1)
    assert sign_in(identity, "another@muster.example").status_code == 429
    assert sign_in(identity, "another@muster.example", at=ABROAD).status_code == 401
    assert sign_in(identity, anna.email, PASSWORD).status_code == 201
    identity.clock.advance("PT1M")
    assert sign_in(identity, "another@muster.example").status_code == 401


def test_people_who_sign_in_rightly_never_fill_the_count_of_their_network(identity, customer):
    account = identity.given(with_password(identity, an_account(customer)))
    for number in range(3):
        assert sign_in(identity, account.email, PASSWORD, at=f"10.0.{number}.1").status_code == 201
    assert {row.failures for row in identity.rows(SignInThrottle)} == {0}


def test_a_client_cannot_say_itself_from_where_it_comes(identity, anna):
    """The last proxy's word counts, not what a client put before it."""
    for number in range(FREE):
        fail(identity, anna.email, 1, at=f"198.51.100.{number}, {HOME}")
    assert sign_in(identity, anna.email, at=f"198.51.100.99, {HOME}").status_code == 429


# --------------------------------------------------------------------------------------- at once


def test_a_try_that_finds_all_places_taken_does_not_count(identity_with):
    identity = identity_with(hash_queue=0)
    account = identity.given(with_password(identity, an_account(identity.given(an_organisation()))))
    passwords, go = identity.runtime.resource(Passwords), Event()
    begun = [Event() for _ in range(passwords.places)]
    with ThreadPoolExecutor(passwords.places) as people:
        for mine in begun:
            people.submit(passwords.work, lambda mine=mine: (mine.set(), go.wait(60)))
        assert all(mine.wait(60) for mine in begun)
        codes = [sign_in(identity, account.email).status_code for _ in range(FREE + 1)]
        go.set()
    assert codes == [503] * (FREE + 1)
    assert sign_in(identity, account.email, PASSWORD).status_code == 201


COUNTING = "sign_in_throttles.failures + "


@contextmanager
def counted_as_if_alone(identity):
    """The guard off: the count is written as it was read before, not added in the statement."""

    def cut(connection, cursor, statement, parameters, context, many):
        return statement.replace(COUNTING, "0 + "), parameters

    engine = identity.runtime.db.engine
    sa.event.listen(engine, "before_cursor_execute", cut, retval=True)
    yield
    sa.event.remove(engine, "before_cursor_execute", cut)


def tries_at_once(identity, address, people=12):
    """How many of so many wrong tries at the same time had their password looked at."""
    identity.runtime.resource(Passwords)
    begin, codes = Barrier(people), []

    def one():
        begin.wait(30)
        while (code := sign_in(identity, address).status_code) == 503:
            pass
        codes.append(code)

    threads = [Thread(target=one) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(codes) == people
    return codes.count(401)


def test_of_many_wrong_tries_at_once_each_counts_and_five_are_looked_at(on_both):
    identity = on_both
    account = identity.given(with_password(identity, an_account(identity.given(an_organisation()))))
    assert tries_at_once(identity, account.email) == FREE


def test_control_without_adding_in_the_statement_all_are_looked_at(on_both):
    identity = on_both
    account = identity.given(with_password(identity, an_account(identity.given(an_organisation()))))
    with counted_as_if_alone(identity):
        assert tries_at_once(identity, account.email) > FREE
