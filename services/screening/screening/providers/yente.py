"""Comparison by yente, the open server of OpenSanctions: one of our own or a hosted one.

Request and answer of POST /match/<dataset> as on https://www.opensanctions.org/docs/api/, versions
from GET /catalog (github.com/opensanctions/yente, yente/data/common.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from screening.providers.base import ProviderUnavailable
from screening.providers.remote import (
    Remote,
    RemoteProvider,
    Score,
    Text,
    fingerprint,
    percent,
)
from screening.rules.comparisons import Found

ALGORITHM = "logic-v2"
"""Named, so that a new yente does not score in another way unnoticed."""
QUERIES = 100
"""That many names yente takes in one request (MAX_BATCH)."""
ENTRIES = 10
"""That many entries any version of yente names (MAX_MATCHES)."""
NAMES = ("name", "alias", "weakAlias", "previousName")
NATIONALITIES = ("nationality", "citizenship", "country")


class Entity(Struct):
    """A listed person whom a query may mean; score: from 0 to 1, features: what speaks for it."""

    id: Text
    caption: Text
    datasets: list[Text]
    properties: dict[str, list[Any]]
    score: Score
    features: dict[Text, float] = {}

    def facts(self, *properties: str) -> set[str]:
        """Texts of these properties; nested entities are left out."""
        values = [each for key in properties for each in self.properties.get(key, ())]
        return {each for each in values if isinstance(each, str)}


class Matches(Struct):
    """What one query came to."""

    status: int
    results: list[Entity]


class MatchAnswer(Struct):
    """Answer of /match; limit: how many entries it names at most."""

    responses: dict[str, Matches]
    limit: Annotated[int, Meta(ge=1)]


class Dataset(Struct):
    """A collection of lists; only some have an index, which serves those inside, too."""

    name: Text
    index_version: Text | None = None


class Catalog(Struct):
    """Answer of /catalog."""

    datasets: list[Dataset]


class Yente(RemoteProvider):
    """Asks about up to a hundred names at a time, by their place and by nothing else."""

    def __init__(self, remote: Remote, review_at: float, hit_at: float, dataset: str) -> None:
        super().__init__(remote, review_at, hit_at)
        self._dataset = dataset
        self.method = f"yente/{dataset} {ALGORITHM} {self.bands}"

    def lists(self) -> dict[str, str]:
        """Versions of the indexes it holds; raises ProviderUnavailable without ours."""
        datasets = self.remote.ask(Catalog, "GET", "/catalog").datasets
        if self._dataset not in {each.name for each in datasets}:
            raise ProviderUnavailable("yente does not know SCREENING_PROVIDER_DATASET.")
        return {each.name: each.index_version for each in datasets if each.index_version}

    def find(self, names: Sequence[str]) -> list[list[Found]]:
        """Entries that each name may mean, in the order given; raises ProviderUnavailable."""
        parts = [names[place : place + QUERIES] for place in range(0, len(names), QUERIES)]
        return [found for part in parts for found in self._match(part)]

    def _match(self, names: Sequence[str]) -> list[list[Found]]:
        answer = self.remote.ask(
            MatchAnswer,
            "POST",
            f"/match/{self._dataset}",
            params={
                "algorithm": ALGORITHM,
                "limit": ENTRIES,
                "threshold": self.least,
                # yente leaves out what scores exactly the cutoff
                "cutoff": round(self.least - 0.001, 4),
            },
            json={
                "queries": {
                    f"q{place}": {"schema": "Person", "properties": {"name": [name]}}
                    for place, name in enumerate(names)
                }
            },
        )
        asked = [answer.responses.get(f"q{place}") for place in range(len(names))]
        told = [each for each in asked if each is not None and each.status == 200]
        if len(told) < len(names):
            raise ProviderUnavailable("yente left a name out.")
        return [self.candidates(map(self._found, each.results), answer.limit) for each in told]

    def _found(self, entity: Entity) -> Found:
        score = percent(entity.score)
        lists = ", ".join(sorted(entity.datasets))
        reasons = ", ".join(sorted(each for each, value in entity.features.items() if value > 0))
        return Found(
            list_id=lists[:80],
            entry_id=entity.id,
            entry_fingerprint=fingerprint(
                {entity.caption} | entity.facts(*NAMES),
                entity.facts("birthDate"),
                entity.facts(*NATIONALITIES),
                entity.datasets,
            ),
            matched_name=entity.caption,
            score=score,
            outcome=self.outcome(score),
            explanation=f"yente takes the name for “{entity.caption}”, entry {entity.id} of"
            f" {lists} (score {score:.0f}{'; ' + reasons if reasons else ''}).",
        )
