"""Erasing one person in one service: counted, recounted, signed, keyed by the request's id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import msgspec
import rfc8785
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql import visitors

from common.clock import now, seconds
from common.db import CommonBase
from common.events.catalogue import ErasureRequested, PersonalDataErased, Residue, TableErased
from common.keys import Keys, PublicKeys
from common.messaging.outbox import publish
from common.privacy import holds
from common.privacy.audit import AuditEntry
from common.privacy.consent import ConsentEntry
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, about, declared, personal, technical
from common.privacy.retention import day_of
from common.settings import Settings
from common.web.idempotency import StoredAnswer
from common.web.standing import AccountStanding

_CHAIN_LOCK = 0x0E2A5E
_MADE = 512
"""Statements that are kept made: those of a service, and some with conditions of one person."""
PERSON: Any = sa.bindparam("person", type_=sa.Uuid)
PERSON_NAMED: Any = sa.bindparam("person_named", type_=sa.String)
"""The account's id in a condition that is made once; the second where a column holds text."""


class ErasureIncomplete(Exception):
    """The recount found rows that should be gone; nothing of this attempt is committed."""


class ErasureReceipt(CommonBase):
    """What this service answered to a request to erase; each names the hash of the one before."""

    __tablename__ = "erasure_receipts"
    __personal__ = about(
        "account_id",
        purpose="accountability",
        basis=LEGAL_DUTY,
        keep="receipt",
        source="S26",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    request_id: Mapped[UUID] = mapped_column(primary_key=True, info=technical("of the request"))
    account_id: Mapped[UUID] = mapped_column(index=True, info=personal("pseudonym"))
    answered_at: Mapped[datetime] = mapped_column(info=technical("when"))
    number: Mapped[int] = mapped_column(unique=True, info=technical("place in the chain"))
    receipt: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON, info=technical("tables and counts, as signed")
    )
    kid: Mapped[str] = mapped_column(sa.String(80), info=technical("key that signed"))
    signature: Mapped[str] = mapped_column(sa.String(200), info=technical("Ed25519, base64url"))


class _Rows:
    """Rows of a table. Two are the same whose conditions are the same objects, not only alike."""

    def __init__(self, model: Any, where: tuple[Any, ...]) -> None:
        self.model, self.where = model, where
        self._ids = (id(model), *map(id, where))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rows) and self._ids == other._ids

    def __hash__(self) -> int:
        return hash(self._ids)


@dataclass(frozen=True)
class _Act:
    """Something to be done to a person's rows: to which, and which are left when it was not."""

    kind: str
    statement: Any
    rows: _Rows
    left: _Rows


class Erasure:
    """One person's erasure in one service, as its retention.py says it.

    What is said is carried out in its order by `complete`, with one statement that counts before
    and one after, however many tables there are; most of them hold nothing of most people.
    A condition that is made once, of PERSON and PERSON_NAMED, is put into SQL once for everybody;
    any other one works, too, and costs its making every time.
    """

    def __init__(self, session: Session, account_id: UUID) -> None:
        self.session, self.account_id = session, account_id
        self._values: dict[str, Any] = {"person": account_id, "person_named": str(account_id)}
        self._acts: list[_Act] = []
        self._kept: list[tuple[_Rows, str, date | None]] = []
        self._tables: dict[tuple[str, str], TableErased] = {}
        self._standing = holds.standing(session)

    def let(self, **values: Any) -> None:
        """Say what other parameters of conditions are for this person."""
        self._values |= values

    def read(self, statement: Any) -> Sequence[Any]:
        """Rows that a query of PERSON finds of this person."""
        return self.session.execute(statement, self._bound(statement)).all()

    def delete(self, model: Any, *where: Any) -> None:
        """Delete the rows."""
        rows = self._free(model, where)
        self._acts.append(_deletion(rows))

    def null(self, model: Any, *where: Any, columns: tuple[Any, ...]) -> None:
        """Empty these columns and keep the rows."""
        self._acts.append(_emptying(self._free(model, where), columns))

    def pseudonymise(self, model: Any, *where: Any, values: Mapping[str, Any]) -> None:
        """Overwrite what names the person; `where` must not depend on what is overwritten."""
        self._acts.append(_overwriting(self._free(model, where), _Same(values)))

    def keep(self, model: Any, *where: Any, reason: str, until: date | None = None) -> None:
        """Keep the rows that are there when all else is done, and say why and until when."""
        self._kept.append((_Rows(model, where), reason, until))

    def complete(self, base: Any) -> tuple[TableErased, ...]:
        """Do all that was said, recount, and say per table what became of it.

        base: of the service's own tables. Raises ErasureIncomplete for rows that should be gone,
        and for a table that still names the person and was not spoken of.
        """
        self.session.flush()
        theirs = tuple(act.rows for act in self._acts)
        for act, rows in zip(self._acts, self._counted(theirs), strict=True):
            done = self._execute(act.statement).rowcount if rows else 0
            self._note(act.rows.model, {act.kind: done})
        naming = _naming(base)
        lefts, keeps = (act.left for act in self._acts), (rows for rows, _, _ in self._kept)
        found = iter(self._counted((*lefts, *keeps, *naming.values())))
        for act in self._acts:
            if count := next(found):
                raise ErasureIncomplete(f"{act.rows.model.__tablename__}: {count} rows are left")
        for kept, reason, until in self._kept:
            if count := next(found):
                self._note(kept.model, {"kept": count}, reason, until)
        for name in naming:
            if (count := next(found)) and not self._spoken_of(name):
                raise ErasureIncomplete(f"{name}: {count} rows still name the person")
        return tuple(self._tables[name] for name in sorted(self._tables))

    @property
    def holds(self) -> tuple[UUID, ...]:
        """Legal holds, where something is kept for one."""
        kept = any(each.reason == Ground.LEGAL_HOLD for each in self._tables.values())
        return tuple(sorted(self._standing.values())) if kept else ()

    def _free(self, model: Any, where: tuple[Any, ...]) -> _Rows:
        """Those of the rows on which no legal hold stands; the others are kept for it."""
        held, free = _held(model, frozenset(self._standing.items()))
        if held is None:
            return _Rows(model, where)
        self.keep(model, *where, held, reason=Ground.LEGAL_HOLD)
        return _Rows(model, (*where, free))

    def _counted(self, rows: tuple[_Rows, ...]) -> Sequence[int]:
        """How many there are of each, in one statement: the answers are those of one instant."""
        counts: Sequence[int] = self._execute(_counting(rows)).one()
        return counts

    def _execute(self, statement: Any) -> Any:
        return self.session.connection().execute(statement, self._bound(statement))

    def _bound(self, statement: Any) -> dict[str, Any]:
        return {name: self._values[name] for name in _parameters(statement)}

    def _spoken_of(self, table: str) -> bool:
        said = [each for each in self._tables.values() if each.table == table]
        return any(each.kept or each.nulled or each.pseudonymised for each in said)

    def _note(
        self,
        model: Any,
        found: Mapping[str, int],
        reason: str | None = None,
        until: date | None = None,
    ) -> None:
        """Add to what is said of a table; what is kept for another reason stands by itself."""
        key = (model.__tablename__, reason or "")
        known = self._tables.get(key, TableErased(table=key[0], reason=reason))
        counts = {kind: getattr(known, kind) + count for kind, count in found.items()}
        latest = max(filter(None, (known.until, until)), default=None)
        self._tables[key] = replace(known, until=latest, **counts)


class _Same:
    """Values that are the same when they are the same object."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.values is other.values

    def __hash__(self) -> int:
        return id(self.values)


@lru_cache(maxsize=_MADE)
def _deletion(rows: _Rows) -> _Act:
    return _Act("deleted", sa.delete(rows.model.__table__).where(*rows.where), rows, rows)


@lru_cache(maxsize=_MADE)
def _emptying(rows: _Rows, columns: tuple[Any, ...]) -> _Act:
    filled = _Rows(rows.model, (*rows.where, sa.or_(*(each.is_not(None) for each in columns))))
    emptied = {rows.model.__table__.c[each.key]: None for each in columns}
    statement = sa.update(rows.model.__table__).where(*filled.where).values(emptied)
    return _Act("nulled", statement, filled, filled)


@lru_cache(maxsize=_MADE)
def _overwriting(rows: _Rows, overwritten: _Same) -> _Act:
    table = rows.model.__table__
    values = {table.c[name]: value for name, value in overwritten.values.items()}
    same = [column.is_not_distinct_from(value) for column, value in values.items()]
    left = _Rows(rows.model, (*rows.where, sa.not_(sa.and_(*same))))
    statement = sa.update(table).where(*rows.where).values(values)
    return _Act("pseudonymised", statement, rows, left)


@lru_cache(maxsize=_MADE)
def _held(model: Any, standing: frozenset[tuple[holds.Subject, UUID]]) -> tuple[Any, Any]:
    """Which rows of a table are held, and which are not; None where none can be."""
    held = holds.condition(model, dict(standing)) if standing else None
    return held, None if held is None else sa.not_(held)


@lru_cache(maxsize=_MADE)
def _counting(rows: tuple[_Rows, ...]) -> sa.Select[Any]:
    counts = (
        sa.select(sa.func.count()).select_from(each.model).where(*each.where) for each in rows
    )
    return sa.select(*(each.scalar_subquery() for each in counts))


@cache
def _naming(base: Any) -> dict[str, _Rows]:
    """By name, the rows of each table that name the person."""
    people = {name: facts.person for name, facts in declared(base).items()}
    columns = {name: base.metadata.tables[name].c[who] for name, who in people.items()}
    return {
        name: _Rows(
            column.table,
            (column == (PERSON if isinstance(column.type, sa.Uuid) else PERSON_NAMED),),
        )
        for name, column in columns.items()
    }


@lru_cache(maxsize=_MADE)
def _parameters(statement: Any) -> frozenset[str]:
    """Names of what differs from person to person in a statement."""
    return frozenset(
        each.key for each in visitors.iterate(statement)
        if isinstance(each, sa.BindParameter) and each.required
    )  # fmt: skip


def answer_erasure(
    event: ErasureRequested, session: Session, erase: Callable[[Erasure], None]
) -> None:
    """Erase the person here and publish the signed receipt; the same one if asked again."""
    stored = session.get(ErasureReceipt, event.request_id)
    if stored is None:
        stored = session.info["last_receipt"] = _carry_out(event, session, erase)
        session.add(stored)
    fields = stored.receipt
    publish(
        session,
        PersonalDataErased(
            account_id=stored.account_id,
            request_id=stored.request_id,
            erased_at=stored.answered_at,
            tables=tuple(_table(each) for each in fields["tables"]),
            previous=fields["previous"],
            kid=stored.kid,
            signature=stored.signature,
            holds=tuple(UUID(each) for each in fields.get("holds", ())),
            residue=tuple(
                Residue(place=each["place"], until=date.fromisoformat(each["until"]))
                for each in fields.get("residue", ())
            ),
        ),
    )


def plan_erasure(
    session: Session, account_id: UUID, erase: Callable[[Erasure], None]
) -> tuple[TableErased, ...]:
    """What erasing a person here would come to: carried out, recounted and undone."""
    with session.begin_nested() as trial:
        tables = _erase(session, account_id, erase)[0]
        trial.rollback()
    return tables


def is_genuine(keys: Keys | PublicKeys, owner: str, event: PersonalDataErased) -> bool:
    """Whether this receipt was signed by the service it comes from."""
    if keys.signer_of(event.kid) != owner:
        return False
    return keys.verify(event.kid, rfc8785.dumps(_fields(owner, event)), event.signature)


def _carry_out(
    event: ErasureRequested, session: Session, erase: Callable[[Erasure], None]
) -> ErasureReceipt:
    runtime = session.info["runtime"]
    tables, held_by = _erase(session, event.account_id, erase)
    number, previous = _end_of_chain(session)
    at = now(session).replace(microsecond=0)
    unsigned = PersonalDataErased(
        account_id=event.account_id,
        request_id=event.request_id,
        erased_at=at,
        tables=tables,
        previous=previous,
        kid=runtime.keys.kid,
        signature="",
        holds=held_by,
        residue=_residue(runtime.settings, at),
    )
    fields = _fields(runtime.name, unsigned)
    return ErasureReceipt(
        request_id=event.request_id,
        account_id=event.account_id,
        answered_at=at,
        number=number,
        receipt=fields,
        kid=runtime.keys.kid,
        signature=runtime.keys.sign(rfc8785.dumps(fields)),
    )


def _erase(
    session: Session, account_id: UUID, erase: Callable[[Erasure], None]
) -> tuple[tuple[TableErased, ...], tuple[UUID, ...]]:
    """Erase a person here: what became of the tables, and for which legal holds some is kept."""
    person = Erasure(session, account_id)
    erase(person)
    person.delete(StoredAnswer, _ANSWERS)
    person.delete(ConsentEntry, _CONSENTS)
    person.keep(AccountStanding, _STANDING, reason=Ground.TOMBSTONE)
    person.keep(AuditEntry, _AUDITED, reason=Ground.ACCOUNTABILITY)
    person.keep(holds.Hold, _HOLDS, reason=Ground.ACCOUNTABILITY)
    tables = person.complete(session.info["runtime"].parts["models"].Base)
    return tables, person.holds


_ANSWERS = StoredAnswer.account_id == PERSON
_CONSENTS = ConsentEntry.account_id == PERSON
_STANDING = AccountStanding.account_id == PERSON
_AUDITED = sa.or_(AuditEntry.subject == PERSON_NAMED, AuditEntry.actor == PERSON_NAMED)
_HOLDS = holds.Hold.subject == PERSON_NAMED


def _residue(settings: Settings, at: datetime) -> tuple[Residue, ...]:
    """Where deleted values may still lie; the broker and the logs never had any."""
    return tuple(
        Residue(place=place, until=day_of(at + timedelta(seconds=seconds(kept))))
        for place, kept in (
            ("tables", settings.tables_rewritten),
            ("write-ahead-log", settings.log_recycled),
            ("backups", settings.backups_kept),
        )
    )


def _end_of_chain(session: Session) -> tuple[int, str]:
    """Number and previous hash of the next receipt; one transaction at a time."""
    last = session.info.get("last_receipt") or _newest(session)
    if last is None:
        return 1, ""
    return last.number + 1, hashlib.sha256(rfc8785.dumps(last.receipt)).hexdigest()


def _newest(session: Session) -> ErasureReceipt | None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    newest = sa.select(ErasureReceipt).order_by(ErasureReceipt.number.desc()).limit(1)
    return session.scalars(newest).one_or_none()


def _fields(owner: str, event: PersonalDataErased) -> dict[str, Any]:
    """What is signed: plain JSON values; what came with a later version only where it says more."""
    later = {
        "holds": [str(each) for each in event.holds],
        "residue": [{"place": e.place, "until": e.until.isoformat()} for e in event.residue],
    }
    return {
        **{name: said for name, said in later.items() if said},
        "owner": owner,
        "account_id": str(event.account_id),
        "request_id": str(event.request_id),
        "erased_at": event.erased_at.isoformat(),
        "tables": msgspec.to_builtins(event.tables),
        "previous": event.previous,
    }


def _table(fields: dict[str, Any]) -> TableErased:
    until = fields["until"]
    return TableErased(**{**fields, "until": date.fromisoformat(until) if until else None})
