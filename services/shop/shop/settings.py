"""Environment variables of the shop."""

from dataclasses import dataclass

from common import settings


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    """Nothing beside what every service has."""
