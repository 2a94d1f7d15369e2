"""The service with a provider over HTTP: what it finds counts, and its faults release nobody."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from common.events.catalogue import ScreeningCompleted, Verdict
from screening import checks
from screening.jobs.pending import portion
from screening.models import Screening, ScreeningMatch
from screening.rules.states import Occasion, Status

from .factories import DOUBTFUL, LISTED, UNCOMPARABLE, UNLISTED, register, row_of
from .factories_providers import FAULTS, WatchmanServer, YenteServer, body, failing, status

TOO_LATE = 0.3
"""Seconds: few, where no answer comes."""


@pytest.fixture(params=[YenteServer, WatchmanServer])
def server(request):
    with request.param() as started:
        yield started


@pytest.fixture
def screening_with(make_screening, server):
    """Makes the service with the server as its provider."""

    def make(**settings):
        return make_screening(provider=server.name, provider_url=server.url, **settings)

    return make


def told(screening):
    return [(each.account_id, each.verdict) for each in screening.published(ScreeningCompleted)]


def test_verdicts_of_a_provider_block_and_release(screening_with):  # S15
    screening = screening_with()
    expected = [
        (register(screening, LISTED), Verdict.HIT),
        (register(screening, DOUBTFUL), Verdict.REVIEW),
        (register(screening, UNLISTED), Verdict.CLEAR),
        (register(screening, UNCOMPARABLE), Verdict.REVIEW),
    ]
    screening.run_steps()
    assert sorted(told(screening)) == sorted(expected)
    (match,) = screening.rows(ScreeningMatch, ScreeningMatch.account_id == expected[0][0])
    assert match.matched_name == "VIKTOR ERFUNDEN"
    assert row_of(screening, expected[2][0]).list_versions


def test_nobody_is_released_by_any_fault_and_everybody_after_them(screening_with, server):
    screening = screening_with(provider_timeout=TOO_LATE)
    listed, other = register(screening, LISTED), register(screening, UNLISTED)
    for fault in FAULTS.values():
        with failing(server, fault), capture_logs() as logged:
            screening.run_steps()
        assert [each["error"] for each in logged] == ["ProviderUnavailable"]
        assert told(screening) == []
        for row in screening.rows(Screening):
            assert row.verdict is Status.PENDING
            assert row.next_try_at > screening.clock.now()
        screening.clock.advance("PT5M")
    assert len(server.searches()) >= len(FAULTS)
    screening.run_steps()
    assert sorted(told(screening)) == sorted([(listed, Verdict.HIT), (other, Verdict.CLEAR)])


def test_nobody_is_released_while_nobody_listens(screening_with, server):
    screening = screening_with()
    account_id = register(screening, UNLISTED)
    server.stop()
    screening.run_steps()
    assert (row_of(screening, account_id).verdict, told(screening)) == (Status.PENDING, [])
    server.start()
    screening.clock.advance("PT5S")
    screening.run_steps()
    assert told(screening) == [(account_id, Verdict.CLEAR)]


def test_a_provider_that_wants_to_be_left_alone_is(screening_with, server):
    screening = screening_with()
    account_id = register(screening)
    with failing(server, status(503, Retry_After="90")):
        screening.run_steps()
    row = row_of(screening, account_id)
    assert (row.next_try_at - screening.clock.now()).total_seconds() == 90


def test_the_former_verdict_stands_while_the_provider_fails(screening_with, server):
    screening = screening_with()
    account_id = register(screening, LISTED)
    screening.run_steps()
    screening.identity.names[account_id] = UNLISTED
    with screening.runtime.transaction() as session:
        checks.ask_again(session, account_id, Occasion.OPERATOR)
    with failing(server, body(b"{}")):
        screening.run_steps()
    assert row_of(screening, account_id).verdict is Status.HIT
    screening.clock.advance("PT5S")
    screening.run_steps()
    assert told(screening) == [(account_id, Verdict.HIT), (account_id, Verdict.CLEAR)]


def test_few_names_are_taken_for_an_outside_provider_and_for_longer_than_it_may_take(
    screening_with,
):
    settings = screening_with().runtime.settings
    at_most, lease = portion(settings)
    assert at_most < checks.BATCH
    assert lease.total_seconds() > at_most * settings.provider_timeout
    assert portion(replace(settings, provider="local")) == (checks.BATCH, checks.LEASE)
