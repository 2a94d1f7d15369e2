"""What one wants to be told about by mail."""

from __future__ import annotations

from common.web import authorise, principal, reading, transaction
from identity import notifications
from identity.models import Account, Topic
from identity.routes.blueprint import bp
from identity.schemas.notifications import Choice, ChoiceView

ACTION = "notification.choose"


@bp.get("/accounts/me/notifications")
@bp.response(200, ChoiceView)
def read_notifications():
    """Show what one is told about by mail."""
    with reading() as session:
        account = authorise(session, ACTION, Account, principal().account_id)
        return notifications.chosen(session, account.id)


@bp.put("/accounts/me/notifications")
@bp.arguments(Choice)
@bp.response(200, ChoiceView)
def choose_notifications(body):
    """Choose what one is told about by mail; what waits to go out heeds it, too."""
    with transaction() as session:
        account = authorise(session, ACTION, Account, principal().account_id)
        notifications.choose(session, account.id, [each for each in Topic if not body[each]])
        return notifications.chosen(session, account.id)
