"""Erasing a person in all services: begun, asked for, collected, completed (S26, S48, S51)."""

import msgspec
import pytest
import sqlalchemy as sa

from common.events.catalogue import (
    OWNERS_OF_PERSONAL_DATA,
    AccountErased,
    ErasureCompleted,
    ErasureRequested,
    PersonalDataErased,
)
from common.ids import uuid7
from common.privacy.erasure import is_genuine
from common.privacy.sweeps import sweep
from common.web.access import Role
from common.web.standing import AccountStanding, Standing
from identity import erasures
from identity.accounts import locked
from identity.erasures import ReceiptForged
from identity.jobs import mark_overdue_erasures
from identity.mails import write
from identity.models import (
    Account,
    ErasurePlan,
    ErasureRequest,
    LinkToken,
    Mail,
    MailKind,
    ReceivedReceipt,
    RefreshToken,
    SignInSession,
    StaffRole,
)
from identity.rules.states import State

from .factories import (
    PASSWORD,
    a_receipt,
    a_registration,
    a_screening,
    an_account,
    an_organisation,
    approval,
    mails,
    other_owners,
    stored,
    token_in,
    with_password,
)


@pytest.fixture
def dpo(identity):
    return identity.sign_in(Role.DPO)


def begin(identity, account):
    with identity.runtime.transaction() as session:
        return erasures.begin(session, locked(session, account.id))


def answer_all(identity, request):
    """Every owner answers, identity by its own handler."""
    identity.when(ErasureRequested(account_id=request.account_id, request_id=request.id))
    identity.when(identity.published(PersonalDataErased)[0], owner="identity")
    for owner in other_owners():
        identity.when(a_receipt(identity, request, owner), owner=owner)


@pytest.mark.parametrize("state", [State.DEACTIVATED, State.REFUSED])
def test_the_data_protection_officer_begins_the_erasure_of_who_is_gone(
    identity, customer, dpo, state
):
    account = identity.given(an_account(customer, state))
    answer = dpo.change("POST", f"/accounts/{account.id}/erasure", 1, approval(identity, account))
    (request,) = identity.rows(ErasureRequest)
    assert answer.status_code == 202
    assert answer.json == {
        "request_id": str(request.id),
        "account_id": str(account.id),
        "state": "requested",
        "requested_at": "2026-03-02T09:00:00Z",
        "completed_at": None,
        "missing": sorted(OWNERS_OF_PERSONAL_DATA),
        "held_by": [],
        "plan_id": str(identity.rows(ErasurePlan)[0].id),
        "followed_by": None,
        "receipts": [],
    }
    assert stored(identity, account).state is State.ERASING
    assert identity.published() == [ErasureRequested(account_id=account.id, request_id=request.id)]


@pytest.mark.parametrize(
    "state", [State.SCREENING, State.AWAITING_APPROVAL, State.ACTIVE, State.BLOCKED]
)
def test_nobody_who_is_still_here_is_erased(identity, customer, dpo, state):
    account = identity.given(an_account(customer, state))
    answer = dpo.change("POST", f"/accounts/{account.id}/erasure", 1, approval(identity, account))
    assert answer.status_code == 409
    assert identity.rows(ErasureRequest) == []
    assert identity.published() == []


def test_only_when_every_owner_has_answered_is_the_account_erased(identity, customer, dpo):
    account = identity.given(an_account(customer, State.DEACTIVATED))
    request = begin(identity, account)
    owners = list(OWNERS_OF_PERSONAL_DATA)
    for owner in owners[:-1]:
        identity.when(a_receipt(identity, request, owner), owner=owner)
    shown = dpo.get(f"/erasures/{request.id}").json
    assert (shown["state"], shown["missing"]) == ("requested", owners[-1:])
    assert stored(identity, account).state is State.ERASING
    identity.when(a_receipt(identity, request, owners[-1]), owner=owners[-1])
    shown = dpo.get(f"/erasures/{request.id}").json
    assert (shown["state"], shown["missing"], len(shown["receipts"])) == ("completed", [], 6)
    found = stored(identity, account)
    assert (found.state, found.erased_at) == (State.ERASED, identity.clock.now())
    assert identity.published()[-2:] == [
        AccountErased(account_id=account.id, organisation_id=customer.id, epoch=2),
        ErasureCompleted(account_id=account.id, request_id=request.id),
    ]
    (standing,) = identity.rows(AccountStanding, AccountStanding.account_id == account.id)
    assert standing.state is Standing.ERASED


def test_a_kept_receipt_can_be_verified_again_later(identity, customer):
    request = begin(identity, identity.given(an_account(customer, State.DEACTIVATED)))
    identity.when(a_receipt(identity, request, "shop"), owner="shop")
    (kept,) = identity.rows(ReceivedReceipt)
    event = msgspec.convert(kept.receipt, PersonalDataErased)
    assert is_genuine(identity.runtime.keys, kept.owner, event)


def forged(identity, request):
    genuine = a_receipt(identity, request, "shop")
    values = {name: getattr(genuine, name) for name in genuine.__dataclass_fields__}
    return {
        "another's": a_receipt(identity, request, "training"),
        "unsigned": PersonalDataErased(**{**values, "signature": ""}),
        "changed": PersonalDataErased(**{**values, "tables": ()}),
        "unknown key": PersonalDataErased(**{**values, "kid": "shop-000000000000"}),
        "about another": a_receipt(identity, request, "shop", account_id=uuid7()),
    }


@pytest.mark.parametrize(
    "fault", ["another's", "unsigned", "changed", "unknown key", "about another"]
)
def test_a_forged_receipt_is_not_kept_and_not_passed_over(identity, customer, fault):
    request = begin(identity, identity.given(an_account(customer, State.DEACTIVATED)))
    with pytest.raises(ReceiptForged):
        identity.when(forged(identity, request)[fault], owner="shop")
    assert identity.rows(ReceivedReceipt) == []


def test_a_receipt_nobody_asked_for_is_not_passed_over(identity, customer):
    account = identity.given(an_account(customer, State.DEACTIVATED))
    made_up = ErasureRequest(id=uuid7(), account_id=account.id)
    with pytest.raises(sa.exc.NoResultFound):
        identity.when(a_receipt(identity, made_up, "shop"), owner="shop")


def test_the_same_receipt_sent_again_counts_once(identity, customer):
    request = begin(identity, identity.given(an_account(customer, State.DEACTIVATED)))
    receipt = a_receipt(identity, request, "shop")
    for _ in range(3):
        identity.when(receipt, owner="shop")
    assert len(identity.rows(ReceivedReceipt)) == 1


def a_full_life(identity, customer):
    """An account that came all the way and left a row in every table, closed in the end."""
    entered = a_registration(
        given_name="CanaryGiven",
        family_name="CanaryFamily",
        email="canary@muster.example",
        company="Canary AG",
        customer_number="CANARY-1",
    )
    identity.anonymous().post("/registrations", entered)
    (account,) = identity.rows(Account)
    link = {"token": token_in(mails(identity)[-1][2])}
    identity.anonymous().post("/registrations/confirmation", link)
    identity.when(a_screening(account.id))
    body = {"organisation_id": str(customer.id)}
    version = stored(identity, account).version
    boss = identity.sign_in(Role.APPROVER)
    boss.change("POST", f"/accounts/{account.id}/approval", version, body)
    identity.given(StaffRole(account_id=account.id, role=Role.SUPPORT))
    with identity.runtime.transaction() as session:
        write(session, account.id, MailKind.SET_PASSWORD)
    mails(identity)
    asked = {"email": "canary@muster.example", "password": PASSWORD}
    caller = identity.anonymous()
    caller.token = identity.anonymous().post("/sessions", asked).json["access_token"]
    assert caller.post("/accounts/me/deactivation").status_code == 204
    return stored(identity, account)


def everything(identity):
    """What stands in all tables, as text."""
    found = []
    with identity.runtime.db.engine.connect() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            found += [str(row) for row in connection.execute(sa.select(table)).all()]
    return "\n".join(found)


def test_nothing_of_a_person_is_left_in_any_table(on_both):
    identity, customer = on_both, on_both.given(an_organisation())
    account = a_full_life(identity, customer)
    assert "anary" in everything(identity)
    request = begin(identity, account)
    answer_all(identity, request)
    left = everything(identity).lower()
    assert "canary" not in left
    assert account.password_hash.lower() not in left
    for model in (StaffRole, SignInSession, RefreshToken, LinkToken, Mail):
        assert identity.rows(model) == []
    assert stored(identity, account).state is State.ERASED


def test_the_receipt_says_what_became_of_every_table(identity, customer):
    account = a_full_life(identity, customer)
    request = begin(identity, account)
    identity.when(ErasureRequested(account_id=account.id, request_id=request.id))
    (receipt,) = identity.published(PersonalDataErased)[:1]
    found = {
        each.table: (each.deleted, each.nulled, each.pseudonymised, each.kept)
        for each in receipt.tables
    }
    assert found["accounts"] == (0, 0, 1, 0)
    assert found["staff_roles"] == (1, 0, 0, 0)
    assert found["sign_in_sessions"] == (1, 0, 0, 0)
    assert found["refresh_tokens"] == (1, 0, 0, 0)
    assert found["mails"] == (4, 0, 0, 0)
    assert found["link_tokens"] == (2, 0, 0, 0)
    assert found["erasure_requests"] == (0, 0, 0, 1)


def test_what_an_erased_person_decided_about_others_stays_decided(identity, customer):
    boss = identity.given(an_account(customer, State.DEACTIVATED))
    other = identity.given(an_account(customer, approved_by=boss.id))
    answer_all(identity, begin(identity, boss))
    assert stored(identity, other).approved_by == boss.id
    assert stored(identity, other).given_name == "Anna"


def test_an_erased_persons_address_is_free_again(identity, customer):
    account = identity.given(an_account(customer, State.DEACTIVATED, "anna@muster.example"))
    answer_all(identity, begin(identity, account))
    identity.anonymous().post("/registrations", a_registration(email="anna@muster.example"))
    assert len(identity.rows(Account)) == 2


@pytest.mark.parametrize(
    ("state", "facts", "last_moment", "wait"),
    [
        (State.DEACTIVATED, {}, "P10M27D", "P11M"),
        (State.REFUSED, {}, "P29D", "P30D"),
        (State.REGISTERED, {}, "P29D", "P30D"),
    ],
)
def test_an_erasure_begins_on_its_day_and_not_before(
    identity, customer, state, facts, last_moment, wait
):
    account = identity.given(an_account(customer, state, **facts))
    start = identity.clock.instant.replace(day=1)
    identity.clock.instant = start
    identity.clock.advance(last_moment)
    assert sweep(identity.runtime) == 0
    identity.clock.instant = start
    identity.clock.advance(wait)
    identity.clock.advance("PT-1S")
    assert sweep(identity.runtime) == 0
    identity.clock.advance("PT1S")
    assert sweep(identity.runtime) == 1
    assert sweep(identity.runtime) == 0
    assert stored(identity, account).state is State.ERASING


def test_nobody_who_is_still_here_falls_due(identity, customer):
    for state in (State.SCREENING, State.AWAITING_APPROVAL, State.ACTIVE, State.BLOCKED):
        identity.given(an_account(customer, state))
    identity.clock.advance("P5Y")
    assert sweep(identity.runtime) == 0


def test_a_reactivated_account_does_not_fall_due(identity, customer):
    account = identity.given(an_account(customer, State.DEACTIVATED))
    support = identity.sign_in(Role.SUPPORT)
    support.change("POST", f"/accounts/{account.id}/reactivation", 1)
    identity.clock.advance("P2Y")
    assert sweep(identity.runtime) == 0


def test_who_has_not_answered_is_asked_again_every_day_and_shown_as_overdue(
    identity, customer, dpo
):
    request = begin(identity, identity.given(an_account(customer, State.DEACTIVATED)))
    assert mark_overdue_erasures(identity.runtime) == 0
    identity.forget_published()
    identity.clock.advance("P1D")
    mark_overdue_erasures(identity.runtime)
    mark_overdue_erasures(identity.runtime)
    assert len(identity.published(ErasureRequested)) == 1
    identity.clock.advance("P6D")
    assert mark_overdue_erasures(identity.runtime) == 1
    assert mark_overdue_erasures(identity.runtime) == 0
    shown = identity.sign_in(Role.DPO).get("/erasures").json
    assert [(each["request_id"], each["state"]) for each in shown] == [(str(request.id), "overdue")]
    answer_all(identity, request)
    shown = identity.sign_in(Role.DPO).get(f"/erasures/{request.id}").json
    assert shown["state"] == "completed"


def test_a_completed_erasure_is_never_asked_for_again(identity, customer):
    answer_all(identity, begin(identity, identity.given(an_account(customer, State.DEACTIVATED))))
    identity.forget_published()
    identity.clock.advance("P8D")
    assert mark_overdue_erasures(identity.runtime) == 0
    assert identity.published() == []


def test_an_erasure_nobody_began_does_not_exist(dpo):
    assert dpo.get(f"/erasures/{uuid7()}").status_code == 404


def test_who_is_being_erased_cannot_sign_in(identity, customer):
    account = identity.given(with_password(identity, an_account(customer, State.DEACTIVATED)))
    begin(identity, account)
    asked = {"email": account.email, "password": PASSWORD}
    assert identity.anonymous().post("/sessions", asked).status_code == 401
