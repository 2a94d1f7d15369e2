"""Comparing names that are due and entries that changed, sweeping, and fetching the lists."""

from screening.jobs.changes import keep_account_index, screen_changes
from screening.jobs.lists import fetch_lists
from screening.jobs.pending import screen_pending, screenings_pending
from screening.jobs.sweep import sweep, sweep_on

__all__ = [
    "fetch_lists",
    "keep_account_index",
    "screen_changes",
    "screen_pending",
    "screenings_pending",
    "sweep",
    "sweep_on",
]
