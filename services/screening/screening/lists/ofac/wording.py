"""What OFAC's formats have in common: how dates are written, and kinds of entries and aliases."""

import re

from screening.lists.entries import BirthDate, EntryKind, NameKind, single_spaced
from screening.lists.files import ListFile

LIST_ID = "us-sdn"
KINDS: dict[str, EntryKind] = {
    "individual": "individual",
    "entity": "entity",
    "vessel": "vessel",
    "aircraft": "aircraft",
}

_ALIAS_KINDS: dict[str, NameKind] = {"aka": "alias", "fka": "former", "nka": "alias"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"(?:(?:(\d\d?) )?({'|'.join(_MONTHS)}) )?(\d{{4}})")


def alias_kind(written: str, file: ListFile) -> NameKind:
    """Kind of an "a.k.a."; raises ListRefused for a type that is not known."""
    kind = _ALIAS_KINDS.get(written.replace(".", "").strip().lower())
    if kind is None:
        raise file.refused(f"its alias type {written.strip()!r} is not known")
    return kind


def birth_date(written: str) -> BirthDate:
    """Birth date of "02 Mar 1957", "circa 1957", "Mar 1957 to 1959"; anything else as it is."""
    written = single_spaced(written)
    exact = written.removeprefix("circa ")
    first, _, last = (part.strip() for part in exact.replace(" to ", "-").partition("-"))
    dates = [_edtf(part) for part in (first, last) if part]
    if not dates or not all(dates):
        return BirthDate(written)
    about = "" if exact == written else "~"
    return BirthDate("/".join(dated + about for dated in dates))


def _edtf(text: str) -> str:
    """EDTF of "02 Mar 1957", "Mar 1957" or "1957"; empty for anything else."""
    found = _DATE.fullmatch(text)
    if not found:
        return ""
    day, month, year = found.groups()
    parts = [year]
    if month:
        parts.append(f"{_MONTHS.index(month) + 1:02}")
    if day:
        parts.append(f"{int(day):02}")
    return "-".join(parts)
