"""What all services hold about a person, as one archive for the person (art. 15 and 20 GDPR).

It is made while it is sent and never stored: what is nowhere needs no key and no expiry.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO
from uuid import UUID

import jinja2
from sqlalchemy.orm import Session

from common.clock import now
from common.privacy.purposes import PURPOSES
from common.privacy.retention import day_of
from common.privacy.routes import outlook_here, tables_here
from common.privacy.schemas import OutlookView, PersonalTableView
from common.texts import Text
from identity import representatives
from identity.models import Account
from identity.peers import ask_all

IN_MEMORY = 8_000_000
"""Bytes of an archive that stay in memory; what is longer goes through an unnamed file."""
_UNFIT = re.compile(r"[^\w. -]+")


class Texts:
    """What the summary says."""

    title = Text(
        "What we hold about you",
        "Wat wij over u bewaren",
        "Was wir über Sie speichern",
    )
    made = Text("Made on", "Gemaakt op", "Erstellt am")
    recipients = Text("Who gets to see it", "Wie het te zien krijgt", "Wer es zu sehen bekommt")
    colleagues = Text(
        "Colleagues of your own organisation, as far as the portal shows it to them",
        "Collega's van uw eigen organisatie, voor zover het portaal het hun toont",
        "Kolleginnen und Kollegen Ihrer Organisation, soweit das Portal es ihnen zeigt",
    )
    processors = Text(
        "Whoever runs servers, storage and mail for the operator, by contract (art. 28 GDPR)",
        "Wie servers, opslag en mail voor de exploitant beheert, volgens contract (art. 28 AVG)",
        "Wer Server, Speicher und Mail für den Betreiber führt, mit Vertrag (Art. 28 DSGVO)",
    )
    screening = Text("Sanctions lists", "Sanctielijsten", "Sanktionslisten")
    screened = Text(
        "Your name is compared with public sanctions lists before release and regularly after; "
        "last:",
        "Uw naam wordt vóór vrijgave en daarna regelmatig met openbare sanctielijsten vergeleken; "
        "laatst:",
        "Ihr Name wird vor der Freigabe und danach regelmäßig mit öffentlichen Sanktionslisten "
        "verglichen; zuletzt:",
    )
    until = Text("How long, and why", "Hoe lang, en waarom", "Wie lange, und warum")
    no_date = Text("no date yet", "nog geen datum", "noch kein Datum")


def archive(session: Session, account: Account, language: str) -> BinaryIO:
    """A ZIP of what all six services hold about a person; raises PeerUnavailable, never partial.

    One JSON file a service, with what is stated of each column (`portable`: art. 20), a summary for
    reading in the person's language, and the files that the person uploaded. Source: art. 12, 15.
    """
    told = _told(session, account.id)
    summary = _summary(session, account, told, language)
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - sent, then closed
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archived:
        for name, each in told.items():
            archived.writestr(f"{name}.json", json.dumps(each, ensure_ascii=False, indent=1))
        archived.writestr("summary.html", summary)
        for document in _documents(told["uploads"]):
            _add_file(session, archived, account.id, document)
    file.seek(0)
    return file  # type: ignore[return-value]


def _told(session: Session, account_id: UUID) -> dict[str, Any]:
    """By service: the tables with the person's rows, and what of them goes when."""
    here = session.info["runtime"]
    tables = {
        "identity": PersonalTableView(many=True).dump(tables_here(session, account_id)),
        **ask_all(here, "GET", f"/internal/personal-data/{account_id}", "personal-data:read"),
    }
    outlooks = {
        "identity": OutlookView(many=True).dump(outlook_here(session, account_id)),
        **ask_all(here, "GET", f"/internal/retention/outlook/{account_id}", "outlook:read"),
    }
    return {name: {"tables": tables[name], "outlook": outlooks[name]} for name in tables}


def _documents(uploads: Mapping[str, Any]) -> list[dict[str, Any]]:
    of_table = (each for each in uploads["tables"] if each["table"] == "documents")
    return [row for each in of_table for row in each["rows"]]


def _add_file(
    session: Session, archived: zipfile.ZipFile, account_id: UUID, document: Mapping[str, Any]
) -> None:
    """Copy one of the person's drawings, as it comes."""
    path = f"/internal/accounts/{account_id}/documents/{document['id']}/content"
    name = _UNFIT.sub("_", document["file_name"])
    peer = session.info["runtime"].peer("uploads")
    with (
        peer.read(path, "documents:read") as chunks,
        archived.open(f"files/{document['id']} {name}", "w", force_zip64=True) as entry,
    ):
        for chunk in chunks:
            entry.write(chunk)


def _summary(session: Session, account: Account, told: Mapping[str, Any], language: str) -> str:
    pages = jinja2.Environment(
        loader=jinja2.PackageLoader("identity"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    screened = [
        row["checked_at"]
        for each in told["screening"]["tables"] if each["table"] == "screenings"
        for row in each["rows"]
    ]  # fmt: skip
    return pages.get_template("summary.html").render(
        language=language,
        texts=Texts,
        say=lambda text: text.say(language),
        purpose=lambda name: PURPOSES[name].say(language),
        made_on=day_of(now(session)),
        recipients=representatives.recipients(session, account),
        screened_at=screened[0] if screened else None,
        services=told,
    )
