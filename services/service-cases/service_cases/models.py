"""Tables of service-cases: machines, cases about them, and what was written in a case."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from common.db import TYPES, metadata
from common.events.catalogue import CaseState
from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import CONTRACT, Origin, about, personal, technical
from service_cases.rules import Side


class Channel(StrEnum):
    """Where a case was reported; the Service App has a notice of its own (S63)."""

    PORTAL = "portal"
    SERVICE_APP = "service_app"


class Base(DeclarativeBase):
    """Tables of this service."""

    metadata = metadata()
    type_annotation_map = TYPES


class Machine(Base):
    """A delivered machine, of the customer who runs it."""

    __tablename__ = "machines"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    organisation_id: Mapped[UUID] = mapped_column(index=True, info=technical("whose machine"))
    product: Mapped[str] = mapped_column(sa.String(120), info=technical("kind of machine"))
    serial_number: Mapped[str] = mapped_column(
        sa.String(40), unique=True, info=technical("on its plate")
    )
    relation_ended_at: Mapped[datetime | None] = mapped_column(
        info=technical("since then it takes no case")
    )


class Case(Base):
    """A fault of a machine, reported by one person, seen by the whole organisation (S62)."""

    __tablename__ = "cases"
    __owner__ = "account_id"
    __case__ = "id"
    __personal__ = about(
        "account_id",
        purpose="solve",
        basis=CONTRACT,
        keep="case",
        source="S57",
        origin=Origin.PERSON,
        erasure="keep",
        because=Ground.ENDED_PROCESS,
    )
    __table_args__ = (
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at_when_closed"
        ),
        sa.Index("ix_cases_organisation_id_id", "organisation_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    organisation_id: Mapped[UUID] = mapped_column(info=technical("whose case"))
    account_id: Mapped[UUID] = mapped_column(
        index=True, info=personal("pseudonym", origin=Origin.PORTAL)
    )
    machine_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("machines.id"), index=True, info=technical("what has the fault")
    )
    title: Mapped[str] = mapped_column(sa.String(120), info=personal("content"))
    description: Mapped[str] = mapped_column(
        sa.String(5000), info=personal("content", source="S60")
    )
    contact_name: Mapped[str] = mapped_column(
        sa.String(120), info=personal("contact", erasure="pseudonymise")
    )
    contact_phone: Mapped[str | None] = mapped_column(
        sa.String(40), info=personal("contact", erasure="pseudonymise")
    )
    contact_email: Mapped[str | None] = mapped_column(
        sa.String(254), info=personal("contact", erasure="pseudonymise")
    )
    channel: Mapped[Channel] = mapped_column(info=technical("S63: where it was reported"))
    notice_version: Mapped[str] = mapped_column(
        sa.String(40), info=technical("S63: privacy notice that was shown")
    )
    state: Mapped[CaseState] = mapped_column(info=technical("where it stands"))
    reported_at: Mapped[datetime] = mapped_column(info=technical("when it began"))
    closed_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("S64: retention begins")
    )
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    machine: Mapped[Machine] = relationship(lazy="selectin")

    __mapper_args__ = {"version_id_col": version}

    def move(self, state: CaseState, at: datetime) -> None:
        """Take the state that a rule decided on; a closed case keeps the instant of closing."""
        self.state = state
        self.closed_at = at if state is CaseState.CLOSED else None


class CaseMessage(Base):
    """Something written in a case by a colleague of the customer or by support (S58)."""

    __tablename__ = "case_messages"
    __owner__ = "author_id"
    __case__ = "case_id"
    __personal__ = about(
        "author_id",
        purpose="solve",
        basis=CONTRACT,
        keep="case",
        source="S58",
        origin=Origin.PERSON,
        erasure="keep",
        because=Ground.ENDED_PROCESS,
    )
    __table_args__ = (sa.Index("ix_case_messages_case_id_id", "case_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    case_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("cases.id"), info=technical("the case it belongs to")
    )
    organisation_id: Mapped[UUID] = mapped_column(info=technical("whose case"))
    author_id: Mapped[UUID] = mapped_column(
        index=True, info=personal("pseudonym", origin=Origin.PORTAL)
    )
    side: Mapped[Side] = mapped_column(info=technical("customer or support wrote it"))
    text: Mapped[str] = mapped_column(sa.Text, info=personal("content", source="S60"))
    written_at: Mapped[datetime] = mapped_column(info=technical("when"))
