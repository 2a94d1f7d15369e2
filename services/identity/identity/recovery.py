"""Ways back in: a new password for who forgot it, and another address (S37-S41).

The request for a new password writes the same rows for everybody and finds out nothing; the worker
does the rest, so that neither answer, nor time, nor the mail server tells whose address it is.
Neither way lifts a block or touches a second factor.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.messaging import wake_worker
from common.privacy.audit import audit
from common.refusals import TooMany
from identity import links, mails, objections
from identity.accounts import end_sessions, void_links
from identity.models import (
    Account,
    AddressChange,
    LinkPurpose,
    Mail,
    MailKind,
    RecoveryCount,
    RecoveryRequest,
)
from identity.rules.addresses import AddressNotValid, email_key
from identity.rules.dates import COUNTED_FOR, RECOVERY_QUIET
from identity.rules.refusals import ChangeUnderWay, LinkNotValid
from identity.rules.states import HIDDEN, State


def ask(session: Session, address: str, network: str) -> None:
    """Note that somebody wants a new password; whose address it is, the worker looks (S38).

    network: Origin.counted_as. Raises TooMany when the network asked too often lately.
    """
    count(session, network)
    session.add(RecoveryRequest(address=address, asked_at=now(session)))
    wake_worker(session)


def count(session: Session, network: str) -> None:
    """Count a request that anybody can make; of several at the same time each counts.

    network: Origin.counted_as. Raises TooMany when it asked too often lately.
    """
    runtime, at = session.info["runtime"], now(session)
    key = runtime.keys.digest("recovery", network.encode())
    over = RecoveryCount.begun_at <= at - COUNTED_FOR
    counted = insert(session, RecoveryCount).values(network=key, begun_at=at, requests=1)
    counted = counted.on_conflict_do_update(
        index_elements=[RecoveryCount.network],
        set_={
            "begun_at": sa.case((over, at), else_=RecoveryCount.begun_at),
            "requests": sa.case((over, 1), else_=RecoveryCount.requests + 1),
        },
    ).returning(RecoveryCount.begun_at, RecoveryCount.requests)
    begun_at, requests = session.execute(counted).one()
    if requests > runtime.settings.recoveries_per_hour:
        raise TooMany(
            "Wait before you ask again.", retry_after=_seconds(begun_at + COUNTED_FOR - at)
        )


def next_request(session: Session) -> UUID | None:
    """The request that waits longest."""
    oldest = sa.select(RecoveryRequest.id).order_by(RecoveryRequest.asked_at).limit(1)
    return session.scalars(oldest).one_or_none()


def work_off(session: Session, request_id: UUID) -> None:
    """Have the owner of the address mailed a link, if there is one, and forget the request."""
    request = session.get(RecoveryRequest, request_id)
    if request is None:
        return
    account = _owner(session, request.address)
    session.execute(sa.delete(RecoveryRequest).where(RecoveryRequest.id == request_id))
    if account is not None and account.state not in HIDDEN:
        mails.write(session, account.id, MailKind.RECOVER, at_most_every=RECOVERY_QUIET)


def ask_for_change(session: Session, account: Account, address: str) -> None:
    """Note the address a person wants to have; it counts when the mail to it is answered.

    account: its row, locked. Nothing here depends on whose the address is. Raises TooMany, and
    ChangeUnderWay while the former address was not told of the last change.
    """
    at, last = now(session), session.get(AddressChange, account.id)
    if last is not None and at < last.asked_at + RECOVERY_QUIET:
        raise TooMany(
            "Wait for the mail.", retry_after=_seconds(last.asked_at + RECOVERY_QUIET - at)
        )
    if _waits(session, account, MailKind.ADDRESS_CHANGED):
        raise ChangeUnderWay("The former address has not been told yet.")
    session.merge(
        AddressChange(account_id=account.id, email=address, asked_at=at, confirmed_at=None)
    )
    links.void(session, account, LinkPurpose.CHANGE_ADDRESS)
    audit(session, "account.ask-for-address", account.id)
    mails.write(session, account.id, MailKind.CHANGE_ADDRESS)


def confirm_change(session: Session, account: Account) -> None:
    """The new address is the person's own: it is the account's, and the former one is told.

    account: its row, locked. Raises LinkNotValid, also when somebody else has the address by now.
    """
    change = session.get(AddressChange, account.id)
    if change is None or change.confirmed_at is not None or account.state is not State.ACTIVE:
        raise LinkNotValid("It is not valid any more.")
    account.email, change.email = change.email, str(account.email)
    account.email_key, change.confirmed_at = email_key(account.email), now(session)
    try:
        session.flush()
    except IntegrityError as error:
        raise LinkNotValid("The address is in use.") from error
    objections.follow(session, account)
    void_links(session, account)
    audit(session, "account.change-address", account.id)
    end_sessions(session, account)
    mails.write(session, account.id, MailKind.ADDRESS_CHANGED)


def address_for(session: Session, account: Account, kind: MailKind) -> str | None:
    """Where a mail of this kind goes now; None when it is not to go any more.

    account: its row, locked. Who has a wanted address already is told so instead.
    """
    if kind not in (MailKind.CHANGE_ADDRESS, MailKind.ADDRESS_CHANGED):
        return account.email
    change = session.get(AddressChange, account.id)
    if change is None or (change.confirmed_at is None) is (kind is MailKind.ADDRESS_CHANGED):
        return None
    if kind is MailKind.CHANGE_ADDRESS and _is_taken(session, account, change.email):
        return None
    return change.email


def forget_former_address(session: Session, account_id: UUID) -> None:
    """The former address was told: it is needed no more."""
    told = AddressChange.confirmed_at.is_not(None)
    session.execute(sa.delete(AddressChange).where(AddressChange.account_id == account_id, told))


def _is_taken(session: Session, account: Account, address: str) -> bool:
    found = sa.select(Account).where(
        Account.email_key == email_key(address), Account.id != account.id
    )
    owner = session.scalars(found).one_or_none()
    if owner is None:
        return False
    mails.write(session, owner.id, MailKind.ADDRESS_IN_USE, at_most_every=RECOVERY_QUIET)
    return True


def _owner(session: Session, address: str) -> Account | None:
    try:
        key = email_key(address)
    except AddressNotValid:
        return None
    return session.scalars(
        sa.select(Account).where(Account.email_key == key).with_for_update()
    ).one_or_none()


def _waits(session: Session, account: Account, kind: MailKind) -> bool:
    mail = session.get(Mail, (account.id, kind))
    return mail is not None and mail.sent_at is None and mail.given_up_at is None


def _seconds(wait: timedelta) -> int:
    return max(1, -(-wait // timedelta(seconds=1)))
