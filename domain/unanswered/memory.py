"""The groups of the workspaces that are asked just now, as the database has them."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.database import Database
from core.embedding.protocol import EmbeddingModel, Floats
from domain.models import Phrasing
from domain.principal import system
from domain.unanswered.grouping_repository import GroupingRepository
from domain.unanswered.groups import Groups, Place
from domain.unanswered.phrasing import bare
from domain.unanswered.vectors import packed, unpacked
from retrieval.paraphrase import Asked, asked, load_pair_model

MOST = 25_000  # phrasings of a workspace that new ones are compared with: those asked last
KEPT = 50_000  # phrasings in memory, of all workspaces: about 5 kB each
PAGE = 2_000  # phrasings read at once
FEW = 200  # new phrasings of others that are added one by one, before it is quicker to load all


@dataclass(slots=True)
class Remembered:
    """The groups as they were at a version."""

    groups: Groups
    version: int


def stored(database: Database, workspace_id: str, places: Sequence[Place]) -> Iterator[list[tuple[Place, Phrasing]]]:
    """Pages of those that are still there, in the same order."""
    for start in range(0, len(places), PAGE):
        some = places[start : start + PAGE]
        with database.read() as session:
            rows = GroupingRepository(session, system(workspace_id)).phrasings([one.phrasing_id for one in some])
        yield [(place, rows[place.phrasing_id]) for place in some if place.phrasing_id in rows]


def prepared(row: Phrasing, vector: Floats) -> Asked:
    """For comparing."""
    return asked(bare(row.text), [vector], row.passages)


class Memory:
    """Not thread safe."""

    def __init__(self, database: Database, load: Callable[[], EmbeddingModel]) -> None:
        self._database, self._load = database, load
        self._kept: OrderedDict[str, Remembered] = OrderedDict()

    def of(self, workspace_id: str) -> Remembered:
        """As it is now; phrasings of another embedding model get vectors of this one."""
        kept = self._kept.pop(workspace_id, None)
        with self._database.read() as session:
            rows = GroupingRepository(session, system(workspace_id))
            version = rows.version()
            places = rows.places(MOST) if kept is None or kept.version != version else None
        if places is not None:
            kept = Remembered(self._arranged(workspace_id, kept, places), version)
        assert kept is not None
        self._kept[workspace_id] = kept
        while len(self._kept) > 1 and sum(len(one.groups) for one in self._kept.values()) > KEPT:
            self._kept.popitem(last=False)
        return kept

    def wrote(self, workspace_id: str, version: int) -> None:
        """What is remembered of it was written, and is this version."""
        if workspace_id in self._kept:
            self._kept[workspace_id].version = version

    def _arranged(self, workspace_id: str, kept: Remembered | None, places: Sequence[Place]) -> Groups:
        if kept is not None:
            new = kept.groups.arrange(places)
            if len(new) <= FEW and len(kept.groups) < 2 * max(FEW, len(places)):
                for place, question in self._read(workspace_id, new):
                    kept.groups.settle(kept.groups.add(question).row, place)
                return kept.groups
        read = self._read(workspace_id, places)
        return Groups(load_pair_model(), [place for place, _ in read], [question for _, question in read])

    def _read(self, workspace_id: str, places: Sequence[Place]) -> list[tuple[Place, Asked]]:
        found: list[tuple[Place, Asked]] = []
        for page in stored(self._database, workspace_id, places):
            vectors = self._vectors(workspace_id, [row for _, row in page])
            found += [(place, prepared(row, vectors[row.id])) for place, row in page]
        return found

    def _vectors(self, workspace_id: str, rows: Sequence[Phrasing]) -> dict[str, Floats]:
        model = self._load()
        old = [row for row in rows if row.model != model.name]
        found = {row.id: unpacked(row.vector) for row in rows if row.model == model.name}
        if old:
            fresh = model.embed_passages([bare(row.text) for row in old])
            found |= {row.id: vector for row, vector in zip(old, fresh, strict=True)}
            with self._database.write() as session:
                kept = GroupingRepository(session, system(workspace_id)).phrasings([one.id for one in old])
                for row in kept.values():
                    row.model, row.vector = model.name, packed(found[row.id])
        return found
