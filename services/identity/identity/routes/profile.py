"""One's own profile: corrections, consents, and what is told voluntarily."""

from __future__ import annotations

from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from common.refusals import NotFound
from common.web import authorise, principal, reader_language, reading, transaction, while_restricted
from identity import profiles, queries, recipient_notices
from identity.accounts import locked
from identity.consents import TEXTS, text_for
from identity.models import Account, NoticedAct, VoluntaryProfile
from identity.routes.blueprint import bp
from identity.rules.profile import require_consent
from identity.rules.states import HIDDEN
from identity.schemas.accounts import AccountView
from identity.schemas.profile import (
    ConsentShown,
    ConsentView,
    Profile,
    ProfileView,
    Rectification,
)


@bp.patch("/accounts/me")
@while_restricted
@bp.arguments(Rectification)
@bp.response(200, AccountView)
def rectify_own_account(body):
    """Correct one's own entries; another name is compared with the lists again (S16, S18)."""
    with transaction() as session:
        account = _locked(session, principal().account_id)
        authorise(session, "account.rectify", Account, account.id)
        if profiles.changed_by(account, body):
            recipient_notices.arise(session, account, NoticedAct.RECTIFIED)
        profiles.rectify(session, account, body)
        return queries.shown(session, [account])[0]


@bp.get("/accounts/me/consents")
@while_restricted
@bp.response(200, ConsentView(many=True))
def list_consents():
    """List what one can agree to, in full, and whether one has (S28)."""
    with reading() as session:
        person = authorise(session, "consent.read")
        return profiles.consents_of(session, person.account_id, reader_language())


@bp.post("/accounts/me/consents")
@bp.arguments(ConsentShown)
@bp.response(200, ConsentView(many=True))
def give_consent(body):
    """Agree to the text that was shown; agreeing again changes nothing (S6, S28)."""
    language = reader_language()
    with transaction() as session:
        account = _locked(session, authorise(session, "consent.give").account_id)
        profiles.agree(session, account, TEXTS[body["purpose"]], language)
        return profiles.consents_of(session, account.id, language)


@bp.delete("/accounts/me/consents/<purpose>")
@while_restricted
@bp.response(204)
def withdraw_consent(purpose):
    """Take a consent back; what was entered because of it goes at once (S6, S28)."""
    with transaction() as session:
        account = _locked(session, authorise(session, "consent.withdraw").account_id)
        profiles.take_back(session, account, text_for(purpose).purpose)
    return Response(status=204)


@bp.get("/accounts/me/profile")
@while_restricted
@bp.response(200, ProfileView)
def read_profile():
    """Show what one has told voluntarily, and which of it colleagues see (S6, S9)."""
    with reading() as session:
        own = authorise(session, "profile.read").account_id
        if not profiles.may_tell(session, own):
            return VoluntaryProfile(shown=[])
        return authorise(session, "profile.read", VoluntaryProfile, own)


@bp.put("/accounts/me/profile")
@bp.arguments(Profile)
@bp.response(200, ProfileView)
def write_profile(body):
    """Tell voluntarily what one likes, and show colleagues what one likes (S6, S9)."""
    with transaction() as session:
        account = _locked(session, principal().account_id)
        require_consent(profiles.may_tell(session, account.id))
        profile = authorise(session, "profile.change", VoluntaryProfile, account.id)
        for name, value in body.items():
            setattr(profile, name, value)
        session.flush()
        return profile


def _locked(session: Session, account_id: UUID) -> Account:
    """The account, held still; nothing is told of somebody who is being erased meanwhile."""
    account = locked(session, account_id)
    if account.state in HIDDEN:
        raise NotFound()
    return account
