"""Rows, bodies and events for the tests."""

import email
import email.policy
import re
from datetime import UTC, datetime

from common.events.catalogue import (
    OWNERS_OF_PERSONAL_DATA,
    PersonalDataErased,
    ScreeningCompleted,
    TableErased,
    Verdict,
)
from common.ids import uuid7
from common.keys import Keys
from common.metrics import Observed
from common.privacy import erasure
from common.privacy.deadlines import due_on
from common.web.standing import AccountStanding
from identity.consents import VOLUNTARY_PROFILE
from identity.models import Account, ErasurePlan, Organisation, OrganisationKind, RightsRequest
from identity.passwords import Passwords
from identity.rules.addresses import email_key
from identity.rules.rights import RequestState, Right
from identity.rules.states import STANDING, Screening, State

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
VOLUNTARY = {
    "salutation": "Frau Dr.",
    "job_title": "Meisterin",
    "phone": "+49 7156 3030",
    "mobile": "+491715550000",
    "interests": "Laser",
}
AGREED = {"consents": [{"purpose": "voluntary_profile", "text_id": VOLUNTARY_PROFILE.id}]}
_RELEASED = (State.ACTIVE, State.BLOCKED, State.DEACTIVATED)


def an_organisation(kind="customer", name="Muster AG", **facts):
    return Organisation(
        id=uuid7(), name=name, country="DE", kind=OrganisationKind(kind), registered_at=AT, **facts
    )


def a_plan(account, **facts):
    """What the erasure of somebody would come to, asked for just now."""
    usual = {
        "account_id": account.id, "account_version": 1, "planned_at": AT, "planned_by": uuid7(),
        "tables": {each: [] for each in OWNERS_OF_PERSONAL_DATA},
    }  # fmt: skip
    return ErasurePlan(**{**usual, **facts})


def a_rights_request(account=None, **facts):
    """What somebody asked for as a right, an hour ago and not answered yet."""
    usual = {
        "id": uuid7(), "account_id": account and account.id, "language": "en",
        "right": Right.ACCESS, "state": RequestState.OPEN, "received_at": AT, "due_on": due_on(AT),
        "address": None if account else f"ida.{uuid7().hex}@muster.example",
    }  # fmt: skip
    return RightsRequest(**{**usual, **facts})


def approval(harness, account):
    """The body that approves a plan made just now."""
    made = a_plan(account, account_version=account.version, planned_at=harness.clock.now())
    return {"plan_id": str(harness.given(made).id)}


def an_account(organisation=None, state=State.ACTIVE, address=None, **facts):
    """An account that came to its state in the usual way."""
    number = uuid7()
    address = address or f"anna.{number.hex}@muster.example"
    clear = Screening.CLEAR if state in (*_RELEASED, State.AWAITING_APPROVAL) else Screening.PENDING
    usual = {
        "id": number,
        "organisation_id": organisation.id if organisation else None,
        "given_name": "Anna",
        "family_name": "Muster",
        "email": address,
        "email_key": email_key(address),
        "company": "Muster AG",
        "country": "DE",
        "language": "en",
        "state": state,
        "screening": clear,
        "registered_at": AT,
        "confirmed_at": None if state is State.REGISTERED else AT,
        "approved_at": AT if state in _RELEASED else None,
        "blocked_by_staff_at": AT if state is State.BLOCKED else None,
        "refused_at": AT if state is State.REFUSED else None,
        "deactivated_at": AT if state is State.DEACTIVATED else None,
    }
    return Account(**{**usual, **facts})


def with_password(harness, account, password=PASSWORD):
    """The same account, with a password."""
    kept = harness.runtime.resource(Passwords).make(password)
    account.password_hash, account.password_scheme = kept.value, kept.scheme
    account.pepper_id = kept.pepper_id
    return account


def a_registration(**entered):
    return {
        "given_name": "Anna",
        "family_name": "Muster",
        "email": "Anna.Muster@muster.example",
        "company": "Muster AG",
        "country": "DE",
        "language": "de",
        "password": PASSWORD,
        **entered,
    }


def a_screening(account_id, verdict=Verdict.CLEAR):
    return ScreeningCompleted(account_id=account_id, verdict=verdict, list_versions=("un:1",))


def a_receipt(harness, request, owner, **facts):
    """The receipt an owner of personal data answers a request with, signed with its own key."""
    keys = Keys(harness.folder / "keys", owner)
    fields = {
        "account_id": request.account_id,
        "request_id": request.id,
        "erased_at": harness.clock.now(),
        "tables": (TableErased(table="rows", deleted=2),),
        "previous": "",
        "kid": keys.kid,
        "signature": "",
        **facts,
    }
    unsigned = PersonalDataErased(**fields)
    signed = keys.sign(erasure.rfc8785.dumps(erasure._fields(owner, unsigned)))
    return PersonalDataErased(**{**fields, "signature": signed})


def other_owners():
    return [owner for owner in OWNERS_OF_PERSONAL_DATA if owner != "identity"]


def me(harness, account, *roles):
    """The owner of an account, signed in."""
    harness.given(own_standing(account))
    return harness.sign_in(
        *roles, account_id=account.id, organisation_id=account.organisation_id, known=False
    )


def agree(caller):
    """The answer to somebody's consent to voluntary entries."""
    return caller.post("/accounts/me/consents", AGREED["consents"][0])


def own_standing(account):
    return AccountStanding(
        account_id=account.id,
        organisation_id=account.organisation_id,
        state=STANDING[account.state],
        epoch=1,
        sequence=0,
    )


def scraped(harness):
    """What the worker says when it is scraped, by the metric's name."""
    families = Observed(harness.runtime).collect()
    return {each.name: each.samples[0].value for each in families}


def mails(harness):
    """Mails that went out, in order, as (address, subject, text)."""
    harness.run_steps()
    read = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in sorted((harness.folder / "mails").glob("*.eml"))
    ]
    return [(each["To"], each["Subject"], each.get_content()) for each in read]


def token_in(text):
    """The secret of the link in a mail."""
    return re.search(r"\?token=([\w-]+)", text)[1]


def stored(harness, account):
    """The account as it stands in the database."""
    return harness.rows(Account, Account.id == account.id)[0]
