"""Objection to advertising: one click, no sign-in, stronger than consent, for ever (S68, S69)."""

import base64

import pytest

from common.events.catalogue import (
    ErasureRequested,
    MarketingObjectionLifted,
    MarketingObjectionRecorded,
)
from common.web.access import Role
from common.web.standing import AccountStanding, Standing
from identity import objections
from identity.mails import write
from identity.models import Account, AdvertisingObjection, ErasureRequest, MailKind
from identity.rules.states import State

from .factories import AT, an_account, mails, me, stored

OWN = "/accounts/me/advertising-objection"


@pytest.fixture
def anna(identity, customer):
    return identity.given(an_account(customer))


def link_of(harness, account):
    """The secret of the link in a person's mails."""
    with harness.runtime.reading() as session:
        made = objections.link(session, session.get_one(Account, account.id))
    assert made.startswith("http://localhost:8080/objection/")
    return made.rsplit("/", 1)[1]


def by_link(harness, token):
    return harness.anonymous().post("/advertising-objections", {"token": token})


def audience(harness, *accounts):
    asked = {"account_ids": [str(each.id) for each in accounts]}
    caller = harness.peer("shop", "advertising:read")
    return caller.post("/internal/advertising", asked).json["account_ids"]


def test_a_person_objects_with_one_call_and_takes_it_back_with_one(identity, anna):
    caller = me(identity, anna)
    assert caller.get(OWN).json == {"objected": False, "objected_at": None, "surface": None}
    answer = caller.call("PUT", OWN)
    assert answer.json == {
        "objected": True, "objected_at": "2026-03-02T09:00:00Z", "surface": "account"
    }  # fmt: skip
    assert caller.get(OWN).json == answer.json
    assert audience(identity, anna) == []
    assert caller.call("DELETE", OWN).status_code == 204
    assert audience(identity, anna) == [str(anna.id)]
    assert identity.published() == [
        MarketingObjectionRecorded(account_id=anna.id),
        MarketingObjectionLifted(account_id=anna.id),
    ]


def test_doing_it_twice_is_no_new_fact(identity, anna):
    caller = me(identity, anna)
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        assert caller.call(method, OWN).status_code < 300
    assert len(identity.published()) == 2


def test_the_link_in_a_mail_objects_without_a_sign_in(identity, anna):
    assert by_link(identity, link_of(identity, anna)).status_code == 204
    (held,) = identity.rows(AdvertisingObjection)
    assert (held.account_id, held.surface) == (anna.id, "link")
    assert audience(identity, anna) == []
    assert by_link(identity, link_of(identity, anna)).status_code == 204
    assert len(identity.published()) == 1


@pytest.mark.parametrize("change", ["", "cut", "other person", "other address", "noise", "umlaut"])
def test_a_link_that_we_did_not_make_objects_for_nobody(identity, customer, anna, change):
    raw = bytearray(base64.urlsafe_b64decode(link_of(identity, anna)))
    raw[0] ^= change == "other person"
    raw[20] ^= change == "other address"
    forged = {
        "": " ",
        "cut": base64.urlsafe_b64encode(raw[:-1]).decode(),
        "noise": "x" * 43,
        "umlaut": "ä" * 40,
    }.get(change, base64.urlsafe_b64encode(raw).decode())
    malformed = change in ("", "cut", "umlaut")
    assert by_link(identity, forged).status_code == (422 if malformed else 404)
    assert identity.rows(AdvertisingObjection) == []


def test_staff_enter_the_objection_of_somebody_who_called(identity, anna):
    support = identity.sign_in(Role.SUPPORT)
    path = f"/accounts/{anna.id}/advertising-objection"
    assert support.call("PUT", path).status_code == 204
    (held,) = identity.rows(AdvertisingObjection)
    assert held.surface == "staff"
    assert audience(identity, anna) == []


def test_only_active_unrestricted_people_without_objection_may_be_advertised_to(
    identity, customer, anna
):
    blocked, closed, restricted = (
        identity.given(an_account(customer, State.BLOCKED)),
        identity.given(an_account(customer, State.DEACTIVATED, deactivated_at=AT)),
        identity.given(an_account(customer, restricted_at=AT)),
    )
    objecting = identity.given(an_account(customer))
    me(identity, objecting).call("PUT", OWN)
    others = (blocked, closed, restricted, objecting)
    assert audience(identity, anna, *others) == [str(anna.id)]
    assert audience(identity) == []


def test_the_objection_goes_with_the_person_to_another_address(identity, anna):
    me(identity, anna).call("PUT", OWN)
    old = link_of(identity, anna)
    with identity.runtime.transaction() as session:
        account = session.get_one(Account, anna.id)
        account.email = account.email_key = "anna@elsewhere.example"
        session.flush()
        objections.follow(session, account)
    assert audience(identity, anna) == []
    assert by_link(identity, old).status_code == 204
    assert len(identity.rows(AdvertisingObjection)) == 2


def erased(harness, account):
    """The person is erased here."""
    with harness.runtime.transaction() as session:
        session.get_one(Account, account.id).state = State.ERASING
        request = ErasureRequest(account_id=account.id, requested_at=AT, asked_at=AT)
        session.add(request)
        session.flush()
        request_id = request.id
    harness.when(ErasureRequested(account_id=account.id, request_id=request_id))


def test_the_objection_survives_erasure_as_a_digest_and_counts_for_a_new_account(
    identity, customer, anna
):
    address = anna.email
    me(identity, anna).call("PUT", OWN)
    erased(identity, anna)
    (held,) = identity.rows(AdvertisingObjection)
    assert held.account_id is None
    assert address not in repr(vars(held))
    again = identity.given(an_account(customer, address=address))
    assert audience(identity, again) == []
    me(identity, again).call("DELETE", OWN)
    assert audience(identity, again) == [str(again.id)]


def test_an_old_mails_link_still_works_when_its_person_is_erased(identity, customer, anna):
    address, link = anna.email, link_of(identity, anna)
    erased(identity, anna)
    identity.forget_published()
    assert by_link(identity, link).status_code == 204
    assert identity.published() == []
    (held,) = identity.rows(AdvertisingObjection)
    assert held.account_id is None
    assert audience(identity, identity.given(an_account(customer, address=address))) == []


@pytest.mark.parametrize("language", ["en", "nl", "de"])
def test_the_first_mail_to_a_released_person_says_where_to_object(identity, customer, language):
    account = identity.given(an_account(customer, language=language))
    with identity.runtime.transaction() as session:
        write(session, account.id, MailKind.RELEASED)
    ((_, _, text),) = mails(identity)
    assert by_link(identity, text.split("/objection/")[1].split()[0]).status_code == 204
    assert audience(identity, account) == []


def test_a_restricted_person_can_object(identity, anna):
    caller = me(identity, anna)
    with identity.runtime.transaction() as session:
        session.get_one(AccountStanding, anna.id).state = Standing.RESTRICTED
    assert caller.call("PUT", OWN).status_code == 200
    assert stored(identity, anna).state is State.ACTIVE
