"""Runs the benchmarks named on the command line, by default all, and writes what they found."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from common import logs
from common.testing.server import Server
from common.testing.servers import start_postgres, start_rabbit
from tests.bench.report import table

NAMES = (
    "relay",
    "consumer",
    "latency",
    "block",
    "login",
    "tokens",
    "answers",
    "sessions",
    "matching",
    "rescreening",
    "sweeps",
    "erasures",
    "audit",
    "gdprbench",
    "processes",
)
RESULTS = Path(__file__).parent / "results"
PERFORMANCE = Path(__file__).parents[2] / "docs" / "performance.md"


def main() -> int:
    """Run, print and write; exit 1 when an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help=f"of {', '.join(NAMES)}")
    names = parser.parse_args().names or NAMES
    logs.configure("error")
    RESULTS.mkdir(exist_ok=True)
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        with (
            tempfile.TemporaryDirectory() as folder,
            start_postgres(Path(folder) / "postgres") as postgres,
            start_rabbit(Path(folder) / "rabbit") as rabbit,
        ):
            _keep_commit_timestamps(postgres)
            bench = importlib.import_module(f"tests.bench.{name}")
            machine = _machine()
            found = bench.run(Path(folder), postgres.url, rabbit.url)
        result = {"bench": name, "machine": machine, **found}
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
        print(json.dumps(found, indent=1), flush=True)
    results = [json.loads(file.read_text()) for file in sorted(RESULTS.glob("*.json"))]
    PERFORMANCE.write_text(table(results))
    return 0 if all(each["met"] for each in results) else 1


def _keep_commit_timestamps(postgres: Server) -> None:
    """Have PostgreSQL note when each transaction was committed: what latencies are taken from."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    postgres.restart()


def _machine() -> dict[str, Any]:
    """What was measured on; load_before: processes that wanted a core in the minute before."""
    return {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
    }


if __name__ == "__main__":
    sys.exit(main())
