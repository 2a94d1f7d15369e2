"""Rules of identity; no query, no clock."""

from identity.rules.access import POLICY

__all__ = ["POLICY"]
