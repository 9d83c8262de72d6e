"""Visitors are told when their question is answered: once, and only where they showed that the address is theirs. It is
kept for nothing else, and no longer."""

from datetime import timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.crypto import Keyring, new_otp, same
from core.database import Database
from core.errors import InvalidInput, NotFound, TooManyRequests
from core.ids import Prefix, new_id
from core.mail import Mailer
from core.queue.outbox import enqueue
from core.visible import one_line
from domain.conversations.repository import ConversationRepository
from domain.gaps.jobs import TELL
from domain.gaps.watch_repository import Waiting, WatchRepository, forget_unconfirmed
from domain.identity.try_repository import TryRepository
from domain.models import GapWatch
from domain.principal import Permission, Principal, system

CODE_LIFE = timedelta(hours=1)
CODES_AN_HOUR = 5  # mailed to an address
CODES_OF_A_KEY = 200  # mailed in an hour for the pages of one public key
TRIES = 5  # of a code
TOGETHER = 100
SHOWN = 500  # characters of a question in a mail


class WatchService:
    def __init__(self, database: Database, keys: Keyring, mailer: Mailer, who: Principal, key_id: str) -> None:
        self._database, self._keys, self._mailer = database, keys, mailer
        self._who, self._key_id = who, key_id

    def watch(self, message_id: str, email: str) -> str:
        """Of an answer: mails a code to the address; the id to confirm it with."""
        self._who.require(Permission.AGENTS_ASK)
        code = new_otp()
        with self._database.write() as session:
            self._bound(session, email)
            rows = WatchRepository(session, self._who)
            found = ConversationRepository(session, self._who).message(message_id, self._key_id)
            question = rows.question_of(message_id) if found else None
            if question is None:
                raise NotFound("There is no such answer.", code="MESSAGE_NOT_FOUND", field="message_id")
            watch = rows.same(question.id, email)
            if watch is None:
                watch = GapWatch(
                    id=new_id(Prefix.GAP_WATCH), workspace_id=self._who.workspace_id, question_id=question.id,
                    key_id=self._key_id, email=email, digest="",
                )  # fmt: skip
                session.add(watch)
            watch_id = watch.id
            if watch.confirmed_at is None:
                watch.digest, watch.created_at = self._digest(watch_id, code), utc_now()
                TryRepository(session).forget(_tries(watch_id))
            is_known = watch.confirmed_at is not None
        if not is_known:
            self._mailer.send(email, "Your code", _code_mail(code))
        return watch_id

    def confirm(self, watch_id: str, code: str) -> None:
        """From now on they are told; at once, where it is answered already."""
        self._who.require(Permission.AGENTS_ASK)
        with self._database.write() as session:
            tries, _ = TryRepository(session).count(_tries(watch_id), CODE_LIFE)
        with self._database.write() as session:
            rows = WatchRepository(session, self._who)
            watch = rows.get(watch_id, self._key_id)
            is_right = watch is not None and same(watch.digest, self._digest(watch_id, code))
            if watch is None or not is_right or tries > TRIES or watch.created_at < utc_now() - CODE_LIFE:
                raise InvalidInput(
                    "The code is wrong or has expired. Ask for a new one.", code="INVALID_OTP", field="code"
                )
            watch.confirmed_at = watch.confirmed_at or utc_now()
            cluster_id = rows.cluster_of(watch)
            if cluster_id is not None:
                enqueue(session, TELL, workspace_id=watch.workspace_id, cluster_id=cluster_id)

    def _bound(self, session: Session, email: str) -> None:
        """Nobody's inbox is filled with codes, whoever asks for them."""
        scopes = ((f"gap codes {email}", CODES_AN_HOUR), (f"gap codes of {self._key_id}", CODES_OF_A_KEY))
        for scope, most in scopes:
            count, ends_at = TryRepository(session).count(scope, timedelta(hours=1))
            if count > most:
                raise TooManyRequests(
                    "Too many codes were asked for. Try again later.",
                    retry_after_s=max(1, int((ends_at - utc_now()).total_seconds())), code="TOO_MANY_CODES",
                )  # fmt: skip

    def _digest(self, watch_id: str, code: str) -> str:
        return self._keys.digest("gap-watch", f"{watch_id}:{code}")


def tell(database: Database, mailer: Mailer, workspace_id: str, cluster_id: str) -> None:
    """Everybody who waits for the item; a mail each, after which they are forgotten."""
    who = system(workspace_id)
    while True:
        with database.read() as session:
            waiting = WatchRepository(session, who).waiting(cluster_id, TOGETHER)
        for one in waiting:
            mailer.send(one.email, one_line(f"{one.agent_name}: your question can be answered now"), _answer_mail(one))
            with database.write() as session:
                WatchRepository(session, who).remove(one.id)
        if len(waiting) < TOGETHER:
            return


def forget(database: Database) -> None:
    """Codes that nobody typed."""
    with database.write() as session:
        forget_unconfirmed(session, utc_now() - CODE_LIFE)


def _tries(watch_id: str) -> str:
    return f"gap watch {watch_id}"


def _code_mail(code: str) -> str:
    """Without a word that whoever asked for it has typed: the address may be a stranger's."""
    return (
        "Somebody, most likely you, asked a question on a website and wants to be told when it is answered. If that "
        f"was you, type this code there:\n\n    {code}\n\nIt works once, for an hour. Else ignore this mail: nothing "
        "is kept, and nothing will be sent.\n"
    )


def _answer_mail(one: Waiting) -> str:
    where = f"\nYou asked on {one_line(one.page_url)}\n" if one.page_url else ""
    return (
        f"You asked:\n\n    {one_line(one.question)[:SHOWN]}\n\n"
        f"That can be answered now:\n\n    {one_line(one.quote)}\n"
        f"{where}\nThis is the only mail about it. Your address is not kept for this any longer.\n"
    )
