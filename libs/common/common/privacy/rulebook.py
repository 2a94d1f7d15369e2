"""The rules and records of a whole service: its own, and those of the tables every service has."""

from __future__ import annotations

from typing import Any

from common.privacy.records import Records
from common.privacy.retention import Rule
from common.privacy.standard import COMMON_RECORDS, COMMON_RULES


def all_rules(runtime: Any) -> tuple[Rule, ...]:
    """Rules that a service (or its runtime) comes with."""
    return (*COMMON_RULES, *getattr(runtime.parts.get("retention"), "RULES", ()))


def all_records(runtime: Any) -> tuple[Records, ...]:
    """Where a service's rows of every class are."""
    return (*COMMON_RECORDS, *getattr(runtime.parts.get("retention"), "RECORDS", ()))
