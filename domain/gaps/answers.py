"""Answers by hand: what a person writes becomes a document of a collection, and the item is asked again when it is
searchable. Whether it is answered then is proved like everything else."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.visible import is_visible, one_line
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.documents.items import MAX_TITLE, Item
from domain.documents.service import DocumentService
from domain.gaps.agents import briefs
from domain.gaps.gap_repository import GapRepository
from domain.models import ClusterStatus, Document, QuestionCluster, SourceType
from domain.principal import Permission, Principal
from domain.revision import check_match
from domain.unanswered.proof_repository import ProofRepository
from domain.unanswered.repository import ItemRepository
from domain.unanswered.states import ask_again, open_again

FILE_NAME = "answer.md"
PHRASINGS = 30  # whose agents are told of
NAMED = "answer-"  # how the external ids of answers begin; an item's id follows


@dataclass(frozen=True, slots=True)
class Answered:
    """`unreached` are agents that were asked the question, but do not answer from that collection."""

    cluster: QuestionCluster
    document: Document
    unreached: list[str]


class AnswerService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who

    def check(self, item_id: str, collection_id: str, text: str, most_queued: int) -> None:
        """Before anything is stored."""
        documents = DocumentService(self._session, self._who)
        documents.check_upload(collection_id)
        documents.check_queue(most_queued)
        ItemRepository(self._session, self._who).existing(item_id)
        if not is_visible(text):
            raise InvalidInput("answer must not be blank.", field="answer")

    def answer(
        self, item_id: str, collection_id: str, original: Item, title: str | None, if_match: str | None
    ) -> Answered:
        """`original` is the stored text. A second answer replaces the first in the same collection."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        cluster = ItemRepository(self._session, self._who).existing(item_id)
        cluster = GapRepository(self._session, self._who).cluster(cluster.id, lock=True) or cluster
        check_match(cluster, if_match)
        item = Item(
            FILE_NAME, original.blob_key, original.blob_bytes, original.content_hash,
            title=title or one_line(cluster.question)[:MAX_TITLE], external_id=f"{NAMED}{cluster.id}",
            source_type=SourceType.ANSWER,
        )  # fmt: skip
        document = DocumentService(self._session, self._who).upload(collection_id, item, allow_duplicates=True)
        if cluster.status == ClusterStatus.IGNORED:
            ProofRepository(self._session, self._who).drop([cluster.id])
            open_again(cluster)
        ask_again(cluster)
        done(self._session, self._who, Action.UNANSWERED_ANSWERED, cluster, document_id=document.id)
        return Answered(cluster, document, self._unreached(cluster, collection_id))

    def _unreached(self, cluster: QuestionCluster, collection_id: str) -> list[str]:
        rows = GapRepository(self._session, self._who).phrasings(cluster.id, cluster.phrasing_id, PHRASINGS)
        agents = briefs(self._session, self._who, sorted({agent for row in rows for agent in row.agents}))
        return [
            agent_id for agent_id, brief in agents.items()
            if brief.collection_ids is not None and collection_id not in brief.collection_ids
        ]  # fmt: skip
