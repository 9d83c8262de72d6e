"""What jobs work with. The composition root is one; it builds each part at its first use."""

from typing import Protocol

from core.database import Database
from core.mail import Mailer
from core.settings import Settings
from domain.api_keys.usage import KeyUsage
from domain.calls.analyst import Analyst
from domain.conversations.service import ConversationService
from domain.crawls.runner import CrawlRunner
from domain.gaps.loop import GapLoop
from domain.idempotency.service import IdempotencyService
from domain.identity.service import IdentityService
from domain.ingestion.service import IngestionService
from domain.unanswered.grouping import Grouper
from domain.upkeep.purge import Purge
from domain.upkeep.reconcile import Reconciler
from domain.webhooks.sender import WebhookSender


class JobContext(Protocol):
    """`holder` names this process among the workers."""

    @property
    def settings(self) -> Settings: ...
    @property
    def holder(self) -> str: ...
    @property
    def database(self) -> Database: ...
    @property
    def mailer(self) -> Mailer: ...
    @property
    def key_usage(self) -> KeyUsage: ...
    @property
    def identity(self) -> IdentityService: ...
    @property
    def replies(self) -> IdempotencyService: ...
    @property
    def conversations(self) -> ConversationService: ...
    @property
    def analyst(self) -> Analyst: ...
    @property
    def ingestion(self) -> IngestionService: ...
    @property
    def crawls(self) -> CrawlRunner: ...
    @property
    def webhooks(self) -> WebhookSender: ...
    @property
    def grouper(self) -> Grouper: ...
    @property
    def gaps(self) -> GapLoop: ...
    @property
    def purge(self) -> Purge: ...
    @property
    def reconciler(self) -> Reconciler: ...

    def wake_another(self) -> None:
        """Another worker for ingestion."""
