"""After a restore from backup, whoever was erased since is erased again before it is ready.

A row of the database says in which database it was written, and in which transaction. What a backup
brings back says something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.db import CommonBase, insert
from common.events.catalogue import ErasureRequested
from common.logs import log
from common.privacy.audit import audit
from common.privacy.erasure import ErasureReceipt
from common.privacy.personal import technical
from common.web import standing

_ELSEWHERE = "restored"
_SETTLING = Lock()
_HERE = (
    sa.text(
        "SELECT system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
        " || '/' || oid AS here FROM pg_control_system(), pg_database"
        " WHERE datname = current_database()"
    )
    .columns(here=sa.String)
    .scalar_subquery()
)
_NOW_WRITING = sa.text("SELECT pg_current_xact_id()::text::bigint & 4294967295")


class DatabaseMark(CommonBase):
    """One row: the database that this service last worked on."""

    __tablename__ = "database_mark"

    id: Mapped[int] = mapped_column(primary_key=True, info=technical("always 1"))
    place: Mapped[str] = mapped_column(
        sa.String(80), info=technical("cluster, timeline and database it was written in")
    )
    written_in: Mapped[int] = mapped_column(
        sa.BigInteger, info=technical("transaction that wrote this row: another after a restore")
    )


def is_restored(session: Session) -> bool:
    """Whether this database came out of a backup and was not settled since.

    On SQLite only when somebody said so (`call_restored`).
    """
    if session.get_bind().dialect.name == "postgresql":
        written_in: Any = sa.literal_column("xmin::text::bigint")
        elsewhere = sa.or_(DatabaseMark.place != _HERE, DatabaseMark.written_in != written_in)
        return bool(session.scalar(sa.select(elsewhere)))
    return session.scalar(sa.select(DatabaseMark.place)) == _ELSEWHERE


def call_restored(session: Session) -> None:
    """Take this database for one out of a backup: no trace tells of a copied disk or file."""
    _mark(session, _ELSEWHERE)


def settle(runtime: Any) -> None:
    """Bring a restored database up to date with the others; otherwise mark it as this one.

    Raises PeerUnavailable when another service does not answer. Of one process's loops one does it.
    """
    with _SETTLING:
        with runtime.reading() as session:
            restored, marked = is_restored(session), session.get(DatabaseMark, 1) is not None
        if marked and not restored:
            return
        if restored:
            log.warning("restored from a backup: what it forgot is asked of other services")
            standings, erased = take_over_standings(runtime), erase_again(runtime)
            log.warning("restored and settled", standings=standings, erased=erased)
        with runtime.transaction() as session:
            if restored:
                audit(session, "database.settle", runtime.name)
            _mark(session, _here(session))


def take_over_standings(runtime: Any) -> int:
    """Learn from identity how accounts stand; return how many were asked about (S31)."""
    if runtime.name == "identity":
        return 0
    count = 0
    for page in _pages(runtime, "identity", "/internal/standings", "standings:read"):
        with runtime.transaction() as session:
            standing.take_over(session, page)
        count += len(page)
    return count


def erase_again(runtime: Any) -> int:
    """Carry out every erasure that others know of and this database does not; count them (S26)."""
    missed: dict[UUID, UUID] = {}
    for name in sorted(runtime.settings.peer_urls):
        for page in _pages(runtime, name, "/internal/erasures", "erasures:read"):
            missed |= _unknown(runtime, page)
    for request_id, account_id in sorted(missed.items()):
        event = ErasureRequested(account_id=account_id, request_id=request_id)
        with runtime.transaction() as session:
            runtime.parts["handlers"].erase_person(event, session)
    return len(missed)


def erasures_after(session: Session, after: UUID | None, limit: int) -> list[ErasureReceipt]:
    """Erasures that this service carried out, in the order of their requests."""
    found = sa.select(ErasureReceipt).order_by(ErasureReceipt.request_id).limit(limit)
    return list(session.scalars(found if after is None else found.where(after < _ID)))


_ID = ErasureReceipt.request_id


def _unknown(runtime: Any, page: list[dict[str, Any]]) -> dict[UUID, UUID]:
    """Accounts by request, of those that this database does not know."""
    told = {UUID(each["request_id"]): UUID(each["account_id"]) for each in page}
    with runtime.reading() as session:
        known = session.scalars(sa.select(_ID).where(_ID.in_(told))).all()
    return {request_id: told[request_id] for request_id in told.keys() - set(known)}


def _pages(runtime: Any, peer: str, path: str, scope: str) -> Iterator[list[dict[str, Any]]]:
    after = None
    while True:
        told = runtime.peer(peer).call("POST", path, scope, {"after": after})
        yield told["rows"]
        after = told["next"]
        if after is None:
            return


def _here(session: Session) -> str:
    if session.get_bind().dialect.name != "postgresql":
        return "sqlite"
    return str(session.scalar(sa.select(_HERE)))


def _mark(session: Session, place: str) -> None:
    on_postgres = session.get_bind().dialect.name == "postgresql"
    said = {
        "place": place,
        "written_in": session.scalar(_NOW_WRITING) if on_postgres else 0,
    }
    written = insert(session, DatabaseMark).values(id=1, **said)
    session.execute(written.on_conflict_do_update(index_elements=[DatabaseMark.id], set_=said))
