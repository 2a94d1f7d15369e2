"""A list is walked page by page; what happens meanwhile neither doubles nor hides a row."""

import base64
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import sqlalchemy as sa

from common.ids import uuid7
from sample.models import Parcel


@pytest.fixture
def member(shared):
    return shared.sign_in()


def store(shared, member, count):
    """Store so many parcels of the member's organisation; return their ids."""
    person = member.person
    ids = [uuid7() for _ in range(count)]
    with shared.runtime.transaction() as session:
        session.add_all(
            Parcel(
                id=each,
                organisation_id=person.organisation_id,
                account_id=person.account_id,
                label="box",
                weight=1,
            )
            for each in ids
        )
    return [str(each) for each in ids]


def next_link(answer):
    if "Link" not in answer.headers:
        return None
    address, relation = answer.headers["Link"].split("; ")
    assert relation == 'rel="next"'
    parts = urlsplit(address.strip("<>"))
    return f"{parts.path}?{parts.query}"


def walk(member, path, between=lambda: None):
    """Follow the links to the end; return the ids page by page."""
    pages = []
    while path:
        answer = member.get(path)
        assert answer.status_code == 200, answer.json
        pages.append([each["id"] for each in answer.json])
        path = next_link(answer)
        between()
    return pages


def test_a_walk_shows_every_row_once_newest_first(shared, member):
    ids = store(shared, member, 250)
    pages = walk(member, "/parcels?limit=40")
    assert [len(each) for each in pages] == [40] * 6 + [10]
    assert [each for page in pages for each in page] == ids[::-1]


def test_rows_that_come_meanwhile_neither_double_nor_hide_others(shared, member):
    ids = store(shared, member, 250)
    pages = walk(member, "/parcels?limit=30", between=lambda: store(shared, member, 3))
    assert [each for page in pages for each in page] == ids[::-1]


def test_rows_that_go_meanwhile_hide_no_others(shared, member):
    ids = store(shared, member, 90)
    first = member.get("/parcels?limit=30")
    with shared.runtime.transaction() as session:
        gone = [each["id"] for each in first.json][-10:]
        session.execute(sa.delete(Parcel).where(Parcel.id.in_(map(UUID, gone))))
    pages = walk(member, next_link(first))
    assert [each for page in pages for each in page] == ids[::-1][30:]


def test_control_pages_by_number_would_double_rows(shared, member):
    ids = store(shared, member, 20)
    newest = sa.select(Parcel.id).order_by(Parcel.id.desc())
    seen = []
    for page in range(2):
        with shared.runtime.reading() as session:
            seen += session.scalars(newest.offset(page * 10).limit(10))
        store(shared, member, 3)
    assert len(set(seen)) < len(seen)
    assert len(ids) == 20


@pytest.mark.parametrize(("count", "pages"), [(0, [0]), (1, [1]), (50, [50]), (51, [50, 1])])
def test_without_a_limit_a_page_has_fifty_rows_and_the_last_one_no_link(
    shared, member, count, pages
):
    store(shared, member, count)
    assert [len(each) for each in walk(member, "/parcels")] == pages


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "9" * 5000, "NaN"])
def test_a_limit_out_of_bounds_is_refused(member, limit):
    answer = member.get(f"/parcels?limit={limit}")
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == ["/limit"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "A" * 21,
        "A" * 23,
        "A" * 500,
        "!!!!!!!!!!!!!!!!!!!!!!",
        "%00",
        "%F0%9F%98%80",
        "AAAAAAAAAAAAAAAAAAAA==",
        "' OR 1=1 --",
    ],
)
def test_a_cursor_that_was_not_given_by_us_is_refused(member, cursor):
    answer = member.get(f"/parcels?cursor={cursor}")
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == ["/cursor"]


def test_a_cursor_of_another_organisation_shows_nothing_of_it(shared, member):
    stranger = shared.sign_in()
    theirs = store(shared, stranger, 60)
    cursor = parse_qs(urlsplit(next_link(stranger.get("/parcels"))).query)["cursor"][0]
    assert base64.urlsafe_b64decode(cursor + "==") == UUID(theirs[10]).bytes
    assert member.get(f"/parcels?cursor={cursor}").json == []


def test_the_link_keeps_what_else_was_asked_for(shared, member):
    store(shared, member, 3)
    query = parse_qs(urlsplit(next_link(member.get("/parcels?limit=2"))).query)
    assert query["limit"] == ["2"]
    assert len(query["cursor"][0]) == 22
