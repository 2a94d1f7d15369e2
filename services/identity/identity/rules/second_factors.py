"""Second factors: who needs one, when a code is good, and how fast codes may be tried.

A code has a million values, so wrong ones are counted for the account's app and waited for: ever
longer, never more than a quarter of an hour (some hundred tries a day, of a million). That holds up
nobody's passkey and no recovery code, whose 128 bits are not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

import pyotp

from common.refusals import Conflict, Invalid, NotAllowed, TooMany
from common.texts import Text
from common.web.access import STAFF_ROLES, Role

PENDING_LIFE = timedelta(minutes=5)
CHALLENGE_LIFE = timedelta(minutes=5)
MOST_TRIES = 5
MOST_PASSKEYS = 20
RECOVERY_CODES = 10
_FREE_TRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)


class Method(StrEnum):
    """How a sign-in can be completed."""

    CODE = "code"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    ENROL = "enrol"


class ResetReason(StrEnum):
    """How the office made sure that it is the account's owner who lost the factors (ASVS 6.4.4)."""

    CALLED_BACK = "called_back"
    SEEN_IN_PERSON = "seen_in_person"
    CONFIRMED_BY_EMPLOYER = "confirmed_by_employer"


class CodeWrong(Invalid):
    """The code of an authenticator app is not the one of now, or was used."""

    title = Text(
        "This code is not right, or not any more",
        "Deze code is niet of niet meer juist",
        "Dieser Code stimmt nicht oder nicht mehr",
    )


class PasskeyRefused(Invalid):
    """What a device answered is not what it was asked for."""

    title = Text(
        "This passkey was not accepted",
        "Deze passkey is niet geaccepteerd",
        "Dieser Passkey wurde nicht angenommen",
    )


class SecondFactorNeeded(Conflict):
    """The last second factor of somebody who must have one stays."""

    title = Text(
        "A second factor is required",
        "Een tweede factor is verplicht",
        "Ein zweiter Faktor ist vorgeschrieben",
    )


class TooManyCodes(TooMany):
    """Too many wrong codes in a row."""

    title = Text(
        "Too many wrong codes; please wait",
        "Te veel onjuiste codes; wacht even",
        "Zu viele falsche Codes; bitte warten",
    )


def is_required(roles: Iterable[Role], *, for_staff: bool, by_organisation: bool) -> bool:
    """Whether somebody must have a second factor: staff, and user managers where it was decided."""
    held = set(roles)
    return (for_staff and bool(held & STAFF_ROLES)) or (
        by_organisation and Role.USER_MANAGER in held
    )


def step_of(secret: str, code: str, at: datetime, last_step: int) -> int | None:
    """The time step whose code this is, the present or the one before; None when it is neither.

    last_step: the latest one that was used; it and all before are spent (ASVS 6.5.1).
    """
    app = pyotp.TOTP(secret)
    present = app.timecode(at)
    for step in (present, present - 1):
        if step > last_step and pyotp.utils.strings_equal(code, app.generate_otp(step)):
            return step
    return None


def wait_after(wrong_codes: int) -> timedelta:
    """How long nobody may try a code after so many wrong ones in a row."""
    if wrong_codes < _FREE_TRIES:
        return timedelta(0)
    doublings = min(wrong_codes - _FREE_TRIES, 10)
    return min(_FIRST_WAIT * 2**doublings, _LONGEST_WAIT)


def refuse_early(wrong_codes: int, last_wrong_at: datetime | None, at: datetime) -> None:
    """Raise TooManyCodes while the wait after wrong codes lasts."""
    if last_wrong_at is None:
        return
    left = last_wrong_at + wait_after(wrong_codes) - at
    if left > timedelta(0):
        raise TooManyCodes("Wait, or use another way.", retry_after=ceil(left.total_seconds()))


def refuse_reset(roles: Iterable[Role], by: Iterable[Role]) -> None:
    """Raise NotAllowed when somebody but an administrator resets the factors of staff.

    Else support could step into an administrator's account with a guessed password.
    """
    if set(roles) & STAFF_ROLES and Role.ADMIN not in set(by):
        raise NotAllowed("The factors of staff are reset by an administrator.")


def refuse_last(factors_left: int, required: bool) -> None:
    """Raise SecondFactorNeeded when somebody who must have a factor removes the last one."""
    if required and factors_left == 0:
        raise SecondFactorNeeded("Set up another one first.")
