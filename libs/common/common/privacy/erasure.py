"""Erasing one person in one service: counted, recounted, signed, keyed by the request's id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import rfc8785
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

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


@dataclass(frozen=True)
class _Act:
    """Something to be done to a person's rows: to which, and which are left when it was not."""

    model: Any
    kind: str
    statement: Any
    where: tuple[Any, ...]
    left: tuple[Any, ...]


class Erasure:
    """One person's erasure in one service, as its retention.py says it.

    What is said is carried out in its order by `complete`, with one statement that counts before
    and one after, however many tables there are; most of them hold nothing of most people.
    """

    def __init__(self, session: Session, account_id: UUID) -> None:
        self.session, self.account_id = session, account_id
        self._acts: list[_Act] = []
        self._kept: list[tuple[Any, tuple[Any, ...], str, date | None]] = []
        self._tables: dict[tuple[str, str], TableErased] = {}
        self._standing = holds.standing(session)

    def delete(self, model: Any, *where: Any) -> None:
        """Delete the rows."""
        where = self._free(model, where)
        self._acts.append(_Act(model, "deleted", sa.delete(model).where(*where), where, where))

    def null(self, model: Any, *where: Any, columns: tuple[Any, ...]) -> None:
        """Empty these columns and keep the rows."""
        empty = {column.key: None for column in columns}
        where = self._free(model, where)
        filled = (*where, sa.or_(*(column.is_not(None) for column in columns)))
        statement = sa.update(model).where(*filled).values(empty)
        self._acts.append(_Act(model, "nulled", statement, filled, filled))

    def pseudonymise(self, model: Any, *where: Any, values: dict[str, Any]) -> None:
        """Overwrite what names the person; `where` must not depend on what is overwritten."""
        same = [getattr(model, name).is_not_distinct_from(value) for name, value in values.items()]
        where = self._free(model, where)
        left = (*where, sa.not_(sa.and_(*same)))
        statement = sa.update(model).where(*where).values(values)
        self._acts.append(_Act(model, "pseudonymised", statement, where, left))

    def keep(self, model: Any, *where: Any, reason: str, until: date | None = None) -> None:
        """Keep the rows that are there when all else is done, and say why and until when."""
        self._kept.append((model, where, reason, until))

    def complete(self, base: Any) -> tuple[TableErased, ...]:
        """Do all that was said, recount, and say per table what became of it.

        base: of the service's own tables. Raises ErasureIncomplete for rows that should be gone,
        and for a table that still names the person and was not spoken of.
        """
        self.session.flush()
        theirs = [_counting(act.model, act.where) for act in self._acts]
        for act, rows in zip(self._acts, self._counted(theirs), strict=True):
            done = self._execute(act.statement) if rows else 0
            self._note(act.model, {act.kind: done})
        lefts = [_counting(act.model, act.left) for act in self._acts]
        keeps = [_counting(model, where) for model, where, _, _ in self._kept]
        people = {name: facts.person for name, facts in declared(base).items()}
        naming = [self._naming(base.metadata.tables[name].c[who]) for name, who in people.items()]
        found = iter(self._counted([*lefts, *keeps, *naming]))
        for act in self._acts:
            if rows := next(found):
                raise ErasureIncomplete(f"{act.model.__tablename__}: {rows} rows are left")
        for model, _, reason, until in self._kept:
            if rows := next(found):
                self._note(model, {"kept": rows}, reason, until)
        for name in people:
            if (rows := next(found)) and not self._spoken_of(name):
                raise ErasureIncomplete(f"{name}: {rows} rows still name the person")
        return tuple(self._tables[name] for name in sorted(self._tables))

    @property
    def holds(self) -> tuple[UUID, ...]:
        """Legal holds, where something is kept for one."""
        kept = any(each.reason == Ground.LEGAL_HOLD for each in self._tables.values())
        return tuple(sorted(self._standing.values())) if kept else ()

    def _free(self, model: Any, where: tuple[Any, ...]) -> tuple[Any, ...]:
        """Those of the rows on which no legal hold stands; the others are kept for it."""
        held = holds.condition(model, self._standing) if self._standing else None
        if held is None:
            return where
        self.keep(model, *where, held, reason=Ground.LEGAL_HOLD)
        return (*where, sa.not_(held))

    def _counted(self, counts: list[sa.Select[Any]]) -> Sequence[int]:
        """What each of these finds, in one statement: the answers are those of one instant."""
        return self.session.execute(sa.select(*(each.scalar_subquery() for each in counts))).one()

    def _execute(self, statement: Any) -> int:
        options = {"synchronize_session": False}
        return int(self.session.execute(statement, execution_options=options).rowcount)  # type: ignore[attr-defined]

    def _naming(self, column: sa.Column[Any]) -> sa.Select[Any]:
        person = self.account_id if isinstance(column.type, sa.Uuid) else str(self.account_id)
        return sa.select(sa.func.count()).select_from(column.table).where(column == person)

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
    person, named = Erasure(session, account_id), str(account_id)
    erase(person)
    person.delete(StoredAnswer, StoredAnswer.account_id == account_id)
    person.delete(ConsentEntry, ConsentEntry.account_id == account_id)
    person.keep(AccountStanding, AccountStanding.account_id == account_id, reason=Ground.TOMBSTONE)
    person.keep(
        AuditEntry,
        sa.or_(AuditEntry.subject == named, AuditEntry.actor == named),
        reason=Ground.ACCOUNTABILITY,
    )
    person.keep(holds.Hold, holds.Hold.subject == named, reason=Ground.ACCOUNTABILITY)
    tables = person.complete(session.info["runtime"].parts["models"].Base)
    return tables, person.holds


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
        "tables": [
            {**asdict(each), "until": each.until.isoformat() if each.until else None}
            for each in event.tables
        ],
        "previous": event.previous,
    }


def _table(fields: dict[str, Any]) -> TableErased:
    until = fields["until"]
    return TableErased(**{**fields, "until": date.fromisoformat(until) if until else None})


def _counting(model: Any, where: tuple[Any, ...]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(model).where(*where)
