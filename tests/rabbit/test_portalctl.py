"""portalctl as its operator runs it: a process of its own against a real broker."""

import json
import os
import subprocess
import sys

import pika
import pytest
from click.testing import CliRunner

from common.events.catalogue import AccountActivated
from common.ids import uuid7
from common.messaging import portalctl as module
from common.messaging.topology import EXCHANGE, Ladder, parked_queue, queues
from common.testing.server import free_port
from sample.models import Parcel, ParcelSent
from sample.rig import ARRIVALS, LADDER, STANDINGS, TOPOLOGY, Crash, eventually

pytestmark = pytest.mark.rabbit

# The estate of these tests is the sample service.
PROGRAM = """
import sys
from pathlib import Path
import sample.models
from common.messaging import portalctl, topology
topology.SUBSCRIPTIONS_FILE = Path(sys.argv.pop(1))
portalctl.main(prog_name="portalctl")
"""


@pytest.fixture
def start(rig, tmp_path):
    """Function that starts portalctl as a process of its own."""
    estate = tmp_path / "subscriptions.json"
    estate.write_text(json.dumps(TOPOLOGY))

    def started(*arguments, url=rig.url):
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, estate, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PORTAL_BROKER_URL": url,
                "PORTAL_RETRY_LADDER": LADDER,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        )

    return started


@pytest.fixture
def portalctl(start):
    """Function that runs portalctl to its end."""

    def run(*arguments, answer=None, **options):
        process = start(*arguments, **options)
        out, err = process.communicate(answer, timeout=30)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.fixture
def quickly(rig, monkeypatch):
    """The same within this process, for what another process would only make slower."""
    monkeypatch.setattr(module, "estate", lambda: TOPOLOGY)

    def run(*arguments, answer=None, url=rig.url):
        environment = {"PORTAL_BROKER_URL": url, "PORTAL_RETRY_LADDER": LADDER}
        told = CliRunner().invoke(module.main, arguments, input=answer, env=environment)
        return subprocess.CompletedProcess(arguments, told.exit_code, told.stdout, told.stderr)

    return run


def fall(_):
    """A bug in a handler."""
    raise RuntimeError("text that must not get out: Muster")


@pytest.fixture
def parked(rig):
    """Ids of two parcels' events that stand in the parked queue as the consumer leaves them."""
    rig.deliver()  # makes the queues
    messages = [
        rig.harness.message(ParcelSent(parcel_id=each, weight=1)) for each in rig.given_parcels(2)
    ]
    with rig.channel() as channel:
        channel.confirm_delivery()
        for each in messages:
            properties = pika.BasicProperties(
                delivery_mode=2,
                message_id=each.event_id,
                type=each.type,
                headers={"x-attempt": 3, "x-error": "Dropped"},
            )
            channel.basic_publish("", parked_queue(ARRIVALS), each.body, properties)
    return [each.event_id for each in messages]


def count(rig, queue):
    with rig.channel() as channel:
        return channel.queue_declare(queue, passive=True).method.message_count


# --------------------------------------------------------------------------------- topology


def test_apply_makes_what_check_names_as_missing(portalctl, rig):
    names = {each.name for each in queues(TOPOLOGY, Ladder.parse(LADDER))}
    with rig.channel() as channel:
        channel.exchange_delete(EXCHANGE)

    before = portalctl("topology", "check")
    assert before.returncode == 1
    assert set(before.stdout.splitlines()) == {
        f"missing: exchange {EXCHANGE}", *(f"missing: queue {name}" for name in names)
    }  # fmt: skip
    made = portalctl("topology", "apply")
    assert made.returncode == 0, made.stderr
    assert set(made.stdout.splitlines()) == {
        line.replace("missing", "made") for line in before.stdout.splitlines()
    }
    after = portalctl("topology", "check")
    assert (after.returncode, after.stdout) == (0, "")

    with rig.channel() as channel:  # the bindings are there too
        channel.confirm_delivery()
        for types in TOPOLOGY.values():
            for wire_type in types:
                channel.basic_publish(EXCHANGE, wire_type, b"{}", mandatory=True)
    eventually(lambda: count(rig, STANDINGS) == len(TOPOLOGY[STANDINGS]))


def test_check_changes_nothing(quickly, rig):
    quickly("topology", "check")
    with rig.channel() as channel, pytest.raises(pika.exceptions.ChannelClosedByBroker):
        channel.queue_declare(ARRIVALS, passive=True)


def test_check_and_apply_name_the_argument_that_differs_and_leave_the_queue(quickly, rig):
    rig.deliver()
    with rig.channel() as channel:
        channel.queue_delete(ARRIVALS)
        channel.queue_declare(ARRIVALS, durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", ARRIVALS, b"still here")
    eventually(lambda: count(rig, ARRIVALS) == 1)
    for command in ("check", "apply"):
        told = quickly("topology", command)
        assert told.returncode == 1
        assert told.stdout.startswith(f"differs: queue {ARRIVALS}: inequivalent arg 'x-")
        assert told.stdout.count("\n") == 1
    assert count(rig, ARRIVALS) == 1


# ----------------------------------------------------------------------------------- parked


def test_list_counts_what_is_parked_in_every_queue(portalctl, rig, parked):
    told = portalctl("parked", "list")
    assert told.returncode == 0
    assert told.stdout.split() == ["2", f"{ARRIVALS}.parked", "0", f"{STANDINGS}.parked"]


def test_show_says_what_failed_and_why_and_leaves_it_there(portalctl, rig):
    rig.before_handler = fall
    parked = [rig.send(each) for each in rig.given_parcels(2)]
    rig.until(lambda: len(rig.parked()) == 2)
    told = portalctl("parked", "show", ARRIVALS, "--id", parked[1])
    assert told.returncode == 0
    shown = dict(line.split(maxsplit=1) for line in told.stdout.splitlines() if line)
    assert shown["id"] == parked[1]
    assert shown["type"] == "sample.ParcelSent.v1"
    assert shown["attempts"] == "3"
    assert shown["error"] == "RuntimeError"
    assert json.loads(shown["body"])["weight"] == 1
    assert "Muster" not in told.stdout
    eventually(lambda: count(rig, parked_queue(ARRIVALS)) == 2)


def test_show_does_not_print_a_body_that_is_no_event_of_ours(quickly, rig):
    rig.deliver()
    with rig.channel() as channel:
        channel.basic_publish("", parked_queue(ARRIVALS), b'{"name": "Anna Muster"}')
    eventually(lambda: count(rig, parked_queue(ARRIVALS)) == 1)
    told = quickly("parked", "show", f"{ARRIVALS}.parked")
    assert "not shown: Undecodable, 23 bytes" in told.stdout
    assert "Muster" not in told.stdout + told.stderr


def test_replay_of_one_leaves_the_other_and_gives_it_all_its_tries(portalctl, rig, parked):
    told = portalctl("parked", "replay", ARRIVALS, "--id", parked[1])
    assert (told.returncode, told.stdout) == (0, f"{parked[1]}\n")
    eventually(lambda: count(rig, ARRIVALS) == 1)
    with rig.channel() as channel:
        _, properties, _ = channel.basic_get(ARRIVALS)
    assert (properties.message_id, properties.delivery_mode) == (parked[1], 2)
    assert properties.headers["x-attempt"] == 1
    assert "x-error" not in properties.headers
    eventually(lambda: [event for event, _ in rig.parked()] == [parked[0]])
    rig.until(lambda: "Done" in rig.outcomes(parked[1]))


def test_replay_of_an_id_that_is_not_there_says_so(quickly, rig, parked):
    told = quickly("parked", "replay", ARRIVALS, "--id", "nobody", "--id", parked[0])
    assert (told.returncode, told.stdout) == (1, f"{parked[0]}\n")
    assert "1 of the ids not found" in told.stderr


def test_drop_asks_first(quickly, rig, parked):
    kept = quickly("parked", "drop", ARRIVALS, "--all", answer="n\n")
    assert kept.returncode == 1
    assert "Drop 2 parked message(s)" in kept.stderr
    eventually(lambda: count(rig, parked_queue(ARRIVALS)) == 2)

    gone = quickly("parked", "drop", ARRIVALS, "--id", parked[0], "--yes")
    assert (gone.returncode, gone.stdout) == (0, f"{parked[0]}\n")
    eventually(lambda: [event for event, _ in rig.parked()] == [parked[1]])
    assert quickly("parked", "drop", ARRIVALS, "--all", answer="y\n").returncode == 0
    eventually(lambda: count(rig, parked_queue(ARRIVALS)) == 0)


def crash_in_replay(rig, monkeypatch, step):
    def crash(*_, **__):
        raise Crash

    monkeypatch.setattr(pika.adapters.blocking_connection.BlockingChannel, step, crash)
    with pytest.raises(Crash):
        module.main(
            ["--url", rig.url, "parked", "replay", ARRIVALS, "--all"], standalone_mode=False
        )
    monkeypatch.undo()


@pytest.mark.parametrize("step", ["basic_publish", "basic_ack"])
def test_a_crash_of_replay_loses_nothing_and_its_double_is_applied_once(
    rig, parked, quickly, monkeypatch, step
):
    crash_in_replay(rig, monkeypatch, step)
    eventually(lambda: len(rig.parked()) == 2, "both are parked still")
    assert quickly("parked", "replay", ARRIVALS, "--all").returncode == 0
    doubled = 3 if step == "basic_ack" else 2
    rig.until(lambda: [type(each).__name__ for _, each in rig.deliveries].count("Done") == doubled)
    rig.require_each_once([each.id for each in rig.harness.rows(Parcel)])
    assert rig.parked() == []


def test_a_replay_into_a_queue_that_is_away_keeps_the_message_parked(quickly, rig, parked):
    with rig.channel() as channel:
        channel.queue_delete(ARRIVALS)
    told = quickly("parked", "replay", ARRIVALS, "--all")
    assert (told.returncode, told.stdout) == (1, "")
    assert f"{ARRIVALS} does not take messages" in told.stderr
    eventually(lambda: count(rig, parked_queue(ARRIVALS)) == 2)


# ------------------------------------------------------------------------------------- tail


def test_tail_prints_a_line_an_event(start, rig):
    rig.deliver()
    process = start("tail", "--type", "identity.#", "--count", "2")
    said = process.stderr.readline()
    assert said == "listening to identity.#\n"
    facts = {"account_id": uuid7(), "organisation_id": None, "epoch": 1}
    first, second = (rig.harness.message(AccountActivated(**facts)) for _ in range(2))
    rig.send(rig.given_parcels(1)[0])
    rig.relay.send_all()
    rig.deliver(first, second)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    lines = [line.split() for line in out.splitlines()]
    account = str(facts["account_id"])
    assert [line[1:] for line in lines] == [
        ["identity.AccountActivated.v1", account, "#1", first.event_id, "service:identity"],
        ["identity.AccountActivated.v1", account, "#2", second.event_id, "service:identity"],
    ]


# ------------------------------------------------------------------------- when it goes wrong


@pytest.mark.parametrize(
    "arguments", [("topology", "check"), ("parked", "list"), ("tail", "--count", "1")]
)
def test_a_broker_out_of_reach_is_one_sentence(quickly, arguments):
    port = free_port()
    told = quickly(*arguments, url=f"amqp://guest:secret@127.0.0.1:{port}/")
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr == (
        f"Error: RabbitMQ does not answer at 127.0.0.1:{port}: look at PORTAL_BROKER_URL.\n"
    )


def test_a_user_who_may_not_come_in_is_one_sentence(quickly, rig):
    url = rig.url.replace("guest:guest", "guest:wrong")
    told = quickly("parked", "list", url=url)
    assert told.returncode == 3
    assert told.stderr == (
        "Error: RabbitMQ does not let this user in: look at PORTAL_BROKER_URL.\n"
    )


def test_tail_without_an_exchange_says_what_to_do(quickly, rig):
    with rig.channel() as channel:
        channel.exchange_delete(EXCHANGE)
    told = quickly("tail")
    assert told.returncode == 1
    assert "`portalctl topology apply` makes it" in told.stderr


def test_an_unknown_queue_says_where_the_names_are(quickly, rig):
    told = quickly("parked", "show", "sample.nothing")
    assert told.returncode == 1
    assert "There is no queue sample.nothing.parked" in told.stderr


@pytest.mark.parametrize("choice", [(), ("--all", "--id", "x")])
def test_replay_and_drop_want_to_be_told_which(quickly, choice):
    told = quickly("parked", "replay", ARRIVALS, *choice)
    assert told.returncode == 2
    assert "--id ID" in told.stderr


def test_in_an_embedded_estate_there_is_no_broker_to_look_at(quickly):
    told = quickly("parked", "list", url="embedded:")
    assert told.returncode == 2
    assert "there is no broker" in told.stderr
