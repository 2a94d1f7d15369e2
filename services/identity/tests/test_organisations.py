"""Organisations: entered, seen, ended (S8, S50, S55)."""

import pytest

from common.events.catalogue import BusinessRelationshipEnded, OrganisationRegistered
from common.ids import uuid7
from common.testing.harness import pointers
from common.web.access import Role
from identity.models import Organisation

from .factories import an_account, an_organisation, with_password


def test_a_customer_is_entered_once_however_often_it_is_sent(identity):
    caller, key = identity.sign_in(Role.APPROVER), {"Idempotency-Key": "0123456789"}
    body = {"name": "Muster AG", "country": "DE"}
    first = caller.post("/organisations", body, headers=key)
    again = caller.post("/organisations", body, headers=key)
    (row,) = identity.rows(Organisation)
    assert first.status_code == again.status_code == 201
    assert (
        first.json
        == again.json
        == {
            "id": str(row.id),
            "name": "Muster AG",
            "country": "DE",
            "kind": "customer",
            "registered_at": "2026-03-02T09:00:00Z",
            "relation_ended_at": None,
            "user_management_since": None,
            "agreement_reference": None,
            "second_factor_required": False,
            "version": 1,
        }
    )
    assert identity.published() == [OrganisationRegistered(organisation_id=row.id)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "M" * 201), ("name", "M\x00"), ("name", 10**400), ("country", "XX"),
     ("country", None), ("kind", "operator")],
)  # fmt: skip
def test_what_is_no_organisation_is_refused(identity, field, value):
    body = {"name": "Muster AG", "country": "DE", field: value}
    answer = identity.sign_in(Role.ADMIN).post("/organisations", body)
    assert (answer.status_code, pointers(answer)) == (422, {f"/{field}"})
    assert identity.rows(Organisation) == []


def test_people_see_their_own_organisation_and_no_other(identity, customer):
    other = identity.given(an_organisation())
    caller = identity.sign_in(organisation_id=customer.id)
    own = caller.get(f"/organisations/{customer.id}")
    assert (own.status_code, own.headers["ETag"]) == (200, '"1"')
    assert caller.get(f"/organisations/{other.id}").status_code == 404
    assert caller.get(f"/organisations/{uuid7()}").status_code == 404
    assert caller.get("/organisations").status_code == 403


def test_staff_list_all_organisations_the_latest_first(identity, customer):
    latest = identity.given(an_organisation(name="Later AG"))
    answer = identity.sign_in(Role.TRAINER).get("/organisations")
    assert [each["id"] for each in answer.json] == [str(latest.id), str(customer.id)]


def end(identity, organisation, version=1):
    admin = identity.sign_in(Role.ADMIN)
    return admin.change("POST", f"/organisations/{organisation.id}/end-of-relation", version)


def test_an_ended_relation_is_told_and_ends_once(identity, customer):
    assert end(identity, customer).json["relation_ended_at"] == "2026-03-02T09:00:00Z"
    assert end(identity, customer, version=2).status_code == 409
    assert identity.published() == [BusinessRelationshipEnded(organisation_id=customer.id)]


def test_the_operators_own_organisation_does_not_end(identity, operator):
    assert end(identity, operator).status_code == 409
    assert identity.published() == []


def test_nobody_signs_in_for_a_customer_from_the_moment_the_relation_ends(identity, customer):
    account = identity.given(with_password(identity, an_account(customer)))
    asked = {"email": account.email, "password": "correct horse battery"}
    assert identity.anonymous().post("/sessions", asked).status_code == 201
    end(identity, customer)
    assert identity.anonymous().post("/sessions", asked).status_code == 401
