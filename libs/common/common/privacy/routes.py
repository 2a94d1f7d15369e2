"""What data protection asks of every service alike, over HTTP: one blueprint, one policy."""

from __future__ import annotations

from common.web.access import Action
from common.web.blueprint import Blueprint

bp = Blueprint("privacy", __name__)

POLICY: dict[str, Action] = {}
"""Who may do what here; it is part of every service's own."""
