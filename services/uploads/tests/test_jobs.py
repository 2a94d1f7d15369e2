"""Nothing is lost on the way to the store, and nothing stays there for ever."""

import pytest

from common.testing.harness import Harness
from uploads import jobs, removals, store
from uploads.app import service
from uploads.jobs import BATCH
from uploads.models import Document, Removal
from uploads.store import StoreUnavailable

from .conftest import S3
from .factories import a_stored_document, objects, upload


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def while_storing(monkeypatch):
    """Have something happen when an object is in the store, before its document is entered."""
    write = store.write

    def arrange(happening):
        def write_then(operator, key, content):
            write(operator, key, content)
            happening()

        monkeypatch.setattr(store, "write", write_then)

    return arrange


def crash():
    raise Crash


def test_a_crash_after_storing_leaves_no_orphan(any_uploads, while_storing):
    while_storing(crash)
    with pytest.raises(Crash):
        upload(any_uploads.sign_in())
    (key,) = objects(any_uploads)
    assert any_uploads.run_steps() == 0  # it may still become a document
    assert objects(any_uploads) == [key]
    any_uploads.clock.advance("PT1H")
    assert any_uploads.run_steps() == 1
    assert (objects(any_uploads), any_uploads.rows(Removal)) == ([], [])
    assert (any_uploads.rows(Document), any_uploads.published()) == ([], [])


def test_a_crash_before_storing_leaves_nothing_to_do(uploads, monkeypatch):
    monkeypatch.setattr(store, "write", lambda *_: crash())
    with pytest.raises(Crash):
        upload(uploads.sign_in())
    uploads.clock.advance("PT1H")
    assert uploads.run_steps() == 1
    assert uploads.rows(Removal) == []


def test_an_upload_that_took_too_long_is_refused_not_half_stored(any_uploads, while_storing):
    def an_hour_passes():
        any_uploads.clock.advance("PT1H")
        any_uploads.run_steps()

    while_storing(an_hour_passes)
    answer = upload(any_uploads.sign_in())
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/upload-interrupted")
    assert (objects(any_uploads), any_uploads.rows(Document)) == ([], [])
    assert any_uploads.published() == []


def test_an_object_whose_removal_has_begun_becomes_no_document(uploads, while_storing):
    def a_worker_begins():
        uploads.clock.advance("PT1H")
        with uploads.runtime.transaction() as session:
            assert removals.claim(session, BATCH)

    while_storing(a_worker_begins)
    assert upload(uploads.sign_in()).status_code == 503
    assert uploads.rows(Document) == []


def test_a_deleted_document_is_removed_at_the_next_step(any_uploads):
    document = a_stored_document(any_uploads)
    uploader = any_uploads.sign_in(
        organisation_id=document.organisation_id, account_id=document.uploader_id
    )
    kept = a_stored_document(any_uploads)
    uploader.change("DELETE", f"/documents/{document.id}", 1)
    assert any_uploads.run_steps() == 2  # and what the audit says of it is sealed
    assert objects(any_uploads) == [kept.object_key]


def test_more_than_a_batch_is_removed_step_by_step(uploads):
    keys = [a_stored_document(uploads).object_key for _ in range(BATCH + 1)]
    with uploads.runtime.transaction() as session:
        removals.order(session, keys)
    assert jobs.remove_objects(uploads.runtime) == BATCH
    assert jobs.remove_objects(uploads.runtime) == 1
    assert jobs.remove_objects(uploads.runtime) == 0
    assert objects(uploads) == []


def test_a_removal_comes_again_until_the_store_confirms_it(tmp_path, s3):  # S55
    url = s3.new_bucket()
    uploads = Harness(service, tmp_path, store_url=url, **S3.settings)
    person = uploads.sign_in()
    person.change("DELETE", upload(person).headers["Location"], 1)
    uploads.runtime.resource(store.open_store)
    s3.stop()
    try:
        with pytest.raises(StoreUnavailable):
            uploads.run_steps()
    finally:
        s3.start()
    assert uploads.run_steps() == 0  # not before its next try
    assert len(uploads.rows(Removal)) == len(s3.everything(url)) == 1
    uploads.clock.advance("PT30S")
    assert uploads.run_steps() == 1
    assert (uploads.rows(Removal), s3.everything(url)) == ([], [])
    uploads.runtime.close()
