"""Erasing one person in one service: counted, recounted, signed, keyed by the request's id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import rfc8785
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase
from common.events.catalogue import ErasureRequested, PersonalDataErased, TableErased
from common.keys import Keys, PublicKeys
from common.messaging.outbox import publish
from common.privacy.audit import AuditEntry
from common.privacy.consent import ConsentEntry
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, about, declared, personal, technical
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


class Erasure:
    """One person's erasure in one service, as its retention.py carries it out."""

    def __init__(self, session: Session, account_id: UUID) -> None:
        self.session, self.account_id = session, account_id
        self._tables: dict[tuple[str, str], TableErased] = {}
        self._recounts: list[tuple[str, sa.Select[Any], int]] = []

    def delete(self, model: Any, *where: Any) -> None:
        """Delete the rows."""
        count = self._execute(sa.delete(model).where(*where))
        self._note(model, deleted=count)
        self._expect(model, where, 0)

    def null(self, model: Any, *where: Any, columns: tuple[Any, ...]) -> None:
        """Empty these columns and keep the rows."""
        empty = {column.key: None for column in columns}
        filled = sa.or_(*(column.is_not(None) for column in columns))
        count = self._execute(sa.update(model).where(*where, filled).values(empty))
        self._note(model, nulled=count)
        self._expect(model, (*where, filled), 0)

    def pseudonymise(self, model: Any, *where: Any, values: dict[str, Any]) -> None:
        """Overwrite what names the person; `where` must not depend on what is overwritten."""
        count = self._execute(sa.update(model).where(*where).values(values))
        self._note(model, pseudonymised=count)
        same = [getattr(model, name).is_not_distinct_from(value) for name, value in values.items()]
        self._expect(model, (*where, sa.not_(sa.and_(*same))), 0)

    def keep(self, model: Any, *where: Any, reason: str, until: date | None = None) -> None:
        """Keep the rows, and say why and until when."""
        count = self._count(model, where)
        if count:
            self._note(model, kept=count, reason=reason, until=until)
        self._expect(model, where, count)

    def require_nothing_forgotten(self, base: Any) -> None:
        """Raise ErasureIncomplete for a table that still names the person and was not spoken of."""
        self.session.flush()
        for name, facts in declared(base).items():
            column = base.metadata.tables[name].c[facts.person]
            person = self.account_id if isinstance(column.type, sa.Uuid) else str(self.account_id)
            left = self.session.scalar(sa.select(sa.func.count()).where(column == person))
            said = [each for each in self._tables.values() if each.table == name]
            if left and not sum(each.kept + each.nulled + each.pseudonymised for each in said):
                raise ErasureIncomplete(f"{name}: {left} rows still name the person")

    def tables(self) -> tuple[TableErased, ...]:
        """Recount everything, then say per table what became of it; raises ErasureIncomplete."""
        self.session.flush()
        for table, statement, expected in self._recounts:
            found = self.session.scalar(statement)
            if found != expected:
                raise ErasureIncomplete(f"{table}: {found} rows instead of {expected}")
        return tuple(self._tables[name] for name in sorted(self._tables))

    def _execute(self, statement: Any) -> int:
        return int(self.session.execute(statement).rowcount)  # type: ignore[attr-defined]

    def _count(self, model: Any, where: tuple[Any, ...]) -> int:
        return self.session.scalar(_counting(model, where)) or 0

    def _expect(self, model: Any, where: tuple[Any, ...], count: int) -> None:
        self._recounts.append((model.__tablename__, _counting(model, where), count))

    def _note(
        self, model: Any, *, reason: str | None = None, until: date | None = None, **found: int
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
        stored = _carry_out(event, session, erase)
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
        ),
    )


def is_genuine(keys: Keys | PublicKeys, owner: str, event: PersonalDataErased) -> bool:
    """Whether this receipt was signed by the service it comes from."""
    if keys.signer_of(event.kid) != owner:
        return False
    return keys.verify(event.kid, rfc8785.dumps(_fields(owner, event)), event.signature)


def _carry_out(
    event: ErasureRequested, session: Session, erase: Callable[[Erasure], None]
) -> ErasureReceipt:
    runtime = session.info["runtime"]
    person = Erasure(session, event.account_id)
    erase(person)
    person.require_nothing_forgotten(runtime.parts["models"].Base)
    person.delete(StoredAnswer, StoredAnswer.account_id == event.account_id)
    person.delete(ConsentEntry, ConsentEntry.account_id == event.account_id)
    person.keep(
        AccountStanding, AccountStanding.account_id == event.account_id, reason=Ground.TOMBSTONE
    )
    person.keep(
        AuditEntry,
        sa.or_(
            AuditEntry.subject == str(event.account_id), AuditEntry.actor == str(event.account_id)
        ),
        reason=Ground.ACCOUNTABILITY,
    )
    number, previous = _end_of_chain(session)
    at = now(session).replace(microsecond=0)
    unsigned = PersonalDataErased(
        account_id=event.account_id,
        request_id=event.request_id,
        erased_at=at,
        tables=person.tables(),
        previous=previous,
        kid=runtime.keys.kid,
        signature="",
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


def _end_of_chain(session: Session) -> tuple[int, str]:
    """Number and previous hash of the next receipt; one at a time."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    newest = sa.select(ErasureReceipt).order_by(ErasureReceipt.number.desc()).limit(1)
    last = session.scalars(newest).one_or_none()
    if last is None:
        return 1, ""
    return last.number + 1, hashlib.sha256(rfc8785.dumps(last.receipt)).hexdigest()


def _fields(owner: str, event: PersonalDataErased) -> dict[str, Any]:
    """What is signed: plain JSON values only."""
    return {
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
