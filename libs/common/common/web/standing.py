"""Standing: each service's own copy of whether an account may act, fed by events (S31)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.db import CommonBase, insert_for
from common.events import catalogue
from common.messaging.inbox import STALE
from common.privacy.grounds import Ground
from common.privacy.personal import CONTRACT, about, personal, technical
from common.refusals import AccountNotActive, AccountRestricted


class Standing(StrEnum):
    """What matters of an account's state outside identity."""

    PENDING = "pending"
    ACTIVE = "active"
    RESTRICTED = "restricted"
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    REFUSED = "refused"
    ERASED = "erased"


# fmt: off
STANDING_AFTER: dict[type, Standing] = {
    catalogue.AccountRegistered:        Standing.PENDING,
    catalogue.AccountActivated:         Standing.ACTIVE,
    catalogue.AccountBlocked:           Standing.BLOCKED,
    catalogue.AccountUnblocked:         Standing.ACTIVE,
    catalogue.AccountDeactivated:       Standing.DEACTIVATED,
    catalogue.AccountReactivated:       Standing.ACTIVE,
    catalogue.AccountRefused:           Standing.REFUSED,
    catalogue.AccountSessionsEnded:     Standing.ACTIVE,
    catalogue.AccountRestricted:        Standing.ACTIVE,
    catalogue.AccountRestrictionLifted: Standing.ACTIVE,
    catalogue.AccountErased:            Standing.ERASED,
}
# fmt: on
STANDING_EVENTS = tuple(STANDING_AFTER)


def standing_after(event: Any) -> Standing:
    """How the account of an event stands after it; restriction only matters where it is active."""
    return held_back(STANDING_AFTER[type(event)], event.restricted)


def held_back(state: Standing, restricted: bool) -> Standing:
    """A standing with what a restriction makes of it (art. 18 GDPR)."""
    return Standing.RESTRICTED if restricted and state is Standing.ACTIVE else state


class AccountStanding(CommonBase):
    """An account as this service last heard of it; an erased one leaves this tombstone."""

    __tablename__ = "account_standing"
    __personal__ = about(
        "account_id",
        purpose="identify",
        basis=CONTRACT,
        keep="standing",
        source="S31",
        erasure="keep",
        because=Ground.TOMBSTONE,
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True, info=personal("pseudonym"))
    organisation_id: Mapped[UUID | None] = mapped_column(info=personal("pseudonym"))
    state: Mapped[Standing] = mapped_column(info=personal("status"))
    epoch: Mapped[int] = mapped_column(info=technical("tokens of an earlier one are void"))
    sequence: Mapped[int] = mapped_column(info=technical("of the event it was heard in"))


def keep_standing(event: Any, session: Session) -> str | None:
    """Apply an event about an account unless something newer is known; a handler's whole body.

    Every such event says all of the standing, so the newest alone is enough.
    """
    applied = session.connection().execute(
        _upsert(session.get_bind().dialect.name),
        {
            "account_id": event.account_id,
            "organisation_id": event.organisation_id,
            "state": standing_after(event),
            "epoch": event.epoch,
            "sequence": session.info["envelope"].order,
        },
    )
    return None if applied.rowcount else STALE


def take_over(session: Session, told: Iterable[Mapping[str, Any]]) -> None:
    """Learn how accounts stand from identity itself; events that wait for this service follow."""
    rows = [
        {
            "account_id": UUID(each["account_id"]),
            "organisation_id": each["organisation_id"] and UUID(each["organisation_id"]),
            "state": Standing(each["state"]), "epoch": each["epoch"], "sequence": 0,
        }
        for each in told
    ]  # fmt: skip
    if rows:
        statement = insert_for(session.get_bind().dialect.name, AccountStanding.__table__)
        told_now = ("organisation_id", "state", "epoch")
        upsert = statement.on_conflict_do_update(
            index_elements=[AccountStanding.account_id],
            set_={name: statement.excluded[name] for name in told_now},
        )
        session.connection().execute(upsert, rows)


def standings_after(session: Session, after: UUID | None, limit: int) -> list[AccountStanding]:
    """How accounts stand, in the order of their ids."""
    found = sa.select(AccountStanding).order_by(AccountStanding.account_id).limit(limit)
    if after is not None:
        found = found.where(AccountStanding.account_id > after)
    return list(session.scalars(found))


@cache
def _upsert(dialect: str) -> Any:
    """Statement that keeps the newer of two standings; built once, it costs more than its run."""
    statement = insert_for(dialect, AccountStanding.__table__)
    heard = ("organisation_id", "state", "epoch", "sequence")
    return statement.on_conflict_do_update(
        index_elements=[AccountStanding.account_id],
        set_={name: statement.excluded[name] for name in heard},
        where=AccountStanding.sequence < statement.excluded["sequence"],
    )


def refuse_powerless(known: AccountStanding, epoch: int, *, spared: bool = False) -> None:
    """Raise AccountNotActive, or AccountRestricted, where somebody may not act (S31, art. 18).

    epoch: of the token. spared: it is one of the things that a restriction leaves to the person.
    """
    acting = {Standing.ACTIVE, Standing.RESTRICTED}
    if known.state not in acting or epoch < known.epoch:
        raise AccountNotActive("Sign in again, or ask the contact named in the privacy notice.")
    if known.state is Standing.RESTRICTED and not spared:
        raise AccountRestricted("Read, export or object as before; the rest waits until it ends.")


def standing_of(session: Session, account_id: UUID) -> AccountStanding | None:
    """What this service knows of an account: one read by primary key."""
    return session.get(AccountStanding, account_id)


def states(session: Session) -> dict[str, int]:
    """How many accounts stand how; for operators and tests."""
    rows = session.execute(
        sa.select(AccountStanding.state, sa.func.count()).group_by(AccountStanding.state)
    )
    return {state.value: count for state, count in rows}
