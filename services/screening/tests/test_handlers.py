"""What screening does when it hears of people."""

from uuid import uuid4

import pytest

from common.events.catalogue import (
    AccountBlocked,
    AccountDeactivated,
    AccountErased,
    AccountNameChanged,
    AccountRegistered,
    ErasureRequested,
    ScreeningCompleted,
    Verdict,
)
from common.ids import uuid7
from common.messaging.brokers import Done
from common.web.standing import AccountStanding, Standing
from screening import checks, versions
from screening.models import Screening
from screening.providers import Answer, LocalProvider
from screening.rules.states import Occasion, Status

from .factories import FIRST, LISTED, SECOND, import_lists, list_with, register, row_of, screened


def registered(account_id):
    return AccountRegistered(account_id=account_id, organisation_id=None, epoch=1)


def test_a_new_person_waits_to_be_compared(on_both):  # S14
    account_id = uuid7()
    on_both.when(registered(account_id))
    (row,) = on_both.rows(Screening)
    assert (row.account_id, row.verdict, row.occasion) == (
        account_id,
        Status.PENDING,
        Occasion.REGISTRATION,
    )
    assert row.next_try_at == on_both.clock.now()
    assert on_both.published() == []


def test_hearing_of_a_screened_person_again_changes_nothing(screening):
    account_id = screened(screening)
    before = row_of(screening, account_id)
    screening.when(registered(account_id))
    after = row_of(screening, account_id)
    assert (after.verdict, after.next_try_at, after.version) == (
        before.verdict,
        None,
        before.version,
    )


def test_a_registration_heard_after_the_erasure_brings_nobody_back(on_both):
    account_id = uuid7()
    on_both.when(ErasureRequested(account_id=account_id, request_id=uuid4()))
    on_both.when(registered(account_id))
    assert on_both.rows(Screening) == []


def test_a_tombstone_keeps_a_person_away(on_both):
    account_id = uuid7()
    late = on_both.message(registered(account_id))
    on_both.when(AccountErased(account_id=account_id, organisation_id=None, epoch=2))
    for subscription in on_both.service.subscriptions:
        if late.type in subscription.types:
            assert on_both.runtime.consumer.handle(subscription, [late]) == [Done()]
    assert on_both.rows(Screening) == []


def test_standing_follows_the_account(screening):
    account_id = uuid7()
    screening.when(registered(account_id))
    screening.when(AccountBlocked(account_id=account_id, organisation_id=None, epoch=2))
    assert screening.rows(AccountStanding)[0].state is Standing.BLOCKED


@pytest.mark.parametrize("kind", [AccountDeactivated, AccountBlocked])
def test_who_is_deactivated_or_blocked_is_still_compared(screening, tmp_path, kind):  # S18
    account_id = screened(screening)
    screening.when(kind(account_id=account_id, organisation_id=None, epoch=2))
    screening.forget_published()
    import_lists(screening, list_with(tmp_path, ("Kim", "Sorglos")))
    screening.run_steps()
    (said,) = screening.published(ScreeningCompleted)
    assert (said.account_id, said.verdict) == (account_id, Verdict.HIT)


def test_no_handler_asks_identity(screening):
    import_lists(screening, SECOND)
    register(screening, LISTED)
    assert screening.identity.asked == []


def renamed(account_id):
    return AccountNameChanged(account_id=account_id, organisation_id=uuid7(), epoch=1)


def test_another_name_is_compared_and_the_former_verdict_stands_until_then(on_both):  # S16, S18
    account_id = screened(on_both)
    on_both.identity.names[account_id] = LISTED
    on_both.forget_published()
    on_both.when(renamed(account_id))
    row = row_of(on_both, account_id)
    assert (row.verdict, row.occasion, row.request, row.pending) == (
        Status.CLEAR, Occasion.NAME, 2, True
    )  # fmt: skip
    on_both.run_steps()
    (told,) = on_both.published(ScreeningCompleted)
    assert (told.account_id, told.verdict) == (account_id, Verdict.HIT)


def test_another_name_that_is_as_clear_as_the_former_is_not_told_of(screening):
    account_id = screened(screening)
    screening.identity.names[account_id] = ("Clara", "Unbekannt")
    digest = row_of(screening, account_id).name_digest
    screening.forget_published()
    screening.when(renamed(account_id))
    screening.run_steps()
    row = row_of(screening, account_id)
    assert (row.pending, row.name_digest == digest, screening.published()) == (False, False, [])


def test_a_comparison_of_the_former_name_is_void(screening):
    account_id = screened(screening)
    screening.when(renamed(account_id), times=1)
    with screening.runtime.transaction() as session:
        taken = checks.take(session)
    screening.when(renamed(account_id), times=1)
    with screening.runtime.transaction() as session:
        late = checks.Compared("f" * 64, Answer((), ("un:1",)))
        checks.settle(session, taken, {account_id: late}, LocalProvider([], 82, 95))
    row = row_of(screening, account_id)
    assert (row.pending, row.request) == (True, 3)
    assert row.name_digest != "f" * 64


def test_a_name_that_is_changed_before_the_registration_is_heard_of_is_compared_once(screening):
    account_id = uuid7()
    screening.when(renamed(account_id))
    screening.when(registered(account_id))
    (row,) = screening.rows(Screening)
    assert (row.verdict, row.pending, row.request) == (Status.PENDING, True, 1)


def test_a_change_of_name_heard_after_the_erasure_brings_nobody_back(screening):
    account_id = uuid7()
    screening.when(ErasureRequested(account_id=account_id, request_id=uuid4()))
    screening.when(renamed(account_id))
    assert screening.rows(Screening) == []


def test_whoever_waited_for_a_first_list_waits_no_longer_than_it_takes_to_come(on_both):
    account_id = register(on_both)
    for _ in range(4):
        on_both.run_steps()
        on_both.clock.advance("PT1H")
    on_both.run_steps()
    assert row_of(on_both, account_id).next_try_at > on_both.clock.now()
    import_lists(on_both, FIRST)
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.CLEAR


def test_a_wish_to_compare_everybody_does_not_hide_that_a_name_has_changed(on_both):
    account_id = screened(on_both)
    on_both.when(AccountNameChanged(account_id=account_id, organisation_id=None, epoch=1))
    with on_both.runtime.transaction() as session:
        versions.request_everybody(session, Occasion.OPERATOR)
    assert row_of(on_both, account_id).occasion is Occasion.NAME
