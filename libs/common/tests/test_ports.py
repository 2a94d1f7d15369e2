"""Ports for servers of tests: two processes that ask at once never get the same."""

from __future__ import annotations

import multiprocessing
import random
from multiprocessing.synchronize import Barrier

from common.testing.server import free_port, free_ports

SPAWN = multiprocessing.get_context("spawn")


def _ask(both: Barrier, told: multiprocessing.SimpleQueue[set[int]]) -> None:
    random.seed(1)  # tests may have seeded both alike
    told.put({free_port() for _ in range(60)})
    both.wait()


def test_processes_with_the_same_luck_get_ports_of_their_own() -> None:
    both, told = SPAWN.Barrier(2), SPAWN.SimpleQueue()
    asking = [SPAWN.Process(target=_ask, args=(both, told)) for _ in range(2)]
    for process in asking:
        process.start()
    first, second = told.get(), told.get()
    for process in asking:
        process.join()
    assert len(first) == len(second) == 60
    assert not first & second


def test_ports_in_a_row_are_free_and_of_one_process() -> None:
    first = free_ports(8)
    assert first // 100 == (first + 7) // 100
    assert first % 100 > 0
