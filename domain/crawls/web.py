"""How this installation goes on the web: one guarded client, one name, one set of bounds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore
import httpx

from core.errors import Forbidden, InvalidInput
from core.outbound.client import GuardedBackend
from crawler.fetch import HOST_NOT_FOUND, Answer, Credentials, Fetcher, FetchError
from crawler.politeness import Pace
from crawler.rendering import Answered, Rendered, Renderer, RenderError
from crawler.visit import Render

PRODUCT = "insydrbot"
RENDERED_BYTES = 5 * 2**20  # of one answer that a rendered page asks for


@dataclass(frozen=True, slots=True)
class Web:
    """`client` follows no redirects and reaches no private address but those of hosts that the operator allows."""

    client: httpx.Client
    backend: GuardedBackend
    agent: str
    max_page_bytes: int
    pace: Pace
    renderer: Renderer | None = None

    def fetcher(self, site: str, credentials: Credentials | None = None, *, ends_at: float = math.inf) -> Fetcher:
        return Fetcher(
            self.client, agent=self.agent, max_bytes=self.max_page_bytes, site=site, credentials=credentials,
            ends_at=ends_at,
        )  # fmt: skip

    def paced(self, max_rate: float | None) -> Pace:
        """A crawl's own bound, below the installation's."""
        return Pace(self.pace.places, min(self.pace.max_rate, max_rate or self.pace.max_rate))

    def render(self, fetcher: Fetcher) -> Render | None:
        """None where no browser is installed. What a page asks for goes through `fetcher` like the page itself."""
        renderer = self.renderer
        if renderer is None:
            return None

        def get(_method: str, url: str, _headers: Mapping[str, str]) -> Answered:
            try:
                answer = fetcher.get(url, max_bytes=RENDERED_BYTES)
            except FetchError as error:
                raise RenderError(error.message) from None
            return Answered(answer.status, answer.headers, answer.body)

        def rendered(answer: Answer) -> Rendered:
            try:
                return renderer.render(answer.url, answer.body, answer.headers, get)
            except RenderError as error:
                raise FetchError("NOT_RENDERED", error.reason) from None

        return rendered

    def close(self) -> None:
        self.client.close()
        if self.renderer is not None:
            self.renderer.close()

    def check(self, url: str) -> None:
        """Raise `InvalidInput` for a host that does not resolve, or an address that may not be called."""
        parts = urlsplit(url)
        try:
            self.backend.checked_address(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        except Forbidden as error:
            raise InvalidInput(error.message, code=error.code, field="url") from None
        except httpcore.ConnectError:
            raise InvalidInput(HOST_NOT_FOUND, code="HOST_NOT_FOUND", field="url") from None


def agent_name(version: str, contact: str | None) -> str:
    """`InsydrBot/0.1.0 (+https://…)`: truthful, and whom to write to (RFC 9110 §10.1.5)."""
    return f"InsydrBot/{version} (+{contact})" if contact else f"InsydrBot/{version}"
