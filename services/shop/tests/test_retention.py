import dataclasses
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa

from common.events.catalogue import ErasureRequested, PersonalDataErased
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.privacy.erasure import is_genuine
from common.privacy.retention import ANYWHERE, RowFacts, faults, kept_until
from common.privacy.sweeps import BATCH, RetentionReport
from common.web import Role
from common.web.idempotency import StoredAnswer
from shop import retention
from shop.models import Address, Order, OrderLine

from .factories import a_line, a_product, an_order, order_body

NEW_YEAR_2035 = datetime(2034, 12, 31, 23, 0, tzinfo=UTC)  # in Berlin
LAST_MOMENT_OF_2034 = datetime(2034, 12, 31, 22, 59, 59, tzinfo=UTC)
DUTCH = Address("Keizersgracht 1", "1015 CN", "Amsterdam", "NL")


def erase(shop, account_id):
    shop.when(ErasureRequested(account_id=account_id, request_id=uuid7()))
    receipt = shop.published(PersonalDataErased)[-1]
    return {each.table: each for each in receipt.tables}


def sweep(shop):
    return shop.service.jobs["sweep-retention"].run(shop.runtime)


# ---------------------------------------------------------------------------------------- erasure


def test_an_erased_person_s_orders_are_kept_with_reason_and_day(shop):
    order = shop.given(an_order(lines=[a_line(1), a_line(2)]))
    shop.given(an_order(account_id=order.account_id, placed_at=datetime(2025, 5, 1, tzinfo=UTC)))
    receipt = erase(shop, order.account_id)
    assert (receipt["orders"].kept, receipt["orders"].deleted) == (2, 0)
    assert receipt["order_lines"].kept == 3
    assert receipt["orders"].reason == "statutory-retention"
    assert receipt["orders"].until == date(2034, 12, 31)


def test_an_erased_person_s_order_still_prints_all_it_was_placed_with(shop):
    shop.given(a_product())
    buyer = shop.sign_in()
    placed = buyer.post("/orders", order_body()).json
    erase(shop, buyer.person.account_id)
    colleague = shop.sign_in(organisation_id=buyer.person.organisation_id)
    assert colleague.get(f"/orders/{placed['id']}").json == placed


def test_an_erased_person_s_stored_answers_are_deleted(shop):
    shop.given(a_product())
    buyer = shop.sign_in()
    assert buyer.post("/orders", order_body()).status_code == 201
    assert erase(shop, buyer.person.account_id)["idempotency_keys"].deleted == 1
    assert shop.rows(StoredAnswer) == []


def test_an_erased_person_s_orders_whose_time_is_over_go_with_the_person(shop):
    order = shop.given(an_order(placed_at=datetime(2014, 5, 1, tzinfo=UTC)))
    receipt = erase(shop, order.account_id)
    assert (receipt["orders"].deleted, receipt["orders"].kept) == (1, 0)
    assert receipt["order_lines"].deleted == 1
    assert receipt["orders"].until is None
    assert shop.rows(Order) == shop.rows(OrderLine) == []


def test_nobody_else_s_order_is_touched(shop):
    other = shop.given(an_order(placed_at=datetime(2014, 5, 1, tzinfo=UTC)))
    erase(shop, uuid7())
    assert [order.id for order in shop.rows(Order)] == [other.id]


def test_a_person_without_orders_gets_a_genuine_receipt_too(shop):
    receipt = erase(shop, uuid7())
    assert receipt["orders"].kept == receipt["orders"].deleted == 0
    [event] = {each.signature: each for each in shop.published(PersonalDataErased)}.values()
    assert is_genuine(shop.runtime.keys, "shop", event)


# ------------------------------------------------------------------------------------------ rules


def test_every_day_and_country_has_one_rule_and_the_statement_s_ten_years_are_the_default():  # S67
    assert list(faults(retention.RULES)) == []
    assert [rule.period for rule in retention.RULES if rule.country == ANYWHERE] == ["P10Y"]


@pytest.mark.parametrize(
    ("country", "end"), [("DE", 2034), ("NL", 2033), ("AT", 2033), ("CH", 2036), ("FR", 2036)]
)
def test_an_order_is_kept_from_the_end_of_its_year_as_its_country_says(country, end):  # S67
    placed_at = datetime(2026, 3, 2, tzinfo=UTC)
    order = RowFacts(record_class="order", country=country, collected_at=placed_at)
    assert kept_until([order], retention.RULES, placed_at) == date(end, 12, 31)


# ------------------------------------------------------------------------------------------ sweep


def test_an_order_is_there_until_the_last_moment_of_its_eighth_year_and_no_longer(shop):
    order = shop.given(an_order())
    shop.clock.instant = LAST_MOMENT_OF_2034
    assert sweep(shop) == 0
    assert [each.id for each in shop.rows(Order)] == [order.id]
    shop.clock.instant = NEW_YEAR_2035
    assert sweep(shop) == 1
    assert shop.rows(Order) == shop.rows(OrderLine) == []
    report = shop.rows(RetentionReport, RetentionReport.erased == 1)[0]
    [entry] = shop.rows(AuditEntry)
    assert (entry.action, entry.subject) == ("retention.erase", str(report.id))
    assert sweep(shop) == 0


def test_a_sweep_goes_through_all_batches_and_past_what_is_not_over(shop, monkeypatch):
    others = [rule for rule in retention.RULES if rule.country != "NL"]
    dutch_for_two_years = dataclasses.replace(others[0], country="NL", period="P2Y")
    monkeypatch.setattr(retention, "RULES", (*others, dutch_for_two_years))
    placed_at = datetime(2020, 5, 1, tzinfo=UTC)
    with shop.runtime.transaction() as session:
        for number in range(BATCH + 3):
            kept = number % 3 == 0
            delivery = {} if kept else {"delivery": DUTCH}
            session.add(an_order(id=uuid7(), placed_at=placed_at, **delivery))
    assert sweep(shop) == (BATCH + 3) * 2 // 3
    assert {order.delivery_country for order in shop.rows(Order)} == {"DE"}
    assert len(shop.rows(Order)) == len(shop.rows(OrderLine)) == 168


def test_a_law_that_comes_into_force_is_followed_at_the_next_sweep(shop):  # BEG IV
    shop.given(an_order(placed_at=datetime(2016, 5, 1, tzinfo=UTC)))
    shop.clock.instant = datetime(2024, 12, 31, 22, 59, tzinfo=UTC)
    assert sweep(shop) == 0
    shop.clock.instant = datetime(2025, 1, 1, 0, 0, tzinfo=UTC)
    assert sweep(shop) == 1


def test_the_sweep_is_a_daily_job_of_the_service(shop):
    assert shop.service.jobs["sweep-retention"].every.days == 1


@pytest.mark.postgres
def test_the_sweep_and_the_erasure_do_the_same_on_postgresql(shop_on_postgres):
    old = shop_on_postgres.given(an_order(placed_at=datetime(2014, 5, 1, tzinfo=UTC)))
    kept = shop_on_postgres.given(an_order())
    assert erase(shop_on_postgres, kept.account_id)["orders"].until == date(2034, 12, 31)
    assert sweep(shop_on_postgres) == 1
    assert old.id != kept.id
    assert [order.id for order in shop_on_postgres.rows(Order)] == [kept.id]


# --------------------------------------------------------------------------------------- contents


def test_no_personal_value_of_an_order_leaves_its_own_table(shop):
    shop.given(a_product())
    buyer = shop.sign_in()
    body = order_body()
    placed = buyer.post("/orders", body).json
    staff = shop.sign_in(Role.SHOP)
    assert staff.change("POST", f"/orders/{placed['id']}/confirmation", 1).status_code == 200
    erase(shop, buyer.person.account_id)
    canaries = [*body["contact"].values(), body["delivery"]["street"], body["delivery"]["city"]]
    allowed = {"orders"}
    with shop.runtime.db.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.text(f'SELECT * FROM "{table}"')).all()
            text = repr([[_read(value) for value in row] for row in rows])
            found = [canary for canary in canaries if canary in text]
            assert not found or table in allowed, table


def _read(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def test_an_account_s_id_stays_in_its_orders_as_a_pseudonym(shop):
    order = shop.given(an_order())
    erase(shop, order.account_id)
    [row] = shop.rows(Order)
    assert row.account_id == order.account_id != UUID(int=0)


def test_what_of_a_buyer_goes_when_and_what_stays_why(shop):  # art. 15(1)(d)
    order = shop.given(an_order())
    shop.given(an_order())
    identity = shop.peer("identity", "outlook:read")
    told = identity.get(f"/internal/retention/outlook/{order.account_id}").json
    assert [(each["table"], each["goes_on"], each["why"], each["rows"]) for each in told] == [
        ("orders", "2035-01-01", "rule", 1)
    ]
    assert told[0]["source"] == "DE-BEG-IV"
    assert identity.get(f"/internal/retention/outlook/{uuid7()}").status_code == 404
