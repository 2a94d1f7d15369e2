"""Tables of screening: versions of lists, one screening a person, what matched, who decided.

No name of ours is in them: names are read from identity, compared in memory and forgotten (S16).
"""

from screening.models.base import Base
from screening.models.changes import EntryChange, Rescreening, Sweep
from screening.models.lists import ListVersion
from screening.models.objections import Objection
from screening.models.reviews import Decision, Proposal, ProposedEntry
from screening.models.screenings import Screening, ScreeningMatch, ScreeningRun
from screening.models.sources import ListSource

__all__ = [
    "Base",
    "Decision",
    "EntryChange",
    "ListSource",
    "ListVersion",
    "Objection",
    "Proposal",
    "ProposedEntry",
    "Rescreening",
    "Screening",
    "ScreeningMatch",
    "ScreeningRun",
    "Sweep",
]
