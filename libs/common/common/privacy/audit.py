"""Audit: who did what to whom, ids only, written in the transaction that did it.

Triggers, and on PostgreSQL revoked privileges, keep it from being changed or shortened, except by
a role that owns the table and grants itself the way.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase
from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import INTEREST, about, personal, technical


class AuditEntry(CommonBase):
    """One act; rows are only ever added."""

    __tablename__ = "audit_entries"
    __personal__ = about(
        "subject",
        purpose="accountability",
        basis=INTEREST,
        keep="audit",
        source="S12",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    at: Mapped[datetime] = mapped_column(index=True, info=technical("when"))
    actor: Mapped[str] = mapped_column(sa.String(80), info=personal("pseudonym", other=True))
    action: Mapped[str] = mapped_column(sa.String(80), info=technical("verb of the policy"))
    subject: Mapped[str] = mapped_column(sa.String(80), index=True, info=personal("pseudonym"))


def audit(session: Session, action: str, subject: UUID | str) -> None:
    """Note that the present actor did this to the subject."""
    session.add(
        AuditEntry(
            at=now(session),
            actor=session.info["cause"].actor,
            action=action,
            subject=str(subject),
        )
    )
