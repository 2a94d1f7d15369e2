"""Contracts with representatives: from when, until when, and what their end may become (S25)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from common.refusals import Invalid
from identity.rules.refusals import ConfirmedBefore, ContractOver

Term = tuple[datetime, datetime]
"""First instant of a contract, and the first instant after it."""


def is_valid(term: Term, at: datetime) -> bool:
    """Whether a contract gives access at this instant."""
    begins, ends = term
    return begins <= at < ends


def access_ends_at(terms: Iterable[Term], at: datetime) -> datetime | None:
    """When the last of the contracts that are valid now ends; None when none is."""
    return max((term[1] for term in terms if is_valid(term, at)), default=None)


def refuse_senseless(term: Term, at: datetime) -> None:
    """Raise Invalid for a contract that ends before it begins or is over already."""
    begins, ends = term
    if ends <= begins:
        raise Invalid(errors={"/valid_to": "Must be later than valid_from."})
    if ends <= at:
        raise Invalid(errors={"/valid_to": "Must not be over already."})


def end_changed(term: Term, wanted: datetime, at: datetime) -> datetime:
    """The end that a contract gets; the past is not rewritten.

    Raises ContractOver, Invalid. Source: S25.
    """
    refuse_over(term, at)
    refuse_senseless((term[0], wanted), at)
    return wanted


def end_now(term: Term, at: datetime) -> datetime:
    """The end of a contract that ends at this instant; one to come will never be valid."""
    refuse_over(term, at)
    return max(at, term[0])


def refuse_confirmed(confirmed_at: datetime | None) -> None:
    """Raise ConfirmedBefore for what a recipient did already (art. 19 GDPR)."""
    if confirmed_at is not None:
        raise ConfirmedBefore("Nothing is left to be done.")


def refuse_over(term: Term, at: datetime) -> None:
    """Raise ContractOver for a contract that has ended: nobody had access since (S25)."""
    if term[1] <= at:
        raise ContractOver("Enter another contract.")
