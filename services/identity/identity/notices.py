"""Privacy notices: published once, in force from a day on, named by who was told (S1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.privacy.audit import audit
from common.privacy.retention import ANYWHERE, day_of
from common.refusals import NotFound, Unavailable
from common.texts import LANGUAGES
from identity.models import Notice
from identity.rules.refusals import NoticePublished


def publish(session: Session, valid_from: date, country: str, texts: Mapping[str, str]) -> Notice:
    """Publish a notice. country: ANYWHERE for all that have none of their own.

    texts: by language, Markdown. Raises NoticePublished where that version says something else.
    """
    facts = {f"text_{language}": texts[language] for language in LANGUAGES}
    version = str(valid_from) if country == ANYWHERE else f"{valid_from}-{country}"
    known = session.get(Notice, version)
    if known is not None:
        if any(getattr(known, name) != text for name, text in facts.items()):
            raise NoticePublished(f"{version} says something else; publish it for a later day.")
        return known
    notice = Notice(
        version=version, valid_from=valid_from, country=country, published_at=now(session), **facts
    )
    session.add(notice)
    session.flush()
    audit(session, "notice.publish", version)
    return notice


def in_force(session: Session, country: str | None) -> Notice:
    """The notice for people of a country today: its own, else that for anywhere.

    Raises Unavailable where nobody has published one.
    """
    found = sa.select(Notice).where(
        Notice.valid_from <= day_of(now(session)), Notice.country.in_((country, ANYWHERE))
    )
    own_first = (Notice.country == ANYWHERE, Notice.valid_from.desc())
    notice = session.scalars(found.order_by(*own_first).limit(1)).one_or_none()
    if notice is None:
        raise Unavailable("No privacy notice is in force: python -m identity notices publish.")
    return notice


def of_version(session: Session, version: str) -> Notice:
    """A notice of any time; raises NotFound."""
    notice = session.get(Notice, version)
    if notice is None:
        raise NotFound()
    return notice


def all_of_them(session: Session) -> list[Notice]:
    """Every notice that was published, the newest first."""
    return list(session.scalars(sa.select(Notice).order_by(Notice.version.desc())))


def shown(notice: Notice, language: str, settings: Any) -> dict[str, Any]:
    """A notice as NoticeView shows it, with who is responsible."""
    text = notice.text.say(language)
    return {
        "version": notice.version,
        "country": notice.country,
        "valid_from": notice.valid_from,
        "language": language,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "text": text,
        "responsible": {
            "operator": settings.operator_name,
            "address": settings.contact_address,
            "email": settings.contact_email,
            "phone": settings.contact_phone,
            "dpo_email": settings.dpo_email,
        },
    }
