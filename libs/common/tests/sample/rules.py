from common.web import Reach, may, may_change

POLICY = {
    "parcel.list": may(member=Reach.ORGANISATION),
    "parcel.read": may(member=Reach.ORGANISATION, support=Reach.EVERYWHERE),
    "parcel.send": may(member=Reach.OWN),
    "parcel.relabel": may_change(member=Reach.OWN, user_manager=Reach.ORGANISATION),
}
