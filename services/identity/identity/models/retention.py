"""What-if of retention rules, and what was activated on its strength."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, about, personal, technical
from identity.models.base import Base


class RetentionPreview(Base):
    """What proposed rules would change, asked of every service; rows are only ever added."""

    __tablename__ = "retention_previews"
    __personal__ = about(
        "previewed_by",
        purpose="accountability",
        basis=LEGAL_DUTY,
        keep="retention-change",
        source="S26",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    rules: Mapped[list[dict[str, Any]]] = mapped_column(
        sa.JSON, info=technical("rows as proposed, all those of the classes in question")
    )
    rules_sha256: Mapped[str] = mapped_column(
        sa.String(64), info=technical("digest of what was proposed")
    )
    compared_sha256: Mapped[str] = mapped_column(
        sa.String(64), info=technical("digest of the rules in use that it was compared with")
    )
    changes: Mapped[list[dict[str, Any]]] = mapped_column(
        sa.JSON, info=technical("rows that fall due, by month, service, class and country")
    )
    previewed_at: Mapped[datetime] = mapped_column(index=True, info=technical("when"))
    previewed_by: Mapped[UUID] = mapped_column(info=personal("pseudonym"))


class RetentionRuleSet(Base):
    """That the rules of a preview came into use, and who said so; rows are only ever added."""

    __tablename__ = "retention_rule_sets"
    __personal__ = about(
        "activated_by",
        purpose="accountability",
        basis=LEGAL_DUTY,
        keep="retention-change",
        source="S26",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    preview_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("retention_previews.id"), unique=True, info=technical("what it rests on")
    )
    activated_at: Mapped[datetime] = mapped_column(index=True, info=technical("when"))
    activated_by: Mapped[UUID] = mapped_column(info=personal("pseudonym"))
