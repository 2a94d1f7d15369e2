"""What a legal hold can be placed on, and when it is too late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from common.events.catalogue import HoldScope
from common.refusals import Conflict, Invalid
from common.texts import Text
from identity.rules.states import HIDDEN, State


class Stateful(Protocol):
    """An account, as far as it matters here."""

    state: State


class ErasureUnderWay(Conflict):
    """Nothing can be held any more: the person is being erased, or was."""

    title = Text(
        "This person's data are being erased",
        "De gegevens van deze persoon worden gewist",
        "Die Daten dieser Person werden gelöscht",
    )


class LegalHoldStands(Conflict):
    """The person's data must stay as long as a legal hold stands."""

    title = Text(
        "A legal hold stands in the way",
        "Een juridische bewaarplicht staat in de weg",
        "Eine rechtliche Aufbewahrungspflicht steht entgegen",
    )


class HoldReleased(Conflict):
    """The hold was released before."""

    title = Text(
        "This hold stands no more",
        "Deze bewaarplicht geldt niet meer",
        "Diese Aufbewahrungspflicht besteht nicht mehr",
    )


def refuse_unknown(known: bool, scope: HoldScope) -> None:
    """Raise Invalid for a hold on what there is not."""
    if not known:
        raise Invalid(errors={"/subject": f"There is no such {scope}."})


def refuse_erasing(account: Stateful | None) -> None:
    """Raise ErasureUnderWay where it is too late."""
    if account is not None and account.state in HIDDEN:
        raise ErasureUnderWay("What is kept of it is in the certificate of the erasure.")


def refuse_past_review(on: date, today: date) -> None:
    """Raise Invalid for a date of review that is not to come."""
    if on <= today:
        raise Invalid(errors={"/review_on": "Choose a day to come."})


def refuse_released(released_at: datetime | None) -> None:
    """Raise HoldReleased for a hold that stands no more."""
    if released_at is not None:
        raise HoldReleased("Place another one, if it is needed again.")


def refuse_held(hold_ids: Sequence[UUID]) -> None:
    """Raise LegalHoldStands where holds keep a person from being erased; it says which."""
    if hold_ids:
        named = ", ".join(str(each) for each in hold_ids)
        raise LegalHoldStands(f"Release it first: {named}.")
