from common.messaging import on
from common.web import standing
from sample.models import Arrival, Parcel, ParcelSent


class Dropped(Exception):
    """The parcel fell."""


@on(*standing.STANDING_EVENTS)
def keep_standing(event, session):
    """Know who may act (S31)."""
    return standing.keep_standing(event, session)


@on(ParcelSent)
def count_arrival(event, session):
    """Count how often it arrived; a weight of 666 always falls."""
    parcel = session.get_one(Parcel, event.parcel_id, with_for_update=True)
    parcel.arrivals += 1
    session.add(Arrival(parcel_id=parcel.id, sequence=session.info["envelope"].order))
    if event.weight == 666:
        raise Dropped
