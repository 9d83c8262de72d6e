"""What the composition root hands to the API, and how endpoints get it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request

from api.answer_streams import AnswerStreams
from api.pools import Pools
from api.progress import Progress
from core.blobs.protocol import BlobStore
from core.crypto import Keyring
from core.database import Database
from core.mail import Mailer
from core.rates.limiter import RateLimiter
from core.settings import Settings
from domain.api_keys.usage import KeyUsage
from domain.conversations.service import ConversationService
from domain.crawls.web import Web
from domain.documents.citations import Marker
from domain.gaps.engine import Engine
from domain.idempotency.service import IdempotencyService
from domain.identity.logins import Logins
from domain.identity.service import IdentityService
from domain.search.service import SearchService
from domain.vault.keys import VaultKeys
from domain.webhooks.sender import WebhookSender


class Health(Protocol):
    """Readiness of the parts: name → "ok" or what is wrong."""

    def __call__(self) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class ApiState:
    settings: Settings
    database: Database
    blobs: BlobStore
    keys: Keyring
    vault: VaultKeys
    limiter: RateLimiter
    mailer: Mailer
    logins: Logins
    identity: IdentityService
    search: Callable[[], SearchService]  # loads the model at its first call
    conversations: Callable[[], ConversationService]  # as well
    engine: Callable[[], Engine]  # as well
    marker: Callable[[], Marker]  # its parser starts a process
    key_usage: KeyUsage
    replies: IdempotencyService
    web: Web
    webhooks: Callable[[], WebhookSender]
    health: Health
    metrics: Callable[[], bytes]
    pools: Pools = field(default_factory=Pools)
    progress: Progress = field(default_factory=Progress)
    streams: AnswerStreams = field(default_factory=AnswerStreams)
    operator_token: str | None = None  # the CLI's, beside a running embedded server

    def stop_streams(self) -> None:
        """The server stops. Called in the event loop."""
        self.progress.close()
        self.streams.close()


def _state(request: Request) -> ApiState:
    state: ApiState = request.app.state.insydr
    return state


State = Annotated[ApiState, Depends(_state)]
