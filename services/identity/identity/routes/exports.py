"""One's own data, to read and to take elsewhere."""

from __future__ import annotations

from flask import send_file

from common.privacy.audit import audit
from common.web import authorise, principal, reader_language, reading, transaction, while_restricted
from identity import exports
from identity.models import Account
from identity.routes.blueprint import bp


@bp.get("/accounts/me/export")
@while_restricted
@bp.alt_response(
    200,
    schema={"type": "string", "format": "binary"},
    content_type="application/zip",
    description="JSON of every service, a summary for reading, and one's own files",
    success=True,
)
def export_oneself():
    """Give all that six services hold about oneself (art. 15 and 20 GDPR); never a part of it."""
    with transaction() as session:
        audit(session, "export.make", principal().account_id)
    with reading() as session:
        account = authorise(session, "export.make", Account, principal().account_id)
        archive = exports.archive(session, account, reader_language())
    return send_file(
        archive, mimetype="application/zip", as_attachment=True, download_name="my-data.zip"
    )
