"""Who may do what with a document, what is taken as one, and what its uploader declares."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from common.refusals import Conflict, Unavailable, UnsupportedContent
from common.texts import Text
from common.web import Reach, may, may_change

# fmt: off
POLICY = {
    "document.upload": may(member=Reach.OWN, user_manager=Reach.OWN),  # S53
    "document.list":   may(member=Reach.ORGANISATION, user_manager=Reach.ORGANISATION),  # S54
    "document.read":   may(member=Reach.ORGANISATION, user_manager=Reach.ORGANISATION),  # S54
    "document.delete": may_change(member=Reach.OWN, user_manager=Reach.ORGANISATION),  # S55
}
# fmt: on
"""Nobody but the organisation's people: no staff and no representative stands here (S12, S54)."""


class KindNotTaken(UnsupportedContent):
    """The content is none of the kinds of drawings and images."""

    title = Text(
        "Only drawings and images can be uploaded",
        "Alleen tekeningen en afbeeldingen kunnen worden geüpload",
        "Nur Zeichnungen und Bilder können hochgeladen werden",
    )


class NameOfAnotherKind(UnsupportedContent):
    """The file's name says something else than its content."""

    title = Text(
        "The file name does not fit the content",
        "De bestandsnaam past niet bij de inhoud",
        "Der Dateiname passt nicht zum Inhalt",
    )


class RelationEnded(Conflict):
    """The organisation is a customer no more."""

    title = Text(
        "Your organisation's business relation has ended",
        "De zakelijke relatie van uw organisatie is beëindigd",
        "Die Geschäftsbeziehung Ihrer Organisation ist beendet",
    )


class UploadInterrupted(Unavailable):
    """Something else happened to this upload while it was being stored."""

    title = Text(
        "Please upload the file again",
        "Upload het bestand opnieuw",
        "Bitte laden Sie die Datei noch einmal hoch",
    )


# ------------------------------------------------------------------------------- what is taken


class MediaType(StrEnum):
    """Kinds of content that are taken."""

    DXF = "image/vnd.dxf"
    DWG = "image/vnd.dwg"
    SVG = "image/svg+xml"
    STEP = "model/step"
    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TIFF = "image/tiff"
    WEBP = "image/webp"


EXTENSIONS: Mapping[MediaType, tuple[str, ...]] = {
    MediaType.DXF: (".dxf",),
    MediaType.DWG: (".dwg",),
    MediaType.SVG: (".svg",),
    MediaType.STEP: (".step", ".stp", ".p21"),
    MediaType.PDF: (".pdf",),
    MediaType.PNG: (".png",),
    MediaType.JPEG: (".jpg", ".jpeg"),
    MediaType.TIFF: (".tif", ".tiff"),
    MediaType.WEBP: (".webp",),
}
HEAD_BYTES = 65_536
"""How much of a file's beginning is looked at."""

_SIGNATURES: tuple[tuple[MediaType, re.Pattern[bytes]], ...] = (
    (MediaType.PNG, re.compile(rb"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")),
    (MediaType.JPEG, re.compile(rb"\xff\xd8\xff[\xc0-\xc2\xc4\xdb\xdd\xe0-\xef\xfe]")),
    (MediaType.TIFF, re.compile(rb"II\*\0|MM\0\*|II\+\0\x08\0\0\0|MM\0\+\0\x08\0\0")),
    (MediaType.WEBP, re.compile(rb"RIFF[\s\S]{4}WEBPVP8[ LX]")),
    (MediaType.PDF, re.compile(rb"%PDF-[12]\.[0-9]")),
    (MediaType.DWG, re.compile(rb"AC10[0-9][0-9]\0")),
    (MediaType.DXF, re.compile(rb"AutoCAD Binary DXF\r\n\x1a\0")),
    (MediaType.STEP, re.compile(rb"\s*ISO-10303-21\s*;")),
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BEFORE_SVG = re.compile(rb"\s*(?:<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^>\[]*>)")
_SVG = re.compile(rb"\s*<(?:[A-Za-z_][A-Za-z0-9_.-]{0,50}:)?svg[\s/>]")
_DXF_SECTIONS = frozenset({
    b"HEADER", b"CLASSES", b"TABLES", b"BLOCKS", b"ENTITIES", b"OBJECTS", b"THUMBNAILIMAGE",
    b"ACDSDATA",
})  # fmt: skip


def sniff(head: bytes) -> MediaType | None:
    """Kind of a file by how it begins, None when it is none that is taken.

    head: the first HEAD_BYTES, or all. A signature alone is not enough where more must follow:
    HTML behind eight bytes of PNG is no PNG.
    """
    for media_type, signature in _SIGNATURES:
        if signature.match(head):
            return media_type
    text = head.removeprefix(_BYTE_ORDER_MARK)
    if _begins_as_dxf(text):
        return MediaType.DXF
    return MediaType.SVG if _begins_as_svg(text) else None


def media_type_of(file_name: str, head: bytes) -> MediaType:
    """Kind of a file whose name agrees with its content.

    Raises KindNotTaken, or NameOfAnotherKind when the extension is that of something else.
    Source: S53.
    """
    found = sniff(head)
    if found is None:
        raise KindNotTaken("Send DXF, DWG, SVG, STEP, PDF, PNG, JPEG, TIFF or WebP.")
    if PurePosixPath(file_name).suffix.lower() not in EXTENSIONS[found]:
        raise NameOfAnotherKind(f"This content is {found}: {' or '.join(EXTENSIONS[found])}.")
    return found


def _begins_as_dxf(text: bytes) -> bool:
    """Whether the first pair of lines that is no comment (999) opens a known section."""
    lines = [line.strip() for line in text.splitlines()]
    pairs = zip(lines[::2], lines[1::2], strict=False)
    told = (pair for pair in pairs if pair[0] != b"999")
    code, section = next(told, (b"", b"")), next(told, (b"", b""))
    return code == (b"0", b"SECTION") and section[0] == b"2" and section[1] in _DXF_SECTIONS


def _begins_as_svg(text: bytes) -> bool:
    """Whether the first element is svg, after declarations and comments.

    A document type with declarations of its own is refused: entities in it can explode.
    """
    at = 0
    while before := _BEFORE_SVG.match(text, at):
        at = before.end()
    return _SVG.match(text, at) is not None


# ------------------------------------------------------------------------------------ file names

LONGEST_NAME = 255
_TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def fault_of_name(name: str) -> str | None:
    """What is wrong with a file's name, None for nothing; names are refused, never altered.

    Characters that turn the direction of text are refused: they can show one extension for
    another. U+FFFD means that the name was not readable on its way.
    """
    if not name:
        return "Must have a file name."
    if len(name) > LONGEST_NAME:
        return f"Must have a file name of at most {LONGEST_NAME} characters."
    categories = {unicodedata.category(character) for character in name}
    if categories & {"Cc", "Zl", "Zp"} or _TURNS_TEXT & set(name):
        return "Must have a file name without control characters."
    if "Cs" in categories or "\ufffd" in name:
        return "Must have a file name that is valid Unicode text."
    if "/" in name or "\\" in name:
        return "Must have a file name without a path."
    return None


# ----------------------------------------------------------------------------- what is declared

DECLARATIONS: Mapping[str, Text] = {
    "2026-03": Text(
        en="I declare that I hold the rights to this file, or may share it with my organisation "
        "and with the operator of this portal.",
        nl="Ik verklaar dat ik de rechten op dit bestand heb, of het met mijn organisatie en met "
        "de exploitant van dit portaal mag delen.",
        de="Ich erkläre, dass ich die Rechte an dieser Datei habe oder sie mit meiner "
        "Organisation und mit dem Betreiber dieses Portals teilen darf.",
    ),
}
"""Every text that was ever declared, by its version; a new text is a new entry (S56)."""

CURRENT_DECLARATION = "2026-03"

VISIBILITY = Text(
    en="Everybody with an active account of your organisation can see this file, and nobody else. "
    "It is stored until you or a user manager of your organisation delete it, or until your "
    "organisation's business relation with us ends.",
    nl="Iedereen met een actief account van uw organisatie kan dit bestand zien, en niemand "
    "anders. Het wordt bewaard tot u of een gebruikersbeheerder van uw organisatie het verwijdert, "
    "of tot de zakelijke relatie van uw organisatie met ons eindigt.",
    de="Alle mit einem aktiven Konto Ihrer Organisation können diese Datei sehen, sonst niemand. "
    "Sie wird gespeichert, bis Sie oder eine Benutzerverwaltung Ihrer Organisation sie löschen "
    "oder bis die Geschäftsbeziehung Ihrer Organisation zu uns endet.",
)
"""Shown where a file is chosen (S54, S55)."""


# --------------------------------------------------------------------- removing from the store

TIME_TO_STORE = timedelta(hours=1)
"""How long an upload may take before what it left in the store is taken for an orphan."""

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)


def wait_before_try(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts to remove an object: doubling, at most 1 h."""
    return min(_FIRST_WAIT * 2 ** min(attempts - 1, 10), _LONGEST_WAIT)
