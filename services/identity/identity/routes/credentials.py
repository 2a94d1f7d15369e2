"""What routes do with passwords: where they come from, whether they are right or good enough."""

from __future__ import annotations

from flask import request

from common.web import principal, reader_language, runtime, transaction
from identity import queries, throttles
from identity.accounts import password_of
from identity.models import Account
from identity.passwords import Hash, Passwords, TooBusy
from identity.rules.origins import Origin
from identity.rules.passwords import refuse_guessable
from identity.rules.refusals import NotThePassword
from identity.throttles import Counted


def origin() -> Origin:
    """Where this request comes from."""
    return Origin.of(request.remote_addr, request.user_agent.string)


def looked_at(kept: Hash | None, password: str, counted: Counted) -> tuple[bool, Hash | None]:
    """Whether this is the password, and its hash of today's strength where the kept one is older.

    Outside any transaction. Raises TooBusy, and then the try does not count.
    """
    passwords = runtime().resource(Passwords)
    try:
        is_right = passwords.check(kept, password)
        if kept is None or not is_right or not passwords.is_outdated(kept):
            return is_right, None
        return True, passwords.make(password)
    except TooBusy:
        with transaction() as session:
            throttles.take_back(session, counted)
        raise


def prove_oneself(password: str) -> Hash | None:
    """Look whether who is signed in knows the own password; the hash it was right against.

    Outside any transaction; a try counts like one to sign in. Raises NotThePassword, TooManyTries
    and TooBusy. Source: ASVS 7.5.1 (what lasts needs more than a session).
    """
    here = origin()
    with transaction() as session:
        account = session.get_one(Account, principal().account_id)
        kept, key = password_of(account), account.email_key
        known = queries.claimed(session, key, here.network).is_known_here
        counted = throttles.count(session, key, here.counted_as, is_known_here=known)
    is_right, _ = looked_at(kept, password, counted)
    if not is_right:
        raise NotThePassword(errors={"/current_password": "Is not your password."})
    with transaction() as session:
        throttles.clear(session, counted)
    return kept


def refuse_replaced(account: Account, proven: Hash | None) -> None:
    """Raise NotThePassword when the proven password was replaced since. account: locked."""
    if password_of(account) != proven:
        raise NotThePassword(errors={"/current_password": "Is not your password any more."})


def hashed(password: str, *context_words: str | None) -> Hash:
    """Hash of a new password, outside any transaction; raises PasswordGuessable and TooBusy.

    context_words: what stands close to the person.
    """
    here = runtime()
    words = (*context_words, here.settings.operator_name)
    refuse_guessable(password, *words, language=reader_language())
    return here.resource(Passwords).make(password)


def words_of(account: Account) -> tuple[str | None, ...]:
    """What stands close to the owner of an account."""
    return account.given_name, account.family_name, account.email, account.company
