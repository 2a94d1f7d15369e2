"""Passwords: bcrypt over a peppered digest, in a bounded pool of threads (S10, S11)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, TypeVar

import bcrypt

from common.metrics import HASHES_QUEUED
from common.refusals import Unavailable
from identity.settings import peppers

SCHEME = "bcrypt(hmac-sha256)"
KEPT_FREE = 2
"""Threads of the web process that passwords never take from other requests."""
T = TypeVar("T")


class TooBusy(Unavailable):
    """More passwords wait to be checked than can be checked soon."""


@dataclass(frozen=True)
class Hash:
    """A password as it is kept. pepper_id: the pepper it was made with."""

    value: str
    scheme: str
    pepper_id: str


class Passwords:
    """Makes and checks hashes; at most as many at a time as there are cores.

    Nobody may hold a database transaction while calling it: a hash takes a quarter of a second.
    """

    def __init__(self, runtime: Any) -> None:
        settings = runtime.settings
        self._cost = settings.bcrypt_cost
        listed = peppers(settings.pepper)
        self._current, self._peppers = listed[0][0], dict(listed)
        cores = len(os.sched_getaffinity(0))
        self._pool = ThreadPoolExecutor(cores, thread_name_prefix="passwords")
        self.places = max(1, min(cores + settings.hash_queue, settings.threads - KEPT_FREE))
        self._free = BoundedSemaphore(self.places)
        self._nobodys = self._make(secrets.token_urlsafe())

    def make(self, password: str) -> Hash:
        """Hash a new password; raises TooBusy."""
        return self.work(lambda: self._make(password))

    def check(self, kept: Hash | None, password: str) -> bool:
        """Whether this is the password; without a hash it takes as long and is false (S30)."""
        right = self.work(lambda: self._check(kept or self._nobodys, password))
        return right and kept is not None

    def is_outdated(self, kept: Hash) -> bool:
        """Whether a hash was made with other settings than those of today."""
        cost = int(kept.value.split("$")[2])
        return (cost, kept.pepper_id, kept.scheme) != (self._cost, self._current, SCHEME)

    def work(self, function: Callable[[], T]) -> T:
        """Call a function in the pool; raises TooBusy when all places are taken."""
        if not self._free.acquire(blocking=False):
            raise TooBusy("Too many people are signing in.", retry_after=2)
        try:
            with HASHES_QUEUED.track_inprogress():
                return self._pool.submit(function).result()
        finally:
            self._free.release()

    def _make(self, password: str) -> Hash:
        digest = self._digest(password, self._current)
        value = bcrypt.hashpw(digest, bcrypt.gensalt(self._cost)).decode()
        return Hash(value, SCHEME, self._current)

    def _check(self, kept: Hash, password: str) -> bool:
        known = kept.pepper_id in self._peppers and kept.scheme == SCHEME
        usable = kept if known else self._nobodys
        right = bcrypt.checkpw(self._digest(password, usable.pepper_id), usable.value.encode())
        return right and known

    def _digest(self, password: str, pepper_id: str) -> bytes:
        """44 characters of base64: bcrypt takes 72 bytes and stops at NUL."""
        secret = self._peppers[pepper_id].encode()
        return base64.b64encode(hmac.new(secret, password.encode(), hashlib.sha256).digest())
