"""Whatever happens in whatever order: what changes led to is what a comparison from scratch finds.

A machine publishes versions of two lists, has people come, change their names, be decided about and
erased, lets events wait and workers die, and runs one step of a worker or another in between. When
all is done, everybody must stand as in an empty database with the same lists, names and decisions.
"""

import contextlib
import shutil
import zlib
from dataclasses import asdict
from hashlib import sha256
from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from common.events.catalogue import AccountRegistered, ErasureRequested, SanctionsListUpdated
from common.ids import uuid7
from common.refusals import Conflict
from screening import changes, checks, decisions, outcomes, versions
from screening.account_index import AccountIndex
from screening.jobs import (
    keep_account_index,
    screen_changes,
    screen_pending,
    sweep,
    sweep_on,
)
from screening.lists.entries import BirthDate, Entry, named
from screening.models import Decision, Screening, Sweep
from screening.rules.changes import what_changed
from screening.rules.lists import ListSize
from screening.rules.reviews import REASONS
from screening.rules.states import Ruling
from screening.versions import PackedList

from .factories import a_rename

CALM = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
FEW = settings(CALM, max_examples=12)
UNTIL_ONE_FAILS = settings(CALM, phases=[Phase.generate], report_multiple_bugs=False)

LISTS = st.sampled_from(("alpha", "beta"))
WHO = st.integers(0, 3)
NAMES = st.sampled_from((
    ("Viktor", "Erfunden"), ("Wiktor", "Erfunder"), ("Anna", "Muster"), ("Anna Maria", "Muster"),
    ("Kim", "Sorglos"), ("Ким", "Сорглос"), ("…", "—"),
))  # fmt: skip
LISTED = st.builds(
    named,
    st.sampled_from((
        "Viktor Erfunden", "ERFUNDER, Wiktor", "Anna Muster", "Anna M. Muster", "Muster",
        "Kim Sorglos (Ким Сорглос)", "Clara Fern; Anna Muster",
    )),
    st.just("alias"),
    strong=st.booleans(),
)  # fmt: skip
ENTRIES = st.builds(
    lambda names, born: (tuple(names), tuple(map(BirthDate, born))),
    st.lists(LISTED, min_size=1, max_size=3),
    st.sampled_from(((), ("1957",), ("1957-03-02",))),
)
VERSIONS = st.dictionaries(st.sampled_from(("e1", "e2", "e3", "e4")), ENTRIES, min_size=1)
STEPS = st.sampled_from((screen_pending, screen_changes, keep_account_index, sweep_on))


class Life(RuleBasedStateMachine):
    """One database that lives, and one that is made of what is left at the end."""

    def __init__(self, living, scratch):
        super().__init__()
        self.living, self.scratch = living, scratch

    @initialize(people=VERSIONS, names=st.lists(NAMES, max_size=4))
    def begin(self, people, names):
        for each in (self.living, self.scratch):
            empty(each)
        self.living.identity.names.clear()
        self.accounts, self.unheard = [None] * 4, []
        self.publish("alpha", people)
        for who, name in enumerate(names):
            self.register_or_rename(who, name)
        self.work_on()

    @rule(list_id=LISTS, people=VERSIONS)
    def publish(self, list_id, people):
        entries = [
            Entry(list_id, entry_id, "individual", names, born, (), (), ())
            for entry_id, (names, born) in people.items()
        ]
        self.unheard += bring(self.living, list_id, entries)

    @rule(place=st.integers(0, 9))
    def hear(self, place):
        """One of the events that wait comes, in any order."""
        if self.unheard:
            self.living.when(self.unheard.pop(place % len(self.unheard)))

    @rule(who=WHO, name=NAMES)
    def register_or_rename(self, who, name):
        if self.accounts[who] is None:
            self.accounts[who] = uuid7()
            self.unheard.append(registered(self.accounts[who]))
        else:
            self.unheard.append(a_rename(self.accounts[who]))
        self.living.identity.names[self.accounts[who]] = name

    @rule(who=WHO)
    def erase(self, who):
        account_id, self.accounts[who] = self.accounts[who], None
        if account_id:
            del self.living.identity.names[account_id]
            self.unheard.append(ErasureRequested(account_id=account_id, request_id=uuid4()))

    @rule(who=WHO, ruling=st.sampled_from(Ruling))
    def decide(self, who, ruling):
        known = Screening.account_id == self.accounts[who], Screening.checked_at.is_not(None)
        with self.living.runtime.transaction() as session, contextlib.suppress(Conflict):
            screening = session.scalar(sa.select(Screening).where(*known).with_for_update())
            if screening is None:
                return
            if not decisions.decide(session, screening, ruling, REASONS[ruling][0], uuid4()):
                decisions.approve(session, screening, uuid4())

    @rule(step=STEPS)
    def work(self, step):
        step(self.living.runtime)

    @rule()
    def work_on(self):
        """All that happened is heard of, and what there is to do is done."""
        while self.unheard:
            self.living.when(self.unheard.pop(0))
        self.living.run_steps()

    @rule()
    def sweep(self):
        self.living.clock.advance("P7D")
        sweep(self.living.runtime)

    @rule(module=st.sampled_from((checks, changes)))
    def die(self, module):
        """A worker takes work and is gone; another one starts, and knows nobody."""
        with self.living.runtime.transaction() as session:
            module.take(session)
        self.living.runtime._resources.pop(AccountIndex, None)

    @rule()
    def wait(self):
        self.living.clock.advance("PT5M")

    def teardown(self):
        self.work_on()
        finish(self.living)
        self.start_from_scratch()
        assert state(self.living) == state(self.scratch)
        self.living.clock.advance("P7D")
        sweep(self.living.runtime)
        finish(self.living)
        assert state(self.living) == state(self.scratch)
        assert drifted(self.living) == 0

    def start_from_scratch(self):
        """The lists in force, those who are there, and what was decided about them."""
        self.scratch.identity.names = self.living.identity.names
        for version in self.living.rows(versions.ListVersion, in_force()):
            with self.living.runtime.reading() as session:
                people = versions.people_of(session.get_one(versions.ListVersion, version.id))
            bring(self.scratch, version.list_id, people)
        for account_id in filter(None, self.accounts):
            self.scratch.when(registered(account_id))
        for ruled in self.living.rows(Decision):
            self.scratch.given(Decision(**columns(ruled)))
        finish(self.scratch)


def in_force():
    return versions.ListVersion.in_force_to.is_(None)


def columns(row):
    return {each.key: getattr(row, each.key) for each in sa.inspect(type(row)).column_attrs}


def registered(account_id):
    return AccountRegistered(account_id=account_id, organisation_id=None, epoch=1)


def bring(screening, list_id, entries):
    """Bring a list of these people into force; return the event that is to be heard of."""
    content = msgspec.json.encode(entries)
    checksum = sha256(content).hexdigest()
    packed = PackedList(
        file="made-up",
        list_id=list_id,
        version=checksum[:16],
        checksum=checksum,
        size=ListSize(len(entries), len(entries), None, sum(len(each.names) for each in entries)),
        content=zlib.compress(content),
    )
    done, refused = versions.bring_into_force(screening.runtime, [packed], allow_shrink=True)
    assert not refused, refused
    return [
        SanctionsListUpdated(
            list_id=list_id, list_version=each.version.version, entries=each.version.entries
        )
        for each in done
        if each.new
    ]


def finish(screening):
    """Let every lease and wait be over, and do all there is to do."""
    for _ in range(3):
        screening.clock.advance("PT10M")
        screening.run_steps()


def state(screening):
    """Where everybody stands and why; whoever was never compared for want of lists stands alike."""
    with screening.runtime.reading() as session:
        rows = session.scalars(sa.select(Screening)).all()
        found = outcomes.found_before(session, [row.account_id for row in rows])
    return {
        row.account_id: (
            row.verdict,
            row.score,
            sorted(map(str, map(asdict, found.get(row.account_id, ())))),
        )
        for row in rows
    }


def drifted(screening):
    return sum(each.drifted for each in screening.rows(Sweep))


def empty(screening):
    """Nothing has happened yet."""
    database = screening.runtime.db
    if database.is_postgres:
        with database.engine.begin() as connection:
            tables = [
                each
                for each in sa.inspect(connection).get_table_names()
                if not each.startswith(("audit_", "alembic_version"))
            ]
            connection.execute(sa.text(f"TRUNCATE {', '.join(tables)} CASCADE"))
    else:
        database.close()
        shutil.copy(screening.folder / "blank", database.engine.url.database)
    screening.runtime._resources.clear()


@pytest.fixture
def two(request, make_screening, tmp_path_factory):
    """Makes two databases of one kind."""

    def make(kind):
        if kind == "postgres":
            new = request.getfixturevalue("new_postgres_database")
            return [make_screening(new(name)) for name in ("living", "scratch")]
        pair = []
        for name in ("living", "scratch"):
            folder = tmp_path_factory.mktemp(name)
            harness = make_screening(f"sqlite:///{folder}/screening.sqlite")
            harness.folder = folder
            harness.runtime.db.close()
            shutil.copy(folder / "screening.sqlite", folder / "blank")
            pair.append(harness)
        return pair

    return make


@pytest.mark.parametrize(
    ("kind", "how"),
    [("sqlite", CALM), pytest.param("postgres", FEW, marks=pytest.mark.postgres)],
    ids=["sqlite", "postgres"],
)
def test_what_changes_lead_to_is_what_a_comparison_from_scratch_finds(two, kind, how):
    pair = two(kind)
    run_state_machine_as_test(lambda: Life(*pair), settings=how)


def test_a_change_that_is_left_out_is_seen(two, monkeypatch):
    """Negative control."""

    def forgetful(old, new):
        return {key: kind for key, kind in what_changed(old, new).items() if key != "e1"}

    monkeypatch.setattr(changes, "what_changed", forgetful)
    pair = two("sqlite")
    with pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: Life(*pair), settings=UNTIL_ONE_FAILS)
