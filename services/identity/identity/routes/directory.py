"""The directory: colleagues, and how a person behind an id is called."""

from __future__ import annotations

from common.privacy.audit import audit_shown
from common.refusals import NotFound
from common.web import Page, authorise, page, reader_language, reading, runtime
from common.web.access import STAFF_ROLES
from identity import queries
from identity.models import Account
from identity.profiles import shown_to_colleagues
from identity.routes.blueprint import bp
from identity.rules.access import display_name
from identity.rules.profile import sees_profile
from identity.schemas.accounts import ColleagueView, NameView


@bp.get("/directory")
@bp.arguments(Page, location="query")
@bp.response(200, ColleagueView(many=True))
def list_colleagues(asked):
    """List the active people of one's own organisation (S9)."""
    with reading() as session:
        person = authorise(session, "directory.read")
        found, headers = page(session, queries.colleagues(person), Account.id, asked)
        return queries.as_colleagues(session, found), 200, headers


@bp.get("/directory/<uuid:account_id>")
@bp.response(200, NameView)
def name_account(account_id):
    """Say how the person behind an id is called; erased, a former user (S9, S50, reading 4).

    To colleagues, also what the person shows of the voluntary profile (reading 5).
    """
    shown: dict[str, object] = {}
    with reading() as session:
        person = authorise(session, "directory.read")
        entry = queries.entry(session, account_id)
        if entry is not None and sees_profile(entry, person.organisation_id):
            shown = shown_to_colleagues(session, [account_id]).get(account_id, {})
        name = entry and display_name(
            entry,
            reader_organisation_id=person.organisation_id,
            reader_is_staff=bool(person.roles & STAFF_ROLES),
            operator_name=runtime().settings.operator_name,
            language=reader_language(),
        )
        if name is None:
            raise NotFound()
        audit_shown(session, [session.get_one(Account, account_id)])
    return {**shown, "account_id": account_id, "display_name": name}
