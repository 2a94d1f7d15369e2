"""What uploads does when something happened elsewhere."""

from uuid import uuid4

import pytest

from common.events.catalogue import (
    AccountActivated,
    AccountBlocked,
    AccountUnblocked,
    BusinessRelationshipEnded,
    DocumentRemoved,
    HoldScope,
    LegalHoldPlaced,
    LegalHoldReleased,
)
from common.web import Role
from uploads.models import Document, Organisation, Removal

from .factories import a_document, a_stored_document, objects, upload


def test_the_end_of_the_relation_removes_everything_of_the_organisation(any_uploads):  # S55
    ours = uuid4()
    going = sorted(a_stored_document(any_uploads, organisation_id=ours).id for _ in range(3))
    staying = a_stored_document(any_uploads)
    any_uploads.when(BusinessRelationshipEnded(organisation_id=ours))
    assert [each.id for each in any_uploads.rows(Document)] == [staying.id]
    assert any_uploads.published() == [
        DocumentRemoved(document_id=each, organisation_id=ours) for each in going
    ]
    assert any_uploads.run_steps() == 3
    assert objects(any_uploads) == [staying.object_key]
    assert any_uploads.rows(Removal) == []


def test_hearing_of_the_end_again_changes_nothing(any_uploads):
    ours = any_uploads.given(a_document()).organisation_id
    for _ in range(2):
        any_uploads.when(BusinessRelationshipEnded(organisation_id=ours))
        any_uploads.clock.advance("P1D")
    assert len(any_uploads.published()) == 1
    (organisation,) = any_uploads.rows(Organisation)
    assert organisation.ended_at < any_uploads.clock.now()


def test_the_end_of_an_organisation_without_documents_is_remembered(any_uploads):
    person = any_uploads.sign_in()
    any_uploads.when(BusinessRelationshipEnded(organisation_id=person.person.organisation_id))
    answer = upload(person)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/relation-ended")
    assert (any_uploads.rows(Document), objects(any_uploads)) == ([], [])
    assert upload(any_uploads.sign_in()).status_code == 201


def test_very_many_documents_go_at_once(uploads):
    ours = uuid4()
    with uploads.runtime.transaction() as session:
        session.add_all(a_document(organisation_id=ours) for _ in range(1500))
    uploads.when(BusinessRelationshipEnded(organisation_id=ours))
    assert uploads.rows(Document) == []
    assert len(uploads.rows(Removal)) == len(uploads.published()) == 1500


@pytest.mark.parametrize("role", [Role.MEMBER, Role.USER_MANAGER])
def test_a_blocked_account_gets_nothing_and_its_documents_stay(uploads, role):  # S31
    person = uploads.sign_in(role)
    path = upload(person).headers["Location"]
    facts = {
        "account_id": person.person.account_id,
        "organisation_id": person.person.organisation_id,
    }
    uploads.when(AccountBlocked(**facts, epoch=2))
    assert person.get("/documents").json["type"] == "/problems/account-not-active"
    assert person.get(f"{path}/content").status_code == 401
    assert upload(person, "b.png").status_code == 401
    assert len(uploads.rows(Document)) == 1
    uploads.when(AccountUnblocked(**facts, epoch=2))
    assert person.get(path).status_code == 401  # the token is of before the block


def test_an_account_is_known_from_its_activation_on(uploads):
    newcomer = uploads.sign_in(known=False)
    uploads.when(
        AccountActivated(
            account_id=newcomer.person.account_id,
            organisation_id=newcomer.person.organisation_id,
            epoch=1,
        )
    )
    assert newcomer.get("/documents").json == []


def test_what_a_hold_keeps_at_the_end_of_a_relation_goes_after_its_release(uploads):
    ours = uuid4()
    held = uploads.given(a_document(organisation_id=ours))
    uploads.given(a_document(organisation_id=uuid4()))
    named = {"hold_id": uuid4(), "scope": HoldScope.ORGANISATION, "subject": str(ours)}
    uploads.when(LegalHoldPlaced(**named))
    uploads.when(BusinessRelationshipEnded(organisation_id=ours))
    assert held.id in {each.id for each in uploads.rows(Document)}
    uploads.when(LegalHoldReleased(**named))
    uploads.run_steps()
    assert [each.organisation_id == ours for each in uploads.rows(Document)] == [False]
    assert [each.document_id for each in uploads.published(DocumentRemoved)] == [held.id]
