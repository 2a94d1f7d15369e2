"""Reads of documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from uploads.models import Document


def documents_of(organisation_id: UUID | None) -> sa.Select[Any]:
    """What everybody of an organisation may see (S54)."""
    return sa.select(Document).where(Document.organisation_id == organisation_id)


def uploaded_before(session: Session, draft: Mapping[str, Any]) -> Document | None:
    """Document that the same person made of the same content under the same name."""
    same = sa.select(Document).where(
        Document.organisation_id == draft["organisation_id"],
        Document.uploader_id == draft["uploader_id"],
        Document.sha256 == draft["sha256"],
        Document.file_name == draft["file_name"],
    )
    return session.scalars(same).one_or_none()
