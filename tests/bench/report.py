"""Figures as people read them: docs/performance.md."""

from __future__ import annotations

from statistics import median
from typing import Any


def percentile(values: list[float], share: float) -> float:
    """Value below which this share of the values lies; share from 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and number of durations."""
    return {
        "p50_ms": round(median(seconds) * 1000, 2),
        "p99_ms": round(percentile(seconds, 0.99) * 1000, 2),
        "count": len(seconds),
    }


def table(results: list[dict[str, Any]]) -> str:
    """Content of docs/performance.md."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench` on real RabbitMQ and PostgreSQL. Single figures vary with the",
        "machine; ratios are taken in one run, alternating, as the median of the rounds.",
        "",
        "| what | measured | aim | met | machine |",
        "|---|---|---|---|---|",
    ]
    for each in results:
        machine = f"{each['machine']['cores']} cores, Python {each['machine']['python']}"
        if "load_before" in each["machine"]:
            machine += f", load {each['machine']['load_before']} before"
        met = "yes" if each["met"] else "**no**"
        lines.append(f"| {each['what']} | {each['measured']} | {each['aim']} | {met} | {machine} |")
    return "\n".join([*lines, ""])
