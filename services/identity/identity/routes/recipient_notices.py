"""What recipients of people's data are to do, and that they did it (art. 19 GDPR)."""

from __future__ import annotations

from common.privacy.audit import audit_shown
from common.web import authorise, page, principal, reading, transaction
from identity import recipient_notices
from identity.models import RecipientNotice
from identity.routes.blueprint import bp
from identity.schemas.recipient_notices import (
    Confirmations,
    Confirmed,
    RecipientNoticesAsked,
    RecipientNoticeView,
)


@bp.get("/recipient-notices")
@bp.arguments(RecipientNoticesAsked, location="query")
@bp.response(200, RecipientNoticeView(many=True))
def list_recipient_notices(asked):
    """List what recipients are to do, the newest first; a representative sees its own (S24)."""
    with reading() as session:
        person = authorise(session, "recipient-notice.list")
        rows = recipient_notices.visible(person)
        if asked["state"]:
            is_open = recipient_notices.OPEN
            rows = rows.where(is_open if asked["state"] == "open" else ~is_open)
        found, headers = page(session, rows, RecipientNotice.id, asked)
        audit_shown(session, found)
    return found, 200, headers


@bp.post("/recipient-notices/<uuid:notice_id>/confirmation")
@bp.response(200, RecipientNoticeView)
def confirm_recipient_notice(notice_id):
    """Say that the recipient did the same with the person's data (art. 19 GDPR)."""
    with transaction() as session:
        notice = authorise(session, "recipient-notice.confirm", RecipientNotice, notice_id)
        recipient_notices.confirm(session, notice, principal().account_id)
        return notice


@bp.post("/recipient-notices/confirmation")
@bp.arguments(Confirmations)
@bp.response(200, Confirmed)
def confirm_recipient_notices(body):
    """Say that a recipient did the same with everybody of whom it was told until then."""
    with transaction() as session:
        person = authorise(session, "recipient-notice.confirm-all")
        confirmed = recipient_notices.confirm_all(session, **body, by=person.account_id)
    return {"confirmed": confirmed}
