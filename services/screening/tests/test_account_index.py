"""The names of everybody in a worker's memory: whose, how current, and nowhere else."""

from uuid import uuid4

from structlog.testing import capture_logs

from common.events.catalogue import AccountRefused, ErasureRequested
from screening import account_index
from screening.account_index import FRESH, AccountIndex
from screening.jobs import keep_account_index
from screening.lists.entries import Entry, Name
from screening.models import Screening
from screening.providers import LocalProvider

from .factories import (
    DOUBTFUL,
    LISTED,
    UNLISTED,
    register,
    row_of,
    screened,
)


def index_of(screening):
    return screening.runtime.resource(AccountIndex)


def restarted(screening, make_screening):
    """Another worker on the same database, which has just started."""
    other = make_screening(screening.runtime.settings.database_url)
    other.identity.names = screening.identity.names
    return other


def listed(text):
    name = Name(text, "LATIN", strong=True, kind="primary")
    return LocalProvider([Entry("un", "e0", "individual", (name,), (), (), (), ())], 82, 95)


def test_a_worker_knows_whom_it_has_compared_without_asking_again(on_both):
    account_id = screened(on_both)
    asked = len(on_both.identity.asked)
    index_of(on_both).sync()
    assert index_of(on_both).digests == {account_id: row_of(on_both, account_id).name_digest}
    assert len(on_both.identity.asked) == asked


def test_a_worker_that_starts_reads_the_names_of_everybody(on_both, make_screening, monkeypatch):
    monkeypatch.setattr(account_index, "AT_ONCE", 2)
    accounts = {screened(on_both), *(register(on_both) for _ in range(4))}
    on_both.run_steps()
    worker = restarted(on_both, make_screening)
    with capture_logs() as logged:
        assert keep_account_index(worker.runtime) == 0
    assert index_of(worker).digests.keys() == accounts
    assert [len(body["account_ids"]) for _, body in worker.identity.asked] == [2, 2, 1]
    progress = [each["count"] for each in logged if each["event"] == "account index"]
    assert progress == [2, 4, 5]
    assert UNLISTED[1] not in str(logged)


def test_names_are_found_by_what_a_list_calls_them(on_both):
    account_id = screened(on_both, LISTED)
    screened(on_both, UNLISTED)
    found = index_of(on_both).compare(listed("Viktor ERFUNDEN"))
    assert found.keys() == {account_id}
    (match,) = found[account_id].answer.found
    assert (match.entry_id, match.outcome) == ("e0", "hit")


def test_whoever_is_erased_is_forgotten_at_once_here_and_soon_elsewhere(on_both, make_screening):
    account_id = screened(on_both, LISTED)
    worker = restarted(on_both, make_screening)
    keep_account_index(worker.runtime)
    on_both.when(ErasureRequested(account_id=account_id, request_id=uuid4()))
    assert len(index_of(on_both)) == 0
    assert len(index_of(worker)) == 1
    worker.clock.advance(FRESH)
    keep_account_index(worker.runtime)
    assert len(index_of(worker)) == 0
    assert index_of(worker).compare(listed("Viktor Erfunden")) == {}


def test_nobody_is_read_again_before_the_time(on_both, make_screening):
    screened(on_both)
    worker = restarted(on_both, make_screening)
    keep_account_index(worker.runtime)
    keep_account_index(worker.runtime)
    assert len(worker.identity.asked) == 1


def test_a_name_that_was_not_compared_is_not_held(on_both, make_screening):
    account_id = screened(on_both, UNLISTED)
    on_both.identity.names[account_id] = LISTED
    worker = restarted(on_both, make_screening)
    keep_account_index(worker.runtime)
    assert len(index_of(worker)) == 0
    assert row_of(worker, account_id).pending


def test_whom_identity_does_not_know_is_not_held(on_both, make_screening):
    account_id = screened(on_both)
    del on_both.identity.names[account_id]
    worker = restarted(on_both, make_screening)
    keep_account_index(worker.runtime)
    assert len(index_of(worker)) == 0
    assert not row_of(worker, account_id).pending


def test_a_refused_registration_is_not_held(on_both):
    account_id = screened(on_both)
    on_both.when(AccountRefused(account_id=account_id, organisation_id=None, epoch=2))
    index_of(on_both).sync()
    assert len(index_of(on_both)) == 0


def test_a_worker_goes_on_while_identity_is_away(on_both, make_screening):
    screened(on_both)
    worker = restarted(on_both, make_screening)
    worker.identity.answers = 503
    with capture_logs() as logged:
        assert keep_account_index(worker.runtime) == 0
    assert [each["event"] for each in logged] == ["account index waits"]


def test_no_name_of_the_index_is_ever_written(screening, make_screening):
    screened(screening, DOUBTFUL)
    worker = restarted(screening, make_screening)
    keep_account_index(worker.runtime)
    assert len(index_of(worker)) == 1
    screening.runtime.close()
    worker.runtime.close()
    stored = b"".join(file.read_bytes() for file in screening.folder.glob("screening.sqlite*"))
    assert b"VIKTOR ERFUNDEN" in stored
    assert DOUBTFUL[1].encode() not in stored


def test_an_outside_provider_needs_no_index(make_screening):
    screening = make_screening(provider="yente", provider_url="http://127.0.0.1:1")
    with screening.runtime.transaction() as session:
        session.add(Screening(account_id=uuid4(), name_digest="f" * 64, occasion="name",
                              requested_at=screening.clock.now()))  # fmt: skip
    keep_account_index(screening.runtime)
    assert screening.identity.asked == []
