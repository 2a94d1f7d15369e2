"""Environment variables of screening."""

from __future__ import annotations

from dataclasses import dataclass

from common import settings
from common.settings import setting
from screening.matching import HIT_AT, REVIEW_AT


def _is_score(value: float) -> bool:
    return 0 < value <= 100


def _are_urls(value: str) -> bool:
    return all(each.startswith(("http://", "https://")) for each in urls_in(value))


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    """What screening needs beside what every service has."""

    review_at: float = setting(
        "score from 0 to 100 from which a person decides (S17)",
        default=REVIEW_AT,
        allowed=_is_score,
    )
    hit_at: float = setting(
        "score from 0 to 100 from which a name counts as listed (S17)",
        default=HIT_AT,
        allowed=_is_score,
    )
    list_urls: str = setting(
        "official publishers' URLs, comma separated; fetched daily (S18)",
        default="",
        allowed=_are_urls,
    )
    lia_ref: str = setting("reference of the balancing test of art. 6(1)(f) (S20)", default="")
    provider_contract_ref: str = setting(
        "reference of the contract with a screening provider (S15); empty without one", default=""
    )

    def problems(self) -> list[str]:
        """Refuse scores by which a hit would be less than a review."""
        found = super().problems()
        if self.review_at > self.hit_at:
            found.append("SCREENING_REVIEW_AT must not be above SCREENING_HIT_AT.")
        return found


def urls_in(text: str) -> list[str]:
    """URLs of a comma separated list."""
    return [each.strip() for each in text.split(",") if each.strip()]
