"""Environment variables of screening."""

from __future__ import annotations

import re
from dataclasses import dataclass

from common import settings
from common.settings import setting
from screening.matching import HIT_AT, REVIEW_AT


def _is_score(value: float) -> bool:
    return 0 < value <= 100


def _are_sources(value: str) -> bool:
    return all(each.startswith(("http://", "https://", "/")) for each in sources_in(value))


def _is_base_url(value: str) -> bool:
    return not value or re.fullmatch(r"https?://[^\s?#@]+", value) is not None


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
        "official publishers' URLs or absolute folders, comma separated; fetched daily (S18)",
        default="",
        allowed=_are_sources,
    )
    sweep_per_minute: int = setting(
        "names that a sweep compares a minute, by all workers together; 0 for no limit (S18)",
        default=0,
        allowed=lambda value: value >= 0,
    )
    lia_ref: str = setting("reference of the balancing test of art. 6(1)(f) (S20)", default="")
    provider: str = setting(
        "who compares names: local (this machine), yente or watchman (S15)",
        default="local",
        allowed=lambda value: value in ("local", "yente", "watchman"),
    )
    provider_url: str = setting("base URL of yente or watchman", default="", allowed=_is_base_url)
    provider_timeout: float = setting(
        "seconds until an answer of yente or watchman must be complete",
        default=10.0,
        allowed=lambda value: 0 < value <= 60,
    )
    provider_dataset: str = setting(
        "collection of lists that yente is asked about",
        default="sanctions",
        allowed=lambda value: re.fullmatch("[a-z0-9_]{1,60}", value) is not None,
    )
    provider_api_key: str = setting(
        "key of a hosted yente; empty for one of our own", default="", secret=True
    )
    provider_contract_ref: str = setting(
        "reference of the contract with a screening provider (S15); empty without one", default=""
    )

    def problems(self) -> list[str]:
        """Refuse scores by which a hit would be less than a review, and a provider out of reach."""
        found = super().problems()
        if self.review_at > self.hit_at:
            found.append("SCREENING_REVIEW_AT must not be above SCREENING_HIT_AT.")
        if self.provider != "local" and not self.provider_url:
            found.append(f"SCREENING_PROVIDER_URL is not set: where is {self.provider}?")
        if self.provider_api_key and self.provider != "yente":
            found.append(f"SCREENING_PROVIDER_API_KEY is yente's: {self.provider} takes no key.")
        return found


def sources_in(text: str) -> list[str]:
    """URLs and folders of a comma separated list."""
    return [each.strip() for each in text.split(",") if each.strip()]
