"""A second client that shares no code with ours reads what we publish and feeds what we consume.

The schema below is written from the CloudEvents 1.0 specification (core, JSON format, and the
sequence and distributed tracing extensions), not from our envelope.
"""

import json

import jsonschema
import pika
import pytest

from common.web.standing import AccountStanding, Standing
from sample.rig import ARRIVALS

pytestmark = pytest.mark.rabbit

TEXT = {"type": "string", "minLength": 1}
OPTIONAL_TEXT = {"type": ["string", "null"], "minLength": 1}
CLOUD_EVENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": TEXT,
        "source": {**TEXT, "pattern": r"^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$"},
        "type": TEXT,
        "subject": OPTIONAL_TEXT,
        "time": {
            "type": ["string", "null"],
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
        },
        "datacontenttype": {"type": ["string", "null"], "pattern": r"^[\w.+-]+/[\w.+-]+(;.*)?$"},
        "dataschema": {  # a URI, which begins with a scheme, and no mere reference
            "type": ["string", "null"],
            "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$",
        },
        "sequence": {"type": "string", "pattern": r"^-?\d{1,10}$"},
        "sequencetype": {"const": "Integer"},
        "traceparent": {
            "type": ["string", "null"],
            "pattern": r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        },
        "data": {"type": "object"},
    },
    "not": {"required": ["data_base64"]},
    "propertyNames": {"pattern": "^([a-z0-9]{1,20}|data_base64)$"},
    "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
}


def read(rig, parcel):
    """What stands in the queue after the relay has sent that a parcel is on its way."""
    rig.deliver()  # makes the queues
    event_id = rig.send(parcel, weight=12)
    rig.relay.send_all()
    with rig.channel() as channel:
        method, properties, body = channel.basic_get(ARRIVALS, auto_ack=True)
    assert method is not None
    return event_id, method, properties, body


def test_what_we_publish_is_a_cloud_event(rig):
    (parcel,) = rig.given_parcels(1)
    event_id, _, _, body = read(rig, parcel)
    event = json.loads(body)
    jsonschema.Draft202012Validator(CLOUD_EVENT).validate(event)
    assert event["id"] == event_id
    assert event["source"] == "/sample"
    assert event["type"] == "sample.ParcelSent.v1"
    assert event["subject"] == str(parcel)
    assert event["sequence"] == "1"
    assert event["actor"] == "service:sample"
    assert event["data"] == {"parcel_id": str(parcel), "weight": 12}


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("source", None),
        ("time", "2026-03-02 09:00"),
        ("dataschema", "/events/sample.ParcelSent.v1.json"),
        ("sequence", 1),
        ("data", "text"),
        ("correlation_id", "underscores are not allowed"),
    ],
)
def test_control_the_schema_refuses_what_is_no_cloud_event(attribute, value):
    schema = jsonschema.Draft202012Validator(CLOUD_EVENT)
    schema.validate(WRITTEN_BY_HAND)
    with pytest.raises(jsonschema.ValidationError):
        schema.validate({**WRITTEN_BY_HAND, attribute: value})


def test_a_message_says_what_it_is_and_survives_a_restart_of_the_broker(rig):
    event_id, method, properties, _ = read(rig, rig.given_parcels(1)[0])
    assert (method.exchange, method.routing_key) == ("portal.events", "sample.ParcelSent.v1")
    assert properties.content_type == "application/cloudevents+json"
    assert properties.delivery_mode == 2
    assert properties.message_id == event_id
    assert properties.type == "sample.ParcelSent.v1"


WRITTEN_BY_HAND = {
    "data": {
        "epoch": 3,
        "organisation_id": "0195f000-0000-7000-8000-00000000000a",
        "account_id": "0195f000-0000-7000-8000-000000000001",
        "added_later": True,
    },
    "type": "identity.AccountBlocked.v1",
    "specversion": "1.0",
    "subject": "0195f000-0000-7000-8000-000000000001",
    "source": "https://elsewhere.example/identity",
    "id": "7d444840-9dc0-11d1-b245-5ffdce74fad2",
    "time": "2026-03-02T10:15:00.5+01:00",
    "dataschema": "https://elsewhere.example/schemas/account-blocked",
    "sequence": "41",
    "correlationid": "c-1",
    "actor": "service:elsewhere",
    "anextension": 7,
}


def feed(rig, event, **properties):
    """Publish as a stranger does: body and routing key, and what the test adds."""
    rig.deliver()  # makes the queues
    with rig.channel() as channel:
        channel.confirm_delivery()
        channel.basic_publish(
            "portal.events",
            event["type"],
            json.dumps(event, indent=2).encode(),
            pika.BasicProperties(**properties),
            mandatory=True,
        )


@pytest.mark.parametrize(
    "properties",
    [{}, {"content_type": "application/cloudevents+json; charset=utf-8", "delivery_mode": 2}],
    ids=["bare", "described"],
)
def test_a_cloud_event_written_by_hand_is_handled(rig, properties):
    feed(rig, WRITTEN_BY_HAND, **properties)
    rig.until(lambda: rig.deliveries)
    (standing,) = rig.harness.rows(AccountStanding)
    assert str(standing.account_id) == WRITTEN_BY_HAND["subject"]
    assert (standing.state, standing.epoch, standing.sequence) == (Standing.BLOCKED, 3, 41)


def test_a_strangers_event_that_comes_twice_is_handled_once(rig):
    (parcel,) = rig.given_parcels(1)
    event = WRITTEN_BY_HAND | {
        "type": "sample.ParcelSent.v1",
        "subject": str(parcel),
        "data": {"parcel_id": str(parcel), "weight": 3},
    }
    feed(rig, event)
    feed(rig, event)
    rig.until(lambda: len(rig.deliveries) == 2)
    rig.require_each_once([parcel])


def test_a_strangers_event_without_a_required_attribute_is_parked(rig):
    event = {name: value for name, value in WRITTEN_BY_HAND.items() if name != "sequence"}
    feed(rig, event)
    rig.until(lambda: rig.deliveries)
    assert rig.harness.rows(AccountStanding) == []
    with rig.channel() as channel:
        _, properties, body = channel.basic_get("sample.keep_standing.parked", auto_ack=True)
    assert properties.headers["x-error"] == "Undecodable"
    assert json.loads(body) == event
