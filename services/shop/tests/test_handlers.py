from common.events.catalogue import (
    AccountActivated,
    AccountDeactivated,
    AccountNameChanged,
    AccountReactivated,
    BusinessRelationshipEnded,
    ErasureRequested,
    OrderCancelled,
    PersonalDataErased,
)
from common.ids import uuid7
from common.messaging.brokers import Done
from common.web.standing import AccountStanding, Standing
from shop.models import Order
from shop.rules import State

from .factories import an_order, blocked, unblocked


def the(shop, order):
    [row] = shop.rows(Order, Order.id == order.id)
    return row


def deliver(shop, message):
    for subscription in shop.service.subscriptions:
        if message.type in subscription.types:
            assert shop.runtime.consumer.handle(subscription, [message]) == [Done()]


def test_an_account_that_identity_activated_may_act(shop):
    account_id = uuid7()
    shop.when(AccountActivated(account_id=account_id, organisation_id=uuid7(), epoch=1))
    [known] = shop.rows(AccountStanding)
    assert (known.account_id, known.state) == (account_id, Standing.ACTIVE)


def test_a_block_holds_the_buyer_s_unconfirmed_orders(shop):
    order = shop.given(an_order())
    shop.when(blocked(order))
    assert the(shop, order).held_at == shop.clock.now()
    assert the(shop, order).state is State.PLACED
    assert shop.published() == []


def test_a_block_leaves_the_orders_of_others_and_those_confirmed(shop):
    order = shop.given(an_order())
    colleague = shop.given(an_order(organisation_id=order.organisation_id))
    confirmed = shop.given(an_order(account_id=order.account_id, state=State.CONFIRMED))
    shop.when(blocked(order))
    assert the(shop, colleague).held_at is None
    assert the(shop, confirmed).held_at is None


def test_an_unblocked_buyer_s_orders_go_on(shop):
    order = shop.given(an_order())
    shop.when(blocked(order))
    shop.when(unblocked(order))
    assert the(shop, order).held_at is None


def test_a_reactivated_buyer_s_orders_go_on(shop):
    order = shop.given(an_order())
    who = {"account_id": order.account_id, "organisation_id": order.organisation_id}
    shop.when(blocked(order))
    shop.when(AccountDeactivated(**who, epoch=3))
    assert the(shop, order).held_at is not None
    shop.when(AccountReactivated(**who, epoch=4))
    assert the(shop, order).held_at is None


def test_a_block_that_comes_after_its_own_end_holds_nothing(shop):
    order = shop.given(an_order())
    late = shop.message(blocked(order), sequence=5)
    deliver(shop, shop.message(unblocked(order), sequence=6))
    deliver(shop, late)
    assert the(shop, order).held_at is None


def test_a_block_and_its_end_in_one_batch_hold_nothing(shop):
    order = shop.given(an_order())
    batch = [shop.message(blocked(order)), shop.message(unblocked(order))]
    [hold] = [each for each in shop.service.subscriptions if "hold_orders" in each.name]
    assert shop.runtime.consumer.handle(hold, batch) == [Done(), Done()]
    assert the(shop, order).held_at is None
    assert the(shop, order).hold_sequence == 2


def test_a_late_block_holds_although_the_account_was_closed_meanwhile(shop):
    order = shop.given(an_order())
    who = {"account_id": order.account_id, "organisation_id": order.organisation_id}
    late = shop.message(blocked(order), sequence=5)
    deliver(shop, shop.message(AccountDeactivated(**who, epoch=3), sequence=6))
    deliver(shop, late)
    assert the(shop, order).held_at is not None
    assert shop.rows(AccountStanding)[0].state is Standing.DEACTIVATED


def test_an_old_block_does_not_hold_what_was_ordered_after_it_ended(shop):
    order = shop.given(an_order(hold_sequence=6))
    deliver(shop, shop.message(blocked(order), sequence=5))
    assert the(shop, order).held_at is None


def test_a_deactivated_buyer_s_orders_are_left(shop):
    order = shop.given(an_order())
    shop.when(
        AccountDeactivated(
            account_id=order.account_id, organisation_id=order.organisation_id, epoch=2
        )
    )
    assert the(shop, order).state is State.PLACED
    assert the(shop, order).held_at is None


def test_the_end_of_the_relation_cancels_what_nobody_confirmed(shop):
    order = shop.given(an_order())
    confirmed = shop.given(an_order(organisation_id=order.organisation_id, state=State.CONFIRMED))
    other = shop.given(an_order())
    shop.when(BusinessRelationshipEnded(organisation_id=order.organisation_id))
    assert the(shop, order).state is State.CANCELLED
    assert the(shop, order).cancelled_at == shop.clock.now()
    assert the(shop, confirmed).state is State.CONFIRMED
    assert the(shop, other).state is State.PLACED
    assert shop.published() == [
        OrderCancelled(
            order_id=order.id, organisation_id=order.organisation_id, account_id=order.account_id
        )
    ]


def renamed(order):
    who = {"account_id": order.account_id, "organisation_id": order.organisation_id}
    return AccountNameChanged(**who, epoch=1)


def test_a_corrected_name_is_noted_on_the_orders_and_they_stay_as_printed(shop):  # art. 16
    order = shop.given(an_order())
    other = shop.given(an_order(organisation_id=order.organisation_id))
    shop.clock.advance("P3D")
    shop.when(renamed(order))
    assert the(shop, order).contact_corrected_at == shop.clock.now()
    assert the(shop, order).contact == order.contact
    assert the(shop, other).contact_corrected_at is None


def test_of_two_corrections_the_later_is_noted_whichever_comes_last(shop):
    order = shop.given(an_order())
    shop.clock.advance("P1D")
    earlier = shop.message(renamed(order))
    shop.clock.advance("P1D")
    deliver(shop, shop.message(renamed(order)))
    deliver(shop, earlier)
    assert the(shop, order).contact_corrected_at == shop.clock.now()


def test_an_order_of_after_the_correction_needs_no_note(shop):
    order = an_order()
    late = shop.message(renamed(order))
    shop.clock.advance("P1D")
    order.placed_at = shop.clock.now()
    shop.given(order)
    deliver(shop, late)
    assert the(shop, order).contact_corrected_at is None


def test_a_request_to_erase_is_answered_with_one_and_the_same_receipt(shop):
    order = shop.given(an_order())
    request = ErasureRequested(account_id=order.account_id, request_id=uuid7())
    shop.when(request)
    shop.when(request)
    receipts = {each.signature for each in shop.published(PersonalDataErased)}
    assert len(receipts) == 1
