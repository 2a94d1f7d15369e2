"""The directory: who is shown to whom, and how (S9, S12, S50, readings 4 and 5)."""

import pytest
import sqlalchemy as sa

from common.ids import uuid7
from common.web.access import Role
from identity.models import Account
from identity.rules.states import State

from .factories import VOLUNTARY, agree, an_account, an_organisation, me


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


# ----------------------------------------------------------- what people show of themselves


@pytest.fixture
def anna(identity, customer):
    """Somebody with a full profile, of which telephone and job title are shown."""
    account = identity.given(an_account(customer))
    caller = me(identity, account)
    agree(caller)
    shown = {**VOLUNTARY, "shown": ["phone", "job_title"]}
    assert caller.change("PUT", "/accounts/me/profile", 1, shown).status_code == 200
    return account


SHOWN = {name: VOLUNTARY[name] for name in ("phone", "job_title")}


def test_colleagues_see_of_a_profile_exactly_what_its_owner_shows(identity, customer, anna):
    colleague = identity.sign_in(organisation_id=customer.id)
    named = {"account_id": str(anna.id), "display_name": "Anna Muster"}
    assert colleague.get("/directory").json == [{**named, "roles": ["member"], **SHOWN}]
    assert colleague.get(f"/directory/{anna.id}").json == {**named, **SHOWN}


def test_nothing_is_shown_unless_its_owner_shows_it(identity, customer):  # art. 25, reading 5
    account = identity.given(an_account(customer))
    caller = me(identity, account)
    agree(caller)
    caller.change("PUT", "/accounts/me/profile", 1, VOLUNTARY)
    colleague = identity.sign_in(organisation_id=customer.id)
    assert set(colleague.get("/directory").json[0]) == {"account_id", "display_name", "roles"}
    assert set(colleague.get(f"/directory/{account.id}").json) == {"account_id", "display_name"}


@pytest.mark.parametrize("role", Role)
def test_nobody_but_colleagues_sees_what_is_shown(identity, anna, role):
    caller = identity.sign_in(role)
    for path in ("/directory", f"/directory/{anna.id}", f"/accounts/{anna.id}", "/accounts"):
        assert VOLUNTARY["phone"] not in caller.get(path).text


@pytest.mark.parametrize("state", [State.BLOCKED, State.DEACTIVATED, State.ERASING])
def test_of_a_colleague_who_left_nothing_but_the_name_is_shown(identity, customer, anna, state):
    with identity.runtime.transaction() as session:
        account = session.get_one(Account, anna.id)
        account.state, account.deactivated_at = state, identity.clock.now()
    answer = identity.sign_in(organisation_id=customer.id).get(f"/directory/{anna.id}")
    assert (answer.status_code, set(answer.json)) == (200, {"account_id", "display_name"})


def test_of_one_who_hides_it_again_nothing_is_shown(identity, customer, anna):
    hidden = {**VOLUNTARY, "shown": []}
    me_again = identity.sign_in(account_id=anna.id, organisation_id=customer.id, known=False)
    assert me_again.change("PUT", "/accounts/me/profile", 2, hidden).status_code == 200
    colleague = identity.sign_in(organisation_id=customer.id)
    assert VOLUNTARY["phone"] not in colleague.get("/directory").text


def test_the_directory_asks_no_more_of_the_database_for_many_than_for_few(identity, customer, anna):
    asked = []
    sa.event.listen(
        identity.runtime.db.engine, "before_cursor_execute", lambda *call: asked.append(call[2])
    )
    colleague = identity.sign_in(organisation_id=customer.id)
    counts = []
    for _ in range(2):
        asked.clear()
        colleague.get("/directory")
        counts.append(len(asked))
        for _ in range(5):
            identity.given(an_account(customer))
    assert counts[0] == counts[1] > 0
