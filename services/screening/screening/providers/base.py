"""What every provider of comparisons takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from screening.rules.comparisons import Found


class ProviderUnavailable(Exception):
    """No answer, a late one or a wrong one: whoever was asked about stays pending.

    The text names the fault and never what was asked. wait: for how long the provider asks to be
    left alone.
    """

    def __init__(self, fault: str, wait: timedelta = timedelta()) -> None:
        super().__init__(fault)
        self.wait = wait


@dataclass(frozen=True)
class PersonName:
    """All that is known here of a person, and only while it is compared (S16)."""

    given: str = field(repr=False)
    family: str = field(repr=False)

    @property
    def full(self) -> str:
        """Both names in the order in which they are spoken."""
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True)
class Answer:
    """What comparing one name came to. list_versions: what it was compared with (S22)."""

    found: tuple[Found, ...]
    list_versions: tuple[str, ...]


class Provider(Protocol):
    """Whoever compares names with lists; gets names and nothing else (S15, S16).

    method: who compares, in which version and with which bands; another one may come to something
    else with the same lists.
    """

    method: str

    def compare(self, names: Sequence[PersonName]) -> list[Answer]:
        """What each name comes to, in the order given; raises ProviderUnavailable."""

    def is_current(self, session: Session) -> bool:
        """Whether the lists it compared with are those in force still."""
