"""Privacy notices: published once, in force from a day on, named by who was told (S1, S5)."""

import hashlib
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from common.privacy.consent import ConsentEntry
from common.privacy.retention import ANYWHERE
from identity import notices
from identity.models import Account, Notice
from identity.rules.refusals import NoticePublished

from .factories import a_registration, agree, an_account, me

SHIPPED = "2026-01-01"
TEXTS = {"en": "# Notice", "nl": "# Verklaring", "de": "# Hinweise"}


@pytest.fixture
def publish(identity):
    def enter(valid_from, country=ANYWHERE, texts=TEXTS):
        with identity.runtime.transaction() as session:
            return notices.publish(session, date.fromisoformat(valid_from), country, texts).version

    return enter


def current(identity, country=None, **headers):
    query = {"country": country} if country else {}
    return identity.anonymous().get("/notices/current", query_string=query, headers=headers)


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "Privacy notice"), ("nl", "Privacyverklaring"), ("de", "Datenschutzhinweise")],
)
def test_anybody_reads_the_notice_in_force_with_who_is_responsible(identity, language, says):
    answer = current(identity, **{"Accept-Language": language})
    told = answer.json
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, language)
    assert says in told["text"]
    assert told["version"] == SHIPPED
    assert told["sha256"] == hashlib.sha256(told["text"].encode()).hexdigest()
    assert told["responsible"]["dpo_email"] == "privacy@operator.example"


def test_who_has_the_text_already_is_sent_its_digest_alone(identity):
    first = current(identity)
    again = current(identity, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = current(identity, **{"If-None-Match": first.headers["ETag"], "Accept-Language": "nl"})
    assert other.status_code == 200
    assert "public" in first.headers["Cache-Control"]


def test_a_version_is_in_force_from_the_first_instant_of_its_day(identity, publish):
    publish("2026-07-01")
    identity.clock.instant = datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC)  # in Berlin 23:59:59
    assert current(identity).json["version"] == SHIPPED
    identity.clock.instant = datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
    assert current(identity).json["version"] == "2026-07-01"


def test_a_country_with_a_notice_of_its_own_is_told_that_one(identity, publish):
    publish("2026-02-01", "CH")
    publish("2026-03-01")
    assert current(identity, "CH").json["version"] == "2026-02-01-CH"
    assert current(identity, "DE").json["version"] == "2026-03-01"
    assert current(identity).json["version"] == "2026-03-01"


def test_every_version_stays_readable_and_is_listed(identity, publish):
    publish("2026-02-01", "CH")
    listed = identity.anonymous().get("/notices").json
    assert [each["version"] for each in listed] == ["2026-02-01-CH", SHIPPED]
    assert identity.anonymous().get(f"/notices/{SHIPPED}").json["version"] == SHIPPED
    assert identity.anonymous().get("/notices/1999-01-01").status_code == 404


def test_a_published_version_never_says_something_else(identity, publish):
    publish("2026-02-01")
    assert publish("2026-02-01") == "2026-02-01"
    with pytest.raises(NoticePublished):
        publish("2026-02-01", texts={**TEXTS, "de": "# Anderes"})
    with identity.runtime.reading() as session:
        assert session.get_one(Notice, "2026-02-01").text_de == "# Hinweise"


def test_a_registration_and_its_consent_name_the_version_in_force(identity, publish):
    publish("2026-02-01", "CH")
    sent = a_registration(
        country="CH",
        job_title="Welder",
        consents=[{"purpose": "voluntary_profile", "text_id": "voluntary-profile-1"}],
    )
    identity.anonymous().post("/registrations", sent)
    with identity.runtime.reading() as session:
        account = session.scalars(sa.select(Account)).one()
        consent = session.scalars(sa.select(ConsentEntry)).one()
    assert account.notice_version == consent.notice_version == "2026-02-01-CH"


def test_a_consent_in_the_account_names_the_version_of_its_day_and_its_withdrawal_the_same(
    identity, customer, publish
):
    anna = me(identity, identity.given(an_account(customer)))
    agree(anna)
    publish("2026-03-01")
    anna.call("DELETE", "/accounts/me/consents/voluntary_profile")
    agree(anna)
    with identity.runtime.reading() as session:
        acts = session.scalars(sa.select(ConsentEntry).order_by(ConsentEntry.number))
        named = [each.notice_version for each in acts]
    assert named == [SHIPPED, SHIPPED, "2026-03-01"]


def test_without_any_notice_nobody_registers_and_the_answer_names_the_command(identity):
    with identity.runtime.transaction() as session:
        session.execute(sa.delete(Notice))
    answer = identity.anonymous().post("/registrations", a_registration())
    assert answer.status_code == 503
    assert "notices publish" in answer.json["detail"]
    with identity.runtime.reading() as session:
        assert session.scalars(sa.select(Account)).all() == []
