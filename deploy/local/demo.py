"""`make demo`: plays the story against a running estate and says what each service now says."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import httpx

from deploy.local import seed, wiring
from deploy.local.portal import Unexpected, over_http
from deploy.local.story import Story, un_list


def main() -> int:
    """Play the story; exit 1 where the estate does not follow it."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.demo", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--data-dir", type=Path, help="of the running estate")
    parser.add_argument("--lists", type=Path, help="the lists the estate was started with")
    options = parser.parse_args()
    url = f"http://localhost:{options.port}"
    folder = options.data_dir or _running()
    if folder is None or not _answers(url):
        print(f"No estate answers at {url}: start one with `make run` first.", file=sys.stderr)
        return 1
    os.environ.update(wiring.remembered(folder.resolve()))
    portal = over_http(url, folder.resolve(), seed.operate)
    try:
        Story(portal, lambda line: print(line, flush=True), un_list(options.lists)).play()
    except Unexpected as error:
        print(f"The story stops here: {error}", file=sys.stderr)
        return 1
    return 0


def _running() -> Path | None:
    """Data folder of the estate that was started last."""
    found = [folder for folder in Path("var").glob("*") if (folder / "environment.json").exists()]
    return max(
        found, key=lambda folder: (folder / "environment.json").stat().st_mtime, default=None
    )


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5).is_success
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())
