"""What of a person goes when, asked of every service."""

from __future__ import annotations

from common.privacy.routes import outlook_here
from common.privacy.schemas import OutlookView
from common.web import authorise, reading, runtime
from identity.routes.blueprint import bp
from identity.schemas.retention import ServiceOutlookView
from identity.settings import OTHERS


@bp.get("/accounts/me/retention")
@bp.response(200, ServiceOutlookView(many=True))
def show_outlook():
    """Show what of one's own goes when, and what stays why, in every service (art. 15(1)(d))."""
    with reading() as session:
        own = authorise(session, "retention.see-own").account_id
        found = {"identity": outlook_here(session, own)}
    path = f"/internal/retention/outlook/{own}"
    for name in sorted(OTHERS):
        told = runtime().peer(name).call("GET", path, "outlook:read")
        found[name] = OutlookView(many=True).load(told or [])
    return [{"service": name, "tables": tables} for name, tables in found.items()]
