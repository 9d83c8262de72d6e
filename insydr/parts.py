"""The composition root: each part and what it is built from, top to bottom. Nothing else knows all of them."""

import secrets
import socket
import threading
from collections.abc import Callable
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

import dramatiq
import structlog

from core.blobs.factory import open_blobs
from core.blobs.protocol import BlobStore
from core.crypto import Keyring
from core.database import Database
from core.database.schema import ensure_schema
from core.embedding.factory import load_model
from core.embedding.protocol import EmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.errors import InsydrError
from core.mail import Mailer, open_mailer
from core.memory import give_back
from core.outbound.client import GuardedBackend, guarded_client
from core.queue import leases
from core.queue.jobs import Periodic, every
from core.queue.outbox import Relay, resend_all
from core.rates.factory import open_limiter
from core.secrets import secret_key
from core.settings import Settings
from core.vectors.factory import open_vectors
from core.vectors.protocol import VectorStore
from crawler.politeness import Pace
from crawler.rendering import Renderer, find_browser
from domain.api_keys.usage import KeyUsage
from domain.calls.analyst import Analyst
from domain.conversations.service import ConversationService
from domain.crawls.runner import LEASE_S, CrawlRunner
from domain.crawls.web import Web, agent_name
from domain.documents.citations import Marker
from domain.gaps.drafts import Drafts
from domain.gaps.engine import Engine
from domain.gaps.loop import GapLoop
from domain.idempotency.service import IdempotencyService
from domain.identity.logins import Logins
from domain.identity.service import IdentityService
from domain.identity.tokens import TokenMint
from domain.ingestion.jobs import INGEST_WAKE
from domain.ingestion.runner import BatchRunner, Parts
from domain.ingestion.service import IngestionService
from domain.job_registry import PERIODIC
from domain.search.service import SearchService
from domain.unanswered.grouping import Grouper
from domain.upkeep.health_repository import forget_worker
from domain.upkeep.purge import Purge
from domain.upkeep.reconcile import Reconciler
from domain.vault.keys import VaultKeys, open_vault
from domain.webhooks.sender import Limits, WebhookSender
from ingest.children.protocol import Parser
from insydr.data_folder import data_folder
from insydr.lazy import Lazy
from insydr.readiness import check_disk, readiness
from pipelines.actors import declare_actors
from pipelines.broker import open_broker, send
from pipelines.schedule import Schedule
from pipelines.workers import Workers
from retrieval.answerer import Answerer
from retrieval.reader.factory import open_reader
from retrieval.reader.protocol import Reader
from retrieval.search import Searcher

if TYPE_CHECKING:
    from core.rates.limiter import RateLimiter
    from retrieval.generate.openai_like import OpenAILikeWriter

log = structlog.get_logger()
TESTS_AT_ONCE = 10  # of webhooks, as many as the API lets run
LLM_CONNECTIONS = 300  # more than there are places for streamed answers
STALL_S = 300.0  # without progress, beyond what one file may take, before others take a worker's documents over


class Installation:
    """All parts of one process, and so what its jobs work with. `close()` ends what was started, in the right order.

    A part is a method under `Lazy`, which builds it when it is first needed.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.operator_token = secrets.token_urlsafe(32)
        self.holder = f"{socket.gethostname()[:40]}:{secrets.token_hex(4)}"  # its name among the workers
        self._worker_here = False
        self._started: list[Callable[[], None]] = []

    @Lazy
    def keys(self) -> Keyring:
        return Keyring(secret_key(self.settings))

    @Lazy
    def vault(self) -> VaultKeys:
        return open_vault(self.settings)

    @Lazy
    def database(self) -> Database:
        if self.settings.database_url is None:
            data_folder(self.settings)
        database = Database(self.settings.sql_url)
        ensure_schema(database)
        return database

    @Lazy
    def blobs(self) -> BlobStore:
        return open_blobs(self.settings)

    @Lazy
    def mailer(self) -> Mailer:
        return open_mailer(self.settings)

    @Lazy
    def model(self) -> EmbeddingModel:
        settings = self.settings
        return load_model(
            settings.embedding_model,
            cache_dir=settings.data_dir / "models",
            runtime=settings.embedding_runtime,
            threads=settings.embedding_threads,
        )

    @Lazy
    def sparse(self) -> SparseEncoder:
        return SparseEncoder()

    @Lazy
    def vectors(self) -> VectorStore:
        return open_vectors(self.settings, {self.model.name: self.model.dimension})

    @Lazy
    def parser(self) -> Parser:
        from ingest.children.pool import ParsePool

        settings = self.settings
        pool = ParsePool(
            settings.parser_processes + 1,  # one is free for those who wait at the screen
            wall_s=settings.parser_wall_s,
            cpu_s=settings.parser_wall_s,
            memory_bytes=settings.parser_memory_mb * 2**20,
            max_tasks=2_000,
        )
        self._started.append(pool.close)
        return pool

    @Lazy
    def marker(self) -> Marker:
        return Marker(self.blobs, self.parser)

    @Lazy
    def writer(self) -> "OpenAILikeWriter | None":
        settings = self.settings
        if settings.llm_base_url is None:
            return None
        from urllib.parse import urlsplit

        from retrieval.generate.openai_like import OpenAILikeWriter

        host = urlsplit(settings.llm_base_url).hostname or ""  # named by the operator, so it may be private
        client = guarded_client(
            [*settings.outbound_allowed_hosts, host], timeout_s=settings.llm_timeout_s, connections=LLM_CONNECTIONS
        )
        key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
        return OpenAILikeWriter(settings.llm_base_url, settings.llm_model, key, settings.llm_timeout_s, client)

    @Lazy
    def reader(self) -> Reader | None:
        return open_reader(self.settings.reader, self.settings.embedding_threads)

    @Lazy
    def limiter(self) -> "RateLimiter":
        return open_limiter(self.settings)

    @Lazy
    def logins(self) -> Logins:
        mint = TokenMint(self.keys, self.settings.access_token_minutes)
        return Logins(self.keys, mint, self.settings.refresh_token_days)

    @Lazy
    def identity(self) -> IdentityService:
        return IdentityService(self.database, self.keys, self.logins, self.mailer)

    @Lazy
    def key_usage(self) -> KeyUsage:
        return KeyUsage(self.database)

    @Lazy
    def _searcher(self) -> Searcher:
        return Searcher(self.vectors, self.model, self.sparse)

    @Lazy
    def search(self) -> SearchService:
        from ingest.language import detect_language

        return SearchService(self.database, self._searcher, detect_language)

    @Lazy
    def conversations(self) -> ConversationService:
        from ingest.language import detect_language

        answerer = Answerer(self._searcher, self.writer, detect_language, self.reader)
        return ConversationService(self.database, self.keys, answerer)

    @Lazy
    def analyst(self) -> Analyst:
        return Analyst(self.writer)

    @Lazy
    def replies(self) -> IdempotencyService:
        return IdempotencyService(self.database, self.keys)

    @Lazy
    def purge(self) -> Purge:
        return Purge(self.database, self.vectors, self.blobs)

    @Lazy
    def reconciler(self) -> Reconciler:
        return Reconciler(self.database, self.vectors, self.blobs)

    @Lazy
    def ingestion(self) -> IngestionService:
        settings = self.settings
        parts = Parts(
            self.database, self.blobs, self.vectors, self.model, self.sparse, self.parser,
            model_setting=settings.embedding_model,
            holder=self.holder,
            lease_s=settings.lease_s, stall_s=settings.parser_wall_s + STALL_S, max_attempts=settings.max_attempts,
        )  # fmt: skip
        service = IngestionService(self.database, BatchRunner(parts), batches=settings.worker_threads)
        self._started.append(service.close)
        return service

    @Lazy
    def web(self) -> Web:
        settings = self.settings
        backend = GuardedBackend(settings.outbound_allowed_hosts)
        browser = find_browser(settings.crawl_browser)
        web = Web(
            guarded_client(settings.outbound_allowed_hosts, timeout_s=settings.outbound_timeout_s), backend,
            agent=agent_name(metadata.version("insydr"), settings.crawl_contact or settings.public_url),
            max_page_bytes=settings.crawl_page_mb * 2**20,
            pace=Pace(settings.crawl_places, settings.crawl_max_rate),
            renderer=Renderer(browser) if browser else None,
        )  # fmt: skip
        self._started.append(web.close)
        return web

    @Lazy
    def crawls(self) -> CrawlRunner:
        settings = self.settings
        runner = CrawlRunner(
            self.database, self.blobs, self.keys, self.web, holder=self.holder, crawls=settings.crawl_at_once,
            max_queued=settings.max_queued_documents, lease_s=min(LEASE_S, settings.lease_s),
        )  # fmt: skip
        self._started.append(runner.close)
        return runner

    @Lazy
    def webhooks(self) -> WebhookSender:
        settings = self.settings
        places = settings.webhook_places * settings.webhooks_at_once
        client = guarded_client(
            settings.outbound_allowed_hosts, timeout_s=settings.webhook_timeout_s, connections=places + TESTS_AT_ONCE
        )
        limits = Limits(
            settings.webhook_timeout_s, settings.webhook_places, settings.webhooks_at_once,
            settings.webhook_disable_days,
        )  # fmt: skip
        sender = WebhookSender(self.database, self.keys, client, self.holder, limits)
        self._started.append(sender.close)
        return sender

    @Lazy
    def grouper(self) -> Grouper:
        return Grouper(self.database, lambda: self.model)

    @Lazy
    def gaps(self) -> GapLoop:
        return GapLoop(self.database, lambda: self.engine, self.settings.reasked_per_minute)

    @Lazy
    def engine(self) -> Engine:
        from ingest.language import detect_language

        drafts = Drafts(self.parser, self.blobs, self.model, self.sparse, self.settings.embedding_model)
        return Engine(self.database, self.vectors, self.model, self.sparse, detect_language, self.reader, drafts)

    @Lazy
    def broker(self) -> dramatiq.Broker:
        broker = open_broker(self.settings)
        declare_actors(broker, self)
        return broker

    def take_over(self) -> None:
        """What an embedded process held that was killed: its folder's lock is ours, so it is dead for certain."""
        if self.settings.database_url is not None:  # it may serve other folders, too
            return
        try:
            with self.database.write() as session:
                leases.lapse_all(session)
                resend_all(session)
            self.replies.forget_running()
        except InsydrError as error:  # a full disk: the clock brings it all back, too
            log.warning("leases_left_to_sweeper", reason=error.message)

    def start_relay(self) -> None:
        """Jobs leave for the broker from now on."""
        relay = Relay(self.database, partial(send, self.broker), resend_s=2 * self.settings.lease_s)
        relay.start()
        self._started.append(relay.close)

    def start_work(self) -> None:
        """Run jobs in this process, and what happens by the clock."""
        workers = Workers(self.broker, self.settings)
        self._started.append(self._say_goodbye)
        workers.start()
        self._worker_here = True
        self._started.append(workers.close)
        everything = (*PERIODIC, *PROCESS)
        together = [one for one in everything if not one.apart]
        for some in (together, *([one] for one in everything if one.apart)):
            schedule = Schedule(some, self, self.settings)
            schedule.start()
            self._started.append(schedule.close)

    def wake_another(self) -> None:
        self.broker.enqueue(self.broker.get_actor(INGEST_WAKE.name).message())

    def warm(self) -> None:
        """Load the model and the index in the background, so that the first question does not wait for them."""

        def load() -> None:
            try:
                _ = self.conversations  # loads model and index
                self.model.embed_query("warm")
                if self.reader:
                    self.reader.describe()  # reads, so loads
                if self._worker_here:
                    self.parser.warm()
            except InsydrError as error:
                log.error("part_unavailable", reason=error.message)

        threading.Thread(target=load, name="warm", daemon=True).start()

    def health(self) -> dict[str, str]:
        """Readiness: each part's name and "ok" or what is wrong."""
        return readiness({
            "database": self.database.check,
            "blobs": self.blobs.check,
            "embedding": lambda: self.model.name,
            "vectors": lambda: self.vectors.check(),
            **({"disk": partial(check_disk, self.settings)} if self.settings.embedded else {}),
        })  # fmt: skip

    def close(self) -> None:
        """Stop what was started, latest first; then the engines, which hold locks on their files."""
        for stop in reversed(self._started):
            stop()
        self._started.clear()
        parts = type(self)
        usage, engines = parts.key_usage.made(self), (parts.vectors, parts.model, parts.reader, parts.database)
        if usage:
            _ended(usage.flush)
        for engine in (made.made(self) for made in engines):
            if engine is not None:
                _ended(engine.close)

    def _say_goodbye(self) -> None:
        try:
            with self.database.write() as session:
                forget_worker(session, self.holder)
        except InsydrError as error:  # it is forgotten by the clock, too
            log.warning("worker_not_signed_off", reason=error.message)


# what a process does for itself; the domain's own stand in its registry
PROCESS = (
    Periodic("reap-parsers", every(5.0), lambda parts: parts.parser.reap()),
    Periodic("give-memory-back", every(30.0), lambda _: give_back()),
    Periodic("optimize", every(10.0), lambda parts: parts.vectors.optimize(), apart=True),
)


def _ended(close: Callable[[], object]) -> None:
    """A full disk may keep one from writing its last, which its log makes good: the others close all the same."""
    try:
        close()
    except InsydrError as error:
        log.warning("part_not_closed", reason=error.message)
