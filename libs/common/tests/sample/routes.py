import sqlalchemy as sa

from common.messaging import publish
from common.web import Blueprint, Page, authorise, idempotent, internal, page, reading, transaction
from sample.models import Parcel, ParcelSent
from sample.schemas import NewParcel, ParcelView, Relabelling

bp = Blueprint("sample", __name__)


@bp.post("/parcels")
@idempotent
@bp.arguments(NewParcel)
@bp.response(201, ParcelView)
def send_parcel(body):
    """Send a parcel."""
    with transaction() as session:
        person = authorise(session, "parcel.send")
        parcel = Parcel(
            organisation_id=person.organisation_id, account_id=person.account_id, **body
        )
        session.add(parcel)
        session.flush()
        publish(session, ParcelSent(parcel_id=parcel.id, weight=parcel.weight))
    return parcel


@bp.get("/parcels")
@bp.arguments(Page, location="query")
@bp.response(200, ParcelView(many=True))
def list_parcels(asked):
    """List the organisation's parcels."""
    with reading() as session:
        person = authorise(session, "parcel.list")
        rows = sa.select(Parcel).where(Parcel.organisation_id == person.organisation_id)
        found, headers = page(session, rows, Parcel.id, asked)
    return found, 200, headers


@bp.get("/parcels/<uuid:parcel_id>")
@bp.response(200, ParcelView)
def read_parcel(parcel_id):
    """Show a parcel."""
    with reading() as session:
        return authorise(session, "parcel.read", Parcel, parcel_id)


@bp.patch("/parcels/<uuid:parcel_id>")
@bp.arguments(Relabelling)
@bp.response(200, ParcelView)
def relabel_parcel(body, parcel_id):
    """Change a parcel's label."""
    with transaction() as session:
        parcel = authorise(session, "parcel.relabel", Parcel, parcel_id)
        parcel.label = body["label"]
    return parcel


@bp.get("/internal/weights")
@internal("weights:read")
@bp.response(200)
def weights():
    """Tell another service."""
    with reading() as session:
        return {"total": session.scalar(sa.select(sa.func.sum(Parcel.weight))) or 0}
