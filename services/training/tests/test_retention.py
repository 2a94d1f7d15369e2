import re
from datetime import UTC, date, datetime, timedelta

import pytest

from common.events.catalogue import (
    AccountDeactivated,
    BookingCancelled,
    ErasureRequested,
    PersonalDataErased,
)
from common.ids import uuid7
from common.privacy import sweeps
from common.privacy.erasure import is_genuine
from common.privacy.personal import declared, undeclared
from common.privacy.retention import RowFacts, due, faults
from common.texts import LANGUAGES
from common.web.idempotency import StoredAnswer
from training.models import Base, Booking, Participant
from training.retention import KEPT, RULES

from .factories import ENDS_AT, a_session, book, cancel

SECOND = timedelta(seconds=1)
THREE_YEARS_LATER = datetime(2029, 6, 2, 15, 30, tzinfo=UTC)


def sweep(training):
    """Run the sweep; return how many participants went."""
    before = len(training.rows(Participant))
    training.service.jobs["sweep-retention"].run(training.runtime)
    return before - len(training.rows(Participant))


def trained_until(ended):
    facts = RowFacts(record_class="participants", process_ended_at=ended)
    return due(facts, RULES, (), ended).at


def test_every_column_says_what_it_is():
    assert list(undeclared(Base.metadata, declared(Base))) == []


def test_every_rule_is_sound_and_has_a_reason():
    assert list(faults(RULES)) == []
    assert all(rule.reason for rule in RULES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_are_told_of_every_rule_and_of_the_periods_that_are_kept(language):
    assert {facts.keep for facts in declared(Base).values()} == set(KEPT)
    assert set(KEPT) <= {rule.record_class for rule in RULES}
    told = re.findall(r"\d+", KEPT["participants"].say(language))
    assert told == [rule.period[1:-1] for rule in RULES if rule.period]


def test_participants_of_a_training_that_ended_on_a_leap_day_are_kept_to_28_february():
    ended = datetime(2028, 2, 29, 16, 0, tzinfo=UTC)
    assert trained_until(ended) == datetime(2031, 2, 28, 16, 0, tzinfo=UTC)


def test_participants_go_three_years_after_the_training_and_not_a_second_before(on_both):
    book(on_both.sign_in(), on_both.given(a_session()), 2)

    on_both.clock.instant = THREE_YEARS_LATER - SECOND
    assert sweep(on_both) == 0
    assert len(on_both.rows(Participant)) == 2

    on_both.clock.instant = THREE_YEARS_LATER
    assert sweep(on_both) == 2
    assert on_both.rows(Participant) == []
    assert on_both.rows(Booking)[0].seats == 2


def test_participants_of_a_cancelled_booking_go_after_thirty_days(training):
    booker, session = training.sign_in(), training.given(a_session())
    assert cancel(booker, book(booker, session)).status_code == 200
    stays = book(booker, session)

    training.clock.advance("P30D")
    training.clock.advance(-SECOND)
    assert sweep(training) == 0

    training.clock.advance(SECOND)
    assert sweep(training) == 1
    assert [str(row.booking_id) for row in training.rows(Participant)] == [stays["id"]]


@pytest.mark.parametrize("ended", ["2028-02-29", "2027-02-28", "2026-12-31", "2026-08-31"])
def test_the_sweep_keeps_to_the_rule_at_the_end_of_every_month(training, ended):
    ends_at = datetime.fromisoformat(f"{ended}T15:00:00Z")
    training.clock.instant = ends_at - timedelta(days=30)
    session = training.given(a_session(starts_at=ends_at - timedelta(hours=7), ends_at=ends_at))
    book(training.sign_in(), session)
    due_at = trained_until(ends_at)

    training.clock.instant = due_at - SECOND
    assert sweep(training) == 0
    training.clock.instant = due_at
    assert sweep(training) == 1


def test_a_sweep_of_many_batches_erases_all_of_them(training, monkeypatch):
    monkeypatch.setattr(sweeps, "BATCH", 2)
    book(training.sign_in(), training.given(a_session()), 7)
    training.clock.instant = THREE_YEARS_LATER
    assert sweep(training) == 7
    assert training.rows(Participant) == []


def test_erasing_the_booker_keeps_the_participants_with_reason_and_date(training):
    booker, session = training.sign_in(), training.given(a_session())
    book(booker, session, 2)
    training.clock.instant = ENDS_AT + timedelta(days=200)
    person = booker.person
    training.when(
        AccountDeactivated(
            account_id=person.account_id, organisation_id=person.organisation_id, epoch=2
        )
    )
    training.forget_published()

    training.when(ErasureRequested(account_id=person.account_id, request_id=uuid7()))

    receipt = training.published(PersonalDataErased)[0]
    assert is_genuine(training.runtime.keys, "training", receipt)
    tables = {each.table: each for each in receipt.tables}
    assert tables["participants"].kept == 2
    assert tables["participants"].reason == "process-in-retention"
    assert tables["participants"].until == date(2029, 6, 2)
    assert tables["bookings"].kept == 1
    assert tables["bookings"].reason == "pseudonym"
    assert tables["idempotency_keys"].deleted == 1
    assert training.rows(StoredAnswer) == []
    assert len(training.rows(Participant)) == 2


@pytest.mark.parametrize("cancelled", [True, False])
def test_erasing_the_booker_leaves_nothing_open(training, cancelled):
    booker, session = training.sign_in(), training.given(a_session())
    booking = book(booker, session, 2)
    if cancelled:
        cancel(booker, booking)

    training.when(ErasureRequested(account_id=booker.person.account_id, request_id=uuid7()))

    assert training.rows(Booking)[0].state == "cancelled"
    assert len(training.published(BookingCancelled)) == 1
    receipt = training.published(PersonalDataErased)[0]
    until = {each.table: each.until for each in receipt.tables}["participants"]
    assert until == (training.clock.now() + timedelta(days=30)).date()


def test_erasing_somebody_who_booked_nothing_leaves_a_receipt(training):
    training.when(ErasureRequested(account_id=uuid7(), request_id=uuid7()))
    receipt = training.published(PersonalDataErased)[0]
    assert {each.table for each in receipt.tables if each.kept} <= {"account_standing"}
