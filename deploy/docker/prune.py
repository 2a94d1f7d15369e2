"""Takes out of an environment what one service does not need: other services' libraries, languages.

Run within the image, while it is built: `python prune.py DISTRIBUTION`. The lock file is one for
the whole estate, so that hashes are checked once; an image holds its service's part of it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

LANGUAGES = ("en", "nl", "de", "root")
"""What the portal speaks; the data of other languages are a third of an image."""
IDLE = ("pycountry/locales", "*/tests", "*/testing", "**/*.pyx", "**/*.pxd", "**/*.map")
"""Beside languages: tests of libraries, and sources of what comes compiled."""


def needed(name: str) -> set[str]:
    """Normalised names of a distribution and of all that it requires, as far as installed here."""
    known = {normalised(each.metadata["Name"]) for each in distributions()}
    found: set[tuple[str, str]] = set()
    open_ends = [(normalised(name), "")]
    while open_ends:
        each = open_ends.pop()
        if each not in found and each[0] in known:
            found.add(each)
            open_ends += _required(*each)
    return {each for each, _ in found}


def _required(name: str, extra: str) -> list[tuple[str, str]]:
    """What a distribution, or one extra of it, requires in this environment: (name, extra)."""
    required = [Requirement(line) for line in distribution(name).requires or ()]
    return [
        (normalised(each.name), chosen)
        for each in required
        if each.marker is None or each.marker.evaluate({"extra": extra})
        for chosen in ("", *each.extras)
    ]


def normalised(name: str) -> str:
    """A distribution's name as tools compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main(service: str) -> None:
    """Uninstall what is not needed, then take out what of the rest is never read here."""
    idle = {normalised(each.metadata["Name"]) for each in distributions()} - needed(service)
    uninstall = [sys.executable, "-m", "pip", "uninstall", "--yes", "--quiet"]
    subprocess.run([*uninstall, *sorted(idle)], check=True)
    packages = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    for path in (found for pattern in IDLE for found in packages.glob(pattern)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for file in (packages / "babel" / "locale-data").glob("*.dat"):
        if file.stem.split("_")[0] not in LANGUAGES:
            file.unlink()


if __name__ == "__main__":
    main(sys.argv[1])
