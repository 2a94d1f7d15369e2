"""Every event of the estate: what is now true, and about whom; ids, enums, numbers and times only.

A personal value never stands here: who needs one reads it from its owner. The class is the
schema, and docs/events.md, docs/asyncapi.yaml and the queues are derived from it.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Annotated, Any, dataclass_transform
from uuid import UUID

from msgspec import Meta

SERVICES = (
    "identity", "screening", "uploads", "service-cases", "shop", "training", "gateway",
)  # fmt: skip
OWNERS_OF_PERSONAL_DATA = SERVICES[:-1]

Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,79}$")]
"""A short technical word: a list's id, a table's name, a reason's code."""
Signature = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_=-]{0,200}$")]
"""A hash or a signature, hex or base64url."""

FORBIDDEN = frozenset({
    "name", "first", "last", "given", "family", "firstname", "lastname", "surname", "username",
    "email", "mail", "address", "phone", "mobile", "title", "salutation", "text", "comment",
    "note", "message", "body", "description", "birth", "born", "ip", "iban", "password",
    "contact", "street", "city", "photo", "answer", "filename",
})  # fmt: skip
"""Words that a field's name must not have: they speak of a person."""

_PLAIN = (UUID, int, bool, datetime, date)


@dataclass(frozen=True)
class Kind:
    """What the catalogue knows about one class of events."""

    name: str
    owners: tuple[str, ...]
    subject: str
    version: int

    def type(self, owner: str) -> str:
        """Wire type and routing key, as published by this owner."""
        return f"{owner}.{self.name}.v{self.version}"


_EVENTS: list[type] = []
_BY_TYPE: dict[str, type] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    *, owner: str | tuple[str, ...], subject: str, version: int = 1
) -> Callable[[type], type]:
    """Enter a class in the catalogue.

    owner: the service that alone may publish it (or all of several). subject: the field that
    names whom or what it is about. Raises TypeError for a field that could hold personal data.
    """

    def enter(kind: type) -> type:
        made: Any = dataclass(frozen=True, kw_only=True)(kind)
        owners = (owner,) if isinstance(owner, str) else owner
        made.__event__ = Kind(kind.__name__, owners, subject, version)
        for name, hint in typing.get_type_hints(made, include_extras=True).items():
            _refuse_personal(kind.__name__, name, hint)
        _EVENTS.append(made)
        _BY_TYPE.update(dict.fromkeys(types_of(made), made))
        return kind

    return enter


def events() -> tuple[type, ...]:
    """All classes of the catalogue, in its order."""
    return tuple(_EVENTS)


def kind_of(event_class: type) -> Kind:
    """Catalogue entry of an event class; AttributeError for anything else."""
    kind: Kind = event_class.__event__  # type: ignore[attr-defined]
    return kind


def types_of(event_class: type) -> tuple[str, ...]:
    """Wire types of an event class, one for each owner."""
    kind = kind_of(event_class)
    return tuple(kind.type(owner) for owner in kind.owners)


def class_of(wire_type: str) -> type | None:
    """Event class behind a wire type, None for an unknown one."""
    return _BY_TYPE.get(wire_type)


def _refuse_personal(event_name: str, field: str, hint: Any) -> None:
    words = set(field.split("_"))
    if words & FORBIDDEN:
        raise TypeError(f"{event_name}.{field} could hold personal data; send an id instead")
    for part in _parts(hint):
        closed = isinstance(part, type) and issubclass(part, (*_PLAIN, Enum, type(None)))
        if part in (Code, Signature) or closed:
            continue
        if dataclasses.is_dataclass(part) and isinstance(part, type):
            for name, inner in typing.get_type_hints(part, include_extras=True).items():
                _refuse_personal(event_name, name, inner)
            continue
        raise TypeError(f"{event_name}.{field} is free text; use Code, an enum or an id")


def _parts(hint: Any) -> Iterator[Any]:
    origin = typing.get_origin(hint)
    if origin in (tuple, list, typing.Union, types.UnionType):
        for part in typing.get_args(hint):
            if part is not Ellipsis:
                yield from _parts(part)
    else:
        yield hint


@dataclass(frozen=True, kw_only=True)
class _AccountChange:
    account_id: UUID
    organisation_id: UUID | None
    epoch: int
    restricted: bool = False


# ---------------------------------------------------------------------------- identity: accounts


@event(owner="identity", subject="account_id")
class AccountRegistered(_AccountChange):
    """A person confirmed the address of a registration; the name may now be screened."""


@event(owner="identity", subject="account_id")
class AccountNameChanged(_AccountChange):
    """The person behind an account is called otherwise now; the name is to be compared again."""


@event(owner="identity", subject="account_id")
class AccountActivated(_AccountChange):
    """A screened account was released for an organisation and may act."""


@event(owner="identity", subject="account_id")
class AccountBlocked(_AccountChange):
    """An account may not act any more; the reason stays where it was found."""


@event(owner="identity", subject="account_id")
class AccountUnblocked(_AccountChange):
    """A blocked account may act again, with a new sign-in."""


@event(owner="identity", subject="account_id")
class AccountDeactivated(_AccountChange):
    """An account was closed; its year until erasure has begun."""


@event(owner="identity", subject="account_id")
class AccountReactivated(_AccountChange):
    """A deactivated account may act again; its year is over without erasure."""


@event(owner="identity", subject="account_id")
class AccountRefused(_AccountChange):
    """A registration was turned down."""


@event(owner="identity", subject="account_id")
class AccountSessionsEnded(_AccountChange):
    """All tokens of an active account issued under an earlier epoch are void; it stays active."""


@event(owner="identity", subject="account_id")
class AccountRestricted(_AccountChange):
    """An active account's data may be kept and not used until this is lifted (art. 18 GDPR)."""


@event(owner="identity", subject="account_id")
class AccountRestrictionLifted(_AccountChange):
    """An active account's data may be used again; the person was told before."""


@event(owner="identity", subject="account_id")
class AccountErased(_AccountChange):
    """Nothing personal is left of an account; its id stays as a tombstone."""


@event(owner="identity", subject="account_id")
class MarketingObjectionRecorded:
    """A person wants no advertising, whatever was agreed to before (art. 21(2) GDPR)."""

    account_id: UUID


@event(owner="identity", subject="account_id")
class MarketingObjectionLifted:
    """A person objects to advertising no more; what was not agreed to is not agreed to now."""

    account_id: UUID


# ----------------------------------------------------------------------- identity: organisations


@event(owner="identity", subject="organisation_id")
class OrganisationRegistered:
    """A customer was entered; people can be assigned to it."""

    organisation_id: UUID


@event(owner="identity", subject="organisation_id")
class BusinessRelationshipEnded:
    """The customer is one no more; what was kept for the relation goes."""

    organisation_id: UUID


@event(owner="identity", subject="organisation_id")
class UserManagementEnabled:
    """The customer's user managers may decide about its people."""

    organisation_id: UUID


@event(owner="identity", subject="organisation_id")
class UserManagementDisabled:
    """The customer's user managers are members like the others; staff decide about its people."""

    organisation_id: UUID


# ------------------------------------------------------------------------- identity: invitations


@event(owner="identity", subject="invitation_id")
class InvitationSent:
    """Somebody was invited to act for an organisation; there is no account before acceptance."""

    invitation_id: UUID
    organisation_id: UUID


@event(owner="identity", subject="invitation_id")
class InvitationAccepted:
    """An invitation became an account, approved by it and still to be screened."""

    invitation_id: UUID
    organisation_id: UUID
    account_id: UUID


@event(owner="identity", subject="invitation_id")
class InvitationExpired:
    """Nobody used the invitation in its time; nothing but ids is left of it."""

    invitation_id: UUID
    organisation_id: UUID


# ----------------------------------------------------------------------------- identity: erasure


@event(owner="identity", subject="account_id")
class ErasureRequested:
    """Every owner of personal data is to erase this person and answer with a receipt."""

    account_id: UUID
    request_id: UUID


@event(owner="identity", subject="account_id")
class ErasureCompleted:
    """Every owner's receipt has come and was verified."""

    account_id: UUID
    request_id: UUID


class HoldScope(StrEnum):
    """What a legal hold stands on."""

    PERSON = "person"
    ORGANISATION = "organisation"
    CASE = "case"
    CLASS = "class"


@dataclass(frozen=True, kw_only=True)
class _HoldChange:
    hold_id: UUID
    scope: HoldScope
    subject: Code


@event(owner="identity", subject="hold_id")
class LegalHoldPlaced(_HoldChange):
    """What the subject names (an id, or a retention class) must not be deleted from now on."""


@event(owner="identity", subject="hold_id")
class LegalHoldReleased(_HoldChange):
    """A hold stands no more; what it alone held back goes by its own rule."""


# ------------------------------------------------------------------------------------- screening


class Verdict(StrEnum):
    """Outcome of comparing one name with every list in force."""

    CLEAR = "clear"
    REVIEW = "review"
    HIT = "hit"


@event(owner="screening", subject="account_id")
class ScreeningCompleted:
    """A name was compared with every list in force. What matched stays in screening."""

    account_id: UUID
    verdict: Verdict
    list_versions: tuple[Code, ...]


@event(owner="screening", subject="list_id")
class SanctionsListUpdated:
    """A new version of a sanctions list is in force; everybody is compared with what it changes."""

    list_id: Code
    list_version: Code
    entries: int


# --------------------------------------------------------------------------------------- uploads


@event(owner="uploads", subject="document_id")
class DocumentAvailable:
    """A drawing or image can be seen by everybody of the organisation."""

    document_id: UUID
    organisation_id: UUID


@event(owner="uploads", subject="document_id")
class DocumentRemoved:
    """A drawing or image is gone, with everything made from it."""

    document_id: UUID
    organisation_id: UUID


# --------------------------------------------------------------------------------- service-cases


class CaseState(StrEnum):
    """Where a service case stands."""

    REPORTED = "reported"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_CUSTOMER = "waiting_for_customer"
    SOLVED = "solved"
    CLOSED = "closed"


@event(owner="service-cases", subject="case_id")
class CaseReported:
    """Somebody reported a fault of a machine of the organisation."""

    case_id: UUID
    organisation_id: UUID
    account_id: UUID


@event(owner="service-cases", subject="case_id")
class CaseStateChanged:
    """A case moved on."""

    case_id: UUID
    organisation_id: UUID
    state: CaseState


@event(owner="service-cases", subject="case_id")
class CaseMessageAdded:
    """The thread of a case has a new message, by the named account.

    reporter_id: who reported the case; not told by messages sent before it was.
    """

    case_id: UUID
    organisation_id: UUID
    account_id: UUID
    reporter_id: UUID | None = None


@event(owner="service-cases", subject="case_id")
class CaseClosed:
    """A case is over; its retention begins."""

    case_id: UUID
    organisation_id: UUID


# ------------------------------------------------------------------------------------------ shop


@event(owner="shop", subject="order_id")
class OrderPlaced:
    """An order was accepted at the shown price."""

    order_id: UUID
    organisation_id: UUID
    account_id: UUID


@event(owner="shop", subject="order_id")
class OrderConfirmed:
    """Staff confirmed an order; it will be delivered."""

    order_id: UUID
    organisation_id: UUID
    account_id: UUID


@event(owner="shop", subject="order_id")
class OrderCancelled:
    """An order will not be delivered."""

    order_id: UUID
    organisation_id: UUID
    account_id: UUID


# -------------------------------------------------------------------------------------- training


@event(owner="training", subject="booking_id")
class BookingConfirmed:
    """Seats of a training session are taken.

    account_id: who booked them; not told by messages sent before it was.
    """

    booking_id: UUID
    session_id: UUID
    organisation_id: UUID
    seats: int
    account_id: UUID | None = None


@event(owner="training", subject="booking_id")
class BookingCancelled:
    """Seats of a training session are free again."""

    booking_id: UUID
    session_id: UUID
    organisation_id: UUID
    seats: int


# ------------------------------------------------------------------------------------- consent


class ConsentPurpose(StrEnum):
    """What people can agree to."""

    VOLUNTARY_PROFILE = "voluntary_profile"


@dataclass(frozen=True, kw_only=True)
class _ConsentChange:
    account_id: UUID
    purpose: ConsentPurpose
    wording_id: Code


@event(owner=("identity",), subject="account_id")
class ConsentGiven(_ConsentChange):
    """A person agreed to something, in a wording whose id holds its version."""


@event(owner=("identity",), subject="account_id")
class ConsentWithdrawn(_ConsentChange):
    """A person took a consent back; what hung on it is gone already."""


# --------------------------------------------------------------- every owner of personal data


@dataclass(frozen=True, kw_only=True)
class TableErased:
    """What became of one person's rows of one table; counts are recounted after the work."""

    table: Code
    deleted: int = 0
    nulled: int = 0
    pseudonymised: int = 0
    kept: int = 0
    reason: Code | None = None
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Residue:
    """Where what was erased may still lie in some file, and until when at the latest."""

    place: Code
    until: date


@event(owner=OWNERS_OF_PERSONAL_DATA, subject="account_id")
class PersonalDataErased:
    """The signed receipt of one owner: nothing is left of a person but what is named as kept.

    holds: the legal holds that something is kept for. residue: files that nobody reads and that
    are overwritten in time.
    """

    account_id: UUID
    request_id: UUID
    erased_at: datetime
    tables: tuple[TableErased, ...]
    previous: Signature
    kid: Code
    signature: Signature
    holds: tuple[UUID, ...] = ()
    residue: tuple[Residue, ...] = ()


@event(owner=OWNERS_OF_PERSONAL_DATA, subject="service")
class AuditHeadAnchored:
    """The audit of a service had this number and hash at its end; the others keep it."""

    service: Code
    number: int
    hash: Signature
    sealed_at: datetime
