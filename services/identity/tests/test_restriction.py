"""Restriction: a person's data are kept and used by nobody but for the person (S2, art. 18)."""

import pytest

from common.events.catalogue import (
    AccountDeactivated,
    AccountReactivated,
    AccountRestricted,
    AccountRestrictionLifted,
    OrderConfirmed,
)
from common.ids import uuid7
from common.web.access import Role
from common.web.standing import AccountStanding, Standing
from identity.models import Mail, MailKind, Representation
from identity.rules.restriction import RestrictionGround
from identity.rules.states import State

from .factories import AT, an_account, an_organisation, mails, me, own_standing, stored
from .scenes import YEAR
from .surface import routes
from .test_matrix import CALLERS as KINDS
from .test_matrix import problem, send, set_up

SPARED = {
    "GET /accounts/me",
    "PATCH /accounts/me",
    "POST /accounts/me/deactivation",
    "GET /accounts/me/export",
    "GET /accounts/me/retention",
    "GET /accounts/me/recipients",
    "GET /accounts/me/sign-ins",
    "GET /accounts/me/profile",
    "GET /accounts/me/consents",
    "POST /accounts/me/rights-requests",
    "GET /accounts/me/rights-requests",
    "POST /accounts/me/rights-requests/<uuid:rights_request_id>/withdrawal",
    "GET /accounts/me/advertising-objection",
    "PUT /accounts/me/advertising-objection",
    "DELETE /accounts/me/consents/<purpose>",
    "PUT /accounts/me/password",
    "GET /sessions",
    "DELETE /sessions",
    "DELETE /sessions/current",
    "DELETE /sessions/<uuid:session_id>",
}
"""What a restriction leaves to the person: to see, correct, take along, take back, and to go."""


@pytest.fixture
def dpo(identity):
    return identity.sign_in(Role.DPO)


@pytest.fixture
def anna(identity, customer):
    account = identity.given(an_account(customer))
    identity.given(own_standing(account))
    return account


def restrict(dpo, identity, account, ground="accuracy_contested"):
    version = stored(identity, account).version
    path = f"/accounts/{account.id}/restriction"
    return dpo.change("POST", path, version, {"ground": ground})


def announce_end(dpo, identity, account):
    version = stored(identity, account).version
    return dpo.change("POST", f"/accounts/{account.id}/restriction/end", version)


def own(identity, account):
    return identity.sign_in(
        account_id=account.id, organisation_id=account.organisation_id, known=False
    )


@pytest.mark.parametrize("ground", RestrictionGround)
def test_the_officer_restricts_and_every_service_and_the_person_hear_of_it(
    identity, anna, dpo, ground
):
    answer = restrict(dpo, identity, anna, ground)
    assert answer.status_code == 200
    assert answer.json["restricted_at"] == "2026-03-02T09:00:00Z"
    assert stored(identity, anna).restriction_ground is ground
    (event,) = identity.published()
    assert isinstance(event, AccountRestricted)
    assert (event.account_id, event.epoch, event.restricted) == (anna.id, 1, True)
    ((to, subject, text),) = mails(identity)
    assert (to, subject) == (anna.email, "The use of your data is restricted")
    assert "art. 18 GDPR" in text


def test_a_restricted_person_may_do_what_is_left_to_them_and_nothing_else(shared_identity):
    faults, spared = [], set()
    for route in routes(shared_identity.app):
        if route.access != "people":
            continue
        made = set_up(shared_identity, KINDS["the owner"])
        with shared_identity.runtime.transaction() as session:
            standing = session.get_one(AccountStanding, made.caller.person.account_id)
            standing.state = Standing.RESTRICTED
        answer = send(made.caller, route, made.ids)
        if problem(answer) != "/problems/account-restricted":
            spared.add(str(route))
        elif answer.status_code != 403:
            faults.append(str(route))
    assert faults == []
    assert spared == SPARED


def test_the_restriction_ends_a_week_after_the_person_was_told_and_not_before(identity, anna, dpo):
    restrict(dpo, identity, anna)
    mails(identity)
    assert announce_end(dpo, identity, anna).status_code == 200
    identity.clock.advance("P30D")
    assert stored(identity, anna).restriction_ends_at is None  # the mail has not gone yet
    assert mails(identity)[-1][1] == "Your data will be used again"
    identity.forget_published()
    identity.clock.advance("P6DT23H59M59S")
    identity.run_steps()
    assert identity.published() == []
    identity.clock.advance("PT1S")
    identity.run_steps()
    (event,) = identity.published()
    assert isinstance(event, AccountRestrictionLifted)
    assert not event.restricted
    assert stored(identity, anna).restricted_at is None
    assert own(identity, anna).get("/directory").status_code == 200


def test_restricting_again_keeps_the_first_instant_and_calls_the_end_off(identity, anna, dpo):
    restrict(dpo, identity, anna)
    announce_end(dpo, identity, anna)
    mails(identity)
    identity.clock.advance("P1D")
    dpo = identity.sign_in(Role.DPO)
    restrict(dpo, identity, anna, "claims")
    identity.clock.advance("P30D")
    identity.run_steps()
    held = stored(identity, anna)
    assert (held.restricted_at, held.restriction_ends_at) == (AT.replace(day=2), None)


def test_what_is_not_restricted_cannot_end_and_a_stale_view_changes_nothing(identity, anna, dpo):
    assert announce_end(dpo, identity, anna).status_code == 409
    path = f"/accounts/{anna.id}/restriction"
    assert dpo.change("POST", path, 7, {"ground": "claims"}).status_code == 412
    assert identity.published() == []


def test_nobody_is_restricted_who_is_being_erased(identity, customer, dpo):
    gone = identity.given(an_account(customer, State.ERASING))
    assert restrict(dpo, identity, gone).status_code == 404


def test_the_restriction_survives_a_deactivation_and_comes_back_with_the_account(
    identity, anna, dpo
):
    restrict(dpo, identity, anna)
    admin = identity.sign_in(Role.ADMIN)
    for step in ("deactivation", "reactivation"):
        version = stored(identity, anna).version
        assert admin.change("POST", f"/accounts/{anna.id}/{step}", version).status_code == 200
    closed, opened = identity.published(AccountDeactivated), identity.published(AccountReactivated)
    assert [each.restricted for each in (*closed, *opened)] == [True, True]
    assert identity.rows(AccountStanding, AccountStanding.account_id == anna.id)[0].state is (
        Standing.RESTRICTED
    )


def test_a_closed_account_can_be_restricted_and_nobody_needs_to_hear_of_it(identity, customer, dpo):
    closed = identity.given(an_account(customer, State.DEACTIVATED, deactivated_at=AT))
    assert restrict(dpo, identity, closed).status_code == 200
    assert identity.published() == []


def test_colleagues_do_not_see_a_restricted_person_and_staff_do(identity, customer, anna, dpo):
    colleague = me(identity, identity.given(an_account(customer)))
    assert len(colleague.get("/directory").json) == 2
    restrict(dpo, identity, anna)
    assert str(anna.id) not in colleague.get("/directory").text
    named = colleague.get(f"/directory/{anna.id}", headers={"Accept-Language": "de"})
    assert named.json["display_name"] == "Portalnutzer"
    assert dpo.get(f"/directory/{anna.id}").json["display_name"] == "Anna Muster"


def test_a_representative_does_not_see_a_restricted_person(identity, anna, dpo):
    agent = identity.given(an_organisation("representative", name="Vertretung AG"))
    at = identity.clock.now()
    identity.given(
        Representation(
            organisation_id=agent.id,
            country=anna.country,
            contract_reference="C 1",
            contract_kind="processing",
            valid_from=at - YEAR,
            valid_to=at + YEAR,
            created_by=uuid7(),
        )
    )
    caller = identity.sign_in(Role.REPRESENTATIVE, organisation_id=agent.id)
    assert str(anna.id) in caller.get("/represented-accounts").text
    restrict(dpo, identity, anna)
    assert str(anna.id) not in caller.get("/represented-accounts").text


def test_news_are_not_mailed_and_what_waits_is_dropped(identity, anna, dpo):
    waiting = Mail(account_id=anna.id, kind=MailKind.CASE_ANSWERED, next_try_at=AT)
    identity.given(waiting)
    restrict(dpo, identity, anna)
    identity.when(OrderConfirmed(order_id=uuid7(), organisation_id=uuid7(), account_id=anna.id))
    assert [subject for _, subject, _ in mails(identity)] == ["The use of your data is restricted"]


def test_the_name_goes_on_being_compared_with_the_lists(identity, anna, dpo):
    restrict(dpo, identity, anna)
    asked = {"account_ids": [str(anna.id)]}
    told = identity.peer("screening", "names:read").post("/internal/names", asked).json
    assert [each["account_id"] for each in told] == [str(anna.id)]
    standing = identity.peer("shop", "standing:read").get(f"/internal/standing/{anna.id}").json
    assert standing["state"] == "restricted"
