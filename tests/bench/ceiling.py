"""What the machine gives: bcrypt checks a second in two threads, for `tests.bench.login`."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import bcrypt

COST, THREADS = 12, 2


def main() -> None:
    """Check a password so many times and print checks a second."""
    count = int(sys.argv[1])
    kept = bcrypt.hashpw(b"x" * 44, bcrypt.gensalt(COST))
    with ThreadPoolExecutor(THREADS) as pool:
        started = time.perf_counter()
        checks = [pool.submit(bcrypt.checkpw, b"x" * 44, kept) for _ in range(count)]
        assert all(check.result() for check in checks)
        print(count / (time.perf_counter() - started))


if __name__ == "__main__":
    main()
