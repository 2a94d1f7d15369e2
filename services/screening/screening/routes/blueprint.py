"""The blueprint that all routes of screening belong to."""

from common.web import Blueprint

bp = Blueprint("screening", __name__)
