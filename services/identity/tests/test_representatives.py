"""Representatives see what people of a country entered, while a contract says so (S23-S25)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest

from common.events.catalogue import AccountSessionsEnded, ErasureRequested, PersonalDataErased
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.refusals import Invalid
from common.testing.harness import pointers
from common.web.access import TOKEN_LIFE, Role
from identity import queries
from identity.models import ContractKind, Representation
from identity.rules.refusals import ContractOver
from identity.rules.representatives import access_ends_at, end_changed, end_now, is_valid
from identity.rules.states import Screening, State

from .factories import PASSWORD, an_account, an_organisation, approval, me, stored, with_password

AN_INSTANT = timedelta(microseconds=1)
ENTERED = {
    "id", "given_name", "family_name", "email", "company", "customer_number", "country", "language",
}  # fmt: skip


@pytest.fixture
def agency(identity):
    """A representative of the operator."""
    return identity.given(an_organisation(kind="representative", name="Agency S.L."))


@pytest.fixture
def at(identity):
    """The instant at which a test begins."""
    return identity.clock.now()


@pytest.fixture
def contract(identity, agency, at):
    """Function that makes a contract of the agency, of one day from now on unless said."""

    def make(
        country="ES", begins=timedelta(), ends=timedelta(days=1), by=None, by_whom=None, **facts
    ):
        facts["created_by"] = by_whom or uuid7()
        row = a_contract(by or agency, country, at + begins, at + ends, **facts)
        return identity.given(row)

    return make


@pytest.fixture
def agent(identity, agency):
    """Somebody of the agency, signed in."""
    return identity.sign_in(Role.REPRESENTATIVE, organisation_id=agency.id, country="ES")


def a_contract(organisation, country, begins, ends, **facts):
    usual = {
        "contract_reference": "C-1",
        "contract_kind": ContractKind.PROCESSING,
        "created_by": uuid7(),
    }
    return Representation(
        organisation_id=organisation.id,
        country=country,
        valid_from=begins,
        valid_to=ends,
        **{**usual, **facts},
    )


def spaniard(identity, customer, state=State.ACTIVE, **facts):
    return identity.given(an_account(customer, state, country="ES", **facts))


def seen(caller):
    answer = caller.get("/represented-accounts")
    assert answer.status_code == 200, answer.json
    return [each["id"] for each in answer.json]


# ---------------------------------------------------------------------------------- the rules


AT = datetime(2028, 2, 29, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("begins", "ends", "valid"),
    [
        (AT, AT + AN_INSTANT, True),
        (AT - HOUR, AT + AN_INSTANT, True),
        (AT - HOUR, AT, False),
        (AT + AN_INSTANT, AT + HOUR, False),
        (AT, AT, False),
    ],
)
def test_a_contract_is_valid_from_its_first_instant_and_not_at_its_end(begins, ends, valid):
    assert is_valid((begins, ends), AT) is valid
    assert access_ends_at([(begins, ends)], AT) == (ends if valid else None)


def test_access_lasts_as_long_as_the_last_contract_that_is_valid_now():
    running = [(AT - HOUR, AT + HOUR), (AT, AT + 2 * HOUR)]
    to_come = (AT + HOUR, AT + 9 * HOUR)
    assert access_ends_at([*running, to_come], AT) == AT + 2 * HOUR
    assert access_ends_at([], AT) is None


def test_the_end_of_a_contract_moves_and_the_past_stays_as_it_was():
    held = (AT - HOUR, AT + HOUR)
    assert end_changed(held, AT + AN_INSTANT, AT) == AT + AN_INSTANT
    assert end_now(held, AT) == AT
    assert end_now((AT + HOUR, AT + 2 * HOUR), AT) == AT + HOUR
    for past in (AT, AT - AN_INSTANT):
        with pytest.raises(Invalid):
            end_changed(held, past, AT)
    with pytest.raises(Invalid):
        end_changed((AT + HOUR, AT + 2 * HOUR), AT + HOUR, AT)
    with pytest.raises(ContractOver):
        end_now(held, AT + HOUR)
    with pytest.raises(ContractOver):
        end_changed(held, AT + 9 * HOUR, AT + HOUR)


# -------------------------------------------------------------------------- what they may read


def test_a_representative_reads_what_people_of_the_country_entered(
    identity, customer, contract, agent
):
    contract()
    anna = spaniard(identity, customer, customer_number="C-7")
    identity.given(an_account(customer, country="DE"))
    (shown,) = agent.get("/represented-accounts").json
    assert shown == agent.get(f"/represented-accounts/{anna.id}").json
    assert set(shown) == ENTERED
    assert (shown["email"], shown["customer_number"]) == (anna.email, "C-7")


def test_every_read_of_every_account_is_noted(identity, customer, contract, agent):
    contract()
    people = [spaniard(identity, customer) for _ in range(3)]
    agent.get("/represented-accounts?limit=2")
    agent.get(f"/represented-accounts/{people[0].id}")
    read = identity.rows(AuditEntry, AuditEntry.action == "account.read-by-representative")
    assert [entry.subject for entry in read[:2]] == [str(people[2].id), str(people[1].id)]
    assert [entry.subject for entry in read[2:]] == [str(people[0].id)]
    assert {entry.actor for entry in read} == {str(agent.person.account_id)}


def test_what_was_not_shown_is_not_noted_as_read(identity, customer, contract, agent):
    contract("PT")
    anna = spaniard(identity, customer)
    assert agent.get(f"/represented-accounts/{anna.id}").status_code == 404
    assert identity.rows(AuditEntry) == []


def test_the_list_goes_on_in_pages(identity, customer, contract, agent):
    contract()
    ids = sorted((str(spaniard(identity, customer).id) for _ in range(3)), reverse=True)
    first = agent.get("/represented-accounts?limit=2")
    following = agent.get(first.headers["Link"].split(">")[0].removeprefix("<"))
    assert [each["id"] for each in first.json + following.json] == ids


@pytest.mark.parametrize("state", State)
def test_of_people_who_confirmed_and_are_not_erased_the_state_does_not_matter(
    identity, customer, contract, agent, state
):
    contract()
    account = spaniard(identity, customer, state)
    hidden = state in (State.REGISTERED, State.ERASING, State.ERASED)
    assert seen(agent) == ([] if hidden else [str(account.id)])
    answer = agent.get(f"/represented-accounts/{account.id}")
    assert answer.status_code == (404 if hidden else 200)


def test_staff_and_other_representatives_are_not_represented(identity, operator, contract, agent):
    contract()
    other = identity.given(an_organisation(kind="representative"))
    for organisation in (operator, other):
        account = spaniard(identity, organisation)
        assert agent.get(f"/represented-accounts/{account.id}").status_code == 404
    unassigned = spaniard(identity, None, State.SCREENING)
    assert seen(agent) == [str(unassigned.id)]


def test_nobody_is_seen_without_a_contract(identity, customer, agent):
    anna = spaniard(identity, customer)
    assert seen(agent) == []
    assert agent.get(f"/represented-accounts/{anna.id}").status_code == 404


def test_the_contract_of_another_representative_opens_nothing(identity, customer, contract, agent):
    anna = spaniard(identity, customer)
    contract(by=identity.given(an_organisation(kind="representative")))
    assert seen(agent) == []
    assert agent.get(f"/represented-accounts/{anna.id}").status_code == 404


def test_the_role_in_a_customers_organisation_opens_nothing(identity, customer, contract):
    anna = spaniard(identity, customer)
    contract(by=customer)
    caller = identity.sign_in(Role.REPRESENTATIVE, organisation_id=customer.id)
    assert seen(caller) == []
    assert caller.get(f"/represented-accounts/{anna.id}").status_code == 404


def test_access_ends_in_the_instant_in_which_the_contract_does(identity, customer, contract, agent):
    anna = spaniard(identity, customer)
    contract(ends=timedelta(minutes=2))
    identity.clock.advance(timedelta(minutes=2) - AN_INSTANT)
    assert seen(agent) == [str(anna.id)]
    assert agent.get(f"/represented-accounts/{anna.id}").status_code == 200
    identity.clock.advance(AN_INSTANT)
    assert seen(agent) == []
    assert agent.get(f"/represented-accounts/{anna.id}").status_code == 404


def test_access_begins_in_the_instant_in_which_the_contract_does(
    identity, customer, contract, agent
):
    anna = spaniard(identity, customer)
    contract(begins=timedelta(minutes=2))
    identity.clock.advance(timedelta(minutes=2) - AN_INSTANT)
    assert seen(agent) == []
    identity.clock.advance(AN_INSTANT)
    assert seen(agent) == [str(anna.id)]


def test_access_ends_with_the_relation_too(identity, customer, agency, contract, agent):
    spaniard(identity, customer)
    contract()
    with identity.runtime.transaction() as session:
        session.merge(agency).relation_ended_at = identity.clock.now()
    assert seen(agent) == []


def test_nothing_else_is_open_to_a_representative(identity, customer, contract, agent):
    contract()
    anna = spaniard(identity, customer)
    for path in (f"/accounts/{anna.id}", f"/directory/{anna.id}", f"/organisations/{customer.id}"):
        assert agent.get(path).status_code in (403, 404), path
    for path in ("/accounts", "/directory", "/organisations", "/representations", "/erasures"):
        assert agent.get(path).status_code == 403, path


# ----------------------------------------------------------------------------- how they sign in


@pytest.fixture
def carla(identity, agency):
    """Somebody of the agency, with a password."""
    account = an_account(agency, role=Role.REPRESENTATIVE, country="ES")
    return identity.given(with_password(identity, account))


def sign_in(identity, account):
    asked = {"email": account.email, "password": PASSWORD}
    return identity.anonymous().post("/sessions", asked)


def refresh(identity, tokens):
    asked = {"refresh_token": tokens["refresh_token"]}
    return identity.anonymous().post("/sessions/refresh", asked)


def claims(answer):
    return jwt.decode(answer.json["access_token"], options={"verify_signature": False})


def test_a_representative_signs_in_while_a_contract_is_valid(identity, carla, contract, at):
    contract(begins=timedelta(minutes=1), ends=timedelta(minutes=9))
    assert sign_in(identity, carla).status_code == 401
    identity.clock.advance("PT1M")
    tokens = sign_in(identity, carla)
    assert tokens.status_code == 201
    found = claims(tokens)
    assert found["roles"] == ["representative"]
    assert found["exp"] == (at + timedelta(minutes=1) + TOKEN_LIFE).timestamp()


def test_the_token_ends_with_the_contract(identity, carla, contract, at):
    contract(ends=timedelta(minutes=2, seconds=30))
    answer = sign_in(identity, carla)
    assert claims(answer)["exp"] == (at + timedelta(minutes=2, seconds=30)).timestamp()
    assert answer.json["expires_in"] == 150
    identity.clock.advance("PT2M30S")
    assert refresh(identity, answer.json).status_code == 401
    assert sign_in(identity, carla).status_code == 401


def test_a_following_contract_lets_the_sign_in_go_on(identity, carla, contract):
    contract(ends=timedelta(minutes=2))
    contract(begins=timedelta(minutes=2), ends=timedelta(days=1))
    answer = sign_in(identity, carla)
    assert answer.json["expires_in"] == 120
    identity.clock.advance("PT2M")
    renewed = refresh(identity, answer.json)
    assert (renewed.status_code, renewed.json["expires_in"]) == (200, 300)


def test_a_member_of_a_customer_needs_no_contract(identity, customer):
    account = identity.given(with_password(identity, an_account(customer)))
    assert sign_in(identity, account).json["expires_in"] == 300


# ------------------------------------------------------------------------------- the contracts


@pytest.fixture
def dpo(identity):
    return identity.sign_in(Role.DPO)


def a_request(organisation, at, **entered):
    return {
        "organisation_id": str(organisation.id),
        "country": "ES",
        "contract_reference": "DPA 2026/17",
        "contract_kind": "processing",
        "valid_from": at.isoformat(),
        "valid_to": (at + timedelta(days=365)).isoformat(),
        **entered,
    }


@pytest.mark.parametrize("role", [Role.DPO, Role.ADMIN])
def test_staff_enter_a_contract_and_access_begins(identity, customer, agency, agent, role, at):
    anna = spaniard(identity, customer)
    caller = identity.sign_in(role)
    made = caller.post("/representations", a_request(agency, at))
    assert made.status_code == 201, made.json
    assert made.json["created_by"] == str(caller.person.account_id)
    assert caller.get(f"/representations/{made.json['id']}").json == made.json
    assert caller.get("/representations").json == [made.json]
    (entry,) = identity.rows(AuditEntry, AuditEntry.action == "representation.enter")
    assert entry.subject == made.json["id"]
    assert seen(agent) == [str(anna.id)]


def test_sent_twice_a_contract_is_entered_once(identity, agency, dpo, at):
    key = {"Idempotency-Key": str(uuid7())}
    first, second = (
        dpo.post("/representations", a_request(agency, at), headers=key) for _ in range(2)
    )
    assert first.json == second.json
    assert len(identity.rows(Representation)) == 1


@pytest.mark.parametrize(
    ("entered", "pointer"),
    [
        ({"country": "XX"}, "/country"),
        ({"contract_kind": "handshake"}, "/contract_kind"),
        ({"contract_reference": ""}, "/contract_reference"),
        ({"valid_to": "2026-03-02T08:00:00Z", "valid_from": "2026-03-01T08:00:00Z"}, "/valid_to"),
        ({"valid_to": "2026-03-04T08:00:00Z", "valid_from": "2026-03-04T08:00:00Z"}, "/valid_to"),
        ({"valid_to": "2027-03-04T08:00:00"}, "/valid_to"),
        ({"created_by": "0199c0de-0000-7000-8000-000000000001"}, "/created_by"),
        ({"organisation_id": "0199c0de-0000-7000-8000-000000000001"}, "/organisation_id"),
    ],
    ids=str,
)
def test_what_is_no_contract_is_not_entered(identity, agency, dpo, at, entered, pointer):
    answer = dpo.post("/representations", a_request(agency, at, **entered))
    assert (answer.status_code, pointers(answer)) == (422, {pointer})
    assert identity.rows(Representation) == []


def test_only_a_representative_whose_relation_lasts_gets_a_contract(identity, customer, dpo, at):
    ended = identity.given(an_organisation(kind="representative", relation_ended_at=at))
    assert dpo.post("/representations", a_request(customer, at)).status_code == 422
    assert dpo.post("/representations", a_request(ended, at)).status_code == 409


def test_the_end_is_changed_by_who_saw_the_contract(identity, contract, dpo, at):
    held = contract()
    path, later = f"/representations/{held.id}", {"valid_to": "2026-05-01T00:00:00Z"}
    assert dpo.call("PATCH", path, json=later).status_code == 428
    assert dpo.change("PATCH", path, 9, later).status_code == 412
    answer = dpo.change("PATCH", path, 1, later)
    assert (answer.status_code, answer.json["valid_to"]) == (200, later["valid_to"])
    assert answer.json["version"] == 2
    for wrong in ("2026-03-02T09:00:00Z", "2020-01-01T00:00:00Z"):
        assert dpo.change("PATCH", path, 2, {"valid_to": wrong}).status_code == 422
    assert dpo.change("PATCH", path, 2, {**later, "country": "FR"}).status_code == 422


def test_a_contract_ended_now_ends_access_and_sessions_in_every_service(
    identity, customer, carla, contract, dpo, agency
):
    spaniard(identity, customer)
    held = contract()
    tokens = sign_in(identity, carla).json
    caller = me(identity, carla, Role.REPRESENTATIVE)
    assert len(seen(caller)) == 1
    identity.forget_published()
    answer = dpo.change("POST", f"/representations/{held.id}/end", 1)
    assert (answer.status_code, answer.json["valid_to"]) == (200, "2026-03-02T09:00:00Z")
    assert identity.published() == [
        AccountSessionsEnded(account_id=carla.id, organisation_id=agency.id, epoch=2)
    ]
    assert caller.get("/represented-accounts").status_code == 401
    assert refresh(identity, tokens).status_code == 401


def test_what_is_over_stays_over(identity, contract, dpo):
    held = contract(ends=timedelta(minutes=1))
    identity.clock.advance("PT1M")
    later = {"valid_to": "2027-01-01T00:00:00Z"}
    answers = [
        dpo.change("PATCH", f"/representations/{held.id}", 1, later),
        dpo.change("POST", f"/representations/{held.id}/end", 1),
    ]
    assert [each.json["type"] for each in answers] == ["/problems/contract-over"] * 2


def test_a_contract_to_come_that_is_ended_is_never_valid(identity, customer, contract, dpo, agent):
    spaniard(identity, customer)
    held = contract(begins=timedelta(minutes=1))
    assert dpo.change("POST", f"/representations/{held.id}/end", 1).status_code == 200
    identity.clock.advance("PT1M")
    assert seen(agent) == []


@pytest.mark.parametrize("role", set(Role) - {Role.DPO, Role.ADMIN})
def test_nobody_else_has_to_do_with_contracts(shared_identity, role):
    identity = shared_identity
    agency = identity.given(an_organisation(kind="representative"))
    at = identity.clock.now()
    held = identity.given(a_contract(agency, "ES", at, at + timedelta(days=1)))
    caller, path = identity.sign_in(role), f"/representations/{held.id}"
    assert caller.post("/representations", a_request(agency, at)).status_code == 403
    assert caller.get("/representations").status_code == 403
    later = {"valid_to": "2027-01-01T00:00:00Z"}
    for answer in (
        caller.get(path),
        caller.change("PATCH", path, 1, later),
        caller.change("POST", f"{path}/end", 1),
    ):
        assert answer.status_code in (403, 404)
    assert identity.rows(Representation, Representation.id == held.id)[0].version == 1


# ------------------------------------------------------------------------------ the recipients


def told(identity, account):
    return me(identity, account).get("/accounts/me/recipients").json


def test_people_are_told_which_representatives_see_what_they_entered(identity, customer, contract):
    anna = spaniard(identity, customer)
    contract(contract_kind=ContractKind.JOINT)
    assert told(identity, anna) == [
        {
            "kind": "representative",
            "organisation": "Agency S.L.",
            "country": "ES",
            "contract_kind": "joint",
            "since": "2026-03-02T09:00:00Z",
            "until": "2026-03-03T09:00:00Z",
        }
    ]


@pytest.mark.parametrize(
    ("country", "begins", "ends", "is_told"),
    [
        ("ES", -9, -1, False),  # over before the registration
        ("ES", -9, 0, False),
        ("ES", -9, 1, True),  # over now, and covered the beginning of the account
        ("ES", 1, 2, True),
        ("ES", 10, 20, True),
        ("ES", 11, 20, False),  # has not begun
        ("ES", 3, 3, False),  # ended before it began
        ("PT", -9, 20, False),
    ],
)
def test_recipients_are_those_of_the_accounts_life(
    identity, customer, country, begins, ends, is_told
):
    agency = identity.given(an_organisation(kind="representative"))
    registered = identity.clock.now()
    anna = spaniard(identity, customer, registered_at=registered)
    days = [registered + timedelta(days=each) for each in (begins, ends)]
    identity.given(a_contract(agency, country, *days))
    identity.clock.advance("P10D")
    assert bool(told(identity, anna)) is is_told


def test_staff_and_representatives_have_no_such_recipients(identity, operator, carla, contract):
    contract()
    assert told(identity, carla) == []
    assert told(identity, spaniard(identity, operator)) == []


def test_an_appointed_representative_is_screened_like_everybody(identity, agency, contract):
    contract()
    listed = an_account(agency, role=Role.REPRESENTATIVE, screening=Screening.PENDING)
    account = identity.given(with_password(identity, listed))
    assert sign_in(identity, account).status_code == 401
    assert stored(identity, account).state is State.ACTIVE


# ------------------------------------------------------------------- erasure, and both databases


def test_who_entered_a_contract_stays_named_when_that_person_is_erased(
    identity, operator, contract
):
    officer = identity.given(an_account(operator, State.DEACTIVATED))
    held = contract(by_whom=officer.id)
    dpo = identity.sign_in(Role.DPO)
    path, body = f"/accounts/{officer.id}/erasure", approval(identity, officer)
    request = dpo.change("POST", path, 1, body).json["request_id"]
    identity.when(ErasureRequested(account_id=officer.id, request_id=UUID(request)))
    (receipt,) = identity.published(PersonalDataErased)
    (told,) = (each for each in receipt.tables if each.table == "representations")
    assert (told.kept, told.deleted, told.reason) == (1, 0, "attribution")
    assert identity.rows(Representation)[0].created_by == held.created_by


def test_contracts_recipients_and_reads_are_the_same_on_both_databases(on_both):
    agency, customer = (
        on_both.given(an_organisation(kind=kind)) for kind in ("representative", "customer")
    )
    at = on_both.clock.now()
    on_both.given(a_contract(agency, "ES", at, at + timedelta(minutes=1)))
    anna = spaniard(on_both, customer)
    agent = on_both.sign_in(Role.REPRESENTATIVE, organisation_id=agency.id)
    assert seen(agent) == [str(anna.id)]
    assert len(told(on_both, anna)) == 1
    on_both.clock.advance("PT1M")
    assert seen(agent) == []
    assert agent.get(f"/represented-accounts/{anna.id}").status_code == 404


def test_what_each_pepper_made_is_counted_on_both_databases(on_both):
    customer = on_both.given(an_organisation())
    for _ in range(2):
        on_both.given(with_password(on_both, an_account(customer)))
    on_both.given(an_account(customer))
    with on_both.runtime.reading() as session:
        assert queries.peppered(session) == [("password", "development", 4, 2)]
