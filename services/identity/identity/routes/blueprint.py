"""The blueprint that all routes of identity belong to."""

from common.web import Blueprint

bp = Blueprint("identity", __name__)
