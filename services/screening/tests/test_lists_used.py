"""Which lists are and were in force, and which were used for whom (S20, S22)."""

import pytest

from common.ids import uuid7
from common.testing.harness import pointers
from common.web import Role

from .compliance import problem
from .factories import DOUBTFUL, FIRST, SECOND, import_lists, screened


def test_the_inventory_names_every_version_with_its_period(screening):  # S22
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
        "names": 20,
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

    # In force since an hour, and its changes not compared yet.
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
