"""What screening keeps and how long: the status follows the account (S19, S26).

A year after deactivation identity asks for erasure; until then nothing goes by itself. The
inventory of lists (S22) names nobody of ours and stays.
"""

from __future__ import annotations

from common.privacy.erasure import Erasure
from screening.models import Decision, Screening, ScreeningMatch, ScreeningRun


def erase(person: Erasure) -> None:
    """Delete status, matches, decisions and history of a person.

    What a colleague of compliance decided about others stays, with the id that names nobody any
    more. Source: S17, S19, S26.
    """
    theirs = person.account_id
    person.session.get(Screening, theirs, with_for_update=True)  # a comparison may be writing
    for model in (ScreeningMatch, Decision, ScreeningRun, Screening):
        person.delete(model, model.account_id == theirs)
    person.keep(Decision, Decision.decided_by == theirs, reason="accountability")
