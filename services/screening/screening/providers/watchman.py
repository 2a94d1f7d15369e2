"""Comparison by Moov's watchman, from v0.50 on: a server of our own.

GET /v2/search and GET /v2/listinfo as on https://moov-io.github.io/watchman/ (answers: pkg/search/
client.go and models.go of github.com/moov-io/watchman). The name stands in the URL: whoever keeps
logs between us and watchman keeps names.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from screening.providers.remote import (
    Remote,
    RemoteProvider,
    Score,
    Text,
    fingerprint,
    percent,
)
from screening.rules.comparisons import Found

ENTRIES = 50
"""That many entries are asked for; watchman names a hundred at most."""


class Person(Struct, rename="camel"):
    """What is known of a listed person."""

    alt_names: list[Text] | None = None
    birth_date: Text | None = None


class Entity(Struct):
    """A listed person whom the name may mean; match: from 0 to 1."""

    name: Text
    match: Score
    source_list: Text = field(name="sourceList")
    source_id: Text = field(name="sourceID")
    person: Person | None = None


class SearchAnswer(Struct):
    """Answer of /v2/search; nobody is found: `null`."""

    entities: list[Entity] | None


class ListsAnswer(Struct, rename="camel"):
    """Answer of /v2/listinfo: how many entries a list has, and its checksum where there is one."""

    lists: dict[Text, int] | None
    list_hashes: dict[Text, Text] | None
    ended_at: Text


class Watchman(RemoteProvider):
    """Asks about one name at a time: its API knows no other way."""

    def __init__(self, remote: Remote, review_at: float, hit_at: float) -> None:
        super().__init__(remote, review_at, hit_at)
        self.method = f"watchman/v2 {self.bands}"

    def lists(self) -> dict[str, str]:
        """Checksums of the lists it holds, or when it last fetched them."""
        answer = self.remote.ask(ListsAnswer, "GET", "/v2/listinfo")
        hashes, held = answer.list_hashes or {}, answer.lists or {}
        return {name: hashes.get(name) or answer.ended_at for name in held if held[name]}

    def find(self, names: Sequence[str]) -> list[list[Found]]:
        """Entries that each name may mean, in the order given; raises ProviderUnavailable."""
        return [self._search(name) for name in names]

    def _search(self, name: str) -> list[Found]:
        asked = {"name": name, "type": "person", "limit": ENTRIES, "minMatch": self.least}
        answer = self.remote.ask(SearchAnswer, "GET", "/v2/search", params=asked)
        return self.candidates(map(self._found, answer.entities or ()), ENTRIES)

    def _found(self, entity: Entity) -> Found:
        score, person = percent(entity.match), entity.person or Person()
        return Found(
            list_id=entity.source_list[:80],
            entry_id=entity.source_id,
            entry_fingerprint=fingerprint(
                [entity.name, *(person.alt_names or ())], [person.birth_date or ""]
            ),
            matched_name=entity.name,
            score=score,
            outcome=self.outcome(score),
            explanation=f"watchman takes the name for “{entity.name}”, entry {entity.source_id} of"
            f" {entity.source_list} (score {score:.0f}).",
        )
