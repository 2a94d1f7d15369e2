"""What happens at once, on PostgreSQL; beside each guard a control that shows the race without."""

from threading import Event, Thread, current_thread

import pytest
import sqlalchemy as sa

from common.events.catalogue import (
    BusinessRelationshipEnded,
    CaseClosed,
    CaseMessageAdded,
    CaseState,
    CaseStateChanged,
)
from common.web import Role
from service_cases.models import Case, Machine

from .factories import a_case, a_machine, a_registration, a_report

pytestmark = pytest.mark.postgres
LOCK, ONCE = " FOR UPDATE", " ON CONFLICT DO NOTHING"


class Race:
    """Two calls at once: the first stops behind a statement until the second is done.

    A second that waits for the first's lock is never done before it: then the first goes on after
    a second. without: what is cut out of every statement, so that the guard is off.
    """

    def __init__(self, harness, after, without):
        self.engine, self.after, self.without = harness.runtime.db.engine, after, without
        self.first, self.second, self.answers = None, None, {}
        self.stopped, self.done = Event(), Event()
        sa.event.listen(self.engine, "before_cursor_execute", self._cut, retval=True)
        sa.event.listen(self.engine, "after_cursor_execute", self._stop)

    def run(self, first, second):
        """Answers of both, the first's first."""
        self.first = Thread(target=self._call, args=("first", first))
        self.second = Thread(target=self._call, args=("second", second))
        self.first.start()
        assert self.stopped.wait(30), "the first never came to the statement"
        self.second.start()
        for thread in (self.first, self.second):
            thread.join(30)
        return self.answers["first"], self.answers["second"]

    def _call(self, name, call):
        self.answers[name] = call()
        if name == "second":
            self.done.set()

    def _cut(self, connection, cursor, statement, parameters, context, many):
        return (statement.replace(self.without, "") if self.without else statement), parameters

    def _stop(self, connection, cursor, statement, parameters, context, many):
        mine = current_thread() is self.first and self.after in statement
        if mine and not self.stopped.is_set():
            self.stopped.set()
            self.done.wait(30 if self.without else 1)


@pytest.fixture
def race(postgres_cases):
    """Make a race on the service's database."""
    return lambda after, without="": Race(postgres_cases, after, without)


@pytest.fixture
def machine(postgres_cases):
    return postgres_cases.given(a_machine())


@pytest.fixture
def case(postgres_cases, machine):
    return postgres_cases.given(a_case(machine))


def take(harness, case):
    caller = harness.sign_in(Role.SUPPORT)
    return lambda: (
        caller.change("POST", f"/cases/{case.id}/state", 1, {"trigger": "take"}).status_code
    )


def test_of_two_who_take_a_case_at_once_one_is_told_to_load_it_again(postgres_cases, case, race):
    both = take(postgres_cases, case), take(postgres_cases, case)
    assert race("FROM cases").run(*both) == (200, 412)
    assert len(postgres_cases.published(CaseStateChanged)) == 1


def test_without_the_lock_the_second_to_take_a_case_fails(postgres_cases, case, race):
    both = take(postgres_cases, case), take(postgres_cases, case)
    assert race("FROM cases", without=LOCK).run(*both) == (500, 200)


def report_and_end(harness, machine):
    caller = harness.sign_in(organisation_id=machine.organisation_id)
    ended = BusinessRelationshipEnded(organisation_id=machine.organisation_id)
    return (
        lambda: caller.post("/cases", a_report(machine.id)).status_code,
        lambda: harness.when(ended),
    )


def test_a_case_reported_while_the_relation_ends_is_closed_with_the_others(
    postgres_cases, machine, race
):  # S64
    status, _ = race("FROM machines").run(*report_and_end(postgres_cases, machine))
    assert status == 201
    assert [row.state for row in postgres_cases.rows(Case)] == [CaseState.CLOSED]


def test_without_the_lock_a_case_stays_open_for_ever_after_the_end(postgres_cases, machine, race):
    race("FROM machines", without=LOCK).run(*report_and_end(postgres_cases, machine))
    assert [row.state for row in postgres_cases.rows(Case)] == [CaseState.REPORTED]


def write_and_close(harness, case):
    kim = harness.sign_in(organisation_id=case.organisation_id)
    support = harness.sign_in(Role.SUPPORT)
    path = f"/cases/{case.id}"
    return (
        lambda: kim.post(f"{path}/messages", {"text": "One more thing."}).status_code,
        lambda: support.change("POST", f"{path}/state", 1, {"trigger": "close"}).status_code,
    )


def told(harness):
    order = [type(event) for event in harness.published()]
    return [kind for kind in order if kind in (CaseMessageAdded, CaseClosed)]


def test_a_message_written_while_a_case_is_closed_comes_before_the_closing(
    postgres_cases, case, race
):
    assert race("FROM cases").run(*write_and_close(postgres_cases, case)) == (201, 200)
    assert told(postgres_cases) == [CaseMessageAdded, CaseClosed]


def test_without_the_lock_a_message_gets_into_a_closed_case(postgres_cases, case, race):
    both = write_and_close(postgres_cases, case)
    assert race("FROM cases", without=LOCK).run(*both) == (201, 200)
    assert told(postgres_cases) == [CaseClosed, CaseMessageAdded]


def register(harness):
    caller = harness.sign_in(Role.SUPPORT)
    body = a_registration(serial_number="B1")
    return lambda: caller.post("/machines", body).status_code


def test_of_two_who_register_a_serial_number_at_once_one_is_refused(postgres_cases, race):
    both = register(postgres_cases), register(postgres_cases)
    assert race("INSERT INTO machines").run(*both) == (201, 409)
    assert len(postgres_cases.rows(Machine)) == 1


def test_without_the_clause_the_second_registration_fails(postgres_cases, machine, race):
    harness = postgres_cases
    one = race("INSERT INTO machines", without=ONCE)
    one.done.set()
    assert one.run(register(harness), register(harness)) == (201, 500)
    assert len(harness.rows(Machine)) == 2


def test_two_sweeps_at_once_delete_everything_once(postgres_cases, machine, race):
    harness = postgres_cases
    for _ in range(3):
        harness.given(a_case(machine, closed_at=harness.clock.now()))
    harness.clock.advance("P3Y")
    sweep = harness.service.jobs["sweep-retention"].run
    both = [lambda: sweep(harness.runtime)] * 2
    assert race("FROM cases").run(*both) == (3, 0)
    assert harness.rows(Case) == []
