"""Access: deny by default, one table of roles per service, another organisation's thing is 404."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, TypeVar
from uuid import UUID

import jwt
from flask import g, request
from sqlalchemy.orm import Session

from common.keys import Keys
from common.privacy.audit import audit_shown
from common.refusals import (
    NotAllowed,
    NotFound,
    NotSignedIn,
    PreconditionMissing,
    Stale,
)

TOKEN_LIFE = timedelta(minutes=5)
SERVICE_TOKEN_LIFE = timedelta(seconds=60)
PERSONS, SERVICES = "at+jwt", "svc+jwt"
"""What a token is for, in its `typ`: neither is ever taken for the other (ASVS 9.2.2)."""
HEADER = {"alg", "kid", "typ"}
"""All that a token's header may say: where to find a key (jku, x5u, jwk) is not up to it."""
F = TypeVar("F", bound=Callable[..., Any])


class Role(StrEnum):
    """What a person is to the portal; members and user managers of customers, the rest staff."""

    MEMBER = "member"
    USER_MANAGER = "user_manager"
    APPROVER = "approver"
    COMPLIANCE = "compliance"
    DPO = "dpo"
    FINANCE = "finance"
    SUPPORT = "support"
    TRAINER = "trainer"
    SHOP = "shop"
    ADMIN = "admin"
    REPRESENTATIVE = "representative"


STAFF_ROLES = frozenset(Role) - {Role.MEMBER, Role.USER_MANAGER, Role.REPRESENTATIVE}


class Reach(IntEnum):
    """How far a role's permission goes."""

    OWN = 1
    ORGANISATION = 2
    EVERYWHERE = 3


@dataclass(frozen=True)
class Action:
    """Who may do something. guarded: the caller must say with If-Match what it saw."""

    grants: Mapping[Role, Reach]
    guarded: bool


def may(**grants: Reach) -> Action:
    """Permit an action to roles, e.g. may(member=Reach.ORGANISATION, support=Reach.EVERYWHERE)."""
    return Action({Role(role): reach for role, reach in grants.items()}, guarded=False)


def may_change(**grants: Reach) -> Action:
    """Permit a change, for which If-Match is required (428 without, 412 when stale)."""
    return Action({Role(role): reach for role, reach in grants.items()}, guarded=True)


@dataclass(frozen=True)
class Principal:
    """Who is asking, as the token says."""

    account_id: UUID
    organisation_id: UUID | None
    roles: frozenset[Role]
    country: str
    epoch: int
    session_id: str


def public(view: F) -> F:
    """Mark a route that anybody may call (S3: there are few)."""
    view.__access__ = "public"  # type: ignore[attr-defined]
    return view


def while_restricted(view: F) -> F:
    """Mark what a person may do although the use of the own data is restricted (art. 18 GDPR)."""
    view.__spared__ = True  # type: ignore[attr-defined]
    return view


def internal(scope: str) -> Callable[[F], F]:
    """Mark a route that only another service may call, with this scope in its token."""

    def mark(view: F) -> F:
        view.__access__ = f"internal:{scope}"  # type: ignore[attr-defined]
        return view

    return mark


def access_token(
    keys: Keys, person: Principal, issued_at: datetime, life: timedelta = TOKEN_LIFE
) -> str:
    """Sign a person's access token: ids, roles and country, no name and no address."""
    return keys.token(PERSONS, {
        "iss": "identity",
        "aud": "portal",
        "sub": str(person.account_id),
        "org": str(person.organisation_id) if person.organisation_id else None,
        "roles": sorted(person.roles),
        "country": person.country,
        "epoch": person.epoch,
        "sid": person.session_id,
        "iat": int(issued_at.timestamp()),
        "exp": int((issued_at + life).timestamp()),
    })  # fmt: skip


def service_token(keys: Keys, callee: str, scope: str, issued_at: datetime) -> str:
    """Sign one service's token for a call of another."""
    return keys.token(SERVICES, {
        "iss": keys.service,
        "aud": callee,
        "scope": scope,
        "iat": int(issued_at.timestamp()),
        "exp": int((issued_at + SERVICE_TOKEN_LIFE).timestamp()),
    })  # fmt: skip


def person_behind(keys: Keys, now: datetime) -> Principal:
    """Read the request's access token, offline; raises NotSignedIn."""
    claims = _verified(keys, PERSONS, "portal", now)
    if claims.get("iss") != "identity":
        raise NotSignedIn("The token is not one of a person.")
    return Principal(
        account_id=UUID(claims["sub"]),
        organisation_id=UUID(claims["org"]) if claims["org"] else None,
        roles=frozenset(Role(role) for role in claims["roles"]),
        country=claims["country"],
        epoch=claims["epoch"],
        session_id=claims["sid"],
    )


def service_behind(keys: Keys, scope: str, now: datetime) -> str:
    """Name the service that is calling; raises NotSignedIn, or NotAllowed for another scope."""
    claims = _verified(keys, SERVICES, keys.service, now)
    if claims.get("scope") != scope:
        raise NotAllowed(f"The token has not the scope {scope}.")
    return str(claims["iss"])


def require_standing(
    session: Session, person: Principal, ask_owner: Callable[..., Any], *, spared: bool
) -> None:
    """Refuse a person whose account may not act, whatever the token says.

    ask_owner: called with (session, account id) for an account this service never heard of; it
    returns a standing or raises, so that nobody unknown gets in. spared: the route is one that a
    restriction leaves to the person.
    """
    from common.web.standing import refuse_powerless, standing_of

    known = standing_of(session, person.account_id) or ask_owner(session, person.account_id)
    refuse_powerless(known, person.epoch, spared=spared)


def authorise(session: Session, action: str, model: Any = None, row_id: Any = None) -> Any:
    """Let the signed-in person do this, or refuse.

    With a model: returns the row, locked when the session writes. Its `organisation_id` and the
    column named by its `__owner__` say whose it is. Raises NotFound for what the person may not
    know of, NotAllowed, PreconditionMissing, Stale. Without a model: returns the Principal. A row
    that a reading session is given is noted as read (S12, S24).
    """
    session.info["action"] = action
    person: Principal = g.principal
    allowed: Action = g.policy[action]
    reaches = [allowed.grants[role] for role in person.roles if role in allowed.grants]
    reach = max(reaches, default=None)
    if model is None:
        if reach is None:
            raise NotAllowed(f"Your roles do not include {action}.")
        return person
    locked = None if session.info.get("reading") else True
    row = session.get(model, row_id, with_for_update=locked)
    same = row is not None and row.organisation_id == person.organisation_id
    if row is None or not (same or reach is Reach.EVERYWHERE):
        raise NotFound()
    if reach is None or (reach is Reach.OWN and _owner(row) != person.account_id):
        raise NotAllowed(f"Your roles do not include {action} here.")
    if allowed.guarded:
        _require_match(row)
    g.authorised = row
    if session.info.get("reading"):
        audit_shown(session, [row])
    return row


def _owner(row: Any) -> UUID | None:
    owner: UUID | None = getattr(row, row.__owner__)
    return owner


def _require_match(row: Any) -> None:
    if "If-Match" not in request.headers:
        raise PreconditionMissing("Send If-Match with the ETag you were given.")
    if not request.if_match.contains(str(row.version)):
        raise Stale()


def _verified(keys: Keys, kind: str, audience: str, now: datetime) -> dict[str, Any]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("Send an access token: Authorization: Bearer …")
    try:
        header = jwt.get_unverified_header(token)
        kid = str(header.get("kid"))
        claims: dict[str, Any] = jwt.decode(
            token, keys.public_key(kid), algorithms=["EdDSA"], audience=audience, options=_OPTIONS
        )
    except (jwt.InvalidTokenError, KeyError, UnicodeError) as error:
        raise NotSignedIn("The access token is not valid.") from error
    if set(header) != HEADER or header["typ"] != kind or claims["iss"] != keys.signer_of(kid):
        raise NotSignedIn("The access token is not valid.")
    at = now.timestamp()
    if not claims.get("nbf", 0) <= at < claims["exp"]:
        raise NotSignedIn("The access token is not valid now.")
    return claims


_OPTIONS: Any = {
    "verify_exp": False, "verify_iat": False, "verify_nbf": False, "strict_aud": True,
    "require": ["exp", "iss", "aud"],
}  # fmt: skip
"""What PyJWT is not to check: it would ask the machine's clock instead of ours."""
