from datetime import timedelta

import pytest

from common.events.catalogue import (
    AccountBlocked,
    AccountDeactivated,
    AccountUnblocked,
    BookingCancelled,
    BusinessRelationshipEnded,
)
from common.ids import uuid7
from common.messaging.brokers import Done
from common.web.standing import AccountStanding, Standing
from training.models import Booking, TrainingSession

from .factories import ENDS_AT, STARTS_AT, a_session, book


def told(kind, person, epoch=2):
    return kind(account_id=person.account_id, organisation_id=person.organisation_id, epoch=epoch)


@pytest.mark.parametrize("kind", [AccountBlocked, AccountDeactivated])
def test_an_account_that_may_not_act_keeps_no_open_booking(on_both, kind):  # S80
    session = on_both.given(a_session())
    booker = on_both.sign_in()
    booking = book(booker, session, 3)
    others = book(on_both.sign_in(), session, 2)
    on_both.forget_published()

    on_both.when(told(kind, booker.person))

    states = {str(row.id): row.state for row in on_both.rows(Booking)}
    assert states == {booking["id"]: "cancelled", others["id"]: "confirmed"}
    assert on_both.rows(TrainingSession)[0].seats_taken == 2
    assert [(str(each.booking_id), each.seats) for each in on_both.published()] == [
        (booking["id"], 3)
    ]
    assert booker.get("/bookings").status_code == 401


def test_what_has_begun_stays_booked_when_the_account_is_blocked(training):
    begun = training.given(a_session())
    later = training.given(
        a_session(starts_at=STARTS_AT + timedelta(days=9), ends_at=ENDS_AT + timedelta(days=9))
    )
    booker = training.sign_in()
    first, second = book(booker, begun), book(booker, later)
    training.clock.instant = STARTS_AT

    training.when(told(AccountBlocked, booker.person))

    states = {str(row.id): row.state for row in training.rows(Booking)}
    assert states == {first["id"]: "confirmed", second["id"]: "cancelled"}


def test_a_block_that_comes_after_the_account_may_act_again_cancels_nothing(training):
    session = training.given(a_session())
    booker = training.sign_in(known=False)
    training.given(
        AccountStanding(
            account_id=booker.person.account_id,
            organisation_id=booker.person.organisation_id,
            state=Standing.ACTIVE,
            epoch=1,
            sequence=7,
        )
    )
    book(booker, session)
    training.forget_published()

    training.when(told(AccountBlocked, booker.person, epoch=1))

    assert training.rows(Booking)[0].state == "confirmed"
    assert training.published() == []


def test_a_block_that_is_heard_here_first_cancels_and_shuts_out(training):
    booker = training.sign_in()
    book(booker, training.given(a_session()))
    named = {each.name: each for each in training.service.subscriptions}
    subscription = named["training.cancel_bookings_of"]
    message = training.message(told(AccountBlocked, booker.person))
    assert training.runtime.consumer.handle(subscription, [message]) == [Done()]

    assert training.rows(Booking)[0].state == "cancelled"
    assert booker.get("/bookings").status_code == 401


def test_an_unblocked_account_can_book_again(training):
    session = training.given(a_session())
    booker = training.sign_in()
    training.when(told(AccountBlocked, booker.person, epoch=1))
    assert booker.post("/bookings").status_code == 401
    training.when(told(AccountUnblocked, booker.person, epoch=1))
    book(booker, session)
    assert training.rows(TrainingSession)[0].seats_taken == 1


def test_a_customer_that_is_one_no_more_keeps_no_open_booking(on_both):
    session, other_session = on_both.given(a_session()), on_both.given(a_session())
    organisation_id = uuid7()
    first, second = (on_both.sign_in(organisation_id=organisation_id) for _ in range(2))
    gone = {book(first, session, 2)["id"], book(second, other_session, 1)["id"]}
    stays = book(on_both.sign_in(), session, 4)
    on_both.forget_published()

    on_both.when(BusinessRelationshipEnded(organisation_id=organisation_id))

    confirmed = on_both.rows(Booking, Booking.state == "confirmed")
    assert [str(row.id) for row in confirmed] == [stays["id"]]
    assert {str(each.booking_id) for each in on_both.published(BookingCancelled)} == gone
    assert sorted(row.seats_taken for row in on_both.rows(TrainingSession)) == [0, 4]
