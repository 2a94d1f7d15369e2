"""Which provider compares, by the settings."""

from __future__ import annotations

from typing import Any

from screening.providers.base import Provider
from screening.providers.remote import Remote, RemoteProvider
from screening.providers.watchman import Watchman
from screening.providers.yente import Yente
from screening.versions import ListsInForce


def provider_of(runtime: Any) -> Provider:
    """The provider of SCREENING_PROVIDER; raises NoListInForce where we hold the lists.

    Source: S15.
    """
    if runtime.settings.provider == "local":
        return runtime.resource(ListsInForce).provider()
    return runtime.resource(_remote)


def _remote(runtime: Any) -> RemoteProvider:
    settings = runtime.settings
    key = settings.provider_api_key
    headers = {"Authorization": f"ApiKey {key}"} if key else None
    remote = Remote(settings.provider_url, settings.provider_timeout, headers)
    if settings.provider == "watchman":
        return Watchman(remote, settings.review_at, settings.hit_at)
    return Yente(remote, settings.review_at, settings.hit_at, settings.provider_dataset)
