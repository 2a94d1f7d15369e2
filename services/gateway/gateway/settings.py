"""Settings of the gateway."""

from dataclasses import dataclass

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.settings import ProcessSettings, setting, urls_by_service


def _names_all(text: str) -> bool:
    found = urls_by_service(text)
    return set(found) == set(OWNERS_OF_PERSONAL_DATA) and all(
        url.startswith(("http://", "https://")) for url in found.values()
    )


@dataclass(frozen=True, kw_only=True)
class Settings(ProcessSettings):
    """Where the services are."""

    upstreams: str = setting(
        "base URL of every service: identity=http://…,screening=http://…,…", allowed=_names_all
    )
    timeout_seconds: int = setting("how long a service may take to answer", default=30)
    proxies: int = setting(
        "proxies before the gateway that add X-Forwarded-For and X-Forwarded-Proto; what more a "
        "client says there is not believed",
        default=0,
        allowed=lambda value: value >= 0,
    )
