"""What of a person goes when, asked of every service."""

from __future__ import annotations

from common.privacy.routes import outlook_here
from common.privacy.schemas import OutlookView
from common.web import authorise, reading, runtime, while_restricted
from identity.peers import ask_all
from identity.routes.blueprint import bp
from identity.schemas.retention import ServiceOutlookView


@bp.get("/accounts/me/retention")
@while_restricted
@bp.response(200, ServiceOutlookView(many=True))
def show_outlook():
    """Show what of one's own goes when, and what stays why, in every service (art. 15(1)(d))."""
    with reading() as session:
        account_id = authorise(session, "retention.see-own").account_id
        found = {"identity": outlook_here(session, account_id)}
    told = ask_all(runtime(), "GET", f"/internal/retention/outlook/{account_id}", "outlook:read")
    found |= {name: OutlookView(many=True).load(tables) for name, tables in told.items()}
    return [{"service": name, "tables": tables} for name, tables in found.items()]
