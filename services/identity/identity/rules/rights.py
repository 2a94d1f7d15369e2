"""Requests of people who use their rights: what they ask for, and how it is answered (art. 12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from common.privacy.deadlines import is_late
from common.refusals import Conflict
from common.texts import Text


class Right(StrEnum):
    """What is asked for: art. 15 to 18, 20 and 21 GDPR."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    PORTABILITY = "portability"
    OBJECTION = "objection"


class RequestState(StrEnum):
    """Where a request stands."""

    UNCONFIRMED = "unconfirmed"
    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RequestTrigger(StrEnum):
    """What can happen to a request."""

    CONFIRM = "confirm"
    ANSWER = "answer"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class RefusalGround(StrEnum):
    """Why a request is not acted on; a closed set, each with its article."""

    UNFOUNDED = "unfounded"
    IDENTITY_NOT_SHOWN = "identity_not_shown"
    NOTHING_HELD = "nothing_held"
    LEGAL_DUTY = "legal_duty"
    LEGAL_CLAIMS = "legal_claims"
    RIGHTS_OF_OTHERS = "rights_of_others"
    COMPELLING_GROUNDS = "compelling_grounds"


class ExtensionReason(StrEnum):
    """Why a request takes longer than a month (art. 12(3))."""

    COMPLEX = "complex"
    MANY_REQUESTS = "many_requests"


# fmt: off
TRANSITIONS = {
    (RequestState.UNCONFIRMED, RequestTrigger.CONFIRM):  RequestState.OPEN,
    (RequestState.OPEN,        RequestTrigger.ANSWER):   RequestState.ANSWERED,
    (RequestState.OPEN,        RequestTrigger.REFUSE):   RequestState.REFUSED,
    (RequestState.OPEN,        RequestTrigger.WITHDRAW): RequestState.WITHDRAWN,
}
REFUSED_BECAUSE: Mapping[RefusalGround, Text] = {
    RefusalGround.UNFOUNDED: Text(
        "The request is manifestly unfounded or excessive (art. 12(5) GDPR).",
        "Het verzoek is kennelijk ongegrond of buitensporig (art. 12, lid 5 AVG).",
        "Der Antrag ist offenkundig unbegründet oder exzessiv (Art. 12 Abs. 5 DSGVO).",
    ),
    RefusalGround.IDENTITY_NOT_SHOWN: Text(
        "We could not establish that the data are yours (art. 12(6) GDPR).",
        "Wij konden niet vaststellen dat het uw gegevens zijn (art. 12, lid 6 AVG).",
        "Wir konnten nicht feststellen, dass es Ihre Daten sind (Art. 12 Abs. 6 DSGVO).",
    ),
    RefusalGround.NOTHING_HELD: Text(
        "We hold no data about you.",
        "Wij bewaren geen gegevens over u.",
        "Wir speichern keine Daten über Sie.",
    ),
    RefusalGround.LEGAL_DUTY: Text(
        "The law says that the data must be kept (art. 17(3)(b) GDPR).",
        "De wet bepaalt dat de gegevens bewaard moeten worden (art. 17, lid 3, onder b AVG).",
        "Das Gesetz verlangt, die Daten aufzubewahren (Art. 17 Abs. 3 Buchst. b DSGVO).",
    ),
    RefusalGround.LEGAL_CLAIMS: Text(
        "The data are needed for legal claims (art. 17(3)(e) GDPR).",
        "De gegevens zijn nodig voor een rechtsvordering (art. 17, lid 3, onder e AVG).",
        "Die Daten werden für Rechtsansprüche gebraucht (Art. 17 Abs. 3 Buchst. e DSGVO).",
    ),
    RefusalGround.RIGHTS_OF_OTHERS: Text(
        "It would adversely affect the rights of others (art. 15(4) GDPR).",
        "Het zou afbreuk doen aan de rechten van anderen (art. 15, lid 4 AVG).",
        "Es würde die Rechte anderer beeinträchtigen (Art. 15 Abs. 4 DSGVO).",
    ),
    RefusalGround.COMPELLING_GROUNDS: Text(
        "There are compelling legitimate grounds (art. 21(1) GDPR).",
        "Er zijn dwingende gerechtvaardigde gronden (art. 21, lid 1 AVG).",
        "Es gibt zwingende schutzwürdige Gründe (Art. 21 Abs. 1 DSGVO).",
    ),
}
EXTENDED_BECAUSE: Mapping[ExtensionReason, Text] = {
    ExtensionReason.COMPLEX: Text(
        "The request is complex; we need up to two months more (art. 12(3) GDPR).",
        "Het verzoek is complex; wij hebben tot twee maanden extra nodig (art. 12, lid 3 AVG).",
        "Der Antrag ist komplex; wir brauchen bis zu zwei Monate mehr (Art. 12 Abs. 3 DSGVO).",
    ),
    ExtensionReason.MANY_REQUESTS: Text(
        "We received many requests; we need up to two months more (art. 12(3) GDPR).",
        "Wij kregen veel verzoeken; wij hebben tot twee maanden extra nodig (art. 12, lid 3 AVG).",
        "Wir haben viele Anträge; wir brauchen bis zu zwei Monate mehr (Art. 12 Abs. 3 DSGVO).",
    ),
}
# fmt: on


class ExtendedBefore(Conflict):
    """A request can take longer once, not twice (art. 12(3))."""

    title = Text(
        "The time to answer was extended before",
        "De termijn is al eerder verlengd",
        "Die Frist wurde bereits verlängert",
    )


class NotOpen(Conflict):
    """The request was closed before."""

    title = Text(
        "This request is closed",
        "Dit verzoek is afgesloten",
        "Dieser Antrag ist abgeschlossen",
    )


def is_overdue(state: RequestState, due: date, at: datetime) -> bool:
    """Whether a request should have been answered before today."""
    return state is RequestState.OPEN and is_late(due, at)


def refuse_second_extension(state: RequestState, extended_at: datetime | None) -> None:
    """Raise NotOpen for a closed request, ExtendedBefore for one that was extended."""
    if state is not RequestState.OPEN:
        raise NotOpen("Only an open request can take longer.")
    if extended_at is not None:
        raise ExtendedBefore("Answer it, or refuse it and say why.")
