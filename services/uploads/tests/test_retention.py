"""What is kept and why: erasing a person leaves the organisation its documents."""

from uuid import uuid4

from common.events.catalogue import ErasureRequested, PersonalDataErased, TableErased
from common.privacy.erasure import is_genuine
from common.web import Role
from uploads.models import Document

from .factories import a_document, a_stored_document


def test_an_erased_persons_documents_stay_under_a_pseudonym(any_uploads):  # S55, settled reading 4
    kim = uuid4()
    theirs = [any_uploads.given(a_document(uploader_id=kim)) for _ in range(2)]
    any_uploads.given(a_document())
    any_uploads.when(ErasureRequested(account_id=kim, request_id=uuid4()))
    receipt = any_uploads.published(PersonalDataErased)[-1]
    assert is_genuine(any_uploads.runtime.keys, "uploads", receipt)
    tables = {each.table: each for each in receipt.tables}
    assert tables["documents"] == TableErased(
        table="documents", kept=2, reason="organisation-content"
    )
    assert len(any_uploads.rows(Document)) == 3
    assert {each.uploader_id for each in theirs} == {kim}


def test_a_person_without_documents_is_erased_with_nothing_kept(uploads):
    uploads.when(ErasureRequested(account_id=uuid4(), request_id=uuid4()))
    receipt = uploads.published(PersonalDataErased)[-1]
    assert "documents" not in {each.table for each in receipt.tables}


def test_documents_of_an_erased_person_can_still_be_read_and_deleted(uploads):
    document = a_stored_document(uploads)
    uploads.when(ErasureRequested(account_id=document.uploader_id, request_id=uuid4()))
    organisation = {"organisation_id": document.organisation_id}
    colleague = uploads.sign_in(Role.MEMBER, **organisation)
    seen = colleague.get(f"/documents/{document.id}")
    assert seen.json["uploader_id"] == str(document.uploader_id)
    chief = uploads.sign_in(Role.USER_MANAGER, **organisation)
    assert chief.change("DELETE", f"/documents/{document.id}", 1).status_code == 204
