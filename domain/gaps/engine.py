"""What items are asked again with: the index and the passages as they are, or with a draft over them."""

from core.database import Database
from core.embedding.protocol import EmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.vectors.protocol import Index
from domain.gaps.asking import Asker
from domain.gaps.drafts import Draft, Drafts
from domain.search.passage_repository import SqlPassages
from retrieval.answerer import Answerer
from retrieval.overlay import OverlaidIndex, OverlaidPassages
from retrieval.reader.protocol import Reader
from retrieval.search import DetectLanguage, Searcher


class Engine:
    """Its answers have places of their own, so that nobody who asks waits for what is asked again."""

    def __init__(
        self,
        database: Database,
        index: Index,
        model: EmbeddingModel,
        sparse: SparseEncoder,
        language_of: DetectLanguage,
        reader: Reader | None,
        drafts: Drafts,
    ) -> None:
        self._index, self._model, self._sparse = index, model, sparse
        self._language_of, self._reader = language_of, reader
        self._passages = SqlPassages(database)
        self.drafts = drafts
        self.asker = Asker(self._passages, self._answerer(index))

    @property
    def model(self) -> str:
        return self._model.name

    def over(self, draft: Draft) -> Asker:
        """Answers as they would be with the draft, in place of what is stored of that document."""
        passages = OverlaidPassages(self._passages, draft.overlay)
        return Asker(passages, self._answerer(OverlaidIndex(self._index, draft.overlay)), (draft.document_id,))

    def _answerer(self, index: Index) -> Answerer:
        return Answerer(Searcher(index, self._model, self._sparse), None, self._language_of, self._reader)
