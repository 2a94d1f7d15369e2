"""Invitations: one, many, listed, sent again, withdrawn (S45, S46, S48, S50)."""

import pytest

from common.ids import uuid7
from common.testing.harness import pointers
from common.web.access import Role
from common.web.idempotency import StoredAnswer
from identity.models import Account, Invitation
from identity.rules.invitations import InvitationState

from .factories import AT, an_account, an_organisation, mails, me, token_in

ADDRESS = "Ines.Ohm@muster.example"


def invite(caller, email=ADDRESS, **body):
    return caller.post("/invitations", {"email": email, **body})


def bulk(caller, content, kind="text/csv", query=""):
    headers = {"Content-Type": kind, "Idempotency-Key": str(uuid7())}
    return caller.call("POST", f"/invitations/bulk{query}", data=content, headers=headers)


def again(caller, invitation_id, version=1):
    return caller.change("POST", f"/invitations/{invitation_id}/resend", version)


def withdraw(caller, invitation_id, version=1):
    return caller.change("DELETE", f"/invitations/{invitation_id}", version)


def only(identity):
    (row,) = identity.rows(Invitation)
    return row


def test_an_invitation_is_taken_and_there_is_no_account(identity, managed, manager):
    answer = invite(manager, language="nl")
    row = only(identity)
    assert answer.status_code == 202
    assert answer.json == {
        "id": str(row.id),
        "organisation_id": str(managed.id),
        "state": "sent",
        "invited_by": str(manager.account.id),
        "asked_at": "2026-03-02T09:00:00Z",
        "expires_at": "2026-04-01T09:00:00Z",
        "version": 1,
    }
    assert (row.email, row.language, row.email_key) == (ADDRESS, "nl", ADDRESS.casefold())
    assert [each.id for each in identity.rows(Account)] == [manager.account.id]


def test_the_mail_is_in_the_inviters_language_where_none_is_named(identity, managed):
    dutch = identity.given(an_account(managed, role=Role.USER_MANAGER, language="nl"))
    invite(me(identity, dutch, Role.USER_MANAGER))
    assert only(identity).language == "nl"


def test_the_inviter_sees_the_address_and_never_the_link(identity, manager):
    """CVE-2026-16072: an administrator who can read the link can become the invited person."""
    answers = [invite(manager).get_data(as_text=True)]
    token = token_in(mails(identity)[0][2])
    row = only(identity)
    again_at = identity.clock.now()
    identity.clock.advance("PT1H")
    manager = me_again(identity, manager)
    listed = manager.get("/invitations")
    answers += [
        listed.get_data(as_text=True),
        again(manager, row.id).get_data(as_text=True),
        bulk(manager, b"email\n" + ADDRESS.encode()).get_data(as_text=True),
    ]
    assert listed.json[0]["email"] == ADDRESS
    for secret in (token, row.token_hash):
        assert not any(secret in text for text in answers)
    kept = " ".join(str(each.body) for each in identity.rows(StoredAnswer))
    assert ADDRESS not in kept
    assert row.sent_at == again_at


def me_again(identity, caller):
    """The same person with a fresh token."""
    fresh = identity.sign_in(
        *caller.person.roles,
        account_id=caller.person.account_id,
        organisation_id=caller.person.organisation_id,
        known=False,
    )
    fresh.account = caller.account
    return fresh


def test_staff_invite_for_a_customer_that_they_name(identity, customer, operator):
    approver = identity.sign_in(Role.APPROVER)
    assert pointers(invite(approver)) == {"/organisation_id"}
    assert pointers(invite(approver, organisation_id=str(operator.id))) == {"/organisation_id"}
    ended = identity.given(an_organisation(relation_ended_at=AT))
    assert invite(approver, organisation_id=str(ended.id)).status_code == 409
    assert invite(approver, organisation_id=str(customer.id)).status_code == 202
    assert only(identity).organisation_id == customer.id


def test_members_invite_nobody(identity, managed):
    member = identity.sign_in(Role.MEMBER, organisation_id=managed.id)
    assert invite(member).status_code == 403
    assert member.get("/invitations").status_code == 403


@pytest.mark.parametrize(
    "email",
    ["", "ines", "ines@", "a@b", "ines@muster.example\nbcc: x@y.example", "i\x00@m.example"],
)
def test_what_is_no_address_is_refused(identity, manager, email):
    answer = invite(manager, email)
    assert (answer.status_code, pointers(answer)) == (422, {"/email"})
    assert identity.rows(Invitation) == []


def test_a_known_address_gets_the_same_answer_and_a_mail_that_it_has_an_account(identity, manager):
    other = identity.given(an_account(identity.given(an_organisation()), address="kim@b.example"))
    known, unknown = invite(manager, other.email), invite(manager)
    assert known.status_code == unknown.status_code == 202
    sent = {address: subject for address, subject, _ in mails(identity)}
    assert sent == {
        other.email: "You are registered already",
        ADDRESS: "Your invitation to the customer portal",
    }
    same = ("state", "asked_at", "expires_at", "version")
    one, two = manager.get("/invitations").json
    assert [one[name] for name in same] == [two[name] for name in same]
    assert not any(
        "token=" in text for address, _, text in mails(identity) if address == other.email
    )


def test_a_known_address_is_told_once_an_hour_however_many_invite_it(identity, manager):
    invite(manager, manager.account.email)
    approver, other = identity.sign_in(Role.APPROVER), identity.given(an_organisation())
    invite(approver, manager.account.email, organisation_id=str(other.id))
    assert len(mails(identity)) == 1


def test_the_same_address_is_under_way_once_in_an_organisation(identity, manager):
    first, second = invite(manager), invite(manager, ADDRESS.upper())
    assert first.json["id"] == second.json["id"]
    assert len(mails(identity)) == 1


def test_every_row_of_a_file_is_answered_in_its_order(identity, manager):
    content = (
        "\ufeffemail,language\r\na@m.example,de\r\nnobody,de\r\n\r\nb@m.example,\r\nc@m.example\r\n"
    )
    answer = bulk(manager, content.encode())
    taken = {each.email: str(each.id) for each in identity.rows(Invitation)}
    assert answer.status_code == 202
    assert answer.json == [
        {"row": 1, "status": "accepted", "invitation_id": taken["a@m.example"], "errors": []},
        {
            "row": 2, "status": "refused", "invitation_id": None,
            "errors": [{"pointer": "/email", "detail": "Not a valid e-mail address."}],
        },
        {"row": 3, "status": "accepted", "invitation_id": taken["b@m.example"], "errors": []},
        {
            "row": 4, "status": "refused", "invitation_id": None,
            "errors": [{"pointer": "", "detail": "Must have 2 cells."}],
        },
    ]  # fmt: skip
    assert len(mails(identity)) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"email", b"a@m.example\n", b"mail\na@m.example", b"email,name\na@m.example,A",
     b"email\n\xff\xfe", b'email\n"a@m.example', b"email\n" + b"a@m.example\n" * 1001],
    ids=["empty", "no row", "no header", "other header", "a name", "no UTF-8", "a quote", "1001"],
)  # fmt: skip
def test_of_a_file_that_cannot_be_read_nothing_is_stored(identity, manager, content):
    answer = bulk(manager, content)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/file-not-readable")
    assert identity.rows(Invitation) == []


def test_a_file_is_csv_and_sent_once_however_often_it_comes(identity, manager):
    assert bulk(manager, b"email\na@m.example", kind="application/json").status_code == 415
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "0123456789"}
    sent = [
        manager.call("POST", "/invitations/bulk", data=b"email\na@m.example", headers=headers)
        for _ in range(2)
    ]
    assert sent[0].json == sent[1].json
    assert len(identity.rows(Invitation)) == 1


def test_a_thousand_people_are_invited_by_one_file(identity, manager):
    content = "email\n" + "\n".join(f"person{number}@m.example" for number in range(1000))
    answer = bulk(manager, content.encode())
    assert [each["status"] for each in answer.json] == ["accepted"] * 1000
    assert len(identity.rows(Invitation)) == 1000


def test_an_organisation_invites_so_many_a_day_and_is_told_when_it_may_again(identity_with):
    identity = identity_with(invitations_per_day=2)
    managed = identity.given(an_organisation(user_management_since=AT))
    manager = identity.sign_in(Role.USER_MANAGER, organisation_id=managed.id)
    assert invite(manager, "a@m.example").status_code == 202
    identity.clock.advance("PT2M")
    assert bulk(manager, b"email\nb@m.example\nc@m.example").status_code == 429
    assert invite(manager, "b@m.example").status_code == 202
    refused = invite(manager, "c@m.example")
    assert (refused.status_code, refused.json["type"]) == (429, "/problems/too-many-invitations")
    assert refused.headers["Retry-After"] == str(24 * 3600 - 120)
    assert invite(manager, "A@m.example").status_code == 202
    other = identity.given(an_organisation(user_management_since=AT))
    neighbour = identity.sign_in(Role.USER_MANAGER, organisation_id=other.id)
    assert invite(neighbour, "c@m.example").status_code == 202
    identity.clock.advance("P1D")
    manager = identity.sign_in(Role.USER_MANAGER, organisation_id=managed.id)
    assert invite(manager, "c@m.example").status_code == 202


def test_nobody_acts_on_another_organisations_invitation(identity, manager):
    """Keycloak #47080: the invitation of an organisation was ended through another one's path."""
    row_id = invite(manager).json["id"]
    other = identity.given(an_organisation(user_management_since=AT))
    neighbour = identity.sign_in(Role.USER_MANAGER, organisation_id=other.id)
    assert again(neighbour, row_id).status_code == 404
    assert withdraw(neighbour, row_id).status_code == 404
    assert withdraw(neighbour, uuid7()).status_code == 404
    assert neighbour.get("/invitations").json == []
    query = f"?organisation_id={manager.account.organisation_id}"
    assert neighbour.get(f"/invitations{query}").json == []
    assert bulk(neighbour, b"email\na@m.example", query=query).status_code == 422
    assert only(identity).state is InvitationState.SENT


def test_a_list_is_of_one_state_and_in_pages(identity, manager):
    for name in "abc":
        invite(manager, f"{name}@m.example")
    first = manager.get("/invitations?limit=2&state=sent")
    assert [each["email"] for each in first.json] == ["c@m.example", "b@m.example"]
    assert 'rel="next"' in first.headers["Link"]
    assert manager.get("/invitations?state=accepted").json == []


def test_a_withdrawn_invitation_leaves_ids_alone_and_its_link_is_void(identity, manager):
    row_id = invite(manager).json["id"]
    token = token_in(mails(identity)[0][2])
    assert withdraw(manager, row_id, version=7).status_code == 412
    assert withdraw(manager, row_id).status_code == 204
    row = only(identity)
    assert (row.state, row.email, row.email_key, row.language, row.token_hash) == (
        InvitationState.WITHDRAWN, None, None, None, None
    )  # fmt: skip
    assert mails(identity) == []
    body = {**a_person(), "token": token}
    assert identity.anonymous().post("/invitations/acceptance", body).status_code == 404
    assert withdraw(manager, row_id, version=2).status_code == 409
    assert invite(manager).json["id"] != row_id


def test_a_resent_invitation_has_a_new_link_and_the_old_one_is_void(identity, manager):
    row_id = invite(manager).json["id"]
    old = token_in(mails(identity)[-1][2])
    early = again(manager, row_id)
    assert (early.status_code, early.headers["Retry-After"]) == (429, "3600")
    identity.clock.advance("P29D")
    manager = me_again(identity, manager)
    assert again(manager, row_id).status_code == 202
    assert only(identity).token_hash is None
    new = token_in(mails(identity)[-1][2])
    assert only(identity).expires_at == identity.clock.now() + (
        only(identity).expires_at - only(identity).sent_at
    )
    identity.clock.advance("P29D")
    accept = identity.anonymous()
    refused = accept.post("/invitations/acceptance", {**a_person(), "token": old})
    assert (refused.status_code, refused.json["type"]) == (404, "/problems/link-not-valid")
    assert accept.post("/invitations/acceptance", {**a_person(), "token": new}).status_code == 204


def a_person(**entered):
    return {
        "given_name": "Ines",
        "family_name": "Ohm",
        "country": "DE",
        "language": "de",
        "password": "correct horse battery staple",
        **entered,
    }
