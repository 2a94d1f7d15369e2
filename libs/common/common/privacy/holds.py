"""Legal holds: what stays whatever a rule or an erasure says (art. 17(3)(e) GDPR).

Identity places and releases them; every service keeps here which stand, and whoever deletes asks.
A hold says what must not go and never who may see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.db import CommonBase, insert
from common.events.catalogue import HoldScope, LegalHoldReleased
from common.messaging.outbox import wake_worker
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, about, personal, technical

_LOCK = 0x401D
_STANDING = "standing holds"

Subject = tuple[HoldScope, str]
"""What a hold stands on: a person's, organisation's or case's id, or a retention class."""


class Hold(CommonBase):
    """A legal hold as this service last heard of it; a released one stays, so that it is over."""

    __tablename__ = "holds"
    __personal__ = about(
        "subject",
        purpose="accountability",
        basis=LEGAL_DUTY,
        keep="hold",
        source="S26",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=technical("of the hold at identity"))
    scope: Mapped[HoldScope] = mapped_column(info=technical("kind of what it stands on"))
    subject: Mapped[str] = mapped_column(sa.String(80), info=personal("pseudonym"))
    released: Mapped[bool] = mapped_column(info=technical("it stands no more"))
    swept: Mapped[bool] = mapped_column(
        default=False, info=technical("what it held back has been looked at again")
    )
    sequence: Mapped[int] = mapped_column(info=technical("of what was heard last"))


def keep_hold(event: Any, session: Session) -> None:
    """Apply what identity says of a hold; a handler's whole body."""
    keep(
        session,
        Hold(
            id=event.hold_id,
            scope=event.scope,
            subject=event.subject,
            released=isinstance(event, LegalHoldReleased),
            sequence=session.info["envelope"].order,
        ),
    )


def keep(session: Session, heard: Hold) -> None:
    """Keep the newer of what was heard and what is known of a hold.

    Waits for every deletion that is under way without knowing of it, and keeps later ones waiting.
    """
    _lock(session, shared=False)
    session.info.pop(_STANDING, None)
    statement = insert(session, Hold).values(
        id=heard.id, scope=heard.scope, subject=heard.subject, released=heard.released,
        swept=False, sequence=heard.sequence,
    )  # fmt: skip
    newer = {name: statement.excluded[name] for name in ("released", "sequence")}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Hold.id], set_=newer, where=Hold.sequence < heard.sequence
        )
    )
    wake_worker(session)


def standing(session: Session) -> dict[Subject, UUID]:
    """What holds stand on, with their ids; none is placed before this transaction has ended."""
    if _STANDING not in session.info:
        _lock(session, shared=True)
        session.info[_STANDING] = seen(session)
    known: dict[Subject, UUID] = session.info[_STANDING]
    return known


def seen(session: Session) -> dict[Subject, UUID]:
    """What holds stand on at this instant, for who only looks."""
    columns = sa.select(Hold.scope, Hold.subject, Hold.id).where(sa.not_(Hold.released))
    return {(row.scope, row.subject): row.id for row in session.execute(columns)}


def over(session: Session) -> list[UUID]:
    """Released holds that the sweep has not looked at since."""
    ended = sa.select(Hold.id).where(Hold.released, sa.not_(Hold.swept))
    return list(session.scalars(ended))


def note_swept(session: Session, hold_ids: Iterable[UUID]) -> None:
    """What these holds held back has been looked at."""
    session.execute(sa.update(Hold).where(Hold.id.in_(hold_ids)).values(swept=True))


def columns_of(model: Any) -> dict[HoldScope, Any]:
    """Columns of a table that name what a hold may stand on.

    The person is that of `__personal__`; a case is named by the column that `__case__` says.
    """
    table, found = model.__table__, {}
    if personal_of := getattr(model, "__personal__", None):
        found[HoldScope.PERSON] = table.c[personal_of.person]
    if "organisation_id" in table.c:
        found[HoldScope.ORGANISATION] = table.c.organisation_id
    if case := getattr(model, "__case__", None):
        found[HoldScope.CASE] = table.c[case]
    return found


def condition(model: Any, holds: Mapping[Subject, UUID]) -> sa.ColumnElement[bool] | None:
    """Which rows of a table are held; None where none can be."""
    if (HoldScope.CLASS, model.__personal__.keep) in holds:
        return sa.true()
    named = [
        column.in_([_value(column, subject) for held, subject in holds if held is scope])
        for scope, column in columns_of(model).items()
        if any(held is scope for held, _ in holds)
    ]
    return sa.func.coalesce(sa.or_(*named), sa.false()) if named else None


def _value(column: Any, subject: str) -> UUID | str:
    return UUID(subject) if isinstance(column.type, sa.Uuid) else subject


def _lock(session: Session, *, shared: bool) -> None:
    if session.get_bind().dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        session.execute(sa.select(lock(_LOCK)))
