"""The directory: who is shown to whom, and how (S9, S12, S50, readings 4 and 5)."""

import pytest

from common.ids import uuid7
from common.web.access import Role
from identity.rules.states import State

from .factories import an_account, an_organisation


def name(caller, account, language="en"):
    path = f"/directory/{account.id}"
    answer = caller.get(path, headers={"Accept-Language": language})
    return answer.json["display_name"] if answer.status_code == 200 else answer.status_code


def test_colleagues_are_listed_by_name_and_nothing_else(identity, customer):
    anna = identity.given(an_account(customer))
    identity.given(an_account(customer, State.DEACTIVATED))
    identity.given(an_account(identity.given(an_organisation())))
    answer = identity.sign_in(organisation_id=customer.id).get("/directory")
    assert answer.json == [
        {"account_id": str(anna.id), "display_name": "Anna Muster", "roles": ["member"]}
    ]


def test_the_list_comes_in_pages(identity, customer):
    for _ in range(3):
        identity.given(an_account(customer))
    caller = identity.sign_in(organisation_id=customer.id)
    first = caller.get("/directory?limit=2")
    second = caller.get(first.headers["Link"].split("<")[1].split(">")[0])
    assert (len(first.json), len(second.json)) == (2, 1)
    assert "Link" not in second.headers


def test_a_colleague_has_a_name_and_a_stranger_does_not_exist(identity, customer):
    anna = identity.given(an_account(customer))
    assert name(identity.sign_in(organisation_id=customer.id), anna) == "Anna Muster"
    assert name(identity.sign_in(organisation_id=uuid7()), anna) == 404
    assert name(identity.sign_in(Role.USER_MANAGER), anna) == 404


@pytest.mark.parametrize("state", [State.BLOCKED, State.DEACTIVATED])
def test_a_colleague_who_left_is_still_called_by_name(identity, customer, state):
    anna = identity.given(an_account(customer, state))
    assert name(identity.sign_in(organisation_id=customer.id), anna) == "Anna Muster"


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Former user"), ("nl", "Voormalige gebruiker"), ("de-CH", "Ehemaliger Nutzer")],
)
def test_an_erased_colleague_is_a_former_user(identity, customer, language, text):
    anna = identity.given(an_account(customer, State.ERASED, given_name=None, family_name=None))
    assert name(identity.sign_in(organisation_id=customer.id), anna, language) == text
    assert name(identity.sign_in(organisation_id=uuid7()), anna, language) == 404


def test_staff_see_everybodys_name(identity, customer):
    anna = identity.given(an_account(customer))
    assert name(identity.sign_in(Role.SUPPORT), anna) == "Anna Muster"


def test_customers_see_the_operator_where_its_people_answered(identity, customer, operator):
    sven = identity.given(an_account(operator, given_name="Sven"))
    assert name(identity.sign_in(organisation_id=customer.id), sven) == "The operator of the portal"
    assert name(identity.sign_in(Role.SUPPORT, organisation_id=operator.id), sven) == "Sven Muster"


def test_nobody_has_no_name(identity):
    caller = identity.sign_in(Role.SUPPORT)
    assert caller.get(f"/directory/{uuid7()}").status_code == 404
    assert caller.get("/directory/nobody").status_code == 404
