"""What happens at once, on PostgreSQL; beside each guard a control that shows the race without."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, current_thread
from uuid import uuid4

import pytest
import sqlalchemy as sa

from common.events.catalogue import BusinessRelationshipEnded, DocumentAvailable, DocumentRemoved
from uploads import removals, routes
from uploads.models import Document, Organisation, Removal

from .factories import a_stored_document, objects, upload

pytestmark = pytest.mark.postgres
SHARED, LOCKED, SKIPPING = " FOR SHARE", " FOR UPDATE", " FOR UPDATE SKIP LOCKED"
WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Race:
    """Two calls at once: the first stops behind a statement until the second is done, or waits.

    without: what is cut out of every statement, so that the guard is off.
    """

    def __init__(self, engine, after, without=""):
        self._after, self._without = after, without
        self._watcher = sa.create_engine(engine.url)
        self._first, self._stopped, self._done = None, Event(), Event()
        sa.event.listen(engine, "before_cursor_execute", self._cut, retval=True)
        sa.event.listen(engine, "after_cursor_execute", self._stop)

    def run(self, first, second):
        """Answers of both, the first's first."""
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(self._begin, first)
            assert self._stopped.wait(30), "the first never came to the statement"
            other = pool.submit(second)
            other.add_done_callback(lambda _: self._done.set())
            return one.result(60), other.result(60)

    def _begin(self, first):
        self._first = current_thread()
        return first()

    def _cut(self, connection, cursor, statement, parameters, context, many):
        return statement.replace(self._without, "") if self._without else statement, parameters

    def _stop(self, connection, cursor, statement, parameters, context, many):
        if current_thread() is not self._first or not statement.startswith(self._after):
            return
        self._stopped.set()
        with self._watcher.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
            while not self._done.wait(0.02) and not watcher.scalar(WAITING):
                pass


@pytest.fixture
def race(postgres_uploads):
    """Make a race on the service's database."""
    return lambda after, without="": Race(postgres_uploads.runtime.db.engine, after, without)


@pytest.fixture
def person(postgres_uploads):
    """Somebody of an organisation that has uploaded before."""
    person = postgres_uploads.sign_in()
    postgres_uploads.given(Organisation(id=person.person.organisation_id))
    return person


def end_relation(harness, person):
    harness.when(BusinessRelationshipEnded(organisation_id=person.person.organisation_id), times=1)


# ------------------------------------------------------------- an upload, and the relation's end


def test_the_end_waits_for_an_upload_and_removes_it(postgres_uploads, race, person):  # S55
    answer, _ = race("INSERT INTO documents").run(
        lambda: upload(person), lambda: end_relation(postgres_uploads, person)
    )
    assert answer.status_code == 201
    assert postgres_uploads.rows(Document) == []
    kinds = [type(each) for each in postgres_uploads.published()]
    assert kinds == [DocumentAvailable, DocumentRemoved]
    postgres_uploads.run_steps()
    assert objects(postgres_uploads) == []


def test_without_the_lock_an_upload_outlives_its_organisation(postgres_uploads, race, person):
    race("INSERT INTO documents", without=SHARED).run(
        lambda: upload(person), lambda: end_relation(postgres_uploads, person)
    )
    assert len(postgres_uploads.rows(Document)) == 1


def test_an_upload_waits_for_the_end_and_is_refused(postgres_uploads, race, person):
    _, answer = race("DELETE FROM documents").run(
        lambda: end_relation(postgres_uploads, person), lambda: upload(person)
    )
    assert answer.status_code == 409
    assert postgres_uploads.rows(Document) == []


def test_without_asking_an_upload_slips_in_behind_the_end(
    postgres_uploads, race, person, monkeypatch
):
    monkeypatch.setattr(routes, "require_relation", lambda *_: None)
    race("DELETE FROM documents").run(
        lambda: end_relation(postgres_uploads, person), lambda: upload(person)
    )
    assert len(postgres_uploads.rows(Document)) == 1


def test_the_first_upload_of_all_waits_for_the_end_too(postgres_uploads, race):
    newcomer = postgres_uploads.sign_in()
    _, answer = race("INSERT INTO organisations").run(
        lambda: end_relation(postgres_uploads, newcomer), lambda: upload(newcomer)
    )
    assert answer.status_code == 409
    assert postgres_uploads.rows(Document) == []


# --------------------------------------------------------------------------- the same upload twice


def test_the_same_upload_twice_at_once_is_one_document(postgres_uploads, race, person):
    first, second = race("INSERT INTO documents").run(
        lambda: upload(person), lambda: upload(person)
    )
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert len(postgres_uploads.published(DocumentAvailable)) == 1
    assert postgres_uploads.run_steps() == 1
    (document,) = postgres_uploads.rows(Document)
    assert objects(postgres_uploads) == [document.object_key]


def test_without_the_constraint_it_would_be_two(postgres_uploads, race, person):
    with postgres_uploads.runtime.transaction() as session:
        constraint = "ALTER TABLE documents DROP CONSTRAINT uq_documents_organisation_id"
        session.execute(sa.text(constraint))
    race("INSERT INTO documents").run(lambda: upload(person), lambda: upload(person))
    assert len(postgres_uploads.rows(Document)) == 2


# ------------------------------------------------------------------------------------ two deletions


def delete_twice_at_once(harness, race):
    document = a_stored_document(harness)
    uploader = {"account_id": document.uploader_id, "organisation_id": document.organisation_id}
    person = harness.sign_in(**uploader)
    answers = race.run(
        *[lambda: person.change("DELETE", f"/documents/{document.id}", 1).status_code] * 2
    )
    assert harness.rows(Document) == []
    return answers


def test_two_deletions_at_once_are_one(postgres_uploads, race):
    assert delete_twice_at_once(postgres_uploads, race("DELETE FROM documents")) == (204, 404)
    assert len(postgres_uploads.published(DocumentRemoved)) == 1


def test_without_the_lock_the_second_deletion_fails(postgres_uploads, race):
    unguarded = race("DELETE FROM documents", without=LOCKED)
    assert delete_twice_at_once(postgres_uploads, unguarded) == (204, 500)


# ------------------------------------------------------------------------------------- two workers


def claim_at_once(harness, race):
    for _ in range(4):
        harness.given(Removal(object_key=f"originals/{uuid4()}", next_try_at=harness.clock.now()))

    def claim():
        with harness.runtime.transaction() as session:
            return set(removals.claim(session, 2))

    return race.run(claim, claim)


def test_two_workers_remove_different_objects(postgres_uploads, race):
    first, second = claim_at_once(postgres_uploads, race("SELECT removals"))
    assert len(first) == len(second) == 2
    assert not first & second


def test_without_the_lock_two_workers_take_the_same(postgres_uploads, race):
    first, second = claim_at_once(postgres_uploads, race("SELECT removals", without=SKIPPING))
    assert first == second
