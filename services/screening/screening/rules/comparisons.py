"""What a comparison comes to, and when one that came to nothing is tried again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from screening.rules.states import Ruling, Trigger

Outcome = Literal["clear", "review", "hit"]
"""What a name comes to, and what one entry leads to, which is never "clear"."""

EntryId = tuple[str, str]
"""List and entry."""

EntryKey = tuple[str, str, str]
"""List, entry and the entry's fingerprint: this very entry, as it stands today."""


@dataclass(frozen=True)
class Found:
    """A listed person whom the compared name may mean, in the list's own words."""

    list_id: str
    entry_id: str
    entry_fingerprint: str
    matched_name: str
    score: float
    outcome: Outcome
    explanation: str

    @property
    def entry(self) -> EntryId:
        """The entry, whatever it says."""
        return self.list_id, self.entry_id

    @property
    def key(self) -> EntryKey:
        """The entry as it stands."""
        return self.list_id, self.entry_id, self.entry_fingerprint


NOT_COMPARABLE = Found(
    list_id="none",
    entry_id="none",
    entry_fingerprint="",
    matched_name="",
    score=0.0,
    outcome="review",
    explanation="The name cannot be compared with any list: it has no letter or too many words.",
)
"""Stands for a name that no list can be searched for: a person decides about it as about others."""


def judge(found: Iterable[Found], decided: Mapping[EntryKey, Ruling]) -> tuple[Trigger, float]:
    """What all that was found comes to, and the highest score that is still open.

    decided: what a person ruled about this very name and these very entries: a clearing takes the
    entry out, a confirmation makes it a hit, and another entry, or another name, is open again.
    Source: S17 (a hit blocks, a doubt is decided by a person).
    """
    trigger, score = Trigger.FOUND_NOTHING, 0.0
    for each in found:
        ruling = decided.get(each.key)
        if ruling is Ruling.CLEAR:
            continue
        score = max(score, each.score)
        if each.outcome == "hit" or ruling is Ruling.CONFIRM:
            trigger = Trigger.FOUND_HIT
        elif trigger is Trigger.FOUND_NOTHING:
            trigger = Trigger.FOUND_DOUBT
    return trigger, score


FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that came to nothing: twice as long each time."""
    return min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)
