"""Every provider keeps one contract; those over HTTP release nobody when they fail."""

import io
import logging
from datetime import timedelta

import pytest

from common import logs
from screening.lists.reading import read_lists
from screening.matching import HIT_AT, REVIEW_AT
from screening.providers import LocalProvider, PersonName, ProviderUnavailable
from screening.providers.remote import Remote
from screening.providers.watchman import Watchman
from screening.providers.yente import Yente

from .factories import DOUBTFUL, LISTED, SECOND, UNCOMPARABLE, UNLISTED
from .factories_providers import (
    FAULTS,
    OF_ENTRIES,
    VERSIONS,
    WatchmanServer,
    YenteServer,
    changed,
    closed_port,
    each_entry,
    failing,
    status,
)

IN_TIME, TOO_LATE = 10.0, 0.3
"""Seconds: ample where an answer is expected, few where none comes."""


def people(*names):
    return [PersonName(*name) for name in names]


def local():
    entries = [entry for each in read_lists(SECOND) for entry in each.entries]
    return LocalProvider(entries, REVIEW_AT, HIT_AT, codes=("un-consolidated:2026-02-01",))


def yente(server, seconds=IN_TIME, key=None):
    headers = {"Authorization": f"ApiKey {key}"} if key else None
    return Yente(Remote(server.url, seconds, headers), REVIEW_AT, HIT_AT, "sanctions")


def watchman(server, seconds=IN_TIME):
    return Watchman(Remote(server.url, seconds), REVIEW_AT, HIT_AT)


@pytest.fixture
def yente_server():
    with YenteServer() as started:
        yield started


@pytest.fixture
def watchman_server():
    with WatchmanServer() as started:
        yield started


@pytest.fixture(params=["local", "yente", "watchman"])
def provider(request):
    if request.param == "local":
        return local()
    server = request.getfixturevalue(f"{request.param}_server")
    return {"yente": yente, "watchman": watchman}[request.param](server)


@pytest.fixture(params=["yente", "watchman"])
def server(request):
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def make_remote(server):
    """Makes the provider that asks the server."""
    make = {"yente": yente, "watchman": watchman}[server.name]
    return lambda *settings: make(server, *settings)


# ------------------------------------------------------------------------------- the contract


def test_a_listed_name_is_a_hit_and_says_why(provider):
    (answer,) = provider.compare(people(LISTED))
    (found,) = answer.found
    assert found.outcome == "hit"
    assert found.score == 100
    assert found.matched_name == "VIKTOR ERFUNDEN"
    assert found.entry_id.endswith("XXi.001")
    assert len(found.entry_fingerprint) == 64
    assert found.matched_name in found.explanation
    assert found.explanation.endswith(".")


def test_a_name_that_resembles_a_listed_one_is_for_a_person_to_decide(provider):
    (answer,) = provider.compare(people(DOUBTFUL))
    (found,) = answer.found
    assert found.outcome == "review"
    assert REVIEW_AT <= found.score < HIT_AT


def test_another_name_is_not_found(provider):
    (answer,) = provider.compare(people(UNLISTED))
    assert answer.found == ()


def test_the_answer_says_with_which_versions_of_lists(provider):
    (answer,) = provider.compare(people(UNLISTED))
    assert answer.list_versions
    assert all(":" in each for each in answer.list_versions)


def test_many_names_are_answered_in_their_order(provider):
    names = [LISTED, UNLISTED, DOUBTFUL, UNCOMPARABLE, UNLISTED, LISTED] * 40
    outcomes = [
        [found.outcome for found in answer.found] for answer in provider.compare(people(*names))
    ]
    assert outcomes == [["hit"], [], ["review"], ["review"], [], ["hit"]] * 40


def test_nobody_is_found_among_no_names(provider):
    assert provider.compare([]) == []


def test_the_same_name_is_answered_in_the_same_way(provider):
    assert provider.compare(people(LISTED)) == provider.compare(people(LISTED))


def test_the_given_name_may_come_last(provider):
    (answer,) = provider.compare(people(("", "Viktor Erfunden")))
    assert [found.outcome for found in answer.found] == ["hit"]


def test_the_method_names_the_bands_by_which_it_judges(provider):
    assert f"{REVIEW_AT:g}-{HIT_AT:g}" in provider.method


# ------------------------------------------------------------------------------- what is sent


def test_only_the_name_is_sent(server, make_remote):  # S16, S15
    make_remote().compare(people(LISTED, UNLISTED))
    sent = {"Viktor Erfunden", "Kim Sorglos"}
    ordinary = {"Host", "Accept", "Accept-Encoding", "Connection", "User-Agent"}
    of_a_body = {"Content-Length", "Content-Type"}
    names = set()
    for _, path, query, headers, asked in server.seen:
        assert headers.keys() <= ordinary | (of_a_body if asked else set())
        if path == "/match/sanctions":
            assert query.keys() == {"algorithm", "limit", "threshold", "cutoff"}
            assert asked.keys() == {"queries"}
            assert list(asked["queries"]) == ["q0", "q1"]
            for each in asked["queries"].values():
                assert each == {"schema": "Person", "properties": {"name": [_name_in(each)]}}
                names.add(_name_in(each))
        elif path == "/v2/search":
            assert query.keys() == {"name", "type", "limit", "minMatch"}
            assert query["type"] == ["person"]
            names.add(query["name"][0])
        else:
            assert path in ("/catalog", "/v2/listinfo")
            assert (query, asked) == ({}, None)
    assert names == sent


def _name_in(query):
    return query["properties"]["name"][0]


def test_a_hundred_names_go_to_yente_at_a_time(yente_server):
    yente(yente_server).compare(people(*[UNLISTED] * 201))
    assert [len(each[4]["queries"]) for each in yente_server.searches()] == [100, 100, 1]


def test_a_hosted_yente_gets_its_key(yente_server):
    yente(yente_server, key="0815").compare(people(UNLISTED))
    assert {each[3]["Authorization"] for each in yente_server.seen} == {"ApiKey 0815"}


def test_a_cookie_of_the_provider_does_not_come_back(server, make_remote):
    remote = make_remote()
    with failing(server, status(503, Set_Cookie="who=this-one; Path=/")):
        for _ in range(2):
            with pytest.raises(ProviderUnavailable):
                remote.compare(people(LISTED))
    remote.compare(people(LISTED))
    assert not [each for each in server.seen if "Cookie" in each[3]]


@pytest.mark.parametrize("fault", ["bad_request", "no_json", "redirect_elsewhere", "body_cut_off"])
def test_neither_logs_nor_errors_hold_the_name(server, make_remote, fault):
    lines = io.StringIO()
    logs.configure("debug", lines)
    with failing(server, FAULTS[fault]), pytest.raises(ProviderUnavailable) as failure:
        make_remote().compare(people(LISTED))
    logging.getLogger("httpx").warning("the log is heard")
    logs.configure("info")
    assert "the log is heard" in lines.getvalue()
    assert "Erfunden" not in lines.getvalue()
    assert "Erfunden" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert "Erfunden" not in repr(failure.value.__dict__)


# ------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("fault", FAULTS)
def test_no_answer_or_a_wrong_one_is_no_verdict(server, make_remote, fault):
    remote = make_remote(TOO_LATE)
    with failing(server, FAULTS[fault]), pytest.raises(ProviderUnavailable):
        remote.compare(people(LISTED))
    (answer,) = remote.compare(people(LISTED))
    assert [found.outcome for found in answer.found] == ["hit"]


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - OF_ENTRIES))
def test_without_versions_of_lists_there_is_no_verdict(server, make_remote, fault):
    server.faulty_paths = VERSIONS
    with failing(server, FAULTS[fault]), pytest.raises(ProviderUnavailable):
        make_remote(TOO_LATE).compare(people(UNLISTED))
    assert server.searches() == []


@pytest.mark.parametrize("make", [yente, watchman])
def test_nobody_is_released_while_nobody_listens(make):
    class Nobody:
        url = closed_port()

    with pytest.raises(ProviderUnavailable, match="ConnectError"):
        make(Nobody).compare(people(UNLISTED))


class OptimisticWatchman(Watchman):
    """Takes an error for "nothing found", as an adapter must not."""

    def find(self, names):
        try:
            return super().find(names)
        except ProviderUnavailable:
            return [[] for _ in names]


def test_an_adapter_that_takes_errors_for_nothing_found_would_be_caught(watchman_server):
    """Negative control of the tests before: each fault would release a listed person."""
    remote = OptimisticWatchman(Remote(watchman_server.url, TOO_LATE), REVIEW_AT, HIT_AT)
    for fault in FAULTS.values():
        with failing(watchman_server, fault):
            (answer,) = remote.compare(people(LISTED))
        assert answer.found == ()


def test_a_provider_whose_lists_are_not_loaded_is_no_provider(watchman_server):
    watchman_server.people = {}
    with pytest.raises(ProviderUnavailable, match="has no list"):
        watchman(watchman_server).compare(people(UNLISTED))


def test_yente_without_our_dataset_is_no_provider(yente_server):
    other = Yente(Remote(yente_server.url, IN_TIME), REVIEW_AT, HIT_AT, "peps")
    with pytest.raises(ProviderUnavailable, match="SCREENING_PROVIDER_DATASET"):
        other.compare(people(UNLISTED))


def test_versions_that_no_event_can_hold_are_no_versions(server, make_remote):
    server.version = "two words"
    with pytest.raises(ProviderUnavailable, match="versions"):
        make_remote().compare(people(UNLISTED))


def test_lists_that_change_during_a_comparison_make_it_void(server, make_remote, monkeypatch):
    told = server.told

    def told_and_changed(path, query, asked):
        if path.startswith(server.faulty_paths):
            server.version = "20261102"
        return told(path, query, asked)

    monkeypatch.setattr(server, "told", told_and_changed)
    with pytest.raises(ProviderUnavailable, match="changed"):
        make_remote().compare(people(UNLISTED))


def test_an_answer_that_may_be_incomplete_is_for_a_person_to_complete(server, make_remote):
    server.people = {f"XXi.{number:03}": "VIKTOR ERFUNDEN" for number in range(60)}
    (answer,) = make_remote().compare(people(LISTED))
    *named, more = answer.found
    assert len(named) in (10, 50)
    assert (more.entry_id, more.outcome) == ("more", "review")
    server.people = dict(list(server.people.items())[:9])
    (answer,) = make_remote().compare(people(LISTED))
    assert len(answer.found) == 9


def test_an_entry_told_twice_counts_once(server, make_remote):
    def twice(told):
        for answer in told.get("responses", {"": told}).values():
            key = "results" if "results" in answer else "entities"
            answer[key] = answer[key] * 2

    with failing(server, changed(twice)):
        (answer,) = make_remote().compare(people(LISTED))
    assert len(answer.found) == 1


@pytest.mark.parametrize("change", [{"datasets": ["eu_fsf"]}, {"properties": {"name": ["V. E."]}}])
def test_the_fingerprint_changes_with_the_entry(yente_server, change):
    remote = yente(yente_server)
    (before,) = remote.compare(people(LISTED))
    with failing(yente_server, each_entry(**change)):
        (after,) = remote.compare(people(LISTED))
    assert before.found[0].entry_fingerprint != after.found[0].entry_fingerprint


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("120", 120), ("0", 0), ("99999999", 3600), ("soon", 0), ("-5", 0), ("Fri, 31 Dec 1999", 0)],
)
def test_a_provider_says_for_how_long_to_leave_it_alone(server, make_remote, told, seconds):
    with (
        failing(server, status(429, Retry_After=told)),
        pytest.raises(ProviderUnavailable) as failure,
    ):
        make_remote().compare(people(LISTED))
    assert failure.value.wait == timedelta(seconds=seconds)
