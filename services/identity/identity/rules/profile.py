"""What people tell voluntarily, and what colleagues see of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from uuid import UUID

from identity.rules.access import Entry
from identity.rules.refusals import ConsentMissing
from identity.rules.states import State


class VoluntaryField(StrEnum):
    """What nobody has to tell (S6)."""

    SALUTATION = "salutation"
    JOB_TITLE = "job_title"
    PHONE = "phone"
    MOBILE = "mobile"
    INTERESTS = "interests"


def entered(form: Mapping[str, object]) -> set[str]:
    """Voluntary fields of a form that hold something."""
    return {name for name in VoluntaryField if form.get(name) is not None}


def require_consent(given: bool) -> None:
    """Raise ConsentMissing where somebody did not agree to voluntary entries, or no more (S6)."""
    if not given:
        raise ConsentMissing(
            "Voluntary entries need your consent.",
            {"/consents": "Agree to voluntary_profile first."},
        )


def shown_part(values: Mapping[str, object], shown: Collection[str]) -> dict[str, object]:
    """What colleagues see of a profile: what its owner shows and has filled in (reading 5)."""
    return {name: values[name] for name in sorted(entered(values)) if name in shown}


def sees_profile(entry: Entry, reader_organisation_id: UUID | None) -> bool:
    """Whether a reader is a colleague, who sees what is shown, of somebody who is here (S9)."""
    same = entry.organisation_id is not None and entry.organisation_id == reader_organisation_id
    return same and entry.state is State.ACTIVE
