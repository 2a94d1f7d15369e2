"""`--check`: what a process needs is looked at, and nothing is started."""

import pytest
from click.testing import CliRunner

from common import processes
from common.messaging.brokers import BrokerUnavailable


@pytest.fixture
def check(sample, monkeypatch):
    """Function that checks a process of the sample service."""
    monkeypatch.setattr(sample.service, "runtime", lambda: sample.runtime)
    monkeypatch.setattr(processes, "serve", lambda *_: pytest.fail("it was started"))
    monkeypatch.setattr(processes, "run_worker", lambda _: pytest.fail("it was started"))

    def run(process):
        command = processes.command_line(sample.service, ())
        return CliRunner().invoke(command, [process, "--check"])

    return run


@pytest.mark.parametrize("process", ["web", "worker"])
def test_where_everything_is_there_it_says_so(sample, check, monkeypatch, process):
    monkeypatch.setattr(sample.runtime, "not_ready", lambda: None)
    answer = check(process)
    assert answer.exit_code == 0
    assert answer.stdout.splitlines() == ["settings and keys: ok", "database: ok", "broker: ok"]


def test_what_is_missing_is_named_with_what_mends_it(sample, check, monkeypatch):
    def away(_):
        raise BrokerUnavailable("ConnectionRefusedError")

    monkeypatch.setattr(sample.runtime.broker, "publish", away)
    monkeypatch.setattr(sample.runtime, "not_ready", lambda: "Migrations are missing.")
    answer = check("worker")
    assert answer.exit_code == 1
    assert "database: Migrations are missing." in answer.stdout
    assert "look at PORTAL_BROKER_URL" in answer.stdout
