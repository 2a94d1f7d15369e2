"""Environment variables of service-cases."""

from dataclasses import dataclass

from common import settings


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    """Nothing beside what every service has; the retention period is rule data (retention.py)."""
