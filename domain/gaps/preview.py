"""What a draft answer would close, and what a removal would open: for whoever decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.database import Database
from core.embedding import cache
from core.embedding.protocol import Floats
from core.errors import InvalidInput, NotFound
from core.ids import Prefix, new_id
from core.visible import is_visible, one_line
from domain.collections.service import require_collections
from domain.documents.items import MAX_TITLE
from domain.gaps.answers import FILE_NAME, NAMED
from domain.gaps.drafts import Draft, Place
from domain.gaps.engine import Engine
from domain.gaps.gap_repository import GapRepository
from domain.gaps.removal_repository import Gone, RemovalRepository
from domain.gaps.risk_repository import monthly_asks
from domain.gaps.trying import Changed, Said, Trial, Trials
from domain.principal import Permission, Principal
from domain.unanswered.repository import ItemRepository

MOST_DOCUMENTS = 5_000  # whose removal is tried together
NEUTRAL = "Note"  # a title that answers nothing
MOST_PASSAGES = 2_000  # of them, by which the questions near them are found


@dataclass(frozen=True, slots=True)
class DraftTrial:
    """`alone` is what the text answers by itself. An answer that has the question as its title is found and believed
    whatever it says, as those of a list of questions and answers are: this shows whether it says it."""

    draft: Draft
    trial: Trial
    alone: Said | None


@dataclass(frozen=True, slots=True)
class Removal:
    """`reopens` would not be answered any more; the others would be answered by something else."""

    documents: int
    reopens: list[Changed]
    monthly_asks: int
    changes: list[Changed]
    checked: int
    left: int


class Previews:
    def __init__(self, database: Database, engine: Engine) -> None:
        self._database, self._engine = database, engine

    def of_draft(self, who: Principal, item_id: str, text: str, collection_id: str, title: str | None) -> DraftTrial:
        """As `AnswerService.answer` would store it, and nothing is."""
        who.require(Permission.UNANSWERED_WRITE)
        if not is_visible(text):
            raise InvalidInput("text must not be blank.", field="text")
        with self._database.read() as session:
            cluster = ItemRepository(session, who).existing(item_id)
            require_collections(session, who, [collection_id], "collection_id")
            external_id = f"{NAMED}{cluster.id}"
            known = GapRepository(session, who).answer(collection_id, external_id)
        document_id = known or new_id(Prefix.DOCUMENT)
        title = title or one_line(cluster.question)[:MAX_TITLE]
        place = Place(who.workspace_id, collection_id, document_id, external_id, title)
        draft, untitled = self._draft(place, text), self._draft(replace(place, title=NEUTRAL), text)
        trials = Trials(self._database, self._engine)
        return DraftTrial(draft, trials.of_draft(who, draft, cluster.id), trials.alone(who, untitled, cluster.id))

    def _draft(self, place: Place, text: str) -> Draft:
        draft = self._engine.drafts.of_text(place, text, FILE_NAME)
        if not isinstance(draft, Draft):
            raise InvalidInput(draft.message, code=draft.code, field="text")
        return draft

    def of_removal(self, who: Principal, gone: Gone) -> Removal:
        """What these documents answer that nothing else does."""
        who.require(Permission.ANALYTICS_READ)
        with self._database.read() as session:
            rows = RemovalRepository(session, who)
            rows.check(gone)
            ids = rows.documents(gone, MOST_DOCUMENTS + 1)
            if len(ids) > MOST_DOCUMENTS:
                raise InvalidInput(
                    f"These are more than {MOST_DOCUMENTS:,} documents, too many to try at once. Ask for some of them.",
                    code="TOO_MANY_DOCUMENTS",
                )
            if missing := set(gone.document_ids) - set(ids):
                raise _not_found(sorted(missing)[0])
            hashes = rows.text_hashes(ids, MOST_PASSAGES)
            kept = cache.find(session, who.workspace_id, self._engine.model, hashes)
        trial = Trials(self._database, self._engine).of_removal(who, ids, _stacked(list(kept.values())))
        reopens = [one for one in trial.changed if not one.after.answered]
        with self._database.read() as session:
            asks = monthly_asks(session, who.workspace_id, [one.cluster.id for one in reopens])
        others = [one for one in trial.changed if one.after.answered]
        return Removal(len(ids), reopens, asks, others, trial.checked, trial.left)


def _stacked(vectors: Sequence[Floats]) -> Floats:
    return np.stack(vectors) if vectors else np.zeros((0, 0), np.float32)


def _not_found(document_id: str) -> NotFound:
    return NotFound(
        f"There is no document {document_id} in this workspace.", code="DOCUMENT_NOT_FOUND", field="document_ids"
    )
