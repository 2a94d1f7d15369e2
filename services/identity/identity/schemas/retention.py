"""What of a person goes when."""

from __future__ import annotations

from marshmallow import fields

from common.privacy.schemas import OutlookView
from common.web.schemas import Answer


class ServiceOutlookView(Answer):
    """What one service keeps of a person, and until when."""

    service = fields.String()
    tables = fields.List(fields.Nested(OutlookView))
