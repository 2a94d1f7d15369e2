"""Writes the generated documents, or with --check says which of them are stale (exit 1)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import traceability

from common import readme
from common.events import docs
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.messaging import topology
from common.privacy import register, rulebook
from common.service import load_services

HERE = Path(__file__).parent


def documents() -> dict[Path, str]:
    """Content of every generated file, made from the code."""
    services = load_services(OWNERS_OF_PERSONAL_DATA)
    found = [each for service in services.values() for each in service.subscriptions]
    return {
        **{readme.path_of(each): readme.with_generated_part(each) for each in services.values()},
        HERE / "register.md": register.register_md(services),
        HERE / "register.json": register.register_json(services),
        HERE / "traceability.md": traceability.traceability_md(services),
        HERE / "events.md": docs.events_md(found),
        HERE / "asyncapi.yaml": docs.asyncapi_yaml(found),
        rulebook.CLASSES_FILE: rulebook.classes_json(services.values()),
        topology.SUBSCRIPTIONS_FILE: docs.subscriptions_json(found),
    }


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(prog="docs/generate.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, report stale files")
    check = parser.parse_args().check
    stale = [
        (path, text)
        for path, text in documents().items()
        if not path.exists() or path.read_text() != text
    ]
    for path, text in stale:
        if check:
            print(
                f"{path.parent.name}/{path.name} is stale: run `make docs` and commit it.",
                file=sys.stderr,
            )
        else:
            path.write_text(text)
            print(f"{path.parent.name}/{path.name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
