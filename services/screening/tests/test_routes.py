"""The HTTP side: for compliance and the data protection officer alone."""

from uuid import uuid4

import pytest

from common.events.catalogue import AccountActivated, ScreeningCompleted, Verdict
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.testing.harness import pointers
from common.web import Role
from screening import versions
from screening.models import Decision, Screening
from screening.rules.states import Occasion, Status

from .factories import (
    DOUBTFUL,
    FIRST,
    LISTED,
    SECOND,
    UNCOMPARABLE,
    UNLISTED,
    a_match,
    a_screening,
    import_lists,
    list_with,
    register,
    row_of,
    screened,
)

CLEAR = {"outcome": "clear", "reason": "another_person"}
CONFIRM = {"outcome": "confirm", "reason": "same_person"}


def problem(answer):
    """Type of a problem, after a look at its shape."""
    assert answer.content_type == "application/problem+json", answer.data
    assert answer.json["status"] == answer.status_code
    return answer.json["type"].removeprefix("/problems/")


@pytest.fixture
def officer(screening):
    return screening.sign_in(Role.COMPLIANCE)


def decide(officer, account_id, body, version=None):
    seen = officer.get(f"/screenings/{account_id}").headers.get("ETag", '"1"').strip('"')
    path = f"/screenings/{account_id}/decision"
    return officer.change("POST", path, version or seen, body)


def sign_in_as(screening, account_id, role):
    """Sign somebody in who is known here already."""
    screening.when(AccountActivated(account_id=account_id, organisation_id=None, epoch=1))
    return screening.sign_in(role, account_id=account_id, known=False)


# ------------------------------------------------------------------------------- who may


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/lists", {Role.COMPLIANCE, Role.DPO}),
        ("/screenings", {Role.COMPLIANCE}),
        ("/screenings/{account_id}", {Role.COMPLIANCE}),
        ("/accounts/{account_id}/lists-used", {Role.COMPLIANCE, Role.DPO}),
    ],
    ids=["lists", "screenings", "screening", "lists_used"],
)
def test_only_compliance_and_for_the_lists_the_data_protection_officer_may_look(
    screening, role, path, allowed
):
    account_id = screened(screening, DOUBTFUL)
    answer = screening.sign_in(role).get(path.format(account_id=account_id))
    if role in allowed:
        assert answer.status_code == 200
    else:
        assert problem(answer) == ("not-found" if "account_id" in path else "not-allowed")
        assert b"ERFUNDEN" not in answer.data


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COMPLIANCE])
def test_only_compliance_decides(screening, role):
    account_id = screened(screening, DOUBTFUL)
    answer = screening.sign_in(role).change("POST", f"/screenings/{account_id}/decision", 2, CLEAR)
    assert problem(answer) == "not-found"
    assert row_of(screening, account_id).verdict is Status.REVIEW


def test_nobody_sees_the_own_screening_not_even_its_existence(screening):  # S17
    account_id = screened(screening, DOUBTFUL)
    me = sign_in_as(screening, account_id, Role.MEMBER)
    assert problem(me.get(f"/screenings/{account_id}")) == "not-found"
    assert problem(me.get(f"/screenings/{uuid4()}")) == "not-found"


def test_without_a_token_there_is_nothing_to_see(screening):
    for path in ("/lists", "/screenings", f"/screenings/{uuid4()}"):
        assert problem(screening.anonymous().get(path)) == "not-signed-in"


# ------------------------------------------------------------------------------- lists


def test_the_inventory_names_every_version_with_its_period(screening, officer):  # S22
    import_lists(screening, FIRST)
    screening.clock.advance("P31D")
    officer = screening.sign_in(Role.DPO)
    import_lists(screening, SECOND)
    newest, _, former = officer.get("/lists").json
    assert newest == {
        "list_id": "un-consolidated",
        "version": newest["version"],
        "published_on": "2026-02-01",
        "checksum": newest["checksum"],
        "entries": 10,
        "people": 9,
        "imported_at": "2026-04-02T09:00:00Z",
        "in_force_from": "2026-04-02T09:00:00Z",
        "in_force_to": None,
    }
    assert (former["in_force_from"], former["in_force_to"]) == (
        "2026-03-02T09:00:00Z",
        "2026-04-02T09:00:00Z",
    )
    first = officer.get("/lists?limit=1")
    assert [each["list_id"] for each in first.json] == ["un-consolidated"]
    assert 'rel="next"' in first.headers["Link"]


# ------------------------------------------------------------------------------- the worklist


def scores(answer):
    assert answer.status_code == 200, answer.json
    return [(each["score"], each["account_id"]) for each in answer.json]


@pytest.fixture
def worklist(screening):
    """Reviews and hits of mixed scores, and people nobody has to look at."""
    at = screening.clock.now()
    people = [
        a_screening(verdict=verdict, score=score, requested_at=at, checked_at=at)
        for verdict, score in [
            (Status.REVIEW, 90.0), (Status.HIT, 97.0), (Status.REVIEW, 0.0), (Status.HIT, 97.0),
            (Status.CLEAR, 0.0), (Status.PENDING, 0.0), (Status.REVIEW, 90.0),
        ]
    ]  # fmt: skip
    for each in people:
        screening.given(each)
    return people


def test_the_gravest_comes_first_and_of_equals_the_oldest_account(officer, worklist):
    shown = sorted((each for each in worklist if each.verdict in (Status.REVIEW, Status.HIT)),
                   key=lambda each: (-each.score, each.account_id))  # fmt: skip
    listed = scores(officer.get("/screenings"))
    assert listed == [(each.score, str(each.account_id)) for each in shown]
    hits = officer.get("/screenings?verdict=hit").json
    assert [each["verdict"] for each in hits] == ["hit", "hit"]
    reviews = officer.get("/screenings?verdict=review").json
    assert {each["verdict"] for each in reviews} == {"review"}


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_follow_each_other_without_a_gap(on_both, limit):
    at = on_both.clock.now()
    for score in (90.0, 97.0, 90.0, 0.0, 86.7):
        on_both.given(
            a_screening(verdict=Status.REVIEW, score=score, requested_at=at, checked_at=at)
        )
    officer = on_both.sign_in(Role.COMPLIANCE)
    whole = scores(officer.get("/screenings"))
    seen, path = [], f"/screenings?limit={limit}&verdict=review"
    while path:
        answer = officer.get(path)
        seen += scores(answer)
        path = answer.headers.get("Link", "").split(">")[0].removeprefix("<")
    assert seen == whole
    assert len(whole) == 5


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("verdict=clear", "/verdict"),
        ("verdict=", "/verdict"),
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=99999999999999999999", "/limit"),
        ("cursor=%00", "/cursor"),
        ("cursor=abc", "/cursor"),
        ("cursor=" + "A" * 41, "/cursor"),
        ("cursor=f_gAAAAAAABTY4qUxRlNtJGzTVScezIK", "/cursor"),
        ("cursor=%C3%A9", "/cursor"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(officer, query, pointer):
    answer = officer.get(f"/screenings?{query}")
    assert problem(answer) == "invalid"
    assert pointers(answer) == {pointer}


# ------------------------------------------------------------------------------- one screening


def test_compliance_sees_what_matched_and_why(screening, officer):
    account_id = screened(screening, DOUBTFUL)
    answer = officer.get(f"/screenings/{account_id}")
    assert answer.headers["ETag"] == '"2"'
    codes = answer.json["list_versions"]
    assert answer.json == {
        "account_id": str(account_id),
        "verdict": "review",
        "score": 86.7,
        "pending": False,
        "requested_at": "2026-03-02T09:00:00Z",
        "checked_at": "2026-03-02T09:00:00Z",
        "list_versions": codes,
        "matches": [
            {
                "list_id": "un-consolidated",
                "entry_id": "XXi.001",
                "matched_name": "VIKTOR ERFUNDEN",
                "score": 86.7,
                "outcome": "review",
                "explanation": "The name resembles the primary name “VIKTOR ERFUNDEN” of entry "
                "XXi.001 on list un-consolidated (score 87).",
                "decision": None,
            }
        ],
        "decisions": [],
    }
    assert "Erfundis" not in answer.text  # the person's own name is identity's to show


def test_somebody_new_is_pending(screening, officer):
    account_id = register(screening)
    answer = officer.get(f"/screenings/{account_id}").json
    assert (answer["verdict"], answer["pending"], answer["checked_at"]) == ("pending", True, None)


# ------------------------------------------------------------------------------- decisions


@pytest.mark.parametrize("name", [DOUBTFUL, LISTED, UNCOMPARABLE], ids=["review", "hit", "blank"])
def test_who_is_cleared_is_clear_and_stays_so(on_both, name):  # S17
    account_id = screened(on_both, name)
    officer = on_both.sign_in(Role.COMPLIANCE)
    on_both.forget_published()
    answer = decide(officer, account_id, CLEAR)
    assert answer.status_code == 200, answer.json
    assert (answer.json["verdict"], answer.json["score"]) == ("clear", 0)
    assert [each["decision"] for each in answer.json["matches"]] == ["clear"]
    assert answer.json["decisions"][0]["decided_by"] == str(officer.person.account_id)
    assert answer.headers["ETag"] == '"3"'
    (said,) = on_both.published()
    assert said == ScreeningCompleted(
        account_id=account_id,
        verdict=Verdict.CLEAR,
        list_versions=tuple(answer.json["list_versions"]),
    )

    on_both.forget_published()
    import_lists(on_both, SECOND)
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.CLEAR
    assert on_both.published(ScreeningCompleted) == []


def test_a_clearing_ends_when_the_entry_changes(screening, officer, tmp_path):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    changed = list_with(tmp_path)
    changed.write_bytes(changed.read_bytes().replace(b"<VALUE>Nowhere", b"<VALUE>Utopia", 1))
    import_lists(screening, changed)
    screening.run_steps()
    assert row_of(screening, account_id).verdict is Status.REVIEW
    assert officer.get(f"/screenings/{account_id}").json["matches"][0]["decision"] is None


def test_a_clearing_ends_when_the_name_changes(screening, officer):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    screening.identity.names[account_id] = ("Viktor", "Erfundus")
    with screening.runtime.transaction() as session:
        versions.request_everybody(session, Occasion.OPERATOR)
    screening.run_steps()
    assert row_of(screening, account_id).verdict is Status.REVIEW


def test_a_clearing_says_nothing_about_another_entry(screening, officer, tmp_path):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    import_lists(screening, list_with(tmp_path, DOUBTFUL))
    screening.run_steps()
    row = row_of(screening, account_id)
    assert (row.verdict, row.score) == (Status.HIT, 100.0)
    decisions = {each["entry_id"]: each["decision"]
                 for each in officer.get(f"/screenings/{account_id}").json["matches"]}  # fmt: skip
    assert decisions == {"XXi.001": "clear", "XXi.900": None}


def test_a_confirmed_doubt_is_a_hit_and_stays_one(screening, officer):
    account_id = screened(screening, DOUBTFUL)
    screening.forget_published()
    assert decide(officer, account_id, CONFIRM).json["verdict"] == "hit"
    import_lists(screening, SECOND)
    screening.run_steps()
    assert row_of(screening, account_id).verdict is Status.HIT
    assert [each.verdict for each in screening.published(ScreeningCompleted)] == [Verdict.HIT]


def test_a_hit_is_confirmed_without_being_told_again(screening, officer):
    account_id = screened(screening, LISTED)
    screening.forget_published()
    answer = decide(officer, account_id, CONFIRM)
    assert answer.json["matches"][0]["decision"] == "confirm"
    assert screening.published() == []


def test_a_clearing_can_be_taken_back(screening, officer):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    assert decide(officer, account_id, CONFIRM).json["verdict"] == "hit"
    decided = screening.rows(Decision)
    assert [each.outcome.value for each in decided] == ["clear", "confirm"]
    assert [each.action for each in screening.rows(AuditEntry)][-2:] == [
        "screening.clear",
        "screening.confirm",
    ]


def test_nobody_decides_about_the_own_name(screening):
    account_id = screened(screening, DOUBTFUL)
    me = sign_in_as(screening, account_id, Role.COMPLIANCE)
    answer = decide(me, account_id, CLEAR)
    assert (problem(answer), answer.status_code) == ("own-screening", 403)
    assert row_of(screening, account_id).verdict is Status.REVIEW


@pytest.mark.parametrize(
    ("name", "body", "refused"),
    [
        (UNLISTED, CLEAR, "illegal-transition"),
        (UNLISTED, CONFIRM, "nothing-to-decide"),
    ],
)
def test_there_is_nothing_to_decide_about_who_is_clear(screening, officer, name, body, refused):
    account_id = screened(screening, name)
    answer = decide(officer, account_id, body)
    assert (problem(answer), answer.status_code) == (refused, 409)
    assert screening.rows(Decision) == []


def test_nobody_is_cleared_before_the_comparison(screening, officer):
    account_id = register(screening, LISTED)
    assert problem(decide(officer, account_id, CLEAR)) == "illegal-transition"
    assert row_of(screening, account_id).verdict is Status.PENDING


def test_a_decision_is_about_what_was_seen(on_both):
    account_id = screened(on_both, DOUBTFUL)
    officer = on_both.sign_in(Role.COMPLIANCE)
    path = f"/screenings/{account_id}/decision"
    assert problem(officer.call("POST", path, json=CLEAR)) == "precondition-missing"
    assert problem(decide(officer, account_id, CLEAR, version=1)) == "stale"
    seen = officer.get(f"/screenings/{account_id}").headers["ETag"].strip('"')
    import_lists(on_both, SECOND)
    on_both.run_steps()
    assert problem(officer.change("POST", path, seen, CLEAR)) == "stale"
    assert on_both.rows(Decision) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, {"/outcome", "/reason"}),
        ({**CLEAR, "outcome": "maybe"}, {"/outcome"}),
        ({**CLEAR, "outcome": ["clear"]}, {"/outcome"}),
        ({**CLEAR, "outcome": None}, {"/outcome"}),
        ({**CLEAR, "reason": "He seems nice\x00"}, {"/reason"}),
        ({**CLEAR, "reason": 10**400}, {"/reason"}),
        ({**CLEAR, "reason": "same_person"}, {"/reason"}),
        ({**CLEAR, "comment": "x"}, {"/comment"}),
    ],
)
def test_a_decision_that_does_not_fit_is_refused_and_its_words_not_repeated(
    screening, officer, body, pointer
):
    account_id = screened(screening, DOUBTFUL)
    answer = decide(officer, account_id, body)
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"
    if answer.status_code == 422:
        assert pointers(answer) == pointer
    assert "He seems nice" not in answer.text
    assert screening.rows(Decision) == []


@pytest.mark.parametrize("body", [b'{"outcome": "\\ud800"}', b"[]", b"{", b"\xff", b"NaN"])
def test_a_body_that_is_no_json_object_is_refused(screening, officer, body):
    account_id = screened(screening, DOUBTFUL)
    answer = officer.call(
        "POST",
        f"/screenings/{account_id}/decision",
        data=body,
        headers={"Content-Type": "application/json", "If-Match": '"2"'},
    )
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"


def test_a_decision_made_during_a_comparison_counts(on_both):
    """The comparison found the doubt again; what was decided meanwhile is looked up at the end."""
    account_id = screened(on_both, DOUBTFUL)
    officer = on_both.sign_in(Role.COMPLIANCE)
    on_both.forget_published()
    import_lists(on_both, SECOND)
    on_both.identity.meanwhile = lambda: decide(officer, account_id, CLEAR)
    on_both.run_steps()
    row = row_of(on_both, account_id)
    assert (row.verdict, row.pending) == (Status.CLEAR, False)
    assert [each.verdict for each in on_both.published(ScreeningCompleted)] == [Verdict.CLEAR]


# ------------------------------------------------------------------------------- lists used


def test_the_data_protection_officer_learns_which_lists_were_used_when(make_screening):  # S22
    screening = make_screening(lia_ref="LIA-2026-7", provider_contract_ref="")
    account_id = screened(screening, DOUBTFUL)
    screening.clock.advance("P31D")
    import_lists(screening, SECOND)
    screening.clock.advance("PT1H")
    screening.run_steps()
    officer = screening.sign_in(Role.DPO)
    path = f"/accounts/{account_id}/lists-used"

    now = officer.get(path).json
    assert now["checked_at"] == now["at"] == "2026-04-02T10:00:00Z"
    assert [each["published_on"] for each in now["lists"]] == ["2026-02-01", None]
    assert (now["balancing_test"], now["provider_contract"]) == ("LIA-2026-7", None)
    assert "verdict" not in now

    # In force since an hour, and not used for this person yet.
    then = officer.get(f"{path}?at=2026-04-02T09:30:00Z").json
    assert then["checked_at"] == "2026-03-02T09:00:00Z"
    assert [each["published_on"] for each in then["lists"]] == ["2026-01-01", None]
    assert then["lists"][0]["in_force_to"] == "2026-04-02T09:00:00Z"

    assert problem(officer.get(f"{path}?at=2026-03-02T08:59:59Z")) == "not-found"


def test_a_version_that_came_back_into_force_is_named_with_its_latest_period(screening, tmp_path):
    account_id = screened(screening)
    for lists in (SECOND, FIRST):
        screening.clock.advance("P1D")
        import_lists(screening, lists, allow_shrink=True)
        screening.run_steps()
    answer = screening.sign_in(Role.DPO).get(f"/accounts/{account_id}/lists-used").json
    assert answer["lists"][0]["in_force_from"] == "2026-03-04T09:00:00Z"


@pytest.mark.parametrize(
    "at",
    [
        "yesterday", "2026-03-02", "2026-03-02T09:00:00", "0001-01-01T00:00:00%2B23:59",
        "9999-12-31T23:59:59-23:59", "%00", "", "9" * 400,
    ],
)  # fmt: skip
def test_an_instant_that_is_none_is_refused(screening, at):
    account_id = screened(screening)
    answer = screening.sign_in(Role.DPO).get(f"/accounts/{account_id}/lists-used?at={at}")
    assert problem(answer) == "invalid"
    assert pointers(answer) == {"/at"}


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_time_are_instants(on_both, at):
    account_id = screened(on_both)
    answer = on_both.sign_in(Role.DPO).get(f"/accounts/{account_id}/lists-used?at={at}")
    assert answer.status_code == (404 if at < "1" else 200)


def test_somebody_unknown_has_no_lists(screening):
    officer = screening.sign_in(Role.DPO)
    assert problem(officer.get(f"/accounts/{uuid7()}/lists-used")) == "not-found"
    assert problem(officer.get("/accounts/1/lists-used")) == "not-found"


def test_the_document_describes_every_route(screening):
    paths = screening.anonymous().get("/openapi.json").json["paths"]
    assert {"/lists", "/screenings", "/screenings/{account_id}"} <= set(paths)
    decision = paths["/screenings/{account_id}/decision"]["post"]
    assert "If-Match" in {each.get("name") for each in decision["parameters"]}


def test_a_match_can_be_shown_whatever_the_list_wrote(screening, officer):
    person = screening.given(
        a_screening(verdict=Status.REVIEW, requested_at=screening.clock.now(), name_digest="d")
    )
    screening.given(a_match(person.account_id, entry_id="x" * 500, matched_name="名" * 1000))
    answer = officer.get(f"/screenings/{person.account_id}").json
    assert answer["matches"][0]["matched_name"] == "名" * 1000
    assert len(screening.rows(Screening)) == 1
