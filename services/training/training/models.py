"""Sessions, bookings and participants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, composite, mapped_column, relationship

from common.db import TYPES, metadata
from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import CONTRACT, Origin, about, personal, technical
from common.texts import Text
from training.rules import BookingState, SessionState


class Base(DeclarativeBase):
    """Tables of training."""

    metadata = metadata()
    type_annotation_map = TYPES


class TrainingSession(Base):
    """A training at a place and time, with so many seats."""

    __tablename__ = "training_sessions"
    __table_args__ = (
        sa.CheckConstraint("seats_taken >= 0 AND seats_taken <= capacity", name="seats"),
        sa.CheckConstraint("starts_at < ends_at", name="times"),
    )
    organisation_id = None  # it belongs to no customer; whoever may read sessions may read all

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    title: Mapped[Text] = composite(
        mapped_column("title_en", sa.String(200), info=technical("what it is called, English")),
        mapped_column("title_nl", sa.String(200), info=technical("the same, Dutch")),
        mapped_column("title_de", sa.String(200), info=technical("the same, German")),
    )
    place: Mapped[str] = mapped_column(sa.String(200), info=technical("where it is held"))
    starts_at: Mapped[datetime] = mapped_column(index=True, info=technical("first minute"))
    ends_at: Mapped[datetime] = mapped_column(
        index=True, info=technical("end; retention of participants starts here")
    )
    capacity: Mapped[int] = mapped_column(info=technical("seats there are"))
    seats_taken: Mapped[int] = mapped_column(
        default=0, info=technical("seats of all confirmed bookings")
    )
    state: Mapped[SessionState] = mapped_column(
        default=SessionState.PLANNED, info=technical("whether it takes place")
    )
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}

    @property
    def seats_free(self) -> int:
        """Seats that can still be booked."""
        return self.capacity - self.seats_taken


class Booking(Base):
    """Seats that one person took for participants, on behalf of an organisation."""

    __tablename__ = "bookings"
    __personal__ = about(
        "account_id",
        purpose="training",
        basis=CONTRACT,
        keep="booking",
        source="S79",
        erasure="keep",
        because=Ground.PSEUDONYM,
    )
    __table_args__ = (sa.CheckConstraint("seats > 0", name="seats"),)
    __owner__ = "account_id"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    session_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("training_sessions.id"), index=True, info=technical("which training")
    )
    organisation_id: Mapped[UUID] = mapped_column(
        index=True, info=technical("the participants' employer")
    )
    account_id: Mapped[UUID] = mapped_column(index=True, info=personal("pseudonym"))
    state: Mapped[BookingState] = mapped_column(
        default=BookingState.CONFIRMED, info=technical("whether the seats are taken")
    )
    seats: Mapped[int] = mapped_column(info=technical("how many, one per participant"))
    booked_at: Mapped[datetime] = mapped_column(info=personal("usage"))
    cancelled_at: Mapped[datetime | None] = mapped_column(
        index=True,
        info=technical("retention of the participants of a cancelled booking starts here"),
    )
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}

    participants: Mapped[list[Participant]] = relationship(
        lazy="selectin", order_by=lambda: Participant.id
    )


class Participant(Base):
    """A person for whom a seat was booked; needs no account."""

    __tablename__ = "participants"
    __personal__ = about(
        "id",
        purpose="training",
        basis=CONTRACT,
        keep="participants",
        source="S81",
        origin=Origin.COLLEAGUE,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    booking_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("bookings.id"), index=True, info=technical("the booking")
    )
    organisation_id: Mapped[UUID] = mapped_column(info=technical("the employer"))
    name: Mapped[str] = mapped_column(sa.String(200), info=personal("identity"))
    email: Mapped[str] = mapped_column(sa.String(254), info=personal("contact"))
    language: Mapped[str] = mapped_column(sa.String(2), info=personal("contact"))
