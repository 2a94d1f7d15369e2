"""What the machine gives: bcrypt checks a second in two threads, for `tests.bench.login`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import bcrypt

THREADS = 2
PASSWORD = b"x" * 44


def main() -> None:
    """Print the checks a second, of passwords hashed at a cost, for so many seconds."""
    cost, seconds = int(sys.argv[1]), float(sys.argv[2])
    kept = bcrypt.hashpw(PASSWORD, bcrypt.gensalt(cost))
    print(per_second([lambda: bcrypt.checkpw(PASSWORD, kept)] * THREADS, seconds))


def per_second(works: Sequence[Callable[[], object]], seconds: float) -> float:
    """How often a second these are done, each in a thread of its own, over and over.

    After so many seconds none is begun any more, and what is begun counts.
    """
    started = time.perf_counter()

    def repeat(work: Callable[[], object]) -> int:
        count = 0
        while time.perf_counter() - started < seconds:
            work()
            count += 1
        return count

    with ThreadPoolExecutor(len(works)) as pool:
        done = sum(pool.map(repeat, works))
    return done / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
