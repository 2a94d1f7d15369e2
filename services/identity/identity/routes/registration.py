"""Becoming known: the form, the registration, the confirmation; and whom to turn to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response

from common.texts import Text
from common.web import idempotent, public, reader_language, reading, runtime, transaction
from common.web.forms import described
from identity import accounts, consents, links, notices, profiles, throttles
from identity.consents import TEXTS
from identity.models import Account, LinkPurpose
from identity.retention import KEPT
from identity.routes.blueprint import bp
from identity.routes.credentials import hashed, origin, words_of
from identity.rules.profile import VoluntaryField
from identity.rules.states import State
from identity.schemas.accounts import ContactView
from identity.schemas.registration import Accepted, Registration, RegistrationForm
from identity.schemas.sign_in import NewPassword, Token

CONTACT = Text(
    "Write to us with any question about the portal. The data protection officer answers about "
    "your data, your rights, and the sanctions lists that names are compared with.",
    "Schrijf ons met elke vraag over het portaal. De functionaris gegevensbescherming antwoordt "
    "over uw gegevens, uw rechten en de sanctielijsten waarmee namen worden vergeleken.",
    "Schreiben Sie uns bei Fragen zum Portal. Die Datenschutzbeauftragten antworten zu Ihren "
    "Daten, Ihren Rechten und den Sanktionslisten, mit denen Namen abgeglichen werden.",
)


def with_hashed_password(view: Callable[..., Any]) -> Callable[..., Any]:
    """Hash the password of the body before `idempotent` opens the transaction."""

    @wraps(view)
    def with_hash(body: dict[str, Any], **kwargs: Any) -> Any:
        close = (body["given_name"], body["family_name"], body["email"], body["company"])
        password = hashed(body.pop("password"), *close)
        return view(body, password=password, **kwargs)

    return with_hash


@bp.get("/registration/schema")
@public
@bp.response(200, RegistrationForm)
def describe_registration():
    """Say which fields a registration has, which are required, and what becomes of each (S5).

    With what one can agree to, and the fields that may be filled in then alone (S6).
    """
    language = reader_language()
    form = {
        "fields_": described(Registration(exclude=("consents",)), KEPT, language),
        "consents": consents.told(language),
    }
    return form, 200, {"Content-Language": language}


@bp.post("/registrations")
@public
@bp.arguments(Registration)
@with_hashed_password
@idempotent
@bp.response(202, Accepted)
def register(body, password):
    """Register; the answer is the same whether the address is known or not (S4)."""
    entries = {name.value: body.pop(name) for name in VoluntaryField}
    texts = [TEXTS[each["purpose"]] for each in body.pop("consents")]
    with transaction() as session:
        account_id = accounts.register(session, body, password)
        if account_id is not None:
            notice = notices.in_force(session, body["country"]).version
            profiles.begin(session, account_id, entries, texts, reader_language(), notice)
    return {"status": "accepted"}


@bp.post("/registrations/confirmation")
@public
@bp.arguments(Token)
@bp.response(204)
def confirm_registration(body):
    """Confirm the address with the mailed link; a second time changes nothing (S4, S14)."""
    with transaction() as session:
        account = links.use(session, body["token"], LinkPurpose.CONFIRM)
        if account.state is State.REGISTERED:
            accounts.confirm(session, account)
    return Response(status=204)


@bp.post("/passwords")
@public
@bp.arguments(NewPassword)
@bp.response(204)
def set_password(body):
    """Set the password with the mailed link; everything signed in before is void (S39)."""
    with reading() as session:
        link = links.find(session, body["token"], *links.FOR_PASSWORD)
        words = words_of(session.get_one(Account, link.account_id))
    password = hashed(body["password"], *words)
    with transaction() as session:
        account = links.use(session, body["token"], *links.FOR_PASSWORD)
        accounts.set_password(session, account, password)
        throttles.forget(session, account.email_key, origin().counted_as)
    return Response(status=204)


@bp.get("/contact")
@public
@bp.response(200, ContactView)
def show_contact():
    """Say whom people can turn to (S22, S91)."""
    settings = runtime().settings
    return {
        "operator": settings.operator_name,
        "address": settings.contact_address,
        "email": settings.contact_email,
        "phone": settings.contact_phone,
        "dpo_email": settings.dpo_email,
        "text": CONTACT.say(reader_language()),
    }
