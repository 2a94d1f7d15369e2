"""What compliance proposed and decided about matches."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import INTEREST, Origin, Protection, about, personal, technical
from screening.models.base import Base
from screening.rules.reviews import Reason
from screening.rules.states import Ruling

_COMPLIANCE = ("compliance",)


class Decision(Base):
    """What was ruled about a match; rows are only ever added, the latest counts.

    It holds for this very entry and this very name: either changes, and it is open again; it
    changes back, and the decision holds again.
    """

    __tablename__ = "decisions"
    __personal__ = about(
        "account_id",
        purpose="screen",
        basis=INTEREST,
        keep="screening",
        source="S17",
        origin=Origin.STAFF,
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("screenings.account_id"),
        index=True,
        info=personal("pseudonym", origin=Origin.PORTAL),
    )
    list_id: Mapped[str] = mapped_column(
        sa.String(80),
        info=personal("status", origin=Origin.SANCTIONS_LIST, readers=_COMPLIANCE),
    )
    entry_id: Mapped[str] = mapped_column(
        sa.Text, info=personal("status", origin=Origin.SANCTIONS_LIST, readers=_COMPLIANCE)
    )
    entry_fingerprint: Mapped[str] = mapped_column(
        sa.String(64), info=technical("the entry as it was seen")
    )
    name_digest: Mapped[str] = mapped_column(
        sa.String(64),
        info=personal(
            "identity", readers=(), source="S16", origin=Origin.PERSON, written=Protection.DIGEST
        ),
    )
    outcome: Mapped[Ruling] = mapped_column(info=personal("status", readers=_COMPLIANCE))
    reason: Mapped[Reason] = mapped_column(info=personal("status", readers=_COMPLIANCE))
    proposed_by: Mapped[UUID | None] = mapped_column(
        index=True, info=personal("pseudonym", readers=_COMPLIANCE, erasure="keep", other=True)
    )
    proposed_at: Mapped[datetime | None] = mapped_column(
        info=technical("when; empty where one person was enough")
    )
    decided_by: Mapped[UUID] = mapped_column(
        index=True, info=personal("pseudonym", readers=_COMPLIANCE, erasure="keep", other=True)
    )
    decided_at: Mapped[datetime] = mapped_column(info=technical("when"))


class Proposal(Base):
    """A decision that one person of compliance proposes to another; of a screening, one.

    It is for the entries and the name as they were seen: either changes, and it has lapsed.
    """

    __tablename__ = "proposals"
    __personal__ = about(
        "account_id",
        purpose="screen",
        basis=INTEREST,
        keep="screening",
        source="S17",
        origin=Origin.STAFF,
        because=Ground.ACCOUNTABILITY,
    )

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("screenings.account_id"),
        primary_key=True,
        info=personal("pseudonym", origin=Origin.PORTAL),
    )
    name_digest: Mapped[str] = mapped_column(
        sa.String(64),
        info=personal(
            "identity", readers=(), source="S16", origin=Origin.PERSON, written=Protection.DIGEST
        ),
    )
    outcome: Mapped[Ruling] = mapped_column(info=personal("status", readers=_COMPLIANCE))
    reason: Mapped[Reason] = mapped_column(info=personal("status", readers=_COMPLIANCE))
    proposed_by: Mapped[UUID] = mapped_column(
        index=True, info=personal("pseudonym", readers=_COMPLIANCE, erasure="keep", other=True)
    )
    proposed_at: Mapped[datetime] = mapped_column(info=technical("when"))


class ProposedEntry(Base):
    """A list entry that a proposal is about, as it was seen."""

    __tablename__ = "proposed_entries"
    __personal__ = about(
        "account_id",
        purpose="screen",
        basis=INTEREST,
        keep="screening",
        source="S17",
        origin=Origin.SANCTIONS_LIST,
    )

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("proposals.account_id"),
        primary_key=True,
        info=personal("pseudonym", origin=Origin.PORTAL),
    )
    list_id: Mapped[str] = mapped_column(
        sa.String(80), primary_key=True, info=personal("status", readers=_COMPLIANCE)
    )
    entry_id: Mapped[str] = mapped_column(
        sa.Text, primary_key=True, info=personal("status", readers=_COMPLIANCE)
    )
    entry_fingerprint: Mapped[str] = mapped_column(
        sa.String(64), info=technical("the entry as it was seen")
    )
