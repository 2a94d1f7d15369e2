"""What is kept for a while, and goes (S30, S39)."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from common.events.catalogue import ErasureRequested
from common.privacy import sweeps
from common.privacy.retention import RowFacts, due, faults
from common.privacy.sweeps import sweep
from identity.jobs import warn_before_the_limit
from identity.mails import write
from identity.models import ErasureRequest, LinkToken, Mail, MailKind, RefreshToken, SignInSession
from identity.retention import RULES
from identity.rules.states import State

from .factories import PASSWORD, an_account, an_organisation, mails, with_password


def test_sign_ins_links_and_notes_of_mails_are_forgotten_when_their_time_is_over(
    identity, customer
):
    account = identity.given(with_password(identity, an_account(customer)))
    asked = {"email": account.email, "password": PASSWORD}
    identity.anonymous().post("/sessions", asked)
    with identity.runtime.transaction() as session:
        write(session, account.id, MailKind.SET_PASSWORD)
    mails(identity)

    def left():
        sweep(identity.runtime)
        tables = (SignInSession, RefreshToken, LinkToken, Mail)
        return [len(identity.rows(model)) for model in tables]

    assert left() == [1, 1, 1, 1]
    identity.clock.advance("P1DT1S")
    assert left() == [1, 1, 1, 0]
    identity.clock.advance("P6D")
    assert left() == [1, 0, 1, 0]
    identity.clock.advance("P1D")
    assert left() == [1, 0, 0, 0]
    identity.clock.advance("P82D")
    assert left() == [0, 0, 0, 0]


def test_rows_with_a_key_of_two_columns_go_over_many_batches(on_both, monkeypatch):
    monkeypatch.setattr(sweeps, "BATCH", 2)
    customer, at = on_both.given(an_organisation()), on_both.clock.now()
    kinds = (MailKind.RECOVER, MailKind.DEACTIVATED, MailKind.ORDER_CONFIRMED)
    for account in [on_both.given(an_account(customer)) for _ in range(3)]:
        for kind in kinds:
            sent = Mail(account_id=account.id, kind=kind, next_try_at=at, sent_at=at)
            on_both.given(sent)
    on_both.clock.advance("P1D")
    sweep(on_both.runtime)
    assert on_both.rows(Mail) == []


def test_no_rule_has_a_fault_and_each_says_why():
    assert list(faults(RULES)) == []
    assert all(rule.reason for rule in RULES)


def test_the_erasure_of_an_account_begins_a_month_before_its_limit():  # S26
    deactivated_at = datetime(2027, 3, 31, 12, tzinfo=UTC)
    row = RowFacts(record_class="account", process_ended_at=deactivated_at)
    answer = due(row, RULES, (), deactivated_at)
    assert answer.at == datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert answer.limit_at == datetime(2028, 3, 31, 12, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))
def test_erasure_begins_within_the_year_and_leaves_at_least_four_weeks_to_finish(at):  # S26
    answer = due(RowFacts(record_class="account", process_ended_at=at), RULES, (), at)
    assert timedelta(days=28) <= answer.limit_at - answer.at <= timedelta(days=31)
    assert (answer.limit_at.year, answer.limit_at.month) == (at.year + 1, at.month)


def test_an_account_that_is_still_here_a_month_before_its_limit_is_an_alarm(identity, customer):
    closed_at = identity.clock.now()
    account = identity.given(an_account(customer, State.DEACTIVATED, deactivated_at=closed_at))
    identity.given(an_account(customer, State.ACTIVE))
    identity.clock.advance("P338D")
    assert warn_before_the_limit(identity.runtime) == 0
    identity.clock.advance("P2D")
    assert warn_before_the_limit(identity.runtime) == 1
    sweep(identity.runtime)
    assert warn_before_the_limit(identity.runtime) == 1
    request = ErasureRequested(
        account_id=account.id, request_id=identity.rows(ErasureRequest)[0].id
    )
    identity.when(request)
    assert warn_before_the_limit(identity.runtime) == 0
