"""Steps go on while there is work, jobs are due by the service's clock, none stops another."""

from threading import Event
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from common import processes
from common.jobs import job, jobs_of, step, steps_of
from common.processes import not_ready, run_jobs, run_step, run_steps


@step
def eat(runtime):
    return 0


@step
def sleep(runtime):
    return 0


@job(every="P1D")
def clean_the_house(runtime):
    return 7


def test_marked_functions_are_found_in_the_order_written():
    module = SimpleNamespace(eat=eat, nothing=len, clean=clean_the_house, sleep=sleep)
    assert steps_of(module) == (eat, sleep)
    assert list(jobs_of(module)) == ["clean-the-house"]
    assert jobs_of(module)["clean-the-house"].every.days == 1
    assert jobs_of(module)["clean-the-house"].run(None) == 7


def working(sample, *works):
    """The sample's runtime with other steps."""
    sample.runtime.service = SimpleNamespace(steps=works, jobs={}, package="sample")
    return sample.runtime


def test_steps_are_repeated_until_none_finds_work(sample):
    stop, left = Event(), [3, 2, 1]

    def dig(runtime):
        return left.pop() if left else 0

    def end(runtime):
        if not left:
            stop.set()
            runtime.wake()
        return 0

    run_steps(working(sample, dig, end), stop)
    assert left == []
    assert "steps" in sample.runtime.ticks


def test_a_step_that_fails_stops_no_other(sample):
    stop, done = Event(), []

    def fall(runtime):
        raise RuntimeError("Anna Muster")

    def go_on(runtime):
        done.append(1)
        stop.set()
        runtime.wake()
        return 0

    run_steps(working(sample, fall, go_on), stop)
    assert done == [1]


def test_a_lost_database_is_no_failure_of_a_step(sample):
    def lose(runtime):
        raise sa.exc.InterfaceError("", {}, Exception())

    with pytest.raises(sa.exc.InterfaceError):
        run_step(working(sample, lose), lose)


def test_jobs_run_at_the_start_and_when_their_time_has_come_by_the_services_clock(
    sample, monkeypatch
):
    runs, rounds = [], iter(["PT23H", "PT1H", "PT1S", "P400D", None])

    class Stop:
        set = False

        def is_set(self):
            return self.set

        def wait(self, _):
            advance = next(rounds)
            if advance is None:
                self.set = True
            else:
                sample.clock.advance(advance)

    @job(every="P1D")
    def count(runtime):
        runs.append(runtime.clock.now())
        return 1

    runtime = working(sample)
    runtime.service.jobs = jobs_of(SimpleNamespace(count=count))
    run_jobs(runtime, Stop())
    assert [(at - runs[0]).days for at in runs] == [0, 1, 401]


def test_a_worker_is_ready_while_its_loops_run(sample):
    runtime = sample.runtime
    assert "The relay has not run lately" in not_ready(runtime, "worker")
    runtime.tick("relay")
    assert "The consumer has not run lately" in not_ready(runtime, "worker")
    runtime.tick("consumer")
    assert not_ready(runtime, "worker") is None
    sample.clock.advance("PT31S")
    runtime.tick("consumer")
    assert "The relay has not run lately" in not_ready(runtime, "worker")
    assert not_ready(runtime, "web") is None


def test_a_loop_that_fails_is_begun_again(sample, monkeypatch):
    monkeypatch.setattr(processes, "WAIT_SECONDS", 0)
    stop, tries = Event(), []

    def loop(until):
        tries.append(1)
        if len(tries) == 3:
            until.set()
            return
        raise RuntimeError("Anna Muster")

    processes.supervise(sample.runtime, "relay", loop, stop)
    assert len(tries) == 3
