"""Who read what of whom between two instants is one query (S12, S24, art. 33 GDPR)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from common.ids import uuid7
from common.messaging.outbox import Cause
from common.privacy.audit import AuditEntry, audit, audit_bulk_read, audit_shown, reads, write_shown
from common.web import Role
from sample.models import Receiver


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either(request):
    """The sample service on either database."""
    name = "sample" if request.param == "sqlite" else "sample_on_postgres"
    return request.getfixturevalue(name)


def a_receiver(harness):
    return harness.given(Receiver(account_id=uuid7(), family_name="Ohm"))


def shown_to(harness, actor, *rows, action="receiver.read"):
    """What a route does that shows rows."""
    cause = Cause(actor, "correlation")
    with harness.runtime.db.reading(runtime=harness.runtime, cause=cause) as session:
        found = [session.get_one(Receiver, each.id) for each in rows]
        audit_shown(session, found, action)
        write_shown(session)


def searched(harness, **wanted):
    at = harness.clock.now()
    hour = timedelta(hours=1)
    with harness.runtime.reading() as session:
        return list(session.scalars(reads(at - hour, at + hour, **wanted)))


def test_each_row_that_is_shown_names_its_reader_its_person_and_itself(either):
    rows, reader = [a_receiver(either) for _ in range(3)], str(uuid7())
    shown_to(either, reader, *rows)
    entries = either.rows(AuditEntry)
    assert {(each.actor, each.person, each.row_table, each.row_id) for each in entries} == {
        (reader, each.account_id, "receivers", each.id) for each in rows
    }


def test_what_one_reads_of_one_s_own_is_not_noted(either):
    row = a_receiver(either)
    shown_to(either, str(row.account_id), row)
    assert either.rows(AuditEntry) == []


def test_a_service_that_is_told_of_many_is_one_entry_with_their_number(sample):
    cause = Cause("service:screening", "correlation")
    with sample.runtime.db.reading(runtime=sample.runtime, cause=cause) as session:
        audit_bulk_read(session, "receivers:read", Receiver, 500)
        write_shown(session)
    (entry,) = searched(sample)
    assert (entry.actor, entry.subject) == ("service:screening", "500 of receivers")


def test_a_read_is_found_by_its_time_its_person_its_table_and_its_reader(either):
    anna, ben = a_receiver(either), a_receiver(either)
    reader = str(uuid7())
    shown_to(either, reader, anna)
    shown_to(either, str(uuid7()), ben)
    assert len(searched(either)) == 2
    assert [each.person for each in searched(either, person=anna.account_id)] == [anna.account_id]
    assert [each.person for each in searched(either, actor=reader)] == [anna.account_id]
    assert searched(either, table="parcels") == []
    either.clock.advance("PT2H")
    assert searched(either) == []


def test_an_act_is_no_read(sample):

    with sample.runtime.transaction(actor="somebody") as session:
        audit(session, "receiver.delete", uuid7())
    assert searched(sample) == []
    assert len(sample.rows(AuditEntry)) == 1


def test_nothing_is_shown_when_the_read_cannot_be_noted(either):
    """It fails closed: no entry, no answer."""
    row = a_receiver(either)
    with either.runtime.db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE audit_entries RENAME TO elsewhere"))
    with pytest.raises(sa.exc.DBAPIError):
        shown_to(either, str(uuid7()), row)


def test_a_reading_writes_the_audit_and_nothing_else(either):
    row = a_receiver(either)
    cause = Cause(str(uuid7()), "correlation")
    with either.runtime.db.reading(runtime=either.runtime, cause=cause) as session:
        found = session.get_one(Receiver, row.id)
        audit_shown(session, [found], "receiver.read")
        found.family_name = "Other"
        write_shown(session)
    assert [each.family_name for each in either.rows(Receiver)] == ["Ohm"]
    assert len(either.rows(AuditEntry)) == 1


def test_the_data_protection_officer_asks_over_http_page_by_page(sample):
    rows = [a_receiver(sample) for _ in range(3)]
    shown_to(sample, str(uuid7()), *rows)
    at = sample.clock.now()
    span = {"from": at.isoformat(), "to": (at + timedelta(seconds=1)).isoformat(), "limit": 2}
    dpo = sample.sign_in(Role.DPO)
    first = dpo.get("/audit/reads", query_string=span)
    assert first.status_code == 200, first.text
    following = first.headers["Link"].split(">")[0].removeprefix("<http://localhost")
    second = dpo.get(following)
    listed = [each["person"] for each in [*first.json, *second.json] if each["person"]]
    assert sorted(listed) == sorted(str(each.account_id) for each in rows)


def test_a_search_is_noted_itself_for_whom_it_asked(sample):
    person, dpo = uuid7(), sample.sign_in(Role.DPO)
    span = {"from": "2026-01-01T00:00:00Z", "to": "2028-01-01T00:00:00Z", "person": str(person)}
    assert dpo.get("/audit/reads", query_string=span).json == []
    (entry,) = sample.rows(AuditEntry)
    assert (entry.actor, entry.person) == (str(dpo.person.account_id), person)
    assert (entry.action, entry.row_table) == ("audit.search", "audit_entries")


def test_nobody_else_may_ask(sample):
    span = {"from": "2026-01-01T00:00:00Z", "to": "2028-01-01T00:00:00Z"}
    for role in set(Role) - {Role.DPO}:
        assert sample.sign_in(role).get("/audit/reads", query_string=span).status_code == 403


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("column", "index"),
    [("person", "ix_audit_entries_person_at"), ("actor", "ix_audit_entries_actor_at")],
)
def test_the_question_is_answered_by_an_index(sample_on_postgres, column, index):
    harness = sample_on_postgres
    filling = sa.text(
        "INSERT INTO audit_entries (id, at, actor, action, subject, person, row_table, row_id)"
        " SELECT gen_random_uuid(), now() - n * interval '1 minute', 'reader ' || n % 500,"
        " 'account.read', 'x', gen_random_uuid(), 'accounts', gen_random_uuid()"
        " FROM generate_series(1, 20000) AS n"
    )
    with harness.runtime.db.engine.connect() as connection:
        connection.execute(filling)
        connection.execute(sa.text("ANALYZE audit_entries"))
        at = harness.clock.now()
        wanted = {"person": uuid7()} if column == "person" else {"actor": "reader 7"}
        question = reads(at - timedelta(days=400), at, **wanted)
        told = connection.execute(
            sa.text(
                "EXPLAIN "
                + str(question.compile(connection, compile_kwargs={"literal_binds": True}))
            )
        )
        plan = "\n".join(told.scalars())
    assert index in plan, plan
