"""What providers over HTTP have in common: one way to ask, and one way to take an answer."""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Annotated, Any, TypeVar

import httpx
import msgspec
from sqlalchemy.orm import Session

from common.events.catalogue import Code
from screening.providers.base import Answer, PersonName, ProviderUnavailable
from screening.rules.comparisons import NOT_COMPARABLE, Found, Outcome
from screening.spelling import spell

T = TypeVar("T")
Text = Annotated[str, msgspec.Meta(pattern="^[^\x00]*$", max_length=2000)]
"""What a database can store."""
Score = Annotated[float, msgspec.Meta(ge=0, le=1)]

LARGEST_ANSWER = 64 * 1024 * 1024
LONGEST_WAIT = timedelta(hours=1)


class Remote:
    """A provider's server: asked one thing at a time, and trusted in nothing it answers."""

    def __init__(self, url: str, seconds: float, headers: Mapping[str, str] | None = None) -> None:
        self._seconds = seconds
        self._client = httpx.Client(base_url=url, timeout=seconds, headers=headers)
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def ask(self, kind: type[T], method: str, path: str, **asked: Any) -> T:
        """The answer as this kind, whole and in time; raises ProviderUnavailable.

        asked: what httpx takes as `params` and `json`. A redirect is not followed: the name goes to
        the URL of the settings and nowhere else.
        Source: S14 (no answer releases nobody), S16.
        """
        try:
            with self._client.stream(method, path, **asked) as answer:
                if not answer.is_success:
                    fault = f"The provider answered {answer.status_code}."
                    raise ProviderUnavailable(fault, _wait_of(answer))
                return msgspec.json.decode(self._read(answer), type=kind)
        except (httpx.HTTPError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            # Without its cause: an httpx error holds the request, and the request the name.
            raise ProviderUnavailable(f"The provider failed: {type(error).__name__}.") from None

    def _read(self, answer: httpx.Response) -> bytes:
        """The whole body: each byte in time would let a slow server hold a worker for ever."""
        deadline, body = time.monotonic() + self._seconds, bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER or time.monotonic() > deadline:
                raise ProviderUnavailable("The provider's answer is too long or too late.")
        return bytes(body)


class RemoteProvider(ABC):
    """Whoever compares names elsewhere: what its answers come to here is the same for all.

    review_at, hit_at: scores from 0 to 100, as with the local one.
    """

    method: str

    def __init__(self, remote: Remote, review_at: float, hit_at: float) -> None:
        self.remote, self._review_at, self._hit_at = remote, review_at, hit_at
        self.bands = f"{review_at:g}-{hit_at:g}"
        self.least = review_at / 100

    @abstractmethod
    def lists(self) -> dict[str, str]:
        """Versions of the lists it compares with, by name; raises ProviderUnavailable."""

    @abstractmethod
    def find(self, names: Sequence[str]) -> list[list[Found]]:
        """Entries that each name may mean, in the order given; raises ProviderUnavailable."""

    def compare(self, names: Sequence[PersonName]) -> list[Answer]:
        """What each name comes to, in the order given; raises ProviderUnavailable.

        A name without a letter to compare is not asked about: nobody would be found, and it is for
        a person to decide.
        """
        asked = [each.full for each in names if spell(each.full).words]
        versions = self.lists()
        found = iter(self.find(asked))
        if self.lists() != versions:
            raise ProviderUnavailable("The provider's lists changed during the comparison.")
        return [
            Answer(
                tuple(next(found)) if spell(each.full).words else (NOT_COMPARABLE,),
                _codes(versions),
            )
            for each in names
        ]

    def is_current(self, session: Session) -> bool:
        """Whether a verdict still counts: other lists of the provider's are for the next sweep."""
        return True

    def candidates(self, named: Iterable[Found], most: int) -> list[Found]:
        """Those of an answer that count, an entry once, the gravest first.

        most: how many an answer holds. Where it is full, one more stands for what may be left out:
        nobody is clear because ten others of that name were.
        """
        best: dict[tuple[str, str], Found] = {}
        for each in named:
            key = each.list_id, each.entry_id
            if each.score >= self._review_at:
                best[key] = max(each, best.get(key, each), key=lambda found: found.score)
        found = sorted(best.values(), key=lambda found: found.score, reverse=True)
        return [*found, _and_more(found)] if len(found) >= most else found

    def outcome(self, score: float) -> Outcome:
        """Whether a score is a hit, or for a person to decide."""
        return "hit" if score >= self._hit_at else "review"


def percent(score: float) -> float:
    """A provider's score as it is counted here."""
    return round(100 * score, 1)


def fingerprint(*facts: Iterable[str]) -> str:
    """Changes when one of the facts on an entry does, whatever their order."""
    told = [sorted(set(each)) for each in facts]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def _codes(versions: Mapping[str, str]) -> tuple[str, ...]:
    """Names of lists with their versions, as events hold them; raises ProviderUnavailable."""
    if not versions:
        raise ProviderUnavailable("The provider has no list.")
    told = [f"{name}:{version}"[:80] for name, version in sorted(versions.items())]
    try:
        return tuple(msgspec.convert(told, list[Code]))
    except msgspec.ValidationError:
        raise ProviderUnavailable("The provider's lists have no sensible versions.") from None


def _and_more(found: Sequence[Found]) -> Found:
    """Stands for the entries that a provider leaves out of a long answer: they are not cleared."""
    return Found(
        list_id="none",
        entry_id="more",
        entry_fingerprint=fingerprint(each.entry_id + each.entry_fingerprint for each in found),
        matched_name="",
        score=min(each.score for each in found),
        outcome="review",
        explanation=f"More entries than the {len(found)} that the provider names may be meant.",
    )


def _wait_of(answer: httpx.Response) -> timedelta:
    seconds = answer.headers.get("Retry-After", "")
    if not (seconds.isascii() and seconds.isdigit()):
        return timedelta()
    return min(timedelta(seconds=int(seconds[:9])), LONGEST_WAIT)
