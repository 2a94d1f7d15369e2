"""Consent: what stands is the fold of a ledger that only grows (S6, S28)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from common.db import CommonBase
from common.events.catalogue import ConsentGiven, ConsentPurpose, ConsentWithdrawn, ErasureRequested
from common.events.envelope import decode
from common.ids import uuid7
from common.messaging.outbox import OutboxRow
from common.privacy import consent
from common.privacy.consent import Act, ConsentEntry, ConsentText, Surface, fold
from common.privacy.erasure import answer_erasure
from common.service import Service
from common.testing.harness import Harness
from common.texts import Text
from sample import handlers, models, routes, rules, settings
from sample.models import Base

OWNER = Service("identity", settings, models, rules, routes, handlers)
PURPOSE = ConsentPurpose.VOLUNTARY_PROFILE
TEXT = ConsentText(PURPOSE, "profile-1", Text("I agree.", "Ik ga akkoord.", "Ich willige ein."))
NEWER = ConsentText(PURPOSE, "profile-2", Text("I agree to it.", "Akkoord.", "Ja, ich will."))


def with_tables(harness):
    Base.metadata.create_all(harness.runtime.db.engine)
    return harness


@pytest.fixture
def identity(tmp_path):
    harness = with_tables(Harness(OWNER, tmp_path))
    yield harness
    harness.runtime.close()


@pytest.fixture(scope="module")
def shared_identity(tmp_path_factory):
    harness = with_tables(Harness(OWNER, tmp_path_factory.mktemp("shared")))
    yield harness
    harness.runtime.close()


@pytest.fixture
def on_postgres(tmp_path, postgres_url):
    harness = with_tables(Harness(OWNER, tmp_path, database_url=postgres_url))
    yield harness
    harness.runtime.close()


def give_here(session, person, text=TEXT, language="en"):
    return consent.give(
        session, person, text, language=language, surface=Surface.ACCOUNT, notice="1"
    )


def give(harness, person, text=TEXT, language="de"):
    with harness.runtime.transaction(actor=str(person)) as session:
        return give_here(session, person, text, language)


def withdraw(harness, person):
    with harness.runtime.transaction(actor=str(person)) as session:
        return consent.withdraw(session, person, PURPOSE, surface=Surface.ACCOUNT)


def stands(harness, person):
    with harness.runtime.reading() as session:
        return consent.stands(session, person, PURPOSE)


def ledger(harness, person):
    found = harness.rows(ConsentEntry, ConsentEntry.account_id == person)
    return sorted(found, key=lambda entry: entry.number)


def told(harness, person):
    """Events about a person, in order."""
    events = [decode(row.body)[1] for row in harness.rows(OutboxRow)]
    return [each for each in events if each.account_id == person]


# ------------------------------------------------------------------------------------ the fold

acts = st.lists(st.sampled_from(Act), max_size=8)


@given(acts=acts, repeated=st.integers(1, 3))
def test_what_stands_is_the_last_act_however_often_it_was_said(acts, repeated):
    entries = [ConsentEntry(purpose=PURPOSE, act=act) for act in acts for _ in range(repeated)]
    assert (PURPOSE in fold(entries)) is (bool(acts) and acts[-1] is Act.GIVEN)


@given(acts=acts)
def test_the_ledger_of_a_person_holds_new_facts_alone_and_each_is_told_once(shared_identity, acts):
    person, expected = uuid7(), []
    for act in acts:
        new = {Act.GIVEN: give, Act.WITHDRAWN: withdraw}[act](shared_identity, person)
        was = expected[-1] if expected else Act.WITHDRAWN
        assert new is (act is not was)
        expected += [act] if new else []
        assert stands(shared_identity, person) is (act is Act.GIVEN)
    entries = ledger(shared_identity, person)
    assert [each.act for each in entries] == expected
    assert [each.number for each in entries] == list(range(1, len(expected) + 1))
    kinds = {ConsentGiven: Act.GIVEN, ConsentWithdrawn: Act.WITHDRAWN}
    assert [kinds[type(each)] for each in told(shared_identity, person)] == expected


# --------------------------------------------------------------------------- what is written down


def test_an_entry_proves_what_was_agreed_to_when_where_and_in_which_words(identity):
    person = uuid7()
    give(identity, person, language="nl")
    (entry,) = ledger(identity, person)
    assert (entry.text_id, entry.language, entry.surface) == ("profile-1", "nl", Surface.ACCOUNT)
    assert entry.text_sha256 == TEXT.sha256("nl") != TEXT.sha256("de")
    assert (entry.actor, entry.at) == (str(person), identity.clock.now())


def test_a_withdrawal_names_what_was_given_and_leaves_that_written(identity):
    person = uuid7()
    give(identity, person, language="nl")
    identity.clock.advance("P1D")
    withdraw(identity, person)
    given_then, withdrawn = ledger(identity, person)
    assert given_then.act is Act.GIVEN
    assert (withdrawn.text_id, withdrawn.text_sha256) == ("profile-1", given_then.text_sha256)
    assert withdrawn.at > given_then.at


def test_agreeing_to_another_wording_is_a_new_fact(identity):
    person = uuid7()
    assert [give(identity, person, text) for text in (TEXT, NEWER, NEWER)] == [True, True, False]
    assert [each.text_id for each in ledger(identity, person)] == ["profile-1", "profile-2"]
    with identity.runtime.reading() as session:
        assert consent.standing(session, person)[PURPOSE].text_id == "profile-2"


def test_one_persons_consent_is_nobody_elses(identity):
    one, two, three = uuid7(), uuid7(), uuid7()
    for person in (one, two):
        give(identity, person)
    withdraw(identity, two)
    with identity.runtime.reading() as session:
        assert consent.consenting(session, [one, two, three], PURPOSE) == {one}


def test_events_say_who_for_what_and_in_which_wording(identity):
    person = uuid7()
    give(identity, person)
    withdraw(identity, person)
    facts = {"account_id": person, "purpose": PURPOSE, "wording_id": "profile-1"}
    assert identity.published() == [ConsentGiven(**facts), ConsentWithdrawn(**facts)]


def test_nobody_hears_of_what_is_only_noted_until_it_is_told(identity):
    person = uuid7()
    with identity.runtime.transaction(actor="anonymous") as session:
        entry = consent.note_given(
            session, person, TEXT, language="en", surface=Surface.REGISTRATION, notice="1"
        )
    assert stands(identity, person)
    assert identity.published() == []
    with identity.runtime.transaction() as session:
        consent.tell(session, entry)
    assert [type(each) for each in identity.published()] == [ConsentGiven]


def test_nothing_is_noted_when_the_work_around_it_fails(identity):
    person = uuid7()

    def agree_and_fail():
        with identity.runtime.transaction() as session:
            give_here(session, person, TEXT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        agree_and_fail()
    assert (ledger(identity, person), identity.published()) == ([], [])


def test_the_ledger_goes_with_the_person_in_every_service(identity):
    person, other = uuid7(), uuid7()
    give(identity, person), give(identity, other)
    with identity.runtime.transaction() as session:
        asked = ErasureRequested(account_id=person, request_id=uuid7())
        answer_erasure(asked, session, lambda _: None)
    assert (len(ledger(identity, person)), len(ledger(identity, other))) == (0, 1)
    receipt = identity.published()[-1]
    assert [each.deleted for each in receipt.tables if each.table == "consents"] == [1]


def test_every_service_has_the_ledger():
    assert "consents" in CommonBase.metadata.tables


# ------------------------------------------------------------------------------------ at once


@pytest.mark.postgres
def test_of_two_at_once_one_waits_and_has_nothing_to_add(on_postgres, together):
    assert sorted(together(on_postgres)) == [False, True]


@pytest.mark.postgres
def test_without_the_lock_two_at_once_collide(on_postgres, together, monkeypatch):
    monkeypatch.setattr(consent, "_lock", lambda *_: None)
    outcomes = together(on_postgres)
    assert sorted(map(str, outcomes)) == ["IntegrityError", "True"]


@pytest.fixture
def together():
    """Function that lets one person agree twice at once; what came out of each."""
    from threading import Event, Thread

    def run(harness):
        person, entered, answers = uuid7(), Event(), []

        def first():
            with harness.runtime.transaction() as session:
                answers.append(give_here(session, person, TEXT))
                entered.set()
                other.join(0.5)

        def second():
            entered.wait(30)
            try:
                answers.append(give(harness, person))
            except IntegrityError:
                answers.append("IntegrityError")

        threads = [Thread(target=first), other := Thread(target=second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return answers

    return run
