"""For every route that changes something: what has to come first, and the call that changes it."""

from common.ids import uuid7
from common.web.access import Role
from identity import objections
from identity.consents import VOLUNTARY_PROFILE
from identity.mails import write
from identity.models import Account, MailKind
from identity.rules.states import State

from .authenticator import Device
from .factories import AT, PASSWORD, a_registration, an_organisation, mails, token_in
from .scenes import CUSTOMER, POWERS, Contract, scene
from .second_factors import MINE, STEP_UP, Person, by_password, somebody
from .surface import sent_to

NEXT = "violet anchor dispatch meadow"
MANAGED = {
    "user_management_since": AT, "user_management_by": uuid7(), "agreement_reference": "A 1",
}  # fmt: skip
STATES = {
    "POST /accounts/<uuid:account_id>/approval": State.AWAITING_APPROVAL,
    "POST /accounts/<uuid:account_id>/refusal": State.AWAITING_APPROVAL,
    "POST /accounts/<uuid:account_id>/unblock": State.BLOCKED,
    "POST /accounts/<uuid:account_id>/reactivation": State.DEACTIVATED,
    "POST /accounts/<uuid:account_id>/erasure": State.DEACTIVATED,
    "POST /accounts/<uuid:account_id>/erasure-plans": State.DEACTIVATED,
    "POST /accounts/<uuid:account_id>/assignment": State.AWAITING_APPROVAL,
}
"""Where an account stands before what a route does to it."""
OWN = {"passkey_id", "session_id"}
"""Things that nobody but their owner can name."""


def call(route):
    """Prepare a fitting call of a route by somebody who may, as a client that tries again."""

    def prepare(harness):
        if str(route) in ARRANGED:
            return ARRANGED[str(route)](harness)
        made = scene(
            harness,
            POWERS,
            where=CUSTOMER,
            owner=bool(OWN & set(route.parameters)) or route.path.startswith("/accounts/me/"),
            state=STATES.get(str(route), State.ACTIVE),
            contract=Contract("NL"),
            managed=not route.path.endswith("/user-management") or route.method == "DELETE",
        )
        sent = sent_to(route, made.ids)
        return succeeding(made.caller, route.method, route.filled(made.ids), **sent)

    return prepare


def succeeding(caller, method, path, **sent):
    """A call that must succeed, always with the same keys."""
    headers = {"If-Match": '"1"', "Idempotency-Key": str(uuid7())}

    def send():
        answer = caller.call(method, path, headers=headers, **sent)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"

    return send


def registering(harness):
    form = a_registration(email=f"anna.{uuid7().hex}@muster.example")
    return succeeding(harness.anonymous(), "POST", "/registrations", json=form)


def link_for(harness, form):
    """The token in the mail after a registration."""
    harness.anonymous().post("/registrations", form)
    return token_in(mails(harness)[-1][2])


def confirming(harness):
    token = link_for(harness, a_registration(email=f"anna.{uuid7().hex}@muster.example"))
    path = "/registrations/confirmation"
    return succeeding(harness.anonymous(), "POST", path, json={"token": token})


def signed_in(harness):
    """Somebody who signed in with a password, and the tokens."""
    account = somebody(harness)
    return account, by_password(harness, account).json


def choosing_a_password(harness):
    account, _ = signed_in(harness)
    with harness.runtime.transaction(actor="test") as session:
        write(session, account.id, MailKind.SET_PASSWORD)
    token = token_in(mails(harness)[-1][2])
    sent = {"token": token, "password": NEXT}
    return succeeding(harness.anonymous(), "POST", "/passwords", json=sent)


def signing_in(harness):
    account, _ = signed_in(harness)
    asked = {"email": account.email, "password": PASSWORD}
    return succeeding(harness.anonymous(), "POST", "/sessions", json=asked)


def refreshing(harness):
    _, tokens = signed_in(harness)
    asked = {"refresh_token": tokens["refresh_token"]}
    return succeeding(harness.anonymous(), "POST", "/sessions/refresh", json=asked)


def signing_out(harness):
    caller = client(harness, signed_in(harness)[1])
    return succeeding(caller, "DELETE", "/sessions/current")


def agreeing(harness):
    caller = client(harness, signed_in(harness)[1])
    body = {"purpose": VOLUNTARY_PROFILE.purpose, "text_id": VOLUNTARY_PROFILE.id}
    return succeeding(caller, "POST", "/accounts/me/consents", json=body)


def accepting(harness):
    made = scene(harness, [Role.USER_MANAGER], where=CUSTOMER)
    made.caller.post("/invitations", {"email": f"ida.{uuid7().hex}@muster.example"})
    body = {
        "token": token_in(mails(harness)[-1][2]), "given_name": "Ida", "family_name": "Ohm",
        "country": "DE", "language": "de", "password": NEXT,
    }  # fmt: skip
    return succeeding(harness.anonymous(), "POST", "/invitations/acceptance", json=body)


def confirming_an_address(harness):
    caller = client(harness, signed_in(harness)[1])
    asked = {"email": f"neu.{uuid7().hex}@muster.example", "current_password": PASSWORD}
    caller.post("/accounts/me/address", asked)
    token = next(token_in(text) for to, _, text in mails(harness) if to == asked["email"])
    path = "/accounts/address-confirmation"
    return succeeding(harness.anonymous(), "POST", path, json={"token": token})


def confirming_an_app(harness):
    person = Person(harness, somebody(harness))
    person.secret = person.post(f"{MINE}/totp", STEP_UP).json["secret"]
    sent = {"code": person.code()}
    return succeeding(
        client(harness, person.tokens), "POST", f"{MINE}/totp/confirmation", json=sent
    )


def registering_a_passkey(harness):
    person = Person(harness, somebody(harness))
    options = person.post(f"{MINE}/passkeys/options", STEP_UP).json
    sent = {"label": "Laptop", "credential": Device().create(options)}
    return succeeding(client(harness, person.tokens), "POST", f"{MINE}/passkeys", json=sent)


def renewing_codes(harness):
    person = Person(harness, somebody(harness)).add_app()
    path = f"{MINE}/recovery-codes"
    return succeeding(client(harness, person.tokens), "POST", path, json=STEP_UP)


def showing_a_second_factor(harness):
    account = somebody(harness)
    person = Person(harness, account).add_app()
    pending = by_password(harness, account).json["pending"]
    sent = {"pending": pending, "recovery_code": person.codes[0]}
    return succeeding(harness.anonymous(), "POST", "/sessions/second-factor", json=sent)


def enrolling(harness):
    organisation = harness.given(an_organisation(second_factor_required=True, **MANAGED))
    account = somebody(harness, organisation=organisation, role=Role.USER_MANAGER)
    sent = {"pending": by_password(harness, account).json["pending"]}
    path = "/sessions/second-factor/enrolment"
    return succeeding(harness.anonymous(), "POST", path, json=sent)


def signing_in_by_passkey(harness):
    device = Person(harness, somebody(harness)).add_passkey()
    options = harness.anonymous().post("/sessions/passkey/options").json
    sent = {"credential": device.get(options)}
    return succeeding(harness.anonymous(), "POST", "/sessions/passkey", json=sent)


def objecting_by_link(harness):
    account = somebody(harness)
    with harness.runtime.reading() as session:
        token = objections.link(session, session.get_one(Account, account.id)).rsplit("/", 1)[1]
    sent = {"token": token}
    return succeeding(harness.anonymous(), "POST", "/advertising-objections", json=sent)


def confirming_all_notices(harness):
    made = scene(harness, POWERS, where=CUSTOMER, contract=Contract("NL"))
    sent = {"recipient": "Vertretung AG", "until": "2026-03-02T00:00:00Z"}
    return succeeding(made.caller, "POST", "/recipient-notices/confirmation", json=sent)


def objecting_no_more(harness):
    made = scene(harness, POWERS, where=CUSTOMER)
    path = "/accounts/me/advertising-objection"
    made.caller.call("PUT", path)
    return succeeding(made.caller, "DELETE", path)


def following_a_request(harness):
    address = f"ida.{uuid7().hex}@muster.example"
    asked = {"email": address, "language": "de", "right": "access"}
    harness.anonymous().post("/rights-requests/outside", asked)
    token = next(token_in(text) for to, _, text in mails(harness) if to == address)
    return succeeding(harness.anonymous(), "POST", "/rights-requests/follow", json={"token": token})


def ending_a_restriction(harness):
    made = scene(harness, POWERS, where=CUSTOMER, contract=Contract("NL"))
    path = f"/accounts/{made.person.id}/restriction"
    made.caller.change("POST", path, 1, {"ground": "unlawful"})
    headers = {"If-Match": '"2"'}

    def send():
        answer = made.caller.call("POST", f"{path}/end", headers=headers)
        assert answer.status_code == 200, answer.text

    return send


def client(harness, tokens):
    """Somebody who signed in."""
    caller = harness.anonymous()
    caller.token = tokens["access_token"]
    return caller


ARRANGED = {
    "POST /registrations": registering,
    "POST /registrations/confirmation": confirming,
    "POST /accounts/<uuid:account_id>/restriction/end": ending_a_restriction,
    "POST /advertising-objections": objecting_by_link,
    "DELETE /accounts/me/advertising-objection": objecting_no_more,
    "POST /rights-requests/follow": following_a_request,
    "POST /recipient-notices/confirmation": confirming_all_notices,
    "POST /passwords": choosing_a_password,
    "POST /sessions": signing_in,
    "POST /sessions/refresh": refreshing,
    "DELETE /sessions/current": signing_out,
    "POST /accounts/me/consents": agreeing,
    "POST /invitations/acceptance": accepting,
    "POST /accounts/address-confirmation": confirming_an_address,
    "POST /accounts/me/second-factors/totp/confirmation": confirming_an_app,
    "POST /accounts/me/second-factors/passkeys": registering_a_passkey,
    "POST /accounts/me/second-factors/recovery-codes": renewing_codes,
    "POST /sessions/second-factor": showing_a_second_factor,
    "POST /sessions/second-factor/enrolment": enrolling,
    "POST /sessions/passkey": signing_in_by_passkey,
}
