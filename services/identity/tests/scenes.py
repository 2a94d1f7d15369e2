"""A customer, one of its people and their things, and somebody who calls."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache
from uuid import UUID

import msgspec

from common.events.catalogue import HoldScope
from common.ids import uuid7
from common.privacy.rulebook import all_rules
from common.privacy.rulesets import RuleSet
from common.web.access import Role
from identity import profiles
from identity.app import service
from identity.consents import VOLUNTARY_PROFILE
from identity.models import (
    AuthenticatorApp,
    ContractKind,
    ErasureRequest,
    Invitation,
    LegalHold,
    NoticedAct,
    Passkey,
    RecipientKind,
    RecipientNotice,
    RefreshToken,
    Representation,
    SignInSession,
)
from identity.passwords import Passwords
from identity.rules.invitations import InvitationState
from identity.rules.states import State

from .factories import (
    AT,
    PASSWORD,
    a_plan,
    a_rights_request,
    an_account,
    an_organisation,
    own_standing,
)

SHIPPED = msgspec.to_builtins([asdict(each) for each in all_rules(service)])
POWERS = frozenset(Role) - {Role.REPRESENTATIVE}
"""Every role that is not bound to a contract."""
CUSTOMER, ELSEWHERE, REPRESENTATIVE = "customer", "elsewhere", "representative"
HOME_OF = {
    "representation_id": REPRESENTATIVE,
    "notice_id": REPRESENTATIVE,
    "hold_id": "nobody's",
    "rights_request_id": "nobody's",
}
"""Whose a thing is that a path names, where it is not the customer's."""
YEAR = timedelta(days=365)


@cache
def password_columns(runtime):
    """Every caller's password, hashed once."""
    kept = runtime.resource(Passwords).make(PASSWORD)
    return {
        "password_hash": kept.value, "password_scheme": kept.scheme, "pepper_id": kept.pepper_id
    }  # fmt: skip


@dataclass(frozen=True)
class Contract:
    """What a representative has signed, seen from now."""

    country: str = "DE"
    begins: timedelta = -YEAR
    ends: timedelta = YEAR


IN_FORCE = Contract()


@dataclass(frozen=True)
class Scene:
    """ids: what a path or a body may name. person: the customer's, whose things they are."""

    ids: dict
    caller: object
    person: object


def scene(
    identity,
    roles,
    *,
    where=ELSEWHERE,
    owner=False,
    state=State.ACTIVE,
    contract=IN_FORCE,
    managed=True,
):
    """A fresh one, so that what a call changes is nobody else's.

    roles: the caller's; without any nobody is signed in. where: the caller's organisation. owner:
    the caller is that person. state: of that person's account. managed: the customer has user
    management.
    """
    at = identity.clock.now()
    agreed = {
        "user_management_since": AT, "user_management_by": uuid7(), "agreement_reference": "A 1"
    }  # fmt: skip
    homes = {
        CUSTOMER: an_organisation(**(agreed if managed else {})),
        ELSEWHERE: an_organisation(name="Beispiel AG"),
        REPRESENTATIVE: an_organisation(REPRESENTATIVE, name="Vertretung AG"),
    }
    home = homes[CUSTOMER]
    role = next((each for each in roles if each is Role.REPRESENTATIVE), Role.MEMBER)
    person, erased = an_account(home, state), an_account(home, State.ERASING)
    asking = person if owner else an_account(homes[where], role=role)
    for name, value in password_columns(identity.runtime).items():
        setattr(asking, name, value)
    address = f"ida.{uuid7().hex}@muster.example"
    things = {
        "request_id": ErasureRequest(account_id=erased.id, requested_at=AT, asked_at=AT),
        "plan_id": a_plan(person),
        "session_id": SignInSession(account_id=person.id, begun_at=at),
        "invitation_id": Invitation(
            organisation_id=home.id, email=address, email_key=address, language="de",
            invited_by=person.id, state=InvitationState.SENT, asked_at=AT,
            expires_at=at + timedelta(days=29), next_try_at=None, sent_at=at,
        ),
        "passkey_id": Passkey(
            account_id=person.id, credential_id=uuid7().hex, public_key=b"key", sign_count=1,
            label="phone", created_at=at,
        ),
        "notice_id": RecipientNotice(
            kind=RecipientKind.REPRESENTATIVE, recipient="Vertretung AG", account_id=person.id,
            organisation_id=homes[REPRESENTATIVE].id, act=NoticedAct.RECTIFIED, arose_at=AT,
            due_on=date(2026, 4, 1),
        ),
        "rights_request_id": a_rights_request(person),
        "rule_set_id": RuleSet(rules=SHIPPED, proposed_at=at, preview=[], preview_id=uuid7()),
        "hold_id": LegalHold(
            scope=HoldScope.CASE, subject=str(uuid7()), ground="a claim", placed_by=uuid7(),
            placed_at=at, review_on=date(2027, 1, 1),
        ),
        "representation_id": Representation(
            organisation_id=homes[REPRESENTATIVE].id, country=contract.country,
            contract_reference="C 1", contract_kind=ContractKind.PROCESSING,
            valid_from=at + contract.begins, valid_to=at + contract.ends, created_by=uuid7(),
        ),
    }  # fmt: skip
    for thing in things.values():
        thing.id = uuid7()
    app = AuthenticatorApp(
        account_id=asking.id, sealed_secret="sealed", pepper_id="p", created_at=at, confirmed_at=at
    )
    caller = identity.anonymous()
    if roles:
        caller = identity.sign_in(
            *roles, account_id=asking.id, organisation_id=asking.organisation_id, known=False
        )
    with identity.runtime.transaction(actor="test") as session:
        for rows in (homes.values(), [person, asking, erased], things.values()):
            session.add_all(rows)
            session.flush()
        session.add_all([own_standing(asking), app])
        profiles.agree(session, asking, VOLUNTARY_PROFILE, "de")
        if roles:
            own = UUID(caller.person.session_id)
            session.add(SignInSession(id=own, account_id=asking.id, begun_at=at))
            session.flush()
            session.add_all(
                RefreshToken(hash=uuid7().hex, session_id=each, expires_at=at + YEAR)
                for each in (own, things["session_id"].id)
            )
    ids = {name: thing.id for name, thing in things.items()}
    ids |= {
        "account_id": person.id, "manager_account_id": person.id, "organisation_id": home.id,
        "representative_id": homes[REPRESENTATIVE].id,
        "preview_id": things["rule_set_id"].preview_id,
    }  # fmt: skip
    return Scene(ids, caller, person)
