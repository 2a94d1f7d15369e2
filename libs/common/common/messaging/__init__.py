"""Events between services: out through the outbox, in through the inbox, nothing beside them."""

from common.messaging.inbox import STALE
from common.messaging.outbox import Cause, publish, wake_worker
from common.messaging.subscribe import on

__all__ = ["STALE", "Cause", "on", "publish", "wake_worker"]
