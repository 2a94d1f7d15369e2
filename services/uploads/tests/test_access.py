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
def document(uploads):
    return a_stored_document(uploads)


@pytest.fixture
def send(document):
    """Make a call about the document, or upload another one."""

    def send(caller, call):
        path = call.path.replace("{document}", str(document.id))
        form = {"file": (BytesIO(PNG), "other.png"), "declaration": CURRENT_DECLARATION}
        headers = {"If-Match": '"1"'}
        return caller.call(
            call.method, path, headers=headers, data=form if call.method == "POST" else None
        )

    return send


def stored(uploads):
    return len(uploads.rows(Document)), uploads.rows(Removal), objects(uploads), uploads.published()


def test_no_route_is_forgotten_here(uploads):
    routes = {
        (method, rule.rule.replace("<uuid:document_id>", "{document}"))
        for rule in uploads.app.url_map.iter_rules()
        if rule.endpoint.startswith("uploads.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {(call.method, call.path) for call in CALLS}


@CALL
@pytest.mark.parametrize("role", Role)
def test_a_role_gets_what_the_policy_says_and_nothing_else(uploads, document, send, call, role):
    caller = uploads.sign_in(role, organisation_id=document.organisation_id)
    before = stored(uploads)
    answer = send(caller, call)
    assert answer.status_code == (call.status if role in call.allowed else 403)
    if role not in call.allowed:
        assert stored(uploads) == before


@CALL
@pytest.mark.parametrize("role", Role)
def test_having_uploaded_it_gives_no_more_than_the_role(uploads, document, send, call, role):
    caller = uploads.sign_in(
        role, organisation_id=document.organisation_id, account_id=document.uploader_id
    )
    may = role in call.allowed | call.own
    assert send(caller, call).status_code == (call.status if may else 403)


@CALL
@pytest.mark.parametrize("role", Role)
def test_another_organisations_documents_do_not_exist(uploads, document, send, call, role):  # S50
    before = stored(uploads)
    answer = send(uploads.sign_in(role), call)
    if call.about:
        assert answer.status_code == 404
        assert stored(uploads) == before
    else:
        assert answer.status_code == (call.status if role in call.allowed else 403)


@pytest.mark.parametrize("role", CUSTOMERS)
def test_the_list_holds_nothing_of_other_organisations(uploads, document, role):  # S50, S54
    assert uploads.sign_in(role).get("/documents").json == []
    colleague = uploads.sign_in(role, organisation_id=document.organisation_id)
    assert [each["id"] for each in colleague.get("/documents").json] == [str(document.id)]


@CALL
def test_nobody_gets_in_without_a_token(uploads, send, call):  # S29
    before = stored(uploads)
    assert send(uploads.anonymous(), call).status_code == 401
    assert stored(uploads) == before


@CALL
def test_another_services_token_opens_no_route_for_people(uploads, send, call):  # S12
    assert send(uploads.peer("service-cases", "documents:read"), call).status_code == 401


def test_the_former_uploader_in_another_organisation_sees_nothing(uploads, document, send):
    moved = uploads.sign_in(Role.USER_MANAGER, account_id=document.uploader_id)
    assert {send(moved, call).status_code for call in CALLS if call.about} == {404}
