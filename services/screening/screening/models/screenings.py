"""One screening a person: status, what matched, when and with what it was compared."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.personal import INTEREST, Origin, Protection, about, personal, technical
from screening.models.base import Base
from screening.rules.states import Occasion, Status


class Screening(Base):
    """One person's status, and the request to compare the name where there is one (S19).

    A request is pending while `next_try_at` is set; the former verdict stands until it is done.
    """

    __tablename__ = "screenings"
    __personal__ = about(
        "account_id", purpose="screen", basis=INTEREST, keep="screening", source="S19"
    )
    __table_args__ = (
        sa.Index("ix_screenings_verdict", "verdict", "score", "account_id"),
        sa.Index(
            "ix_screenings_new",
            "next_try_at",
            postgresql_where=sa.text("checked_at IS NULL"),
            sqlite_where=sa.text("checked_at IS NULL"),
        ),
    )
    organisation_id: ClassVar[None] = None
    """A screening is nobody's but the person's: who may see it, sees it by role everywhere."""

    account_id: Mapped[UUID] = mapped_column(primary_key=True, info=personal("pseudonym"))
    verdict: Mapped[Status] = mapped_column(default=Status.PENDING, info=personal("status"))
    verdict_at: Mapped[datetime | None] = mapped_column(info=personal("status"))
    """Since when the verdict stands; empty until the first."""
    score: Mapped[float] = mapped_column(default=0.0, info=personal("status", source="S17"))
    checked_at: Mapped[datetime | None] = mapped_column(info=personal("status"))
    list_versions: Mapped[list[str]] = mapped_column(
        sa.JSON, default=list, info=technical("S22: compared with when it was written last")
    )
    method: Mapped[str | None] = mapped_column(
        sa.String(80), info=technical("who compared in full last, in which version and bands")
    )
    compared_with: Mapped[str | None] = mapped_column(
        sa.String(64), info=technical("SHA-256 of that method and of the lists")
    )
    name_digest: Mapped[str | None] = mapped_column(
        sa.String(64),
        info=personal(
            "identity", readers=(), source="S16", origin=Origin.PERSON, written=Protection.DIGEST
        ),
    )
    occasion: Mapped[Occasion] = mapped_column(info=technical("S18: why it was last asked for"))
    requested_at: Mapped[datetime] = mapped_column(
        index=True, info=technical("when it was last asked for")
    )
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
        "account_id",
        purpose="screen",
        basis=INTEREST,
        keep="screening",
        source="S17",
        origin=Origin.SANCTIONS_LIST,
    )

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("screenings.account_id"),
        primary_key=True,
        info=personal("pseudonym", origin=Origin.PORTAL),
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
    score: Mapped[float] = mapped_column(
        info=personal("status", origin=Origin.PORTAL, readers=("compliance",))
    )
    outcome: Mapped[str] = mapped_column(
        sa.String(10), info=personal("status", origin=Origin.PORTAL, readers=("compliance",))
    )
    explanation: Mapped[str] = mapped_column(
        sa.Text, info=personal("content", origin=Origin.PORTAL, readers=("compliance",))
    )


class ScreeningRun(Base):
    """One comparison of a person's name: when, and with which lists; only ever added (S22)."""

    __tablename__ = "screening_runs"
    __personal__ = about(
        "account_id", purpose="screen", basis=INTEREST, keep="screening", source="S22"
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
