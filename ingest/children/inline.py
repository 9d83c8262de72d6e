"""Reading in the process itself: for tests and tools, without any protection."""

from collections.abc import Sequence

from ingest.children.protocol import Failed, Parsed, ParseTask
from ingest.children.reading import read


class InlineParser:
    """Implements `ingest.children.protocol.Parser`."""

    def run(self, tasks: Sequence[ParseTask]) -> list[Parsed | Failed]:
        return [read(task) for task in tasks]

    def warm(self) -> None:
        """Nothing to prepare."""

    def reap(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""
