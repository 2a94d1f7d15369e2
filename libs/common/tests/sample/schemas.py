from marshmallow import fields

from common.web.schemas import Answer, Count, Line, Request


class NewParcel(Request):
    label = Line(100, required=True)
    weight = Count(1, 1000, required=True)


class Relabelling(Request):
    label = Line(100, required=True)


class ParcelView(Answer):
    id = fields.UUID()
    label = fields.String()
    weight = fields.Integer()
    arrivals = fields.Integer()
