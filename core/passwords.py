"""Passwords: Argon2id by pwdlib's recommended parameters (RFC 9106), in a bounded number of places.

A hash takes 64 MiB and a core for 60 ms, and anybody may ask for one by trying to log in. So as many run as there are
cores, some wait, and whoever comes then is told to come back: neither memory nor threads without end go to logins.
"""

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from pwdlib import PasswordHash

from core.errors import Unavailable

MOST_PLACES = 16
MOST_THREADS = 20  # at work and waiting
PATIENCE_S = 5.0
RETRY_AFTER_S = 2


class HashingPlaces:
    """`places` threads work at once, `waiting` wait for at most `patience_s`; others are refused at once."""

    def __init__(self, places: int, waiting: int, patience_s: float = PATIENCE_S) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._inside = threading.BoundedSemaphore(places + waiting)
        self._patience_s = patience_s

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises `Unavailable`, with `Retry-After`, where too many wait already or the wait was too long."""
        if not self._inside.acquire(blocking=False):
            raise _busy()
        try:
            if not self._places.acquire(timeout=self._patience_s):
                raise _busy()
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._inside.release()


def hash_password(password: str) -> str:
    """Raises `Unavailable` where too many wait."""
    with _places().taken():
        return _hasher().hash(password)


def verify_password(password: str, hashed: str | None) -> bool:
    """False without a hash, after the same work: the time must not tell whether an account exists.

    Raises `Unavailable` where too many wait.
    """
    with _places().taken():
        right = _hasher().verify(password, hashed or _decoy())
    return right and hashed is not None


def _busy() -> Unavailable:
    return Unavailable(
        "Too many people log in or sign up at this moment. Try again in a few seconds.",
        code="LOGIN_BUSY",
        retry_after_s=RETRY_AFTER_S,
    )


@lru_cache(maxsize=1)
def _places() -> HashingPlaces:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    places = min(cores, MOST_PLACES)
    return HashingPlaces(places, MOST_THREADS - places)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash(secrets.token_hex(8))
