"""Ways back in, used several times at once; beside each guard a control that shows the race."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from identity import links
from identity.models import LinkPurpose, RecoveryRequest
from identity.rules.refusals import LinkNotValid

from .factories import (
    PASSWORD,
    an_account,
    an_organisation,
    mails,
    me,
    stored,
    token_in,
    with_password,
)
from .test_races import LOCK, Race

NEXT = "violet anchor dispatch meadow"
COUNTING = "recovery_counts.requests + "


def at_once(calls):
    """Answers of calls made by a thread each."""
    with ThreadPoolExecutor(len(calls)) as people:
        return sorted(people.map(lambda call: call(), calls))


def a_person(identity):
    return identity.given(with_password(identity, an_account(identity.given(an_organisation()))))


def a_link(identity, account):
    identity.anonymous().post("/passwords/recovery", {"email": account.email})
    return token_in(mails(identity)[-1][2])


def test_of_two_uses_of_a_link_at_once_one_sets_the_password(on_both):
    account = a_person(on_both)
    body = {"token": a_link(on_both, account), "password": NEXT}

    def use():
        return on_both.anonymous().post("/passwords", body).status_code

    assert at_once([use, use]) == [204, 404]
    assert stored(on_both, account).epoch == 2


def two_uses(identity, without):
    token = a_link(identity, a_person(identity))

    def use():
        try:
            with identity.runtime.transaction() as session:
                links.use(session, token, LinkPurpose.RECOVER)
        except LinkNotValid:
            return False
        return True

    return sorted(Race(identity, ["UPDATE link_tokens"], without, patience=1).run(use, use))


@pytest.mark.postgres
def test_a_link_is_used_once_under_the_lock_of_its_account(on_postgres):
    assert two_uses(on_postgres, without="") == [False, True]


@pytest.mark.postgres
def test_control_without_the_lock_a_link_is_good_twice(on_postgres):
    assert two_uses(on_postgres, without=LOCK) == [True, True]


def two_confirmations(identity):
    """Of the same address, by the owners of two accounts."""
    tokens = []
    for _ in range(2):
        body = {"email": "wanted@muster.example", "current_password": PASSWORD}
        assert (
            me(identity, a_person(identity)).post("/accounts/me/address", body).status_code == 202
        )
        tokens.append(token_in(mails(identity)[-1][2]))

    def confirm(token):
        body = {"token": token}
        return identity.anonymous().post("/accounts/address-confirmation", body).status_code

    return [lambda token=token: confirm(token) for token in tokens]


def test_of_two_people_who_take_one_address_at_once_one_has_it(on_both):
    assert at_once(two_confirmations(on_both)) == [204, 404]


@pytest.mark.postgres
def test_who_comes_second_to_an_address_is_refused_when_the_first_is_not_done(on_postgres):
    confirmations = two_confirmations(on_postgres)
    race = Race(on_postgres, ["UPDATE accounts", "email_key"], patience=1)
    assert race.run(*confirmations) == (204, 404)


@pytest.mark.postgres
def test_control_without_the_constraint_both_have_the_address(on_postgres):
    with on_postgres.runtime.db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE accounts DROP CONSTRAINT uq_accounts_email_key"))
    confirmations = two_confirmations(on_postgres)
    race = Race(on_postgres, ["UPDATE accounts", "email_key"], patience=1)
    assert race.run(*confirmations) == (204, 204)


def ten_requests(identity):
    def ask():
        body = {"email": "anna@muster.example"}
        return identity.anonymous().post("/passwords/recovery", body).status_code

    return at_once([ask] * 10)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def of_three(request, identity_with):
    """The service on each database; a network may ask three times an hour."""
    more = {}
    if request.param == "postgres":
        more["database_url"] = request.getfixturevalue("new_postgres_database")("identity")
    return identity_with(recoveries_per_hour=3, **more)


def test_requests_at_once_do_not_slip_past_the_limit_of_a_network(of_three):
    assert ten_requests(of_three) == [202] * 3 + [429] * 7
    assert len(of_three.rows(RecoveryRequest)) == 3


def test_control_without_counting_all_get_through(of_three):
    def uncounted(connection, cursor, statement, parameters, *_):
        return statement.replace(COUNTING, "0 * recovery_counts.requests + "), parameters

    engine = of_three.runtime.db.engine
    sa.event.listen(engine, "before_cursor_execute", uncounted, retval=True)
    assert ten_requests(of_three) == [202] * 10
