"""What uploads keeps, why and until when; the end of a relation; the erasure of a person."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.events.catalogue import DocumentRemoved
from common.messaging import publish
from common.privacy import holds
from common.privacy.erasure import PERSON, Erasure
from common.privacy.grounds import Ground
from common.privacy.records import Records
from common.privacy.retention import Rule, Start
from uploads import removals
from uploads.models import Document, Organisation
from uploads.rules import RelationEnded

RULES = (
    Rule(
        record_class="document",
        period="P0D",
        start=Start.END_OF_RELATION,
        source="S55",
        reason="Shared within the organisation until somebody deletes it, at the longest while the "
        "organisation is a customer.",
    ),
)
"""S55 names the events; both remove at once, but for what a legal hold keeps."""


def erase(person: Erasure) -> None:
    """Keep what a person uploaded: it is the organisation's, its uploader a pseudonym.

    Identity's directory resolves the account id to "former user" from then on.
    Source: S55, settled reading 4.
    """
    person.keep(Document, _THEIRS, reason=Ground.ORGANISATION_CONTENT)


_THEIRS = Document.uploader_id == PERSON


def require_relation(session: Session, organisation_id: UUID) -> None:
    """Hold the relation open until this transaction ends; raises RelationEnded when it is over.

    The end of the relation waits for every upload that is being entered, and removes it then; an
    upload that comes after the end is refused. Source: S55.
    """
    unknown = insert(session, Organisation).values(id=organisation_id).on_conflict_do_nothing()
    session.execute(unknown)
    organisation = session.get_one(Organisation, organisation_id, with_for_update={"read": True})
    if organisation.ended_at is not None:
        raise RelationEnded("Documents of your organisation are not stored any more.")


def end_relation(session: Session, organisation_id: UUID) -> None:
    """Take nothing more of an organisation and remove everything it uploaded (S55)."""
    at = now(session)
    ended = insert(session, Organisation).values(id=organisation_id, ended_at=at)
    session.execute(
        ended.on_conflict_do_update(
            index_elements=[Organisation.id],
            set_={"ended_at": sa.func.coalesce(Organisation.ended_at, at)},
        )
    )
    held = holds.condition(Document, holds.standing(session))
    theirs = sa.select(Document.id).where(Document.organisation_id == organisation_id)
    remove(session, session.scalars(theirs if held is None else theirs.where(~held)).all())


def remove(session: Session, document_ids: Sequence[UUID]) -> None:
    """Delete documents, with everything made from them, and say so."""
    gone = sa.delete(Document).where(Document.id.in_(document_ids))
    columns = (Document.id, Document.organisation_id, Document.object_key)
    removed = session.execute(gone.returning(*columns)).all()
    removals.order(session, [object_key for _, _, object_key in removed])
    for document_id, organisation_id, _ in sorted(removed):
        publish(session, DocumentRemoved(document_id=document_id, organisation_id=organisation_id))


RECORDS = (
    Records(
        record_class="document",
        model=Document,
        source=sa.join(Document, Organisation, Document.organisation_id == Organisation.id),
        relation_ended_at=Organisation.ended_at,
        erase=remove,
    ),
)
"""What a legal hold kept back when the relation ended; everything else goes at once."""
