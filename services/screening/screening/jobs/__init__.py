"""Comparing names that are due, and fetching the lists."""

from screening.jobs.lists import fetch_lists
from screening.jobs.screening import screen_pending

__all__ = ["fetch_lists", "screen_pending"]
