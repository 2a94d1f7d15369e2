"""The rules and records of a whole service: its own, and those of the tables every service has."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
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


CLASSES_FILE = Path(__file__).with_name("record_classes.json")


@cache
def record_classes() -> frozenset[str]:
    """Retention classes of all services; generated, because no service may import another."""
    return frozenset(json.loads(CLASSES_FILE.read_text()))


def classes_json(services: Any) -> str:
    """Content of that file."""
    classes = {rule.record_class for each in services for rule in all_rules(each)}
    return json.dumps(sorted(classes), indent=1) + "\n"
