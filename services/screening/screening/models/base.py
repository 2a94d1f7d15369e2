"""The base of screening's tables, and what they are for."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from common.db import TYPES, metadata

PURPOSE = "compare with sanctions lists before release and regularly after"


class Base(DeclarativeBase):
    """Tables of this service."""

    metadata = metadata()
    type_annotation_map = TYPES
