"""A process that dies at a statement of choice, and what it leaves in the database."""

from collections import Counter
from contextlib import contextmanager
from itertools import count

import sqlalchemy as sa

TALLIES = {"recovery_counts", "sign_in_throttles"}
"""Counts of tries, by network too: one that was begun counts, whatever becomes of it."""


class Crash(BaseException):
    """The process is gone."""


@contextmanager
def crashing(harness, number):
    """The process dies before its statement of this number; a commit counts as one."""
    seen = Counter()

    def strike(*_):
        seen["statements"] += 1
        if seen["statements"] == number:
            raise Crash

    engine = harness.runtime.db.engine
    for moment in ("before_cursor_execute", "commit"):
        sa.event.listen(engine, moment, strike)
    try:
        yield
    finally:
        for moment in ("before_cursor_execute", "commit"):
            sa.event.remove(engine, moment, strike)


class Contents:
    """All rows of all tables, read past the service."""

    def __init__(self, harness):
        self.engine = sa.create_engine(harness.runtime.db.engine.url, isolation_level="AUTOCOMMIT")
        self.tables = sorted(set(sa.inspect(self.engine).get_table_names()) - TALLIES)

    def read(self):
        """Rows by table, each as often as it is there."""
        with self.engine.connect() as connection:
            return {
                table: Counter(
                    map(repr, connection.exec_driver_sql(f'SELECT * FROM "{table}"').all())
                )
                for table in self.tables
            }

    def forget_tallies(self):
        """Time passes: who tried in vain may try again."""
        with self.engine.connect() as connection:
            for table in TALLIES:
                connection.exec_driver_sql(f'DELETE FROM "{table}"')


def shape(before, after):
    """How many rows came and went, by table."""
    counted = {
        table: ((after[table] - before[table]).total(), (before[table] - after[table]).total())
        for table in before
    }
    return {table: counts for table, counts in counted.items() if any(counts)}


def dies_everywhere(harness, prepare):
    """Run a change, dying at each statement in turn; return how often it died.

    prepare: makes what the change needs and returns the change. What it does in the end must be
    what it does for a twin that nothing happens to.
    """
    contents = Contents(harness)
    undisturbed, before = prepare(harness), contents.read()
    undisturbed()
    wanted = shape(before, contents.read())
    assert wanted, "it changes nothing"
    change, before = prepare(harness), contents.read()
    for died in count():
        try:
            with crashing(harness, died + 1):
                change()
        except Crash:
            left = contents.read()
            if left == before:
                contents.forget_tallies()
                continue
            assert shape(before, left) == wanted, f"half done before statement {died + 1}"
            return died + 1
        assert shape(before, contents.read()) == wanted
        return died
    return None
