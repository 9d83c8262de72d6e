"""How often passwords and codes may be tried, and codes be mailed.

Counted in SQL, so that several API processes share the counts, before the work is done, so that parallel tries are
counted too, and by the address as it was typed, so that unknown ones are treated alike. What is right is given back.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.crypto import Keyring
from core.database import Database
from core.errors import TooManyRequests, Unavailable
from domain.identity.try_repository import TryRepository

MOST_ROWS = 100_000
_QUARTER, _HOUR, _DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `most` tries of `what` in a `window`. With `spare`, whoever has exhausted it slows the others down only:
    each that the bound before this one counts still has so many."""

    what: tuple[str, ...]
    most: int
    window: timedelta
    spare: int = 0
    message: str = ""  # where it is another than that of its `Bounds`


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one kind of try, in the order in which they are looked at; the first that is exceeded is the last counted, so
    that a client that is refused counts against nobody else."""

    code: str
    message: str
    each: Sequence[Bound]


def login_bounds(email: str, client: str) -> Bounds:
    """A client may guess ten passwords of an account. Many clients together may guess a hundred; from then on each has
    two, which is slow for them and keeps no owner out."""
    message = "Too many failed logins. Try again later."
    return Bounds("LOGIN_LOCKED", message, (
        Bound(("login", "client", client), 100, _QUARTER), login_pair(email, client),
        Bound(("login", "account", email), 100, _HOUR, spare=2),
    ))  # fmt: skip


def login_pair(email: str, client: str) -> Bound:
    return Bound(("login", "pair", email, client), 10, _QUARTER)


def code_bounds(email: str, client: str) -> Bounds:
    """Five wrong codes, ten a day, from one client; fifty a day, whoever tries and however many codes are sent."""
    message = "Too many wrong codes. Try again later."
    return Bounds("OTP_TOO_MANY_TRIES", message, (
        Bound(("code", "client", client), 100, _HOUR), Bound(("code", "pair", email, client), 5, timedelta(minutes=10)),
        Bound(("code", "day", email, client), 10, _DAY), Bound(("code", "address", email), 50, _DAY),
    ))  # fmt: skip


def mail_bounds(email: str, client: str) -> Bounds:
    """A client asks for a hundred codes an hour, redeemed ones not counted. Nobody's inbox is flooded; fewer an hour
    from one client than codes that are alive at once (`otp.MOST_LIVE`), so that one stranger cannot push the owner's
    code out."""
    return Bounds("RATE_LIMITED", "A code was sent a moment ago. Check the inbox, then try again.", (
        mail_client(client),
        Bound(("mail", "pair", email, client), 1, timedelta(seconds=30)),
        Bound(("mail", "hour", email, client), 4, _HOUR), Bound(("mail", "address", email), 20, _DAY),
    ))  # fmt: skip


def mail_client(client: str) -> Bound:
    message = "Too many codes were asked for from here. Try again later."
    return Bound(("mail", "client", client), 100, _HOUR, message=message)


class Tries:
    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database, self._keys = database, keys

    def take(self, bounds: Bounds) -> None:
        """Count one try. Raises `TooManyRequests` where there were too many."""
        with self._database.write() as session:
            exceeded = self._exceeded(TryRepository(session), bounds)
        if exceeded is not None:
            bound, wait_s = exceeded
            raise TooManyRequests(bound.message or bounds.message, retry_after_s=wait_s, code=bounds.code)

    def give_back(self, session: Session, *bounds: Bound) -> None:
        """What was tried was right, or was not looked at."""
        for bound in bounds:
            TryRepository(session).give_back(self._scope(bound))

    @contextmanager
    def unless_busy(self, bounds: Bounds) -> Iterator[None]:
        """A try that was refused because too many log in at once was none."""
        try:
            yield
        except Unavailable:
            with self._database.write() as session:
                self.give_back(session, *bounds.each)
            raise

    def forget(self, session: Session, bound: Bound) -> None:
        TryRepository(session).forget(self._scope(bound))

    def forget_old(self) -> None:
        with self._database.write() as session:
            TryRepository(session).forget_old(MOST_ROWS)

    def _exceeded(self, rows: TryRepository, bounds: Bounds) -> tuple[Bound, int] | None:
        """The first that is, and for how many seconds."""
        before = 1
        for bound in bounds.each:
            tries, ends_at = rows.count(self._scope(bound), bound.window)
            if tries > bound.most and before > bound.spare:
                return bound, max(1, int((ends_at - utc_now()).total_seconds()) + 1)
            before = tries
        return None

    def _scope(self, bound: Bound) -> str:
        """A digest: the table tells nobody who tried what."""
        return self._keys.digest("tries", "\0".join(bound.what))
