"""Bill of materials of an image's Python packages: CycloneDX 1.6, from the lock file."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from deploy.docker.prune import needed, normalised

LOCK = Path(__file__).parents[2] / "requirements.txt"
_LOCKED = re.compile(r"^([\w.-]+)(?:\[[^]]*\])?==([^ ;\\]+).*((?:\n    --hash=.*)*)", re.MULTILINE)


def bill(service: str, lock: str) -> dict[str, Any]:
    """The bill of one service's image: what prune.py leaves there, with versions and hashes.

    The same lock file makes the same bill.
    """
    held = needed(f"portal-{service}")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": f"portal-{service}"}},
        "components": [
            _component(name, version, re.findall(r"sha256:([0-9a-f]{64})", hashes))
            for name, version, hashes in _LOCKED.findall(lock)
            if normalised(name) in held
        ],
    }


def _component(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{normalised(name)}@{version}",
        "properties": [{"name": "portal:accepted-sha256", "value": each} for each in hashes],
    }


def main(service: str) -> None:
    """Print the bill of one service's image."""
    json.dump(bill(service, LOCK.read_text()), sys.stdout, indent=1)


if __name__ == "__main__":
    main(sys.argv[1])
