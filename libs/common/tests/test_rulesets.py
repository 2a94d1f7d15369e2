"""Sets of rules: previewed, activated with their preview alone, asked at once; what goes when."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.ids import uuid7
from common.privacy import forecast, rulesets
from common.privacy.retention import Bound, RowFacts, Rule, Start, due
from common.privacy.rulebook import all_records, all_rules
from common.privacy.rulesets import PreviewNeeded, RuleSet
from common.privacy.standard import COMMON_RULES
from common.privacy.sweeps import sweep
from common.refusals import Invalid
from common.web import Role
from common.web.idempotency import StoredAnswer

SHIPPED = next(each for each in COMMON_RULES if each.record_class == "idempotency")


def an_answer(harness, age=timedelta(), account_id=None):
    key = f"{uuid7().hex}{uuid7().hex}"
    return harness.given(
        StoredAnswer(
            key=key, fingerprint=key, account_id=account_id or uuid7(), status=201, body=b"",
            headers={}, stored_at=harness.clock.now() - age,
        )
    )  # fmt: skip


def other_rules(harness, period, **facts):
    """The shipped rules, but for how long answers are kept."""
    return [
        Rule(**{**_fields(rule), "period": period, **facts}) if rule == SHIPPED else rule
        for rule in all_rules(harness.runtime)
    ]


def _fields(rule):
    return {name: getattr(rule, name) for name in Rule.__dataclass_fields__}


def propose(harness, rules):
    with harness.runtime.transaction() as session:
        return rulesets.propose(session, rules)


def activate(harness, proposed, preview_id=None):
    with harness.runtime.transaction() as session:
        return rulesets.activate(session, proposed.id, preview_id or proposed.preview_id)


def in_force(harness):
    with harness.runtime.reading() as session:
        return list(rulesets.in_force(session))


def test_what_is_shipped_is_in_force_until_a_set_is_activated(sample):
    assert in_force(sample) == list(all_rules(sample.runtime))
    proposed = propose(sample, other_rules(sample, "P3D"))
    assert in_force(sample) == list(all_rules(sample.runtime))
    activate(sample, proposed)
    assert in_force(sample) == other_rules(sample, "P3D")


def test_the_sweep_asks_the_active_set(sample):
    an_answer(sample, age=timedelta(days=2))
    activate(sample, propose(sample, other_rules(sample, "P3D")))
    assert sweep(sample.runtime) == 0
    activate(sample, propose(sample, other_rules(sample, "P2D")))
    assert sweep(sample.runtime) == 1


def test_a_preview_says_what_goes_earlier_and_changes_nothing(sample):
    for days in (0, 0, 40):
        an_answer(sample, age=timedelta(days=days))
    proposed = propose(sample, other_rules(sample, "P60D"))
    assert [each for each in proposed.preview if each["after"]] == [
        {"month": "2026-03", "record_class": "idempotency", "country": None, "before": 3,
         "after": 1, "earlier": 0, "later": 1},
        {"month": "2026-05", "record_class": "idempotency", "country": None, "before": 0,
         "after": 2, "earlier": 0, "later": 2},
    ]  # fmt: skip
    assert sweep(sample.runtime) == 1


def test_the_rules_in_force_previewed_move_nothing(sample):
    for days in (0, 3, 400):
        an_answer(sample, age=timedelta(days=days))
    proposed = propose(sample, list(all_rules(sample.runtime)))
    assert [(each["earlier"], each["later"]) for each in proposed.preview] == [(0, 0)]


def test_another_set_s_preview_does_not_activate(sample):
    one, other = (propose(sample, other_rules(sample, period)) for period in ("P3D", "P4D"))
    with pytest.raises(PreviewNeeded):
        activate(sample, one, other.preview_id)
    assert in_force(sample) == list(all_rules(sample.runtime))


def test_a_preview_against_rules_that_are_in_force_no_more_does_not_activate(sample):
    stale, first = (propose(sample, other_rules(sample, period)) for period in ("P3D", "P4D"))
    activate(sample, first)
    with pytest.raises(PreviewNeeded):
        activate(sample, stale)
    assert in_force(sample) == other_rules(sample, "P4D")


def test_a_preview_of_last_week_does_not_activate(sample):
    proposed = propose(sample, other_rules(sample, "P3D"))
    sample.clock.advance("P8D")
    with pytest.raises(PreviewNeeded):
        activate(sample, proposed)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda rules: rules[1:], "no rules"),
        (lambda rules: [*rules, Rule(record_class="pets", period="P1D", start=Start.COLLECTION,
                                     source="S4")], "no such class"),
        (lambda rules: [*rules, rules[0]], "two rules"),
        (lambda rules: [Rule(**{**_fields(each), "period": "P9D"})
                        if each.record_class == "standing" else each for each in rules],
         "does not go by a sweep"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_asked_are_refused_by_name(sample, broken, said):
    with pytest.raises(Invalid) as refused:
        propose(sample, broken(list(all_rules(sample.runtime))))
    assert said in refused.value.errors["/rules"]
    assert sample.rows(RuleSet) == []


AGES = st.lists(st.integers(0, 2_000), max_size=12)
PERIODS = st.sampled_from(("P0D", "P1D", "P1M", "P6M", "P1Y", "P2Y"))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ages=AGES, period=PERIODS, bound=st.sampled_from(Bound))
def test_a_preview_counts_what_asking_every_row_counts(sample, ages, period, bound):
    with sample.runtime.transaction() as session:
        session.query(StoredAnswer).delete()
    for days in ages:
        an_answer(sample, age=timedelta(days=days))
    rules, before = other_rules(sample, period, bound=bound), all_rules(sample.runtime)
    at, expected = sample.clock.now(), Counter()
    for days in ages:
        facts = RowFacts(record_class="idempotency", collected_at=at - timedelta(days=days))
        old, new = (due(facts, each, (), at).at for each in (before, rules))
        expected["after"] += 1
        expected["earlier"] += new < old
        expected["later"] += new > old
    with sample.runtime.reading() as session:
        seen = forecast.compare(session, all_records(sample.runtime), before, rules)
    assert {name: sum(each[name] for each in seen) for name in ("after", "earlier", "later")} == {
        name: expected[name] for name in ("after", "earlier", "later")
    }
    assert sum(each["before"] for each in seen) == len(ages)


# ----------------------------------------------------------------------------- what goes when


def test_the_calendar_counts_what_goes_in_the_coming_months(sample):
    an_answer(sample, age=timedelta(days=700))
    an_answer(sample)
    activate(sample, propose(sample, other_rules(sample, "P2Y")))
    with sample.runtime.reading() as session:
        found = forecast.calendar(session, all_records(sample.runtime), rulesets.in_force(session))
    assert [(each["month"], each["rows"]) for each in found] == [("2026-04", 1)]


def test_the_routes_are_the_dpo_s(sample):
    dpo = sample.sign_in(Role.DPO)
    an_answer(sample)
    rules = dpo.get("/retention/rules").json
    assert {each["record_class"] for each in rules} == {
        each.record_class for each in all_rules(sample.runtime)
    }
    changed = [
        {**each, "period": "P3D"} if each["record_class"] == "idempotency" else each
        for each in rules
    ]
    proposed = dpo.post("/retention/preview", {"rules": changed})
    assert proposed.status_code == 201
    path = f"/retention/rule-sets/{proposed.json['id']}/activation"
    assert dpo.post(path, {"preview_id": str(uuid7())}).status_code == 409
    assert dpo.post(path, {"preview_id": proposed.json["preview_id"]}).status_code == 200
    assert "P3D" in {each["period"] for each in dpo.get("/retention/rules").json}
    assert dpo.get("/retention/calendar").json[0]["record_class"] == "idempotency"
    member = sample.sign_in()
    assert member.get("/retention/rules").status_code == 403
    assert member.post("/retention/preview", {"rules": rules}).status_code == 403
    assert member.post(path, {"preview_id": str(uuid7())}).status_code == 403
    wrong = dpo.post("/retention/preview", {"rules": rules[1:]})
    assert wrong.status_code == 422
    unknown = f"/retention/rule-sets/{uuid7()}/activation"
    assert dpo.post(unknown, {"preview_id": str(uuid7())}).status_code == 404
