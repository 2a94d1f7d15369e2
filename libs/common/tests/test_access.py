"""Deny by default: who may not is stopped, whatever the token looks like."""

import base64
import json
import re
from uuid import UUID

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common.events import catalogue
from common.ids import uuid7
from common.keys import Keys
from common.messaging.brokers import Done
from common.testing.harness import Harness
from common.web.access import (
    PERSONS,
    SERVICES,
    Principal,
    Reach,
    Role,
    access_token,
    may,
    may_change,
    service_token,
)
from common.web.standing import STANDING_AFTER, AccountStanding, Standing, states
from sample import rules
from sample.app import service
from sample.models import Base, Parcel

PUBLIC = {
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/docs/",
    "/docs/<path:path>",
    "/docs/dist/<path:filename>",
}


@pytest.fixture
def member(shared):
    """A signed-in member whose token a test may replace."""
    return shared.sign_in(Role.MEMBER)


def claims_of(member, **changes):
    claims = jwt.decode(member.token, options={"verify_signature": False})
    return {**claims, **changes}


def keys_of(harness, name):
    return Keys(harness.folder / "keys", name)


def refused(caller, kind="not-signed-in"):
    answer = caller.get("/parcels")
    assert answer.status_code == 401
    assert answer.json["type"] == f"/problems/{kind}"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    return answer


# ------------------------------------------------------------------------------- every route


def test_every_route_but_the_public_ones_wants_a_token(shared):
    asked = set()
    for rule in shared.app.url_map.iter_rules():
        path = re.sub("<uuid:.*?>", str(uuid7()), rule.rule)
        for method in rule.methods:
            answer = shared.anonymous().call(method, path)
            if answer.status_code != 401:
                asked.add(rule.rule)
    assert asked <= PUBLIC
    assert {"/healthz", "/readyz", "/openapi.json"} <= asked


def test_a_route_of_which_nothing_is_said_is_closed(shared):
    assert not hasattr(shared.app.view_functions["sample.list_parcels"], "__access__")
    refused(shared.anonymous())


# ----------------------------------------------------------------------------------- tokens


def test_a_valid_token_lets_in(member):
    assert member.get("/parcels").status_code == 200


def test_a_token_is_valid_for_five_minutes(sample):
    member = sample.sign_in()
    sample.clock.advance("PT4M59S")
    assert member.get("/parcels").status_code == 200
    sample.clock.advance("PT1S")
    refused(member)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "shop"},
        {"iss": None},
        {"aud": "sample"},
        {"aud": "shop"},
        {"aud": None},
        {"exp": None},
        {"exp": 1},
    ],
    ids=str,
)
def test_a_token_of_identity_with_other_claims_is_not_valid(shared, member, changes):
    claims = {name: value for name, value in claims_of(member, **changes).items() if value}
    member.token = keys_of(shared, "identity").token(PERSONS, claims)
    refused(member)


def test_a_person_vouched_for_by_another_service_is_not_signed_in(shared, member):
    shop = keys_of(shared, "shop")
    for issuer in ("identity", "shop"):
        member.token = shop.token(PERSONS, claims_of(member, iss=issuer))
        refused(member)


def test_a_forged_signature_is_not_valid(shared, member):
    kid = keys_of(shared, "identity").kid
    forger = Ed25519PrivateKey.generate()
    member.token = jwt.encode(
        claims_of(member), forger, "EdDSA", headers={"kid": kid, "typ": PERSONS}
    )
    refused(member)


def test_claims_changed_after_signing_are_not_valid(shared, member):
    head, _, signature = member.token.split(".")
    body = json.dumps(claims_of(member, roles=["admin"])).encode()
    member.token = f"{head}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}.{signature}"
    refused(member)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_another_algorithm_is_not_valid(shared, member, algorithm):
    identity = keys_of(shared, "identity")
    secret = identity.public_key(identity.kid).public_bytes_raw() if algorithm != "none" else None
    member.token = jwt.encode(
        claims_of(member),
        secret,
        algorithm=algorithm,
        headers={"kid": identity.kid, "typ": PERSONS},
    )
    refused(member)


@pytest.mark.parametrize("kid", ["identity-000000000000", "", None, "../../identity.pem", 7])
def test_an_unknown_key_is_not_valid(shared, member, kid):
    private = Ed25519PrivateKey.generate()
    headers = json.dumps({"alg": "EdDSA", "typ": PERSONS, "kid": kid}).encode()
    _, body, _ = member.token.split(".")
    head = base64.urlsafe_b64encode(headers).decode().rstrip("=")
    signature = base64.urlsafe_b64encode(private.sign(f"{head}.{body}".encode())).decode()
    member.token = f"{head}.{body}.{signature.rstrip('=')}"
    refused(member)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer é.é.é",
        "Basic YTpi",
        "Bearer " + "a" * 8000,
        "bearer null",
    ],
)
def test_what_is_no_token_is_not_valid(shared, header):
    sent = {"Authorization": header} if header else {}
    answer = shared.anonymous().get("/parcels", headers=sent)
    assert answer.status_code == 401


def test_the_scheme_may_be_written_in_any_case(shared, member):
    sent = {"Authorization": f"BEARER {member.token}"}
    assert shared.anonymous().get("/parcels", headers=sent).status_code == 200


# --------------------------------------------------------------------------------- standing


def facts_of(member, epoch=1):
    person = member.person
    return {
        "account_id": person.account_id, "organisation_id": person.organisation_id, "epoch": epoch
    }  # fmt: skip


@pytest.mark.parametrize("kind", STANDING_AFTER, ids=lambda kind: kind.__name__)
def test_who_is_not_active_is_refused_with_the_same_token(shared, member, kind):
    shared.when(kind(**facts_of(member)))
    if STANDING_AFTER[kind] is Standing.ACTIVE:
        assert member.get("/parcels").status_code == 200
    else:
        refused(member, "account-not-active")


@pytest.mark.parametrize("kind", STANDING_AFTER, ids=lambda kind: kind.__name__)
def test_who_is_restricted_is_told_so_unless_more_stands_in_the_way(shared, member, kind):
    shared.when(kind(**facts_of(member), restricted=True))
    active = STANDING_AFTER[kind] is Standing.ACTIVE
    answer = member.get("/parcels")
    wanted = (403, "account-restricted") if active else (401, "account-not-active")
    assert (answer.status_code, answer.json["type"]) == (wanted[0], f"/problems/{wanted[1]}")
    shared.when(catalogue.AccountRestrictionLifted(**facts_of(member)))
    assert member.get("/parcels").status_code == 200


def test_a_token_of_an_earlier_epoch_is_void(shared, member):
    shared.when(catalogue.AccountSessionsEnded(**facts_of(member, epoch=2)))
    refused(member, "account-not-active")
    identity = keys_of(shared, "identity")
    member.token = identity.token(PERSONS, claims_of(member, epoch=2))
    assert member.get("/parcels").status_code == 200


def test_what_is_heard_twice_or_late_does_not_change_a_standing(shared, member):
    blocked = shared.message(catalogue.AccountBlocked(**facts_of(member)), sequence=5)
    late = shared.message(catalogue.AccountActivated(**facts_of(member)), sequence=4)
    (keep_standing,) = (
        each for each in service.subscriptions if each.name == "sample.keep_standing"
    )
    for message in (blocked, late, blocked, late):
        assert shared.runtime.consumer.handle(keep_standing, [message]) == [Done()]
    refused(member, "account-not-active")


def asking(tmp_path, answer):
    """The sample service where identity answers so to questions for unknown accounts."""
    harness = Harness(service, tmp_path, transports={"identity": httpx.MockTransport(answer)})
    Base.metadata.create_all(harness.runtime.db.engine)
    return harness


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"state": "active", "epoch": 1}, 200),
        ({"state": "active", "epoch": 2}, 401),
        ({"state": "blocked", "epoch": 1}, 401),
        ({"state": "pending", "epoch": 1}, 401),
        (404, 401),
        (500, 503),
        (401, 503),
        (httpx.ConnectError("refused"), 503),
        (httpx.ReadTimeout("slow"), 503),
    ],
    ids=str,
)
def test_an_unknown_account_is_asked_for_and_nobody_gets_in_by_a_fault(tmp_path, answer, status):
    questions = []

    def identity(request):
        questions.append(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return httpx.Response(answer)
        return httpx.Response(200, json={**answer, "organisation_id": None})

    harness = asking(tmp_path, identity)
    stranger = harness.sign_in(known=False)
    assert stranger.get("/parcels").status_code == status
    (question,) = questions
    assert question.url.path == f"/internal/standing/{stranger.person.account_id}"
    claims = jwt.decode(
        question.headers["Authorization"].removeprefix("Bearer "),
        options={"verify_signature": False},
    )
    assert (claims["iss"], claims["aud"], claims["scope"]) == (
        "sample", "identity", "standing:read"
    )  # fmt: skip
    harness.runtime.close()


# ---------------------------------------------------------------------------- other services


def test_a_service_with_the_scope_gets_in_for_a_minute(sample):
    shop = sample.peer("shop", "weights:read")
    assert shop.get("/internal/weights").json == {"total": 0}
    sample.clock.advance("PT60S")
    assert shop.get("/internal/weights").status_code == 401


@pytest.mark.parametrize("scope", ["weights:write", "weights", "", "weights:read weights:write"])
def test_a_service_with_another_scope_may_not(shared, scope):
    assert shared.peer("shop", scope).get("/internal/weights").status_code == 403


def test_a_token_for_another_service_is_not_valid_here(shared):
    caller = shared.peer("shop", "weights:read")
    caller.token = service_token(
        keys_of(shared, "shop"), "training", "weights:read", shared.clock.now()
    )
    assert caller.get("/internal/weights").status_code == 401


def test_a_person_is_no_service_and_a_service_no_person(shared, member):
    assert member.get("/internal/weights").status_code == 401
    for name in ("shop", "identity"):
        assert shared.peer(name, "weights:read").get("/parcels").status_code == 401


def test_a_service_cannot_speak_for_another(shared):
    caller = shared.peer("shop", "weights:read")
    claims = jwt.decode(caller.token, options={"verify_signature": False})
    caller.token = keys_of(shared, "training").token(SERVICES, claims)
    assert caller.get("/internal/weights").status_code == 401


# ------------------------------------------------------------------------- roles and actions


def expected(role, action, relation):
    """What the table says: written from its meaning, not from the code that reads it."""
    allowed = rules.POLICY[action]
    reach = allowed.grants.get(role)
    if relation is None:
        return reach is not None
    if relation == "other organisation" and reach is not Reach.EVERYWHERE:
        return 404
    if reach is None or (reach is Reach.OWN and relation != "own"):
        return 403
    return 200


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("relation", ["own", "colleague's", "other organisation"])
def test_a_role_reaches_as_far_as_the_table_says(shared, role, relation):
    caller = shared.sign_in(role)
    person = caller.person
    parcel = Parcel(
        organisation_id=uuid7() if relation == "other organisation" else person.organisation_id,
        account_id=person.account_id if relation == "own" else uuid7(),
        label="box",
        weight=1,
    )
    shared.given(parcel)
    path = f"/parcels/{parcel.id}"
    assert caller.get(path).status_code == expected(role, "parcel.read", relation)
    relabelled = caller.change("PATCH", path, 1, {"label": "new"})
    assert relabelled.status_code == expected(role, "parcel.relabel", relation)
    (row,) = shared.rows(Parcel, Parcel.id == parcel.id)
    assert row.label == ("new" if relabelled.status_code == 200 else "box")


@pytest.mark.parametrize("role", list(Role))
def test_what_concerns_no_row_is_a_matter_of_the_role(shared, role):
    caller = shared.sign_in(role)
    listed = caller.get("/parcels")
    assert (listed.status_code == 200) == expected(role, "parcel.list", None)
    sent = caller.post("/parcels", {"label": "box", "weight": 1})
    assert (sent.status_code == 201) == expected(role, "parcel.send", None)
    assert {listed.status_code, sent.status_code} <= {200, 201, 403}


def test_control_a_wider_table_shows_in_the_matrix(shared, monkeypatch):
    wide = may(**{each.value: Reach.EVERYWHERE for each in Role})
    monkeypatch.setitem(rules.POLICY, "parcel.read", wide)
    foreign = Parcel(organisation_id=uuid7(), account_id=uuid7(), label="box", weight=1)
    shared.given(foreign)
    assert shared.sign_in(Role.TRAINER).get(f"/parcels/{foreign.id}").status_code == 200
    monkeypatch.undo()
    assert expected(Role.TRAINER, "parcel.read", "other organisation") == 404
    assert shared.sign_in(Role.TRAINER).get(f"/parcels/{foreign.id}").status_code == 404


def test_several_roles_reach_as_far_as_the_widest(shared):
    caller = shared.sign_in(Role.MEMBER, Role.SUPPORT)
    foreign = Parcel(organisation_id=uuid7(), account_id=uuid7(), label="box", weight=1)
    shared.given(foreign)
    assert caller.get(f"/parcels/{foreign.id}").status_code == 200
    assert caller.change("PATCH", f"/parcels/{foreign.id}", 1, {"label": "x"}).status_code == 404


def test_a_list_shows_the_organisations_own_alone(shared, member):
    for organisation in (member.person.organisation_id, uuid7()):
        shared.given(
            Parcel(organisation_id=organisation, account_id=uuid7(), label="box", weight=1)
        )
    assert len(member.get("/parcels").json) == 1


def test_what_does_not_exist_and_what_is_not_yours_look_the_same(shared, member):
    foreign = Parcel(organisation_id=uuid7(), account_id=uuid7(), label="box", weight=1)
    shared.given(foreign)
    answers = [member.get(f"/parcels/{each}").json for each in (foreign.id, uuid7(), UUID(int=0))]
    assert {json.dumps({**each, "trace_id": ""}) for each in answers} == {
        json.dumps({**answers[0], "trace_id": ""})
    }


def test_a_role_that_is_none_of_ours_is_a_mistake_when_the_module_is_loaded():
    for declare in (may, may_change):
        with pytest.raises(ValueError, match="chief"):
            declare(chief=Reach.OWN)


def test_a_token_holds_ids_and_codes_and_no_name(shared):
    person = Principal(
        account_id=uuid7(),
        organisation_id=uuid7(),
        roles=frozenset({Role.MEMBER}),
        country="DE",
        epoch=3,
        session_id="s",
    )
    token = access_token(keys_of(shared, "identity"), person, shared.clock.now())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == {
        "iss", "aud", "sub", "org", "roles", "country", "epoch", "sid", "iat", "exp"
    }  # fmt: skip
    assert claims["exp"] - claims["iat"] == 300


# ---------------------------------------------------------------------------------- If-Match


@pytest.fixture
def parcel(shared, member):
    made = Parcel(
        organisation_id=member.person.organisation_id,
        account_id=member.person.account_id,
        label="box",
        weight=1,
    )
    return shared.given(made)


def test_a_change_without_if_match_is_refused_and_with_it_gives_the_new_etag(member, parcel):
    path = f"/parcels/{parcel.id}"
    assert member.get(path).headers["ETag"] == '"1"'
    missing = member.call("PATCH", path, json={"label": "new"})
    assert (missing.status_code, missing.json["type"]) == (428, "/problems/precondition-missing")
    changed = member.change("PATCH", path, 1, {"label": "new"})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert member.get(path).headers["ETag"] == '"2"'


@pytest.mark.parametrize("tag", ['"0"', '"2"', 'W/"1"', "1x", '"1', "garbage,,,", ""])
def test_a_change_of_what_was_changed_meanwhile_is_refused(shared, member, parcel, tag):
    answer = member.call(
        "PATCH", f"/parcels/{parcel.id}", json={"label": "new"}, headers={"If-Match": tag}
    )
    assert (answer.status_code, answer.json["type"]) == (412, "/problems/stale")
    (row,) = shared.rows(Parcel, Parcel.id == parcel.id)
    assert (row.label, row.version) == ("box", 1)


def test_of_two_changes_of_the_same_version_one_wins(member, parcel):
    path = f"/parcels/{parcel.id}"
    answers = [member.change("PATCH", path, 1, {"label": each}) for each in ("a", "b")]
    assert [each.status_code for each in answers] == [200, 412]


def test_standings_are_counted_for_operators(sample):
    sample.sign_in()
    sample.when(catalogue.AccountBlocked(**facts_of(sample.sign_in())))
    with sample.runtime.reading() as session:
        assert states(session) == {"active": 1, "blocked": 1}
    assert len(sample.rows(AccountStanding)) == 2
