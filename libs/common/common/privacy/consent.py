"""Consent: a ledger of what people agreed to, only ever added to; its fold says what stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase
from common.events.catalogue import ConsentGiven, ConsentPurpose, ConsentWithdrawn
from common.ids import uuid7
from common.messaging.outbox import publish
from common.privacy.personal import LEGAL_DUTY, Origin, about, personal, technical
from common.texts import Text


class Act(StrEnum):
    """What a person did with a consent."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Surface(StrEnum):
    """Where a person did it."""

    REGISTRATION = "registration"
    ACCOUNT = "account"


@dataclass(frozen=True)
class ConsentText:
    """What people agree to, word for word; another wording has another id."""

    purpose: ConsentPurpose
    id: str
    text: Text

    def sha256(self, language: str) -> str:
        """Digest of the wording that a person read."""
        return hashlib.sha256(self.text.say(language).encode()).hexdigest()


class ConsentEntry(CommonBase):
    """One act of one person; rows are only ever added, and go with the person."""

    __tablename__ = "consents"
    __personal__ = about(
        "account_id", purpose="accountability", basis=LEGAL_DUTY, keep="consent", source="S28"
    )
    __table_args__ = (sa.UniqueConstraint("account_id", "purpose", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(info=personal("pseudonym"))
    purpose: Mapped[ConsentPurpose] = mapped_column(info=personal("status", origin=Origin.PERSON))
    number: Mapped[int] = mapped_column(info=technical("place among the acts for this purpose"))
    act: Mapped[Act] = mapped_column(info=personal("status", origin=Origin.PERSON))
    text_id: Mapped[str] = mapped_column(sa.String(80), info=technical("what was agreed to"))
    text_sha256: Mapped[str] = mapped_column(sa.String(64), info=technical("digest of the wording"))
    language: Mapped[str] = mapped_column(sa.String(2), info=personal("usage"))
    notice_version: Mapped[str | None] = mapped_column(
        sa.String(13), info=technical("privacy notice in force when it was given")
    )
    surface: Mapped[Surface] = mapped_column(info=personal("usage"))
    actor: Mapped[str] = mapped_column(sa.String(80), info=personal("pseudonym"))
    at: Mapped[datetime] = mapped_column(info=personal("usage"))


def fold(entries: Iterable[ConsentEntry]) -> dict[ConsentPurpose, ConsentEntry]:
    """The consents that stand after these entries, in their order: what gave each of them."""
    standing: dict[ConsentPurpose, ConsentEntry] = {}
    for entry in entries:
        if entry.act is Act.GIVEN:
            standing[entry.purpose] = entry
        else:
            standing.pop(entry.purpose, None)
    return standing


def standing(session: Session, account_id: UUID) -> dict[ConsentPurpose, ConsentEntry]:
    """The consents of a person that stand."""
    return fold(session.scalars(_entries(ConsentEntry.account_id == account_id)))


def stands(session: Session, account_id: UUID, purpose: ConsentPurpose) -> bool:
    """Whether a person's consent stands; asked when something is taken and whenever it is used."""
    return account_id in consenting(session, [account_id], purpose)


def consenting(session: Session, account_ids: Iterable[UUID], purpose: ConsentPurpose) -> set[UUID]:
    """Those of these people whose consent stands."""
    theirs = _entries(ConsentEntry.account_id.in_(account_ids), ConsentEntry.purpose == purpose)
    latest = {entry.account_id: entry.act for entry in session.scalars(theirs)}
    return {account_id for account_id, act in latest.items() if act is Act.GIVEN}


def give(
    session: Session,
    account_id: UUID,
    text: ConsentText,
    *,
    language: str,
    surface: Surface,
    notice: str,
) -> bool:
    """A person agrees; False when the same text stands already, which is no new fact.

    language: in which it was read. notice: version of the privacy notice in force (S1).
    """
    entry = note_given(session, account_id, text, language=language, surface=surface, notice=notice)
    if entry is not None:
        tell(session, entry)
    return entry is not None


def withdraw(
    session: Session, account_id: UUID, purpose: ConsentPurpose, *, surface: Surface
) -> bool:
    """A person takes a consent back; False where none stands, which is no new fact (S28)."""
    entry = note_withdrawn(session, account_id, purpose, surface=surface)
    if entry is not None:
        tell(session, entry)
    return entry is not None


def note_given(
    session: Session,
    account_id: UUID,
    text: ConsentText,
    *,
    language: str,
    surface: Surface,
    notice: str,
) -> ConsentEntry | None:
    """Enter a consent that nobody hears of yet; None when it stands already."""
    latest = _latest(session, account_id, text.purpose)
    if latest is not None and (latest.act, latest.text_id) == (Act.GIVEN, text.id):
        return None
    return _add(
        session,
        latest,
        account_id=account_id,
        purpose=text.purpose,
        act=Act.GIVEN,
        text_id=text.id,
        text_sha256=text.sha256(language),
        language=language,
        surface=surface,
        notice_version=notice,
    )


def note_withdrawn(
    session: Session, account_id: UUID, purpose: ConsentPurpose, *, surface: Surface
) -> ConsentEntry | None:
    """Enter a withdrawal that nobody hears of, naming what was given; None where none stands."""
    latest = _latest(session, account_id, purpose)
    if latest is None or latest.act is Act.WITHDRAWN:
        return None
    return _add(
        session,
        latest,
        account_id=account_id,
        purpose=purpose,
        act=Act.WITHDRAWN,
        text_id=latest.text_id,
        text_sha256=latest.text_sha256,
        language=latest.language,
        surface=surface,
        notice_version=latest.notice_version,
    )


def tell(session: Session, entry: ConsentEntry) -> None:
    """Publish what an entry says."""
    kind = ConsentGiven if entry.act is Act.GIVEN else ConsentWithdrawn
    publish(
        session,
        kind(account_id=entry.account_id, purpose=entry.purpose, wording_id=entry.text_id),
    )


def _latest(session: Session, account_id: UUID, purpose: ConsentPurpose) -> ConsentEntry | None:
    """The last act, while nobody else can add one."""
    _lock(session, account_id)
    acts = _entries(ConsentEntry.account_id == account_id, ConsentEntry.purpose == purpose)
    return session.scalars(acts.order_by(None).order_by(ConsentEntry.number.desc())).first()


def _add(session: Session, latest: ConsentEntry | None, **facts: Any) -> ConsentEntry:
    entry = ConsentEntry(
        number=latest.number + 1 if latest else 1,
        actor=session.info["cause"].actor,
        at=now(session),
        **facts,
    )
    session.add(entry)
    session.flush()
    return entry


def _entries(*where: Any) -> sa.Select[Any]:
    return sa.select(ConsentEntry).where(*where).order_by(ConsentEntry.number)


def _lock(session: Session, account_id: UUID) -> None:
    """Let one act of a person at a time be entered, until the commit; SQLite has one writer."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(account_id.bytes[8:], signed=True)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
