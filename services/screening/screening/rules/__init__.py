"""Rules of screening; no query, no clock."""

from screening.rules.access import POLICY

__all__ = ["POLICY"]
