"""Who may call what: each route and role, in one's own organisation and another (S12, S29, S50)."""

from dataclasses import dataclass
from io import BytesIO

import pytest

from common.web import Role
from uploads.models import Document, Removal
from uploads.rules import CURRENT_DECLARATION

from .factories import PNG, a_stored_document, objects

CUSTOMERS = frozenset({Role.MEMBER, Role.USER_MANAGER})


@dataclass(frozen=True)
class Call:
    """A route as it is called, and who of the organisation gets what.

    own: also allowed to whoever uploaded the document. about: whether it is about one document.
    """

    method: str
    path: str
    allowed: frozenset[Role]
    status: int = 200
    own: frozenset[Role] = frozenset()
    about: bool = True


CALLS = [
    Call("GET", "/declaration", frozenset(Role), about=False),
    Call("POST", "/documents", CUSTOMERS, 201, about=False),
    Call("GET", "/documents", CUSTOMERS, about=False),
    Call("GET", "/documents/{document}", CUSTOMERS),
    Call("GET", "/documents/{document}/content", CUSTOMERS),
    Call(
        "DELETE",
        "/documents/{document}",
        frozenset({Role.USER_MANAGER}),
        204,
        own=frozenset({Role.MEMBER}),
    ),
]
CALL = pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")


@pytest.fixture
def send(uploads):
    """Make a call in a role, about a document of the caller's organisation or of another one."""

    def send(call, role, *, organisation=True, uploader=False):
        document = a_stored_document(uploads)
        caller = uploads.sign_in(
            role,
            organisation_id=document.organisation_id if organisation else None,
            account_id=document.uploader_id if uploader else None,
        )
        return make(call, caller, document)

    return send


def make(call, caller, document):
    """Make a call about the document, or upload another one."""
    path = call.path.replace("{document}", str(document.id))
    form = {"file": (BytesIO(PNG), "other.png"), "declaration": CURRENT_DECLARATION}
    headers = {"If-Match": '"1"'}
    return caller.call(
        call.method, path, headers=headers, data=form if call.method == "POST" else None
    )


def stored(uploads):
    """How much there is of everything."""
    rows = len(uploads.rows(Document)), len(uploads.rows(Removal))
    return rows, len(objects(uploads)), len(uploads.published())


def statuses(call, allowed, otherwise):
    """What each role is to be answered."""
    return {role: call.status if role in allowed else otherwise for role in Role}


def test_no_route_is_forgotten_here(uploads):
    routes = {
        (method, rule.rule.replace("<uuid:document_id>", "{document}"))
        for rule in uploads.app.url_map.iter_rules()
        if rule.endpoint.startswith("uploads.") and not rule.rule.startswith("/internal")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {(call.method, call.path) for call in CALLS}


@CALL
def test_a_role_gets_what_the_policy_says_and_nothing_else(send, call):
    answers = {role: send(call, role).status_code for role in Role}
    assert answers == statuses(call, call.allowed, 403)


@CALL
def test_having_uploaded_it_gives_no_more_than_the_role(send, call):
    answers = {role: send(call, role, uploader=True).status_code for role in Role}
    assert answers == statuses(call, call.allowed | call.own, 403)


@CALL
@pytest.mark.parametrize("uploader", [False, True], ids=["a stranger", "the former uploader"])
def test_another_organisations_documents_do_not_exist(send, call, uploader):  # S50
    answers = {
        role: send(call, role, organisation=False, uploader=uploader).status_code for role in Role
    }
    expected = statuses(call, frozenset(), 404) if call.about else statuses(call, call.allowed, 403)
    assert answers == expected


@CALL
def test_whoever_is_refused_has_changed_nothing(uploads, call):
    document = a_stored_document(uploads)
    before = stored(uploads)
    for role in set(Role) - call.allowed:
        colleague = uploads.sign_in(role, organisation_id=document.organisation_id)
        make(call, colleague, document)
    if call.about:
        for role in Role:
            make(call, uploads.sign_in(role), document)
    assert stored(uploads) == before


@pytest.mark.parametrize("role", CUSTOMERS)
def test_the_list_holds_nothing_of_other_organisations(uploads, role):  # S50, S54
    document = a_stored_document(uploads)
    assert uploads.sign_in(role).get("/documents").json == []
    colleague = uploads.sign_in(role, organisation_id=document.organisation_id)
    assert [each["id"] for each in colleague.get("/documents").json] == [str(document.id)]


@CALL
def test_nobody_gets_in_without_a_token_for_people(uploads, call):  # S12, S29
    document = a_stored_document(uploads)
    before = stored(uploads)
    for caller in (uploads.anonymous(), uploads.peer("service-cases", "documents:read")):
        assert make(call, caller, document).status_code == 401
    assert stored(uploads) == before
