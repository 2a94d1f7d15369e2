"""Erasure counts, recounts and signs; a receipt that is not true does not come about."""

import dataclasses
import hashlib
from datetime import date
from threading import Thread
from uuid import UUID

import pytest
import rfc8785

from common.events.catalogue import ErasureRequested, PersonalDataErased, TableErased
from common.events.envelope import decode, encode_data
from common.ids import uuid7
from common.keys import Keys
from common.messaging.outbox import OutboxRow
from common.privacy.audit import AuditEntry, audit
from common.privacy.erasure import (
    ErasureIncomplete,
    ErasureReceipt,
    answer_erasure,
    is_genuine,
)
from common.service import Service
from common.testing.harness import Harness
from common.web.idempotency import StoredAnswer
from common.web.standing import AccountStanding
from sample import handlers, models, routes, rules, settings
from sample.models import Base, Parcel, Receiver

# An owner of personal data, with the sample's tables.
OWNER = Service("shop", settings, models, rules, routes, handlers)


@pytest.fixture
def shop(tmp_path):
    harness = Harness(OWNER, tmp_path)
    Base.metadata.create_all(harness.runtime.db.engine)
    yield harness
    harness.runtime.close()


def a_receiver(account_id, **fields):
    return Receiver(
        **{"account_id": account_id, "family_name": "Muster", "phone": "0123", **fields}
    )


def ask(harness, account_id, erase, request_id=None):
    """Ask for a person's erasure; return the receipt as it is published."""
    event = ErasureRequested(account_id=account_id, request_id=request_id or uuid7())
    with harness.runtime.transaction() as session:
        answer_erasure(event, session, erase)
    return harness.published(PersonalDataErased)[-1]


def delete_receivers(person):
    person.delete(Receiver, Receiver.account_id == person.account_id)


def table(receipt, name="receivers"):
    return next((each for each in receipt.tables if each.table == name), None)


# ------------------------------------------------------------------------------ what is done


def test_rows_of_the_person_are_deleted_and_others_stay(shop):
    anna, bert = uuid7(), uuid7()
    for each in (anna, anna, bert):
        shop.given(a_receiver(each))
    receipt = ask(shop, anna, delete_receivers)
    assert [each.account_id for each in shop.rows(Receiver)] == [bert]
    assert table(receipt) == TableErased(table="receivers", deleted=2)


def test_columns_are_emptied_and_the_rows_stay(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))
    shop.given(a_receiver(anna, phone=None))

    def erase(person):
        theirs = Receiver.account_id == person.account_id
        person.null(Receiver, theirs, columns=(Receiver.phone,))
        person.keep(Receiver, theirs, reason="statutory", until=date(2034, 12, 31))

    receipt = ask(shop, anna, erase)
    assert [each.phone for each in shop.rows(Receiver)] == [None, None]
    until = date(2034, 12, 31)
    assert [each for each in receipt.tables if each.table == "receivers"] == [
        TableErased(table="receivers", nulled=1),
        TableErased(table="receivers", kept=2, reason="statutory", until=until),
    ]


def test_what_is_kept_for_two_reasons_is_said_twice(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))
    shop.given(a_receiver(anna, phone=None))

    def erase(person):
        theirs = Receiver.account_id == person.account_id
        for reason, where, year in (
            ("statutory", Receiver.phone.is_(None), 2034),
            ("claims", Receiver.phone.is_not(None), 2030),
            ("claims", Receiver.phone.is_not(None), 2029),
        ):
            person.keep(Receiver, theirs, where, reason=reason, until=date(year, 12, 31))

    receipt = ask(shop, anna, erase)
    said = {each.reason: each.until.year for each in receipt.tables if each.table == "receivers"}
    assert said == {"claims": 2030, "statutory": 2034}


def test_what_names_the_person_is_overwritten(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))

    def erase(person):
        theirs = Receiver.account_id == person.account_id
        person.pseudonymise(Receiver, theirs, values={"family_name": "-", "phone": None})

    receipt = ask(shop, anna, erase)
    (left,) = shop.rows(Receiver)
    assert (left.family_name, left.phone) == ("-", None)
    assert table(receipt) == TableErased(table="receivers", pseudonymised=1)


def test_a_table_in_which_nothing_was_found_is_named_with_zeros(shop):
    assert table(ask(shop, uuid7(), delete_receivers)) == TableErased(table="receivers")


def test_stored_answers_go_and_the_tombstone_and_the_audit_stay_with_their_reasons(shop):
    anna = shop.sign_in().person.account_id
    with shop.runtime.transaction(actor=str(anna)) as session:
        audit(session, "order.place", uuid7())
        at = shop.clock.now()
        row = {"key": "k", "account_id": anna, "fingerprint": "f", "status": 201, "body": b"Anna"}
        session.add(StoredAnswer(**row, headers={}, stored_at=at))
    receipt = ask(shop, anna, lambda person: None)
    assert shop.rows(StoredAnswer) == []
    assert len(shop.rows(AccountStanding)) == len(shop.rows(AuditEntry)) == 1
    assert table(receipt, "idempotency_keys").deleted == 1
    assert (table(receipt, "account_standing").kept, table(receipt, "account_standing").reason) == (
        1, "tombstone"
    )  # fmt: skip
    assert table(receipt, "audit_entries").reason == "accountability"


# ------------------------------------------------------------------------------ the recount


def refused(harness, account_id, erase, match):
    """The erasure is refused, and nothing of it is left."""
    rows = len(harness.rows(Receiver))
    with pytest.raises(ErasureIncomplete, match=match):
        ask(harness, account_id, erase)
    assert len(harness.rows(Receiver)) == rows
    assert harness.rows(ErasureReceipt) == []
    assert harness.rows(OutboxRow) == []


def forget_everything(person):
    """An eraser that deletes nothing."""


def delete_somebody_else(person):
    person.delete(Receiver, Receiver.account_id == uuid7())


@pytest.mark.parametrize("erase", [forget_everything, delete_somebody_else])
def test_an_eraser_that_deletes_nothing_is_caught(shop, erase):
    anna = uuid7()
    shop.given(a_receiver(anna))
    refused(shop, anna, erase, "receivers: 1 rows still name the person")


def trigger(harness, statement):
    """Have the database undo or do something behind the eraser's back."""
    with harness.runtime.db.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TRIGGER behind_its_back {statement}")


def test_rows_that_come_back_before_the_end_are_caught(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))
    again = "INSERT INTO receivers VALUES (OLD.id, OLD.account_id, OLD.family_name, OLD.phone)"
    trigger(shop, f"AFTER DELETE ON receivers BEGIN {again}; END")
    refused(shop, anna, delete_receivers, "receivers: 1 rows are left")


def test_a_database_that_deletes_nothing_is_caught(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))
    trigger(shop, "BEFORE DELETE ON receivers BEGIN SELECT RAISE(IGNORE); END")
    refused(shop, anna, delete_receivers, "receivers: 1 rows are left")


def test_values_that_come_back_after_they_were_emptied_are_caught(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))

    def erase(person):
        theirs = Receiver.account_id == person.account_id
        person.null(Receiver, theirs, columns=(Receiver.phone,))

    again = "UPDATE receivers SET phone = OLD.phone WHERE id = OLD.id"
    trigger(shop, f"AFTER UPDATE ON receivers BEGIN {again}; END")
    refused(shop, anna, erase, "receivers: 1 rows are left")


def test_a_pseudonym_that_does_not_stick_is_caught(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))

    def erase(person):
        theirs = Receiver.account_id == person.account_id
        person.pseudonymise(Receiver, theirs, values={"family_name": "-"})

    again = "UPDATE receivers SET family_name = OLD.family_name WHERE id = OLD.id"
    trigger(shop, f"AFTER UPDATE ON receivers BEGIN {again}; END")
    refused(shop, anna, erase, "receivers: 1 rows are left")


def test_what_is_kept_is_counted_when_all_else_is_done(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))
    shop.given(a_receiver(anna, phone=None))

    def erase(person):
        theirs = Receiver.account_id == person.account_id
        person.keep(Receiver, theirs, reason="statutory")
        person.delete(Receiver, theirs, Receiver.phone.is_(None))

    receipt = ask(shop, anna, erase)
    said = {each.reason: each for each in receipt.tables if each.table == "receivers"}
    assert (said[None].deleted, said["statutory"].kept) == (1, 1)


def test_a_table_that_says_nothing_about_people_need_not_be_spoken_of(shop):
    anna = uuid7()
    shop.given(Parcel(organisation_id=anna, account_id=anna, label="box", weight=1))
    assert table(ask(shop, anna, delete_receivers), "parcels") is None


# ------------------------------------------------------------------------------- the receipt


def keys_of(harness, service):
    return Keys(harness.folder / "keys", service)


def test_a_receipt_is_signed_and_everybody_can_verify_it(shop):
    receipt = ask(shop, uuid7(), delete_receivers)
    assert is_genuine(keys_of(shop, "identity"), "shop", receipt)


def test_a_receipt_is_still_genuine_after_the_wire(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))

    def erase(person):
        theirs = Receiver.account_id == person.account_id
        person.keep(Receiver, theirs, reason="statutory", until=date(2034, 12, 31))

    ask(shop, anna, erase)
    (row,) = shop.rows(OutboxRow)
    _, receipt = decode(row.body)
    assert is_genuine(keys_of(shop, "identity"), "shop", receipt)


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": UUID("01a20000-0000-7000-8000-000000000001")},
        {"request_id": UUID("01a20000-0000-7000-8000-000000000001")},
        {"tables": ()},
        {"tables": (TableErased(table="receivers", deleted=2),)},
        {"tables": (TableErased(table="receivers", deleted=1, until=date(2034, 1, 1)),)},
        {"previous": "00"},
        {"signature": ""},
        {"kid": "shop-000000000000"},
    ],
    ids=str,
)
def test_a_changed_receipt_is_not_genuine(shop, change):
    anna = uuid7()
    shop.given(a_receiver(anna))
    receipt = ask(shop, anna, delete_receivers)
    identity = keys_of(shop, "identity")
    assert is_genuine(identity, "shop", receipt)
    assert not is_genuine(identity, "shop", dataclasses.replace(receipt, **change))


def test_a_receipt_signed_by_another_service_is_not_genuine(shop):
    receipt = ask(shop, uuid7(), delete_receivers)
    identity, training = keys_of(shop, "identity"), keys_of(shop, "training")
    assert not is_genuine(identity, "training", receipt)
    payload = rfc8785.dumps({"owner": "shop"})
    forged = dataclasses.replace(receipt, kid=training.kid, signature=training.sign(payload))
    assert not is_genuine(identity, "shop", forged)
    assert not is_genuine(identity, "training", forged)


def test_each_receipt_names_the_hash_of_the_one_before(shop):
    receipts = [ask(shop, uuid7(), delete_receivers) for _ in range(3)]
    rows = sorted(shop.rows(ErasureReceipt), key=lambda row: row.number)
    assert [row.number for row in rows] == [1, 2, 3]
    hashes = [hashlib.sha256(rfc8785.dumps(row.receipt)).hexdigest() for row in rows]
    assert [each.previous for each in receipts] == ["", hashes[0], hashes[1]]


def test_a_receipt_holds_nothing_of_the_person_but_the_id(shop):
    anna = uuid7()
    shop.given(a_receiver(anna))
    body = bytes(encode_data(ask(shop, anna, delete_receivers)))
    assert b"Muster" not in body
    assert str(anna).encode() in body


# --------------------------------------------------------------------------- asked again


def test_asked_twice_the_same_receipt_is_given_and_nothing_is_done_again(shop):
    anna, request = uuid7(), uuid7()
    shop.given(a_receiver(anna))
    first = ask(shop, anna, delete_receivers, request)
    shop.clock.advance("P1D")
    kept = a_receiver(anna)
    shop.given(kept)
    second = ask(shop, anna, forget_everything, request)
    assert second == first
    assert len(shop.published(PersonalDataErased)) == 2
    assert len(shop.rows(ErasureReceipt)) == 1
    assert [each.id for each in shop.rows(Receiver)] == [kept.id]


def test_another_request_for_the_same_person_is_worked_on(shop):
    anna = uuid7()
    ask(shop, anna, delete_receivers)
    shop.given(a_receiver(anna))
    assert table(ask(shop, anna, delete_receivers)).deleted == 1
    assert shop.rows(Receiver) == []


@pytest.mark.postgres
def test_receipts_made_at_the_same_time_stand_one_behind_the_other(tmp_path, postgres_url):
    harness = Harness(OWNER, tmp_path, database_url=postgres_url)
    Base.metadata.create_all(harness.runtime.db.engine)
    workers = [
        Thread(target=ask, args=(harness, uuid7(), delete_receivers), daemon=True) for _ in range(8)
    ]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    rows = sorted(harness.rows(ErasureReceipt), key=lambda row: row.number)
    assert [row.number for row in rows] == list(range(1, 9))
    hashes = [hashlib.sha256(rfc8785.dumps(row.receipt)).hexdigest() for row in rows]
    assert [row.receipt["previous"] for row in rows] == ["", *hashes[:-1]]
    harness.runtime.close()
