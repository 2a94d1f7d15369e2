"""Listed people who are added, removed or changed, and everybody who is compared with them."""

import random
import threading

import pytest
from structlog.testing import capture_logs

from common.events.catalogue import (
    AccountNameChanged,
    AccountRefused,
    SanctionsListUpdated,
    ScreeningCompleted,
    Verdict,
)
from screening import changes, coverage, versions
from screening.account_index import AccountIndex
from screening.jobs import screen_changes
from screening.models import (
    EntryChange,
    ListVersion,
    Rescreening,
    Screening,
    ScreeningMatch,
    ScreeningRun,
)
from screening.providers import LocalProvider
from screening.rules.changes import ChangeKind
from screening.rules.states import Occasion, Status

from .factories import (
    FIRST,
    LISTED,
    NEXT_LISTED,
    SECOND,
    UNLISTED,
    hear_of,
    import_lists,
    list_of,
    register,
    row_of,
    screened,
)

UN = "un-consolidated"


@pytest.fixture
def lists(tmp_path):
    """Makes versions of a UN list of these people alone, a day apart; entry ids count from 0."""
    made = []

    def make(*people):
        made.append(tmp_path / f"version-{len(made)}.xml")
        return list_of(made[-1], f"2026-03-{len(made):02}", *people)

    return make


def completed(screening):
    return [(each.account_id, each.verdict) for each in screening.published(ScreeningCompleted)]


def noted(screening):
    return {each.entry_id: each.kind for each in screening.rows(EntryChange)}


def in_force(screening):
    (row,) = screening.rows(ListVersion, ListVersion.in_force_to.is_(None))
    return row


def is_done(screening, version):
    (row,) = screening.rows(Rescreening, Rescreening.list_version_id == version.id)
    return row.done_at is not None


OTHERS = tuple(f"{word} Nebensache" for word in ("Adam", "Bert", "Carl", "Dora", "Emil", "Fritz"))


# ------------------------------------------------------------------------------- what is noted


def test_what_an_import_adds_removes_and_changes_is_noted_and_nobody_waits(on_both, lists):
    account_id = screened(on_both, UNLISTED, lists("Anton Alt", "Berta Bleibt", *OTHERS))
    import_lists(on_both, lists("Antonia Alt", "Berta Bleibt", *OTHERS, "Neu Gelistet"))
    assert noted(on_both) == {"XXi.0": ChangeKind.CHANGED, "XXi.8": ChangeKind.ADDED}
    import_lists(on_both, lists("Antonia Alt", "Berta Bleibt", *OTHERS[:5]), allow_shrink=True)
    assert noted(on_both)["XXi.7"] is ChangeKind.REMOVED
    assert noted(on_both)["XXi.8"] is ChangeKind.REMOVED  # noted once more, and one row still
    assert not row_of(on_both, account_id).pending


def test_the_counts_of_what_changed_are_kept(on_both, lists):
    import_lists(on_both, lists("Anton Alt", *OTHERS))
    import_lists(on_both, lists("Antonia Alt", *OTHERS, "Neu Gelistet"))
    first, second = on_both.rows(Rescreening)
    assert (first.added, first.removed, first.changed) == (7, 0, 0)
    assert (second.added, second.removed, second.changed) == (1, 0, 1)


def test_a_version_that_is_heard_of_after_the_next_one_is_noted_with_it(on_both, lists):
    account_id = screened(on_both, ("Neu", "Gelistet"), lists(*OTHERS))
    found = [versions.read(lists(*people))[0] for people in (
        (*OTHERS, "Neu Gelistet"), (*OTHERS, "Neu Gelistet", "Anton Alt"),
    )]  # fmt: skip
    imported = [versions.bring_into_force(on_both.runtime, [each])[0][0].version for each in found]
    hear_of(on_both, imported[1])
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.HIT
    hear_of(on_both, imported[0])
    assert noted(on_both) == {}
    assert is_done(on_both, in_force(on_both))


def test_a_version_that_changes_nothing_counts_at_once(on_both, lists):
    import_lists(on_both, lists(*OTHERS))
    on_both.run_steps()
    import_lists(on_both, lists(*OTHERS))
    assert is_done(on_both, in_force(on_both))


# ------------------------------------------------------------------------------- what comes of it


def test_a_new_version_that_names_somebody_makes_a_hit(on_both):  # S17, S18
    account_id = screened(on_both, NEXT_LISTED)
    assert row_of(on_both, account_id).verdict is Status.CLEAR
    on_both.forget_published()
    import_lists(on_both, SECOND)
    assert completed(on_both) == []
    on_both.run_steps()
    assert completed(on_both) == [(account_id, Verdict.HIT)]
    assert len(on_both.published(SanctionsListUpdated)) == 1
    (said,) = on_both.published(ScreeningCompleted)
    assert said.list_versions[0].startswith(f"{UN}:2026-02-01")


def test_somebody_who_is_taken_off_the_list_is_clear_again(on_both, lists):
    account_id = screened(on_both, ("Neu", "Gelistet"), lists("Neu Gelistet", *OTHERS))
    on_both.forget_published()
    asked = len(on_both.identity.asked)
    import_lists(on_both, list_without(on_both, lists))
    on_both.run_steps()
    assert completed(on_both) == [(account_id, Verdict.CLEAR)]
    assert on_both.rows(ScreeningMatch) == []
    assert len(on_both.identity.asked) == asked


def list_without(screening, lists):
    """The list whose first entry is gone: an addition keeps it as long."""
    file = lists("Neu Gelistet", *OTHERS, "Anton Alt")
    text = file.read_text()
    first = text[text.index("<INDIVIDUAL>") : text.index("</INDIVIDUAL>") + len("</INDIVIDUAL>")]
    file.write_text(text.replace(first, ""))
    return file


def test_whom_another_entry_holds_stays_held(on_both, lists):
    account_id = screened(on_both, ("Neu", "Gelistet"), lists("Neu Gelistet", *OTHERS))
    import_lists(on_both, lists("Neu Gelistet", *OTHERS, "Gelistet Neu"))
    on_both.run_steps()
    assert len(on_both.rows(ScreeningMatch)) == 2
    on_both.forget_published()
    import_lists(on_both, lists("Jemand Anders", *OTHERS, "Gelistet Neu"))
    on_both.run_steps()
    (match,) = on_both.rows(ScreeningMatch)
    assert (match.account_id, match.entry_id) == (account_id, "XXi.7")
    assert completed(on_both) == []


def test_whoever_is_not_affected_is_not_written(on_both):
    account_id = screened(on_both)
    before = row_of(on_both, account_id)
    on_both.forget_published()
    on_both.clock.advance("PT1H")
    import_lists(on_both, SECOND)
    on_both.run_steps()
    after = row_of(on_both, account_id)
    assert completed(on_both) == []
    assert len(on_both.rows(ScreeningRun)) == 1
    assert (after.version, after.checked_at, after.list_versions) == (
        before.version,
        before.checked_at,
        before.list_versions,
    )


def test_everybody_counts_as_compared_with_a_version_once_its_last_change_is(  # S22
    on_both, lists, monkeypatch
):
    account_id = screened(on_both, UNLISTED, lists(*OTHERS))
    first = in_force(on_both).code
    on_both.clock.advance("PT1H")
    import_lists(on_both, lists("Antonia Alt", *OTHERS[1:], "Neu Gelistet", "Noch Einer"))
    monkeypatch.setattr(changes, "BATCH", 1)
    for _ in range(3):
        assert held(on_both, account_id) == [first]
        assert screen_changes(on_both.runtime) == 1
    assert held(on_both, account_id) == [in_force(on_both).code]
    assert row_of(on_both, account_id).list_versions == [first]


def held(screening, account_id):
    with screening.runtime.reading() as session:
        return coverage.codes_held(session, session.get_one(Screening, account_id))


def test_a_list_that_is_new_is_compared_with_everybody(on_both, lists):
    account_id = screened(on_both, ("Egon", "Pappkamerad"), lists(*OTHERS))
    assert row_of(on_both, account_id).verdict is Status.CLEAR
    import_lists(on_both, FIRST / "us")
    assert set(noted(on_both).values()) == {ChangeKind.ADDED}
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.HIT
    assert [code.split(":")[0] for code in held(on_both, account_id)] == [UN, "us-sdn"]


def test_a_refused_registration_is_not_compared_with_changes(on_both):
    account_id = screened(on_both, NEXT_LISTED)
    on_both.when(AccountRefused(account_id=account_id, organisation_id=None, epoch=2))
    import_lists(on_both, SECOND)
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.CLEAR
    assert len(on_both.runtime.resource(AccountIndex)) == 0


# ------------------------------------------------------------------------------- names that move


def rename(screening, account_id, name, *, heard=True):
    screening.identity.names[account_id] = name
    if heard:
        screening.when(AccountNameChanged(account_id=account_id, organisation_id=None, epoch=2))


def test_a_person_whose_new_name_waits_is_compared_with_the_changes_under_that_name(on_both):
    account_id = screened(on_both, UNLISTED)
    rename(on_both, account_id, NEXT_LISTED)
    import_lists(on_both, SECOND)
    screen_changes(on_both.runtime)
    assert (row_of(on_both, account_id).verdict, noted(on_both)) == (Status.CLEAR, {})
    on_both.run_steps()
    assert completed(on_both)[-1] == (account_id, Verdict.HIT)


def test_a_new_name_that_is_not_heard_of_yet_is_compared_in_full(on_both, make_screening):
    """A worker that starts then reads a name that is not the one compared."""
    account_id = screened(on_both, UNLISTED)
    rename(on_both, account_id, NEXT_LISTED, heard=False)
    import_lists(on_both, SECOND)
    forget_names(on_both)
    screen_changes(on_both.runtime)
    row = row_of(on_both, account_id)
    assert (row.pending, row.occasion) == (True, Occasion.NAME)
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.HIT


def forget_names(screening):
    """What a worker that starts knows: nobody."""
    index = screening.runtime.resource(AccountIndex)
    for account_id in list(index.digests):
        index.discard(account_id)


def test_a_match_whose_name_another_worker_compared_is_compared_in_full(on_both, monkeypatch):
    """The entry is changed; the account's name is not among those that this worker holds."""
    account_id = screened(on_both, LISTED)
    monkeypatch.setattr(AccountIndex, "sync", forget_all)
    with on_both.runtime.transaction() as session:
        note_changed(session, "XXi.001")
    screen_changes(on_both.runtime)
    row = row_of(on_both, account_id)
    assert (row.verdict, row.pending, row.occasion) == (Status.HIT, True, Occasion.LIST)


def forget_all(index):
    for account_id in list(index.digests):
        index.discard(account_id)


def note_changed(session, entry_id):
    session.add(
        EntryChange(
            list_id=UN,
            entry_id=entry_id,
            kind=ChangeKind.CHANGED,
            list_version="any",
            next_try_at=session.info["runtime"].clock.now(),
        )
    )


# ------------------------------------------------------------------------------- out of reach


def test_changes_wait_while_identity_gives_no_names(on_both):
    account_id = screened(on_both, NEXT_LISTED)
    forget_names(on_both)
    on_both.identity.answers = 503
    import_lists(on_both, SECOND)
    with capture_logs() as logged:
        assert screen_changes(on_both.runtime) == 0
    assert [each["error"] for each in logged if each["event"] == "screening waits"] == [
        "PeerUnavailable"
    ]
    assert noted(on_both)
    assert screen_changes(on_both.runtime) == 0
    on_both.identity.answers = 200
    on_both.clock.advance("PT5S")
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.HIT


def test_an_outside_provider_has_no_changes(make_screening):
    screening = make_screening(provider="yente", provider_url="http://127.0.0.1:1")
    import_lists(screening, FIRST)
    before = noted(screening)
    assert screen_changes(screening.runtime) == 0
    assert noted(screening) == before != {}


# ------------------------------------------------------------------------------- at the same time


def import_while_comparing(screening, monkeypatch):
    """A person who is off the list in the version that comes while the changes are compared."""
    account_id = screened(screening, NEXT_LISTED)
    screening.forget_published()
    import_lists(screening, SECOND)
    compare = AccountIndex.compare
    third = versions.read(FIRST / "un")

    def meanwhile(index, provider):
        monkeypatch.undo()
        versions.bring_into_force(screening.runtime, third, allow_shrink=True)
        return compare(index, provider)

    monkeypatch.setattr(AccountIndex, "compare", meanwhile)
    screen_changes(screening.runtime)
    return account_id


def test_nothing_of_a_version_that_was_replaced_is_written(on_both, monkeypatch):
    account_id = import_while_comparing(on_both, monkeypatch)
    assert noted(on_both)  # they are taken again at once
    on_both.run_steps()
    assert completed(on_both) == []
    hear_of(on_both, on_both.rows(ListVersion, ListVersion.in_force_to.is_(None))[-1])
    on_both.run_steps()
    assert (completed(on_both), row_of(on_both, account_id).verdict) == ([], Status.CLEAR)


def test_without_a_second_look_somebody_would_be_blocked_by_a_list_of_yesterday(
    on_both, monkeypatch
):
    """Negative control: the guard of the test before, off."""
    account_id = import_while_comparing_unguarded(on_both, monkeypatch)
    assert completed(on_both) == [(account_id, Verdict.HIT)]


def import_while_comparing_unguarded(screening, monkeypatch):
    with pytest.MonkeyPatch.context() as off:
        off.setattr(LocalProvider, "is_current", lambda *_: True)
        return import_while_comparing(screening, monkeypatch)


def test_a_worker_that_dies_leaves_its_changes_to_others(on_both):
    account_id = screened(on_both, NEXT_LISTED)
    import_lists(on_both, SECOND)
    with on_both.runtime.transaction() as session:
        assert changes.take(session)
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.CLEAR
    on_both.clock.advance(changes.LEASE)
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.HIT
    assert noted(on_both) == {}


@pytest.mark.postgres
def test_two_workers_take_different_changes(on_postgres, monkeypatch):
    monkeypatch.setattr(changes, "BATCH", 4)
    import_lists(on_postgres, FIRST)
    with on_postgres.runtime.transaction() as one, on_postgres.runtime.transaction() as other:
        taken = [{each.entry for each in changes.take(session)} for session in (one, other)]
    assert [len(each) for each in taken] == [4, 4]
    assert not taken[0] & taken[1]


@pytest.mark.postgres
def test_without_the_lock_two_workers_would_take_the_same_changes(on_postgres, monkeypatch):
    """Negative control: the guard of the test before, off."""
    monkeypatch.setattr(changes, "BATCH", 4)
    import_lists(on_postgres, FIRST)
    with on_postgres.runtime.reading() as one, on_postgres.runtime.reading() as other:
        seen = [session.execute(changes.whatever_is_due(session)).all() for session in (one, other)]
    assert seen[0] == seen[1]


def many_changes(screening, make_screening, monkeypatch, lists):
    """Forty people, whom a version lists, and two workers with five entries at a time."""
    letters = random.Random(4)
    people = [
        ["".join(letters.choices("abdegiklmnoprstuvz", k=9)) for _ in "ab"] for _ in range(40)
    ]
    import_lists(screening, lists(*OTHERS))
    accounts = [register(screening, name) for name in people]
    screening.run_steps()
    screening.forget_published()
    monkeypatch.setattr(changes, "BATCH", 5)
    second = make_screening(screening.runtime.settings.database_url)
    second.identity.names = screening.identity.names
    import_lists(screening, lists(*OTHERS, *(" ".join(each) for each in people)))
    return accounts, second


def all_changes(screening):
    """Deal with changes until none is due; return how many those were."""
    return sum(iter(lambda: screen_changes(screening.runtime), 0))


@pytest.mark.postgres
def test_two_workers_at_once_deal_with_every_change_once(
    on_postgres, make_screening, monkeypatch, lists
):
    accounts, second = many_changes(on_postgres, make_screening, monkeypatch, lists)
    done = []
    threads = [
        threading.Thread(target=lambda each=each: done.append(all_changes(each)))
        for each in (on_postgres, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 40
    assert min(done) > 0
    told = completed(on_postgres)
    assert sorted(told) == sorted((each, Verdict.HIT) for each in accounts)
    assert len(on_postgres.rows(ScreeningRun)) == 80
    assert is_done(on_postgres, in_force(on_postgres))
