"""What publishers have that is new comes into force; what fails is noted and tried again."""

import pytest
from structlog.testing import capture_logs

from screening.lists.files import ListRefused
from screening.models import ListSource, ListVersion

from .factories import FIRST, SECOND, import_lists, list_of
from .publisher import answer

UN = "/un/consolidated.xml"
SET = ("/us/sdn.csv", "/us/alt.csv", "/us/add.csv")


def in_force(screening):
    return {row.list_id for row in screening.rows(ListVersion) if row.in_force_to is None}


def sources(screening):
    return {row.url: row for row in screening.rows(ListSource)}


def fetch_daily(screening):
    return screening.service.jobs["fetch-lists"].run(screening.runtime)


def test_without_urls_nothing_is_fetched(screening):
    assert fetch_daily(screening) == 0


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def subscriber(request, make_screening, publisher):
    """The service that fetches the sample from the publisher daily, on each of its databases."""
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("new_postgres_database")("screening")
    return make_screening(url, list_urls=", ".join(publisher.urls(UN, *SET)))


def test_the_daily_fetch_brings_new_versions_into_force(subscriber, publisher):
    assert fetch_daily(subscriber) == 2
    assert in_force(subscriber) == {"un-consolidated", "us-sdn"}
    publisher.files[UN] = (SECOND / "un" / "consolidated.xml").read_bytes()
    assert fetch_daily(subscriber) == 1


def test_a_day_without_news_costs_a_question_a_file_and_changes_nothing(subscriber, publisher):
    fetch_daily(subscriber)
    before = sources(subscriber)
    subscriber.clock.advance("P1D")
    publisher.asked.clear()
    assert fetch_daily(subscriber) == 0
    assert len(publisher.asked) == 4
    assert all(etag and modified for _, etag, modified in publisher.asked)
    after = sources(subscriber)
    assert {url: row.etag for url, row in after.items()} == {u: r.etag for u, r in before.items()}
    assert {row.fetched_at for row in after.values()} == {subscriber.clock.now()}


def test_one_file_of_a_set_that_changed_has_the_whole_set_fetched(subscriber, publisher):
    fetch_daily(subscriber)
    publisher.files[SET[2]] += b"\r\n"
    assert fetch_daily(subscriber) == 1
    (now_in_force,) = [
        row
        for row in subscriber.rows(ListVersion, ListVersion.list_id == "us-sdn")
        if row.in_force_to is None
    ]
    checksums = {row.checksum for url, row in sources(subscriber).items() if "/us/" in url}
    assert checksums == {now_in_force.checksum}


def test_a_publisher_who_is_down_shows_and_holds_no_other_list_up(make_screening, publisher):
    screening = make_screening(list_urls=",".join(publisher.urls("/un/missing.xml", *SET)))
    with capture_logs() as logged, pytest.raises(ListRefused, match="answered 404"):
        fetch_daily(screening)
    assert in_force(screening) == {"us-sdn"}
    assert [(each["event"], each["error"]) for each in logged if "error" in each] == [
        ("list refused", "its publisher answered 404")
    ]
    failed = sources(screening)[f"{publisher.url}/un/missing.xml"]
    assert (failed.last_error, failed.fetched_at) == ("its publisher answered 404", None)


def test_a_failure_is_forgotten_once_the_publisher_answers_again(subscriber, publisher):
    publisher.act[UN] = answer(503)
    with pytest.raises(ListRefused):
        fetch_daily(subscriber)
    assert sources(subscriber)[publisher.url + UN].last_error
    publisher.act.clear()
    assert fetch_daily(subscriber) == 1
    assert sources(subscriber)[publisher.url + UN].last_error is None


def test_a_refused_list_is_fetched_again_and_refused_again(subscriber, publisher, tmp_path):
    """Were its ETag kept, the next day would be quiet with a list that is missing."""
    fetch_daily(subscriber)
    good = publisher.files[UN]
    publisher.files[UN] = list_of(tmp_path / "a.xml", "2026-03-01", "Anna").read_bytes()
    for _ in range(2):
        with pytest.raises(ListRefused, match="more than a tenth is missing"):
            fetch_daily(subscriber)
    assert "more than a tenth" in sources(subscriber)[publisher.url + UN].last_error
    publisher.files[UN] = good
    assert fetch_daily(subscriber) == 0
    assert sources(subscriber)[publisher.url + UN].last_error is None


def test_a_list_that_was_replaced_by_hand_is_fetched_whatever_its_publisher_said(
    subscriber, publisher
):
    fetch_daily(subscriber)
    import_lists(subscriber, SECOND)
    publisher.asked.clear()
    with pytest.raises(ListRefused, match=r"a tenth is missing|older than|earlier version"):
        fetch_daily(subscriber)
    assert (UN, None, None) in publisher.asked


def test_one_list_from_two_sources_is_refused_from_the_second(make_screening, publisher):
    screening = make_screening(list_urls=f"{publisher.url}{UN},{FIRST / 'un'}")
    with pytest.raises(ListRefused, match="un-consolidated came from another source already"):
        fetch_daily(screening)
    assert in_force(screening) == {"un-consolidated"}


def test_a_daily_fetch_of_an_older_list_keeps_the_newer_one(make_screening, publisher):
    screening = make_screening(list_urls=publisher.url + UN)
    import_lists(screening, SECOND)
    with pytest.raises(ListRefused, match=r"a tenth is missing|older than"):
        fetch_daily(screening)
    (un,) = screening.rows(ListVersion, ListVersion.list_id == "un-consolidated")
    assert str(un.published_on) == "2026-02-01"
