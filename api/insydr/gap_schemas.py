"""CONTRACT, Insydr row 7: answers by hand, and what a draft or a removal would change."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from api.fields import IdText, Input, MessageOut, Text
from api.insydr.document_schemas import AcceptedOut
from api.insydr.unanswered_schemas import ItemOut
from domain.documents.items import MAX_TITLE
from domain.gaps.preview import DraftTrial, Removal
from domain.gaps.risk_repository import AtRisk
from domain.gaps.trying import Changed, Said, Tried


class AnswerIn(Input):
    answer: Text = Field(max_length=50_000, description="Markdown; it is quoted as it is written.")
    collection_id: IdText = Field(description="Where it becomes a document.")
    title: Text | None = Field(None, max_length=MAX_TITLE, description="Of that; default: the question.")


class AnsweredOut(BaseModel):
    document: AcceptedOut
    unanswered: ItemOut = Field(description="Open until the document is searchable and was found to answer it.")
    unreached_agents: list[str] = Field(description="Agents that were asked it, but do not use that collection.")


class DryRunIn(Input):
    text: Text = Field(max_length=200_000, description="Of a draft answer or document, in Markdown.")
    collection_id: IdText = Field(description="Where it would stand.")
    title: Text | None = Field(None, max_length=MAX_TITLE, description="Of it; default: the question.")


class TriedOut(BaseModel):
    """An open item, asked as if the draft were a document."""

    id: str
    question: str
    closes: bool
    asked: str = Field(description="The phrasing that keeps it open, or one that the draft answers.")
    confidence: float = Field(description="Of the answer to that …")
    needed: float = Field(description="… which closes from here on.")
    quote: str | None
    occurrences: int


class SaidOut(BaseModel):
    answered: bool
    confidence: float
    document_id: str | None = Field(description="null: the draft, or no answer.")
    quote: str | None


class ChangedOut(BaseModel):
    """An answered question whose answer would be another one, or none."""

    id: str
    question: str
    asked: int
    before: SaidOut
    after: SaidOut


class DryRunOut(BaseModel):
    closes: list[TriedOut] = Field(description="Open items near the draft that it would close.")
    stays_open: list[TriedOut]
    alone: SaidOut | None = Field(
        description="What this question is answered with the text under another title: whether the text says it. "
        "Under the question as its title an answer is believed, whatever it says."
    )
    changes: list[ChangedOut] = Field(description="Answered questions near the draft that would be answered otherwise.")
    checked: int = Field(description="Questions that were asked …")
    left: int = Field(description="… and those near it that were not, in the time that there is.")


class PreflightIn(Input):
    """What would go: all that is named."""

    document_ids: list[IdText] = Field([], max_length=200)
    crawl_id: IdText | None = Field(None, description="All documents of this crawl.")
    collection_id: IdText | None = Field(None, description="All documents of this collection.")

    @model_validator(mode="after")
    def _any(self) -> Self:
        if not self.document_ids and self.crawl_id is None and self.collection_id is None:
            raise ValueError("must have document_ids, crawl_id or collection_id")
        return self


class AtRiskOut(BaseModel):
    questions: int
    monthly_asks: int = Field(description="How often these are asked in a month.")


class PreflightOut(BaseModel):
    documents: int
    reopens: AtRiskOut = Field(description="Answered now, and by nothing without these documents.")
    items: list[ChangedOut] = Field(description="Those.")
    changes: list[ChangedOut] = Field(description="Questions that something else would answer.")
    checked: int
    left: int = Field(description="Questions near them that could not be asked in the time that there is.")


class DeletedOut(MessageOut):
    reopens: AtRiskOut = Field(description="Resolved questions that rest on it; they are asked again now.")


def dry_run_out(found: DraftTrial) -> DryRunOut:
    trial, draft_id = found.trial, found.draft.document_id
    tried = [_tried(one) for one in trial.tried]
    return DryRunOut(
        closes=[one for one in tried if one.closes], stays_open=[one for one in tried if not one.closes],
        changes=[_changed(one, draft_id) for one in trial.changed], checked=trial.checked, left=trial.left,
        alone=_said(found.alone, draft_id) if found.alone else None,
    )  # fmt: skip


def preflight_out(found: Removal) -> PreflightOut:
    return PreflightOut(
        documents=found.documents,
        reopens=AtRiskOut(questions=len(found.reopens), monthly_asks=found.monthly_asks),
        items=[_changed(one) for one in found.reopens], changes=[_changed(one) for one in found.changes],
        checked=found.checked, left=found.left,
    )  # fmt: skip


def deleted_out(message: str, risk: AtRisk) -> DeletedOut:
    reopens = AtRiskOut(questions=risk.questions, monthly_asks=risk.monthly_asks)
    return DeletedOut(message=message, reopens=reopens)


def _tried(one: Tried) -> TriedOut:
    return TriedOut(
        id=one.cluster.id, question=one.cluster.question, closes=one.closes, asked=one.question,
        confidence=round(one.confidence, 4), needed=round(one.needed, 4), quote=one.quote,
        occurrences=max(1, one.cluster.failed),
    )  # fmt: skip


def _changed(one: Changed, draft_id: str | None = None) -> ChangedOut:
    before, after = _said(one.before, draft_id), _said(one.after, draft_id)
    return ChangedOut(
        id=one.cluster.id, question=one.cluster.question, asked=max(1, one.cluster.asked), before=before, after=after
    )


def _said(one: Said, draft_id: str | None) -> SaidOut:
    document_id = None if one.document_id == draft_id else one.document_id
    return SaidOut(answered=one.answered, confidence=round(one.confidence, 4), document_id=document_id, quote=one.quote)
