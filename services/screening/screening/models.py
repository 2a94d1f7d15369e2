"""Tables of screening: versions of lists, one screening a person, what matched, who decided.

No name of ours is in them: names are read from identity, compared in memory and forgotten (S16).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.db import TYPES, metadata
from common.ids import uuid7
from common.privacy.personal import INTEREST, about, personal, technical
from screening.rules import Occasion, Reason, Ruling, Status

PURPOSE = "compare with sanctions lists before release and regularly after"


class Base(DeclarativeBase):
    """Tables of this service."""

    metadata = metadata()
    type_annotation_map = TYPES


class ListVersion(Base):
    """One version of a public list and when it was in force; of a list, one is (S22).

    Only `in_force_to` is ever written after the import.
    """

    __tablename__ = "list_versions"
    __table_args__ = (
        sa.Index(
            "uq_list_versions_in_force",
            "list_id",
            unique=True,
            postgresql_where=sa.text("in_force_to IS NULL"),
            sqlite_where=sa.text("in_force_to IS NULL"),
        ),
        sa.CheckConstraint("in_force_to >= in_force_from", name="period"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    list_id: Mapped[str] = mapped_column(sa.String(80), info=technical("which list"))
    version: Mapped[str] = mapped_column(
        sa.String(80), info=technical("day of publication and start of the checksum")
    )
    checksum: Mapped[str] = mapped_column(
        sa.String(64), info=technical("SHA-256 of the publisher's files")
    )
    published_on: Mapped[date | None] = mapped_column(info=technical("as the publisher says"))
    entries: Mapped[int] = mapped_column(info=technical("people, organisations, ships, aircraft"))
    people: Mapped[int] = mapped_column(info=technical("entries that are compared with names"))
    content: Mapped[bytes] = mapped_column(
        deferred=True, info=technical("its people as published, JSON packed by zlib")
    )
    imported_at: Mapped[datetime] = mapped_column(info=technical("when it came"))
    in_force_from: Mapped[datetime] = mapped_column(info=technical("S22: used since"))
    in_force_to: Mapped[datetime | None] = mapped_column(info=technical("S22: used until"))

    @property
    def code(self) -> str:
        """List and version in one word, as events and screenings name it."""
        return f"{self.list_id}:{self.version}"


class Screening(Base):
    """One person's status, and the request to compare the name where there is one (S19).

    A request is pending while `next_try_at` is set; the former verdict stands until it is done.
    """

    __tablename__ = "screenings"
    __personal__ = about(
        "account_id", purpose=PURPOSE, basis=INTEREST, keep="account", source="S19"
    )
    __table_args__ = (sa.Index("ix_screenings_verdict", "verdict", "score", "account_id"),)
    organisation_id: ClassVar[None] = None
    """A screening is nobody's but the person's: who may see it, sees it by role everywhere."""

    account_id: Mapped[UUID] = mapped_column(primary_key=True, info=personal("pseudonym"))
    verdict: Mapped[Status] = mapped_column(default=Status.PENDING, info=personal("status"))
    score: Mapped[float] = mapped_column(default=0.0, info=personal("status", source="S17"))
    checked_at: Mapped[datetime | None] = mapped_column(info=personal("status"))
    list_versions: Mapped[list[str]] = mapped_column(
        sa.JSON, default=list, info=technical("S22: compared with")
    )
    name_digest: Mapped[str | None] = mapped_column(
        sa.String(64), info=personal("identity", readers=(), source="S16")
    )
    occasion: Mapped[Occasion] = mapped_column(info=technical("S18: why it was last asked for"))
    requested_at: Mapped[datetime] = mapped_column(info=technical("when it was last asked for"))
    request: Mapped[int] = mapped_column(
        default=1, info=technical("counts requests: an answer to an earlier one is void")
    )
    next_try_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("not before this; empty when nothing is asked for")
    )
    attempts: Mapped[int] = mapped_column(default=0, info=technical("tries of this request"))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))

    __mapper_args__ = {"version_id_col": version}

    @property
    def pending(self) -> bool:
        """Whether the name is still to be compared."""
        return self.next_try_at is not None


class ScreeningMatch(Base):
    """A listed person whom a name may mean, as the last comparison found it (S17)."""

    __tablename__ = "screening_matches"
    __personal__ = about(
        "account_id", purpose=PURPOSE, basis=INTEREST, keep="account", source="S17"
    )

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("screenings.account_id"), primary_key=True, info=personal("pseudonym")
    )
    list_id: Mapped[str] = mapped_column(
        sa.String(80), primary_key=True, info=personal("status", readers=("compliance",))
    )
    entry_id: Mapped[str] = mapped_column(
        sa.Text, primary_key=True, info=personal("status", readers=("compliance",))
    )
    entry_fingerprint: Mapped[str] = mapped_column(
        sa.String(64), info=technical("changes when the entry does")
    )
    matched_name: Mapped[str] = mapped_column(
        sa.Text, info=personal("content", readers=("compliance",))
    )
    score: Mapped[float] = mapped_column(info=personal("status", readers=("compliance",)))
    outcome: Mapped[str] = mapped_column(
        sa.String(10), info=personal("status", readers=("compliance",))
    )
    explanation: Mapped[str] = mapped_column(
        sa.Text, info=personal("content", readers=("compliance",))
    )


class Decision(Base):
    """What a person ruled about a match; rows are only ever added, the latest counts.

    It holds for this very entry and this very name: either changes, and it is open again.
    """

    __tablename__ = "decisions"
    __personal__ = about(
        "account_id", purpose=PURPOSE, basis=INTEREST, keep="account", source="S17"
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("screenings.account_id"), index=True, info=personal("pseudonym")
    )
    list_id: Mapped[str] = mapped_column(
        sa.String(80), info=personal("status", readers=("compliance",))
    )
    entry_id: Mapped[str] = mapped_column(sa.Text, info=personal("status", readers=("compliance",)))
    entry_fingerprint: Mapped[str] = mapped_column(
        sa.String(64), info=technical("the entry as it was seen")
    )
    name_digest: Mapped[str] = mapped_column(
        sa.String(64), info=personal("identity", readers=(), source="S16")
    )
    outcome: Mapped[Ruling] = mapped_column(info=personal("status", readers=("compliance",)))
    reason: Mapped[Reason] = mapped_column(info=personal("status", readers=("compliance",)))
    decided_by: Mapped[UUID] = mapped_column(
        index=True, info=personal("pseudonym", readers=("compliance",), erasure="keep")
    )
    decided_at: Mapped[datetime] = mapped_column(info=technical("when"))


class ScreeningRun(Base):
    """One comparison of a person's name: when, and with which lists; only ever added (S22)."""

    __tablename__ = "screening_runs"
    __personal__ = about(
        "account_id", purpose=PURPOSE, basis=INTEREST, keep="account", source="S22"
    )
    __table_args__ = (sa.Index("ix_screening_runs_account_id", "account_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("screenings.account_id"), info=personal("pseudonym")
    )
    at: Mapped[datetime] = mapped_column(info=personal("status"))
    list_versions: Mapped[list[str]] = mapped_column(sa.JSON, info=technical("compared with"))
    verdict: Mapped[Status] = mapped_column(
        info=personal("status", readers=("compliance",), source="S19")
    )
