"""Changes of organisations."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from common.clock import now
from common.events.catalogue import BusinessRelationshipEnded, OrganisationRegistered
from common.messaging import publish
from common.privacy.audit import audit
from common.refusals import Conflict
from identity.models import Organisation, OrganisationKind
from identity.rules.refusals import UnknownOrganisation, refuse_ended_relation


def enter(session: Session, name: str, country: str, kind: OrganisationKind) -> Organisation:
    """Enter an organisation that people can be assigned to."""
    organisation = Organisation(
        name=name, country=country, kind=kind, registered_at=now(session), version=1
    )
    session.add(organisation)
    session.flush()
    audit(session, "organisation.register", organisation.id)
    publish(session, OrganisationRegistered(organisation_id=organisation.id))
    return organisation


def end_relation(session: Session, organisation: Organisation) -> None:
    """The organisation is a customer no more; what hangs on it follows from the event (S55).

    organisation: its row, locked. From now on nobody is approved for it or signs in for it.
    """
    refuse_ended_relation(organisation.relation_ended_at)
    if organisation.kind is OrganisationKind.OPERATOR:
        raise Conflict("The operator is no customer.")
    organisation.relation_ended_at = now(session)
    session.flush()
    audit(session, "organisation.end", organisation.id)
    publish(session, BusinessRelationshipEnded(organisation_id=organisation.id))


def open_customer(session: Session, organisation_id: UUID) -> Organisation:
    """A customer whose relation stays open until this transaction ends.

    Raises UnknownOrganisation, RelationEnded.
    """
    organisation = session.get(Organisation, organisation_id, with_for_update={"read": True})
    if organisation is None or organisation.kind is not OrganisationKind.CUSTOMER:
        raise UnknownOrganisation(errors={"/organisation_id": "There is no such customer."})
    refuse_ended_relation(organisation.relation_ended_at)
    return organisation


def refuse_closed(session: Session, organisation_id: UUID | None) -> None:
    """Raise RelationEnded when the organisation is no customer any more; else it stays so."""
    if organisation_id is not None:
        organisation = session.get_one(
            Organisation, organisation_id, with_for_update={"read": True}
        )
        refuse_ended_relation(organisation.relation_ended_at)
