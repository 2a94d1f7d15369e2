"""Erasures, for the data protection officer."""

from __future__ import annotations

from marshmallow import fields, validate

from common.privacy.schemas import ErasedTableView
from common.web.schemas import Answer, Instant, Request


class ErasureApproval(Request):
    """Which plan is approved."""

    plan_id = fields.UUID(required=True)


class OwnersPlanView(Answer):
    """What one owner would do."""

    owner = fields.String()
    tables = fields.List(fields.Nested(ErasedTableView))


class ErasurePlanView(Answer):
    """What an erasure would come to in every service, as it was when it was asked."""

    id = fields.UUID()
    account_id = fields.UUID()
    planned_at = Instant()
    owners = fields.List(fields.Nested(OwnersPlanView))


class ReceiptView(Answer):
    """What one owner answered, as it was signed."""

    owner = fields.String()
    received_at = Instant()
    receipt = fields.Dict(keys=fields.String())


class ErasureView(Answer):
    """An erasure, and which owners have not answered."""

    request_id = fields.UUID(attribute="id")
    account_id = fields.UUID()
    state = fields.String(validate=validate.OneOf(("requested", "overdue", "completed")))
    requested_at = Instant()
    completed_at = Instant(allow_none=True)
    missing = fields.List(fields.String())
    held_by = fields.List(fields.UUID())
    plan_id = fields.UUID(allow_none=True)
    followed_by = fields.UUID(allow_none=True)
    receipts = fields.List(fields.Nested(ReceiptView))


class CertificateView(Answer):
    """Every owner's receipt as it was signed, under one root that identity signed."""

    request_id = fields.String()
    account_id = fields.String()
    requested_at = fields.String()
    completed_at = fields.String()
    receipts = fields.List(fields.Dict(keys=fields.String()))
    merkle_root = fields.String()
    kid = fields.String()
    signature = fields.String()
