"""The server or the worker, as users run it, with parts that fail on command; the fault bench starts it.

python -m evals.faults.installation serve|worker [--die STAGE --nth N] [--twice] [--hog SECONDS] [--pace SECONDS]
                                                 [--real-parser]
"""

import argparse
from datetime import timedelta
from typing import Any, cast

from core.blobs.protocol import BlobStore
from core.database import Database
from core.embedding.protocol import EmbeddingModel
from core.queue.outbox import Relay
from core.settings import Settings, load_settings
from core.vectors.protocol import VectorStore
from domain.upkeep.reconcile import Reconciler
from evals.faults.parts import FaultPoint, FaultyBlobs, FaultyModel, FaultyParser, FaultyVectors
from ingest.children.inline import InlineParser
from ingest.children.protocol import Parser
from insydr.lazy import Lazy
from insydr.parts import Installation
from insydr.server import serve
from insydr.worker import work
from pipelines.broker import send


class FaultyInstallation(Installation):
    """An installation some of whose parts fail on command."""

    def __init__(self, settings: Settings, options: argparse.Namespace) -> None:
        super().__init__(settings)
        self._fault, self._options = FaultPoint(options.die, options.nth), options

    @Lazy
    def database(self) -> Database:
        database = super().database
        self._fault.watch(database)
        return database

    @Lazy
    def blobs(self) -> BlobStore:
        return cast(BlobStore, FaultyBlobs(super().blobs, self._fault))  # what it does not wrap it hands on

    @Lazy
    def model(self) -> EmbeddingModel:
        return FaultyModel(self._fault, self._options.pace, self._options.hog)

    @Lazy
    def vectors(self) -> VectorStore:
        return cast(VectorStore, FaultyVectors(super().vectors, self._fault))

    @Lazy
    def parser(self) -> Parser:
        inner: Parser = super().parser if self._options.real_parser else InlineParser()
        return cast(Parser, FaultyParser(inner, self._fault))

    @Lazy
    def reconciler(self) -> Reconciler:
        return Reconciler(self.database, self.vectors, self.blobs, grace=timedelta(seconds=5))

    def start_relay(self) -> None:
        relay = Relay(self.database, self._send, every_s=0.2, resend_s=2 * self.settings.lease_s)
        relay.start()
        self._started.append(relay.close)

    def _send(self, job: str, row_id: str, arguments: dict[str, Any]) -> None:
        with self._fault.around("send"):
            for _ in range(2 if self._options.twice else 1):
                send(self.broker, job, row_id, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["serve", "worker"])
    parser.add_argument("--die", help="Stage at which the process kills itself.")
    parser.add_argument("--nth", type=int, default=1, help="Which time it is reached.")
    parser.add_argument("--twice", action="store_true", help="Send every message twice.")
    parser.add_argument("--hog", type=float, default=0.0, help="Hold the global lock so long for a text with “hog”.")
    parser.add_argument("--pace", type=float, default=0.0, help="Seconds a text takes to embed.")
    parser.add_argument("--real-parser", action="store_true", help="Read in child processes, not in this one.")
    options = parser.parse_args()
    if options.what == "serve":
        serve(load_settings(), build=lambda settings: FaultyInstallation(settings, options))
    else:
        work(load_settings(), build=lambda settings: FaultyInstallation(settings, options))


if __name__ == "__main__":
    main()
