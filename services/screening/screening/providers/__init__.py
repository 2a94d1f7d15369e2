"""Who compares names: this machine, or a service over HTTP."""

from screening.providers.base import Answer, PersonName, Provider, ProviderUnavailable
from screening.providers.local import LocalProvider

__all__ = ["Answer", "LocalProvider", "PersonName", "Provider", "ProviderUnavailable"]
