"""Reading in the process itself: for tests and tools, without any protection."""

from collections.abc import Sequence

from ingest.children.placing import place
from ingest.children.protocol import UNWANTED, Failed, Parsed, ParseTask, Placed, PlaceTask, Wanted, always
from ingest.children.reading import read


class InlineParser:
    """Implements `ingest.children.protocol.Parser`."""

    def run(self, tasks: Sequence[ParseTask], wanted: Wanted = always) -> list[Parsed | Failed]:
        return [read(task) if wanted(number) else UNWANTED for number, task in enumerate(tasks)]

    def place(self, task: PlaceTask) -> Placed | Failed:
        return place(task)

    def warm(self) -> None:
        """Nothing to prepare."""

    def reap(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""
