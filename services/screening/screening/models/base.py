"""The base of screening's tables."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from common.db import TYPES, metadata


class Base(DeclarativeBase):
    """Tables of this service."""

    metadata = metadata()
    type_annotation_map = TYPES
