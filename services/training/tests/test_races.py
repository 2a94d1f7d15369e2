"""Twenty people at a time: no seat is sold twice, none is lost, and no block is slipped past."""

from concurrent.futures import ThreadPoolExecutor, wait
from itertools import chain
from threading import Barrier, Event

import pytest
import sqlalchemy as sa

from common.events.catalogue import (
    AccountBlocked,
    BookingCancelled,
    BookingConfirmed,
    BusinessRelationshipEnded,
)
from common.web import Role
from training import routes, seats
from training.models import Booking, TrainingSession
from training.rules import BookingState

from .factories import a_request, a_session, book, cancel

PEOPLE = 20


def at_once(work, arguments):
    """Call the work in a thread each; return the answers, or raise what one raised."""
    with ThreadPoolExecutor(PEOPLE) as pool:
        return list(pool.map(work, arguments))


def confirmed_seats(harness, session):
    rows = harness.rows(
        Booking, Booking.session_id == session.id, Booking.state == BookingState.CONFIRMED
    )
    return sum(row.seats for row in rows)


def test_two_hundred_ask_for_a_hundred_seats_and_a_hundred_get_one(on_both):
    session = on_both.given(a_session(capacity=100))
    together = Barrier(PEOPLE, timeout=30)

    def ask_ten_times(person):
        together.wait()
        return [person.post("/bookings", json=a_request(session)).status_code for _ in range(10)]

    answers = at_once(ask_ten_times, [on_both.sign_in() for _ in range(PEOPLE)])

    statuses = list(chain.from_iterable(answers))
    assert (statuses.count(201), statuses.count(409)) == (100, 100)
    assert confirmed_seats(on_both, session) == 100
    assert on_both.rows(TrainingSession)[0].seats_taken == 100
    assert len(on_both.published(BookingConfirmed)) == 100


def counted_then_taken(together):
    """Take seats as one would at first: count, compare, and let the booking be inserted."""

    def take_seats(session, training_id, wanted):
        taken = session.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(Booking.seats), 0)).where(
                Booking.session_id == training_id, Booking.state == BookingState.CONFIRMED
            )
        )
        together.wait()
        training = session.get_one(TrainingSession, training_id)
        if taken + wanted > training.capacity:
            raise seats.SeatsTaken

    return take_seats


@pytest.mark.postgres
def test_counting_first_would_sell_seats_twice_on_postgresql(on_postgres, monkeypatch):
    session = on_postgres.given(a_session(capacity=1))
    monkeypatch.setattr(seats, "take_seats", counted_then_taken(Barrier(PEOPLE, timeout=30)))

    def ask(person):
        return person.post("/bookings", json=a_request(session)).status_code

    assert at_once(ask, [on_postgres.sign_in() for _ in range(PEOPLE)]) == [201] * PEOPLE
    assert confirmed_seats(on_postgres, session) == PEOPLE


def test_counting_first_would_sell_seats_twice_on_sqlite_as_drivers_begin(training):
    """With BEGIN IMMEDIATE even this would not oversell; the engine here begins as by default."""
    session = training.given(a_session(capacity=1))
    template = a_booking_of(training, session)
    engine = sa.create_engine(training.runtime.db.engine.url, poolclass=sa.NullPool)
    take_seats = counted_then_taken(Barrier(PEOPLE, timeout=30))

    def ask(_):
        with sa.orm.Session(engine) as database, database.begin():
            take_seats(database, session.id, 1)
            database.add(Booking(**template, seats=1))

    at_once(ask, range(PEOPLE))
    engine.dispose()
    assert confirmed_seats(training, session) == PEOPLE


def a_booking_of(harness, session):
    person = harness.sign_in().person
    return {
        "session_id": session.id,
        "account_id": person.account_id,
        "organisation_id": person.organisation_id,
        "booked_at": harness.clock.now(),
    }


def test_no_seat_is_lost_when_people_book_and_cancel_and_are_blocked_at_once(on_both):
    sessions = [on_both.given(a_session(capacity=12)) for _ in range(3)]
    blocked = [on_both.sign_in() for _ in range(4)]
    gone = on_both.sign_in()
    trainer = on_both.sign_in(Role.TRAINER)
    together = Barrier(PEOPLE, timeout=30)

    def come_and_go(person):
        statuses = []
        for turn in range(6):
            session = sessions[turn % 3]
            booked = person.post("/bookings", json=a_request(session, 1 + turn % 2))
            statuses.append(booked.status_code)
            if booked.status_code == 201 and turn % 3 != 2:
                statuses.append(cancel(person, booked.json).status_code)
        return statuses

    def block(person):
        on_both.when(
            AccountBlocked(
                account_id=person.account_id, organisation_id=person.organisation_id, epoch=2
            )
        )
        return []

    def end_relation(person):
        on_both.when(BusinessRelationshipEnded(organisation_id=person.organisation_id))
        return []

    def cancel_training(person):
        path = f"/sessions/{sessions[0].id}/cancellation"
        return [person.change("POST", path, 1).status_code]

    people = [on_both.sign_in() for _ in range(PEOPLE - 11)]
    work = [
        *((come_and_go, person) for person in [*people, *blocked, gone]),
        *((block, person.person) for person in blocked),
        (end_relation, gone.person),
        (cancel_training, trainer),
    ]

    def start(order):
        function, argument = order
        together.wait()
        return function(argument)

    statuses = set(chain.from_iterable(at_once(start, work)))

    assert statuses <= {200, 201, 401, 409, 412, 503}
    for row in on_both.rows(TrainingSession):
        assert row.seats_taken == confirmed_seats(on_both, row)
    assert confirmed_seats(on_both, sessions[0]) == 0
    accounts = [each.person.account_id for each in blocked]
    left = on_both.rows(
        Booking, Booking.account_id.in_(accounts), Booking.state == BookingState.CONFIRMED
    )
    assert left == []
    confirmed = {each.booking_id for each in on_both.published(BookingConfirmed)}
    cancelled = [each.booking_id for each in on_both.published(BookingCancelled)]
    assert len(cancelled) == len(set(cancelled))
    still = on_both.rows(Booking, Booking.state == BookingState.CONFIRMED)
    assert confirmed - set(cancelled) == {row.id for row in still}


class Pause:
    """Holds `publish` of the booking route until it is told to go on."""

    def __init__(self, monkeypatch):
        self.reached, self.go_on = Event(), Event()
        real = routes.publish

        def publish(session, event):
            self.reached.set()
            assert self.go_on.wait(20)
            real(session, event)

        monkeypatch.setattr(routes, "publish", publish)


def block_while_booking(harness, monkeypatch, before_going_on):
    """Block the booker while the booking is decided and not committed; return its state."""
    session = harness.given(a_session())
    booker = harness.sign_in()
    person = booker.person
    blocked = AccountBlocked(
        account_id=person.account_id, organisation_id=person.organisation_id, epoch=2
    )
    pause = Pause(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        booking = pool.submit(book, booker, session)
        assert pause.reached.wait(20)
        handling = pool.submit(harness.when, blocked)
        before_going_on(handling)
        pause.go_on.set()
        booking.result(30)
        handling.result(30)
    return harness.rows(Booking)[0].state


def until_it_waits(harness, handling):
    """Return once the handler is done, or PostgreSQL says that somebody waits for a lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    engine = harness.runtime.db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        while not wait([handling], timeout=0.02).done and not connection.scalar(waiting):
            pass


def test_a_block_beside_a_booking_under_way_cancels_it(training, monkeypatch):
    assert block_while_booking(training, monkeypatch, lambda handling: None) == "cancelled"


@pytest.mark.postgres
def test_a_block_waits_for_a_booking_under_way_and_cancels_it(on_postgres, monkeypatch):
    state = block_while_booking(
        on_postgres, monkeypatch, lambda handling: until_it_waits(on_postgres, handling)
    )
    assert state == "cancelled"


@pytest.mark.postgres
def test_without_holding_the_standing_a_block_would_miss_it(on_postgres, monkeypatch):
    monkeypatch.setattr(seats, "require_active", lambda session, account_id: None)
    done_first = block_while_booking(on_postgres, monkeypatch, lambda handling: handling.result(30))
    assert done_first == "confirmed"


@pytest.mark.postgres
def test_a_booking_does_not_wait_for_a_standing_that_is_being_changed(on_postgres):
    session = on_postgres.given(a_session())
    booker = on_postgres.sign_in()
    with on_postgres.runtime.transaction() as database:
        seats.require_active(database, booker.person.account_id)
        database.execute(
            sa.text("UPDATE account_standing SET epoch = epoch WHERE account_id = :id"),
            {"id": booker.person.account_id},
        )
        answer = booker.post("/bookings", json=a_request(session))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    book(booker, session)


@pytest.mark.postgres
def test_a_booking_and_its_training_cancelled_at_once_do_not_wait_for_each_other(on_postgres):
    trainer = on_postgres.sign_in(Role.TRAINER)
    booker = on_postgres.sign_in()
    for _ in range(10):
        session = on_postgres.given(a_session())
        booking = book(booker, session)
        together = Barrier(2, timeout=30)

        def cancel_training(session=session, together=together):
            together.wait()
            return trainer.change("POST", f"/sessions/{session.id}/cancellation", 1)

        def cancel_booking(booking=booking, together=together):
            together.wait()
            return cancel(booker, booking)

        answers = at_once(lambda work: work().status_code, [cancel_training, cancel_booking])
        assert answers[0] == 200
        assert answers[1] in (200, 409, 412)
        assert confirmed_seats(on_postgres, session) == 0
