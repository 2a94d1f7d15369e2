"""What is still to be compared because of the lists: changed entries, and sweeps over everybody."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.personal import technical
from screening.models.base import Base
from screening.rules.changes import ChangeKind


class Rescreening(Base):
    """How far everybody has been compared with what a list version changed (S22).

    Once done, every screening counts as compared with that version.
    """

    __tablename__ = "rescreenings"

    list_version_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("list_versions.id"), primary_key=True, info=technical("which version")
    )
    added: Mapped[int] = mapped_column(info=technical("people who were not listed before"))
    removed: Mapped[int] = mapped_column(info=technical("people who are listed no more"))
    changed: Mapped[int] = mapped_column(info=technical("people who are listed otherwise"))
    noted_at: Mapped[datetime] = mapped_column(info=technical("when the changes were noted"))
    done_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("when the last of them had been compared")
    )


class EntryChange(Base):
    """A listed person with whom everybody's name is still to be compared (S18).

    What is compared is the entry in force at that time, or its absence: an entry that changes twice
    is one row.
    """

    __tablename__ = "entry_changes"

    list_id: Mapped[str] = mapped_column(
        sa.String(80), primary_key=True, info=technical("which list")
    )
    entry_id: Mapped[str] = mapped_column(
        sa.Text, primary_key=True, info=technical("the publisher's number")
    )
    kind: Mapped[ChangeKind] = mapped_column(info=technical("what happened to it last"))
    list_version: Mapped[str] = mapped_column(sa.String(80), info=technical("in which version"))
    next_try_at: Mapped[datetime] = mapped_column(index=True, info=technical("not before this"))
    attempts: Mapped[int] = mapped_column(default=0, info=technical("tries since it was noted"))


class Sweep(Base):
    """A comparison of everybody with everything, beside those that changes lead to (S18).

    It asks for those who were not compared in full with these very lists by this very method yet.
    """

    __tablename__ = "sweeps"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    compared_with: Mapped[str | None] = mapped_column(
        sa.String(64), info=technical("method and lists; empty where a provider keeps the lists")
    )
    started_at: Mapped[datetime] = mapped_column(info=technical("whoever was asked for before"))
    not_before: Mapped[datetime] = mapped_column(info=technical("when the next portion is due"))
    compared: Mapped[int] = mapped_column(default=0, info=technical("names compared so far"))
    drifted: Mapped[int] = mapped_column(
        default=0, info=technical("screenings that should have come to something else before")
    )
    finished_at: Mapped[datetime | None] = mapped_column(info=technical("when nobody was left"))
