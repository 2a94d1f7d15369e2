"""One step of an account, seen from outside: all that is stored of it, before and after."""

from dataclasses import dataclass, replace
from itertools import count

import sqlalchemy as sa

from common.clock import now
from common.events.envelope import decode
from common.messaging.outbox import OutboxRow
from common.privacy.audit import AuditEntry
from common.refusals import IllegalTransition
from common.web.standing import AccountStanding
from identity.accounts import change_state, grounds_of, locked
from identity.models import Account, Mail
from identity.rules.states import (
    HIDDEN,
    STANDING,
    TRANSITIONS,
    Screening,
    State,
    Trigger,
    footing,
)


@dataclass(frozen=True)
class Seen:
    """All that a step may touch."""

    account: Account
    audit: list
    events: list
    mails: list
    standing: AccountStanding | None

    def facts(self):
        """For comparing: everything that is stored of the account."""
        columns = Account.__table__.columns
        return (
            {column.key: getattr(self.account, column.key) for column in columns},
            self.audit,
            [envelope.id for envelope, _ in self.events],
            self.mails,
            self.standing and (self.standing.state, self.standing.epoch),
        )


def seen(identity, account_id):
    """The account as it is stored, and what has been said of it."""
    with identity.runtime.reading() as session:
        of_it = sa.select(AuditEntry).where(AuditEntry.subject == str(account_id))
        entries = session.scalars(of_it.order_by(AuditEntry.id)).all()
        said = [decode(row.body) for row in session.scalars(sa.select(OutboxRow))]
        waiting = sa.select(Mail).where(Mail.account_id == account_id)
        return Seen(
            account=session.get_one(Account, account_id),
            audit=[(entry.actor, entry.action) for entry in entries],
            events=[each for each in said if each[0].subject == str(account_id)],
            mails=sorted(mail.kind for mail in session.scalars(waiting)),
            standing=session.get(AccountStanding, account_id),
        )


_TRANSACTIONS = count(1)


def take_and_look(identity, account_id, trigger):
    """Let something happen to an account, check all that is stored of it; return its state.

    Raises IllegalTransition when it was refused, and then nothing had changed.
    """
    identity.forget_published()
    before, actor = seen(identity, account_id), f"test:{next(_TRANSACTIONS)}"
    state, known = before.account.state, grounds_of(before.account)
    try:
        with identity.runtime.transaction(actor=actor) as session:
            at = now(session)
            change_state(session, locked(session, account_id), trigger)
    except IllegalTransition:
        assert seen(identity, account_id).facts() == before.facts()
        raise
    after = seen(identity, account_id)
    to, grounds, event = expected(state, trigger, known)
    assert (after.account.state, grounds_of(after.account)) == (to, grounds)
    if (to, grounds) == (state, known):
        assert after.facts() == before.facts()
        return to
    assert after.audit == [*before.audit, (actor, f"account.{trigger.value}")]
    assert after.account.version == before.account.version + 1
    look_at_the_event(after, event, actor)
    look_at_the_epoch(before, after)
    if to is not state:
        assert after.standing.state is STANDING[to]
        assert after.standing.epoch == after.account.epoch
    if to is State.DEACTIVATED:
        assert after.account.deactivated_at == (before.account.deactivated_at or at)
    return to


def expected(state, trigger, known):
    """What the table says, read without the function that reads it for the product."""
    verdicts = {Trigger.CLEAR: Screening.CLEAR, Trigger.HIT: Screening.BLOCKED}
    grounds = known
    if trigger in verdicts and state not in HIDDEN:
        grounds = replace(known, screening=verdicts[trigger])
    elif trigger is Trigger.REVIEW and state not in HIDDEN and not known.approved:
        held = known.screening is Screening.BLOCKED
        grounds = known if held else replace(known, screening=Screening.PENDING)
    elif trigger is Trigger.APPROVE:
        grounds = replace(known, approved=True)
    elif trigger in (Trigger.BLOCK, Trigger.UNBLOCK):
        grounds = replace(known, blocked_by_staff=trigger is Trigger.BLOCK)
    rows = TRANSITIONS[state]
    guards = [footing(grounds), None]
    to, event = next(rows[trigger, each] for each in guards if (trigger, each) in rows)
    return to, grounds, event


def look_at_the_event(after, event, actor):
    """Exactly the event of the table is said, by who did it, about this account as it now is."""
    assert [type(said) for _, said in after.events] == ([] if event is None else [event])
    for envelope, said in after.events:
        assert envelope.actor == actor
        assert said.account_id == after.account.id
        assert said.organisation_id == after.account.organisation_id
        assert said.epoch == after.account.epoch


def look_at_the_epoch(before, after):
    """Tokens are void from the step on that takes power away, and never valid again."""
    loses = before.account.state is State.ACTIVE and after.account.state is not State.ACTIVE
    assert after.account.epoch - before.account.epoch in ({1} if loses else {0, 1})
