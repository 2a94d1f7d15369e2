"""Identifiers: UUIDv7, ordered by the time they were made."""

from __future__ import annotations

from uuid import UUID

from uuid_utils import compat


def uuid7() -> UUID:
    """Make a new identifier; later ones sort after earlier ones of the same process."""
    made: UUID = compat.uuid7()
    return made
