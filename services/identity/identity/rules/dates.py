"""Dates: when something is due, and how long something lasts."""

from __future__ import annotations

from datetime import timedelta

ANSWER_WITHIN = timedelta(days=7)
"""How long the owners of personal data may take for an erasure."""
ASK_AGAIN_AFTER = timedelta(days=1)
WARNED_BEFORE = timedelta(days=30)
"""How long before the limit of S26 an account that is still here is an alarm."""
ON_ITS_WAY = timedelta(days=2)
"""How long after it fell due an erasure is nothing to worry about."""
SESSION_LIFE = timedelta(days=30)
REFRESH_LIFE = timedelta(days=7)
LINK_LIFE = timedelta(days=7)
RECOVERY_LIFE = timedelta(minutes=60)
ADDRESS_LIFE = timedelta(hours=24)
QUIET = timedelta(hours=1)
"""How often a stranger can make us write to an address."""
RECOVERY_QUIET = timedelta(minutes=10)
"""The same for new passwords and addresses: time to use the link, and not long for a lost mail."""
COUNTED_FOR = timedelta(hours=1)
"""After so long, requests of a network for new passwords are counted anew."""
MAIL_LEASE = timedelta(minutes=1)
"""How long a mail waits for the worker that took it: after a crash it goes again then."""
_MAIL_WAITS = tuple(timedelta(minutes=n) for n in (1, 5, 30, 60, 120, 240, 480, 720, 720, 720))


def wait_after_refused_mail(attempts: int) -> timedelta | None:
    """How long to wait before trying a mail again, None when it is given up."""
    return _MAIL_WAITS[attempts - 1] if attempts <= len(_MAIL_WAITS) else None
