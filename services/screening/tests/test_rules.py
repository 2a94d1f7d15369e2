"""What findings and decisions lead to, and which lists are not taken."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refusals import Invalid, next_state
from common.web import Reach, Role
from screening.matching import Candidate, Match
from screening.providers.local import found_in
from screening.rules.access import POLICY
from screening.rules.comparisons import (
    LONGEST_WAIT,
    NOT_COMPARABLE,
    Found,
    judge,
    wait_after,
)
from screening.rules.lists import ListSize, why_refused
from screening.rules.reviews import (
    PEOPLE_NEEDED,
    NameChanging,
    NothingProposed,
    NothingToDecide,
    OwnProposal,
    OwnScreening,
    ProposalLapsed,
    ProposalOpen,
    Reason,
    matches_meant,
    people_needed,
    require_another,
    require_fitting_reason,
    require_second_person,
    require_settled_name,
)
from screening.rules.states import TRANSITIONS, Occasion, Ruling, Status, Trigger

FINDINGS = {
    Trigger.FOUND_NOTHING: Status.CLEAR,
    Trigger.FOUND_DOUBT: Status.REVIEW,
    Trigger.FOUND_HIT: Status.HIT,
}


def found(outcome="review", score=90.0, entry="1", fingerprint="a"):
    return Found("un", entry, fingerprint, "Erna Erdacht", score, outcome, "")


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("trigger", FINDINGS)
def test_a_comparison_leads_to_what_it_found_whatever_was_before(status, trigger):
    assert next_state(TRANSITIONS, status, trigger) is FINDINGS[trigger]


def test_nothing_leads_back_to_pending_and_every_status_has_its_steps():
    assert Status.PENDING not in TRANSITIONS.values()
    assert set(TRANSITIONS) == {(status, trigger) for status in Status for trigger in Trigger}


def test_a_doubt_becomes_a_hit_by_people_alone():  # S17, art. 22
    assert judge([found("review", 100.0)], {})[0] is Trigger.FOUND_DOUBT
    assert judge([found()], {found().key: Ruling.CONFIRM})[0] is Trigger.FOUND_HIT
    assert PEOPLE_NEEDED[Trigger.FOUND_DOUBT, Ruling.CONFIRM] == 2


OF = {  # how it matches, what was ruled before: what it comes to
    ("review", None): Trigger.FOUND_DOUBT,
    ("review", Ruling.CLEAR): Trigger.FOUND_NOTHING,
    ("review", Ruling.CONFIRM): Trigger.FOUND_HIT,
    ("hit", None): Trigger.FOUND_HIT,
    ("hit", Ruling.CLEAR): Trigger.FOUND_NOTHING,
    ("hit", Ruling.CONFIRM): Trigger.FOUND_HIT,
}


@pytest.mark.parametrize("ruling", Ruling)
@pytest.mark.parametrize(("outcome", "before"), OF)
def test_as_many_people_decide_as_the_table_says(outcome, before, ruling):
    match = found(outcome)
    decided = {match.key: before} if before else {}
    step = OF[outcome, before], ruling
    if step in PEOPLE_NEEDED:
        assert people_needed([match], decided, ruling) == PEOPLE_NEEDED[step]
    else:
        with pytest.raises(NothingToDecide):
            people_needed([match], decided, ruling)


MATCHES = st.lists(
    st.builds(
        found,
        outcome=st.sampled_from(["review", "hit"]),
        score=st.floats(82, 100),
        entry=st.sampled_from("12345"),
    ),
    unique_by=lambda each: each.entry_id,
)
RULED = st.dictionaries(
    st.tuples(st.just("un"), st.sampled_from("12345"), st.sampled_from("ab")),
    st.sampled_from(Ruling),
)


@given(MATCHES, RULED, st.sampled_from(Ruling))
def test_one_person_alone_neither_blocks_nor_unblocks_anybody(candidates, decided, ruling):
    """Whatever one person may rule about, a hit stays a hit and nobody else becomes one."""
    for each in candidates:
        try:
            alone = people_needed([each], decided, ruling) == 1
        except NothingToDecide:
            continue
        if alone:
            before = judge(candidates, decided)[0]
            after = judge(candidates, {**decided, each.key: ruling})[0]
            assert (before is Trigger.FOUND_HIT) == (after is Trigger.FOUND_HIT)


@given(MATCHES, RULED, st.sampled_from(Ruling))
def test_several_matches_take_as_many_people_as_the_gravest(candidates, decided, ruling):
    needed = [PEOPLE_NEEDED.get((judge([each], decided)[0], ruling)) for each in candidates]
    if candidates and None not in needed:
        assert people_needed(candidates, decided, ruling) == max(needed)


def test_without_names_a_decision_is_about_what_is_open_and_else_about_all():
    one, other = found(entry="1"), found(entry="2")
    cleared = {one.key: Ruling.CLEAR}
    both = {**cleared, other.key: Ruling.CLEAR}
    assert matches_meant([one, other], {}, None) == [one, other]
    assert matches_meant([one, other], cleared, None) == [other]
    assert matches_meant([one, other], both, None) == [one, other]
    assert matches_meant([one, other], cleared, {("un", "1")}) == [one]
    for named in ({("un", "3")}, {("un", "1"), ("eu", "1")}):
        with pytest.raises(NothingToDecide):
            matches_meant([one, other], {}, named)
    with pytest.raises(NothingToDecide):
        matches_meant([], {}, None)


@pytest.mark.parametrize("pending", [True, False])
@pytest.mark.parametrize("occasion", Occasion)
def test_nothing_is_decided_while_another_name_waits(pending, occasion):
    if pending and occasion is Occasion.NAME:
        with pytest.raises(NameChanging):
            require_settled_name(occasion, pending=pending)
    else:
        require_settled_name(occasion, pending=pending)


@pytest.mark.parametrize(
    ("candidates", "decided", "trigger", "score"),
    [
        ([], {}, Trigger.FOUND_NOTHING, 0),
        ([found()], {}, Trigger.FOUND_DOUBT, 90),
        ([found("hit", 99.0)], {}, Trigger.FOUND_HIT, 99),
        ([found(), found("hit", 99.0, "2")], {}, Trigger.FOUND_HIT, 99),
        ([found("hit", 99.0, "2"), found()], {}, Trigger.FOUND_HIT, 99),
        ([found()], {("un", "1", "a"): Ruling.CLEAR}, Trigger.FOUND_NOTHING, 0),
        ([found()], {("un", "1", "b"): Ruling.CLEAR}, Trigger.FOUND_DOUBT, 90),
        ([found()], {("un", "2", "a"): Ruling.CLEAR}, Trigger.FOUND_DOUBT, 90),
        ([found()], {("un", "1", "a"): Ruling.CONFIRM}, Trigger.FOUND_HIT, 90),
        ([found("hit", 99.0)], {("un", "1", "a"): Ruling.CLEAR}, Trigger.FOUND_NOTHING, 0),
    ],
    ids=[
        "nothing",
        "doubt",
        "hit",
        "doubt_then_hit",
        "hit_then_doubt",
        "cleared",
        "cleared_before_the_entry_changed",
        "another_entry_cleared",
        "confirmed",
        "hit_cleared",
    ],
)
def test_a_decision_counts_for_exactly_the_entry_it_was_made_about(
    candidates, decided, trigger, score
):
    assert judge(candidates, decided) == (trigger, score)


@given(
    st.lists(
        st.builds(
            found,
            outcome=st.sampled_from(["review", "hit"]),
            score=st.floats(82, 100),
            entry=st.sampled_from("12345"),
        )
    ),
    st.dictionaries(
        st.tuples(st.just("un"), st.sampled_from("12345"), st.sampled_from("ab")),
        st.sampled_from(Ruling),
    ),
)
def test_nobody_is_clear_while_a_match_is_not_cleared(candidates, decided):
    trigger, score = judge(candidates, decided)
    still_open = [each for each in candidates if decided.get(each.key) is not Ruling.CLEAR]
    assert (trigger is Trigger.FOUND_NOTHING) == (not still_open)
    assert score == max((each.score for each in still_open), default=0)


def test_a_name_that_can_not_be_compared_is_a_doubt():
    assert found_in(Match("review", ()), lambda *_: "") == [NOT_COMPARABLE]
    assert judge([NOT_COMPARABLE], {})[0] is Trigger.FOUND_DOUBT
    assert found_in(Match("clear", ()), lambda *_: "") == []


def test_what_was_found_keeps_the_entrys_fingerprint():
    candidate = Candidate("un", "7", "Erna Erdacht", 99.0, "hit", "Why.")
    (kept,) = found_in(Match("hit", (candidate,)), lambda *entry: "/".join(entry))
    assert kept == Found("un", "7", "un/7", "Erna Erdacht", 99.0, "hit", "Why.")


@pytest.mark.parametrize(
    ("ruling", "reason"),
    [(Ruling.CLEAR, Reason.SAME_PERSON), (Ruling.CONFIRM, Reason.ANOTHER_PERSON)],
)
def test_a_reason_that_speaks_for_the_opposite_is_refused(ruling, reason):
    with pytest.raises(Invalid) as refused:
        require_fitting_reason(ruling, reason)
    assert set(refused.value.errors) == {"/reason"}


def test_nobody_decides_about_the_own_name():
    me = uuid4()
    require_another(uuid4(), me)
    with pytest.raises(OwnScreening):
        require_another(me, me)


def test_nobody_approves_what_they_proposed():
    me = uuid4()
    require_second_person(uuid4(), me)
    with pytest.raises(OwnProposal):
        require_second_person(me, me)


@given(st.integers(1, 100_000))
def test_waits_grow_and_end_at_five_minutes(attempts):
    assert timedelta(seconds=5) <= wait_after(attempts) <= wait_after(attempts + 1)
    assert wait_after(attempts) <= LONGEST_WAIT == wait_after(100_000)


OF_2026 = ListSize(1000, 800, date(2026, 2, 1))


@pytest.mark.parametrize(
    ("arrived", "refused"),
    [
        (ListSize(1001, 801, date(2026, 2, 2)), False),
        (ListSize(900, 720, date(2026, 2, 1)), False),
        (ListSize(899, 800, date(2026, 2, 1)), True),
        (ListSize(1000, 719, date(2026, 2, 1)), True),
        (ListSize(1000, 800, date(2026, 1, 31)), True),
        (ListSize(1000, 800, None), False),
    ],
    ids=["grown", "a_tenth_less", "more_than_a_tenth_less", "fewer_people", "older", "undated"],
)
def test_a_list_that_shrank_or_is_older_needs_the_operators_word(arrived, refused):
    assert bool(why_refused(arrived, OF_2026, allow_shrink=False)) is refused
    assert why_refused(arrived, OF_2026, allow_shrink=True) is None
    assert why_refused(arrived, None, allow_shrink=False) is None


@pytest.mark.parametrize("allow_shrink", [True, False])
def test_a_list_that_names_nobody_is_never_taken(allow_shrink):
    assert why_refused(ListSize(5, 0, None), None, allow_shrink=allow_shrink)


def test_all_but_the_own_objections_is_for_compliance_and_the_data_protection_officer():
    own = POLICY["objection.raise"].grants
    assert own == dict.fromkeys(Role, Reach.OWN)
    others = {name: set(action.grants) for name, action in POLICY.items()}
    del others["objection.raise"]
    assert set.union(*others.values()) == {Role.COMPLIANCE, Role.DPO}
    of_compliance = {name for name, roles in others.items() if roles == {Role.COMPLIANCE}}
    assert of_compliance == {
        "screening.list", "screening.read", "screening.decide", "screening.approve",
    }  # fmt: skip


@pytest.mark.parametrize(
    "refusal",
    [
        NameChanging,
        NothingProposed,
        NothingToDecide,
        OwnProposal,
        OwnScreening,
        ProposalLapsed,
        ProposalOpen,
    ],
)
def test_refusals_have_a_title_in_every_language(refusal):
    assert len({refusal.title.say(language) for language in ("en", "nl", "de")}) == 3
