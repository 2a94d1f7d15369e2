"""Real days of real lists: what changed is noted exactly, and people named so stand accordingly."""

import pytest

from screening import versions
from screening.lists.reading import read_list
from screening.models import EntryChange
from screening.providers import PersonName
from screening.rules.changes import ChangeKind
from screening.rules.states import Status

from .conftest import real
from .factories import import_lists, register, row_of

US_2019, US_2021 = ("us", "2019-01"), ("us", "2021-07")
UK_20, UK_21 = ("uk", "2026-08-20"), ("uk", "2026-08-21")


def noted(screening):
    found = {kind.value: set() for kind in ChangeKind}
    for each in screening.rows(EntryChange):
        found[each.kind.value].add(each.entry_id)
    return found


def name_of(entry):
    """Given and family name of an OFAC entry: "FAMILY, Given"."""
    family, _, given = entry.names[0].text.partition(", ")
    return given, family


def in_full(entries, entry_ids):
    """Those of these ids that have a given name."""
    return [each for each in entries if each.entry_id in entry_ids and ", " in each.names[0].text]


@pytest.mark.parametrize(
    ("old", "new"), [(US_2019, US_2021), (UK_20, UK_21)], ids=["us-two-years", "uk-one-day"]
)
def test_exactly_the_people_that_changed_are_noted(screening, expected, old, new):
    import_lists(screening, real("sanctions", *old))
    screening.run_steps()
    import_lists(screening, real("sanctions", *new))
    delta = expected["deltas"][f"{'/'.join(old)} -> {'/'.join(new)}"]
    found = noted(screening)
    for kind in ("added", "removed", "changed"):
        assert found[kind] == set(delta[f"{kind}_ids"])


def test_people_named_after_the_added_are_hit_and_those_named_after_the_removed_released(
    on_both, expected
):
    delta = expected["deltas"]["us/2019-01 -> us/2021-07"]
    old, new = (read_list(real("sanctions", *each)).entries for each in (US_2019, US_2021))
    import_lists(on_both, real("sanctions", *US_2019))
    on_both.run_steps()
    added = [register(on_both, name_of(each)) for each in in_full(new, delta["added_ids"])[:20]]
    removed = [register(on_both, name_of(each)) for each in in_full(old, delta["removed_ids"])]
    on_both.run_steps()
    blocked = [each for each in removed if row_of(on_both, each).verdict is Status.HIT]
    assert len(added) == 20
    assert len(blocked) >= 40

    import_lists(on_both, real("sanctions", *US_2021))
    on_both.run_steps()
    assert {row_of(on_both, each).verdict for each in added} == {Status.HIT}
    still = held_by_others(on_both, blocked)
    released = [each for each in blocked if row_of(on_both, each).verdict is Status.CLEAR]
    assert len(released) >= 20
    assert {*blocked} - {*released} == still


def held_by_others(screening, accounts):
    """Those of whom a comparison with everything finds something."""
    provider = screening.runtime.resource(versions.ListsInForce).provider()
    names = screening.identity.names
    return {
        account_id
        for account_id in accounts
        if provider.compare([PersonName(*names[account_id])])[0].found
    }
