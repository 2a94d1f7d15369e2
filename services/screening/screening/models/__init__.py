"""Tables of screening: versions of lists, one screening a person, what matched, who decided.

No name of ours is in them: names are read from identity, compared in memory and forgotten (S16).
"""

from screening.models.base import Base
from screening.models.lists import ListVersion
from screening.models.reviews import Decision
from screening.models.screenings import Screening, ScreeningMatch, ScreeningRun

__all__ = ["Base", "Decision", "ListVersion", "Screening", "ScreeningMatch", "ScreeningRun"]
