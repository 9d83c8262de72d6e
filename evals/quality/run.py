"""A run: each question searched for and asked through the API, its row kept as soon as it is there.

A run is a folder: `run.json` (what was asked of what), `rows.jsonl`, and the two reports. The same run again asks only
what has no row yet.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import Conflict, InvalidInput, NotFound
from evals.datasets.model import DataSet, Question
from evals.quality.collection import Document, Library
from evals.quality.rows import DENSE, HYBRID, ROWS, SPARSE, Cited, Gold, Row, appended, read_rows
from insydr.client import Client

RUN = "run.json"
PASSAGES = 30  # searched for, so that ten documents are among them where a document has several passages
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What makes a run the same run; `fingerprint` covers the questions with all that is known of them."""

    data_set: str
    language: str
    fingerprint: str
    workspace_id: str
    collection_id: str | None
    modes: list[str]


@dataclass(frozen=True, slots=True)
class Run:
    """`threshold` is the default of new agents, as the API said."""

    plan: Plan
    agent_id: str
    threshold: float
    collection_name: str
    notes: list[str] = field(default_factory=list)


def plan_of(data: DataSet, client: Client, place: Library, *, baselines: bool) -> Plan:
    questions = [{**asdict(one), "pages": sorted(one.pages)} for one in data.questions]
    digest = hashlib.sha256(json.dumps(questions, sort_keys=True).encode()).hexdigest()
    modes = [HYBRID, *((DENSE, SPARSE) if baselines else ())]
    return Plan(data.name, data.language, digest[:16], client.workspace_id, place.collection_id, modes)


def opened(folder: Path, plan: Plan, client: Client, place: Library, *, again: bool) -> Run:
    """The run in this folder, gone on with or new; `again` forgets what it has. Raises where it is of another plan."""
    folder.mkdir(parents=True, exist_ok=True)
    if again:
        (folder / ROWS).unlink(missing_ok=True)
        (folder / RUN).unlink(missing_ok=True)
    if (folder / RUN).is_file():
        run = read_run(folder)
        differs = [name for name, value in asdict(plan).items() if value != asdict(run.plan)[name]]
        if differs:
            raise Conflict(
                f"{folder} is a run with other settings ({', '.join(differs)}). Take another --name, or start it over "
                "with --again.",
                code="OTHER_RUN",
            )
        return run
    agent_id, threshold = _agent(client, place)
    told = f"{place.failed} documents are not searchable: they were refused or could not be read."
    notes = [told] if place.failed else []
    run = Run(plan, agent_id, threshold, place.collection_name, notes)
    (folder / RUN).write_text(json.dumps(asdict(run), indent=2) + "\n", encoding="utf-8")
    return run


def read_run(folder: Path) -> Run:
    """Raises `NotFound` where there is none."""
    if not (folder / RUN).is_file():
        raise NotFound(f"There is no run in {folder}: `insydr eval run` makes one.", code="NO_RUN")
    found: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    return Run(**{**found, "plan": Plan(**found["plan"])})


def ask_all(
    client: Client, run: Run, folder: Path, questions: Sequence[Question], place: Library, *, quiet: bool
) -> list[Row]:
    """The rows of all questions, in their order; asked are those without one."""
    from rich.console import Console
    from rich.progress import track

    golds = [_gold(question, place) for question in questions]
    known = {row.id: row for row in read_rows(folder)}
    left = [pair for pair in zip(questions, golds, strict=True) if pair[0].id not in known]
    bar = track(left, f"Asking {run.plan.data_set}", console=Console(stderr=True), disable=quiet or not left)
    with appended(folder) as add:
        for question, gold in bar:
            row = known[question.id] = _asked(client, run, question, gold)
            add(row)
    return [known[question.id] for question in questions]


def _asked(client: Client, run: Run, question: Question, gold: Sequence[Gold]) -> Row:
    rankings: dict[str, list[str]] = {}
    search_ms = 0.0
    for mode in run.plan.modes:
        collections = [run.plan.collection_id] if run.plan.collection_id else None
        body = {"query": question.text, "mode": mode, "top_k": PASSAGES, "collection_ids": collections}
        found, ms = _timed(client, "/search", body)
        rankings[mode] = list(dict.fromkeys(hit["document_id"] for hit in found["results"]))
        search_ms = ms if mode == HYBRID else search_ms
    reply, test_ms = _timed(client, f"/agents/{run.agent_id}/test", {"message": question.text})
    ids = {one.name: one.document_id for one in gold}
    return Row(
        id=question.id,
        question=question.text,
        answerable=question.answerable,
        answers=list(question.answers),
        passage=question.passage,
        gold=list(gold),
        pages=sorted((ids[document], page) for document, page in question.pages),
        rankings=rankings,
        answer=reply["response"],
        answered=reply["answered"],
        confidence=reply["confidence"],
        cited=[_cited(source) for source in reply["sources"]],
        search_ms=search_ms,
        test_ms=test_ms,
        short=reply["short_answer"]["text"] if reply["short_answer"] else None,
    )


def _timed(client: Client, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    started = time.perf_counter()
    reply: dict[str, Any] = client.call("POST", path, json=body)
    return reply, round((time.perf_counter() - started) * 1000, 2)


def _cited(source: dict[str, Any]) -> Cited:
    return Cited(source["document_id"], source["title"], source["url"], source["quote"], source["page"])


def _gold(question: Question, place: Library) -> list[Gold]:
    """A document that a set has and the service could not read stays gold, and is never found."""
    found = []
    for name, grade in question.relevant.items():
        document = place.find(name)
        if document is None and place.strict:
            raise NotFound(
                f"Question {question.id} names a document {name!r}, which is not in {place.collection_name}. "
                "Names are its id, external id, URL, file name or title.",
                code="DOCUMENT_NOT_FOUND",
            )
        document = document or Document(name, name, None)
        found.append(Gold(document.id, document.title, document.url, grade, name))
    return found


def _agent(client: Client, place: Library) -> tuple[str, float]:
    """An agent over the documents that answers whatever its confidence, and the threshold that it would have had."""
    collections = [place.collection_id] if place.collection_id else []
    fields = {"name": f"Evaluation of {place.collection_name}"[:200], "collection_ids": collections}
    agent_id = str(client.call("POST", "/agents", json=fields)["id"])
    threshold = client.call("GET", f"/agents/{agent_id}")["response_config"]["confidence_threshold"]
    client.call("PATCH", f"/agents/{agent_id}", json={"response_config": {"confidence_threshold": 0}})
    return agent_id, float(threshold)


def checked_questions(data: DataSet) -> DataSet:
    """Raises where two questions have one id: their rows could not be told apart."""
    ids = [one.id for one in data.questions]
    twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise InvalidInput(f"{data.name} has several questions with the id {', '.join(twice[:_SHOWN])}.")
    return data
