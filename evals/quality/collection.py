"""The documents that questions are asked about: a set's, ingested once into a collection of its own, or what a
workspace has."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import InsydrError, InvalidInput
from core.visible import one_line
from evals.datasets.model import DataSet, Source
from insydr.client import Client
from insydr.commands.ingesting import collection_for, parts_of, upload_part, watch_jobs

PAGE = 200
BATCH_DOCUMENTS = 2_000
MAX_TITLE = 200  # characters, as the API has it
_NOTHING_TAKEN = "Nothing in the batch can be taken"
_NAMES = ("id", "external_id", "source_url", "file_name", "title")  # the first kind of name that fits decides


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Library:
    """The documents of a collection (None: of all), by each of their names; `failed` are not searchable."""

    collection_id: str | None
    collection_name: str
    by_name: dict[str, list[Document]]
    failed: int
    strict: bool  # whether a name that is not there is a fault of whoever wrote the questions

    def find(self, name: str) -> Document | None:
        """The document of that name; None where there is none. Raises where there are several."""
        found = self.by_name.get(name, [])
        if len(found) > 1:
            raise InvalidInput(f"There are {len(found)} documents {name!r}; name the one that is meant by its id.")
        return found[0] if found else None


def ingested(client: Client, data: DataSet, *, quiet: bool) -> Library:
    """The set's documents, searchable; what an earlier run has ingested is not ingested again."""
    name = f"eval {data.name} {sources_hash(data.sources)[:12]}"
    collection_id = collection_for(client, name)
    there = {row["external_id"] for row in _documents(client, collection_id) if row["status"] != "PROCESSING"}
    jobs = list(_sent(client, collection_id, [one for one in data.sources if _external_id(one) not in there]))
    if jobs:
        watch_jobs(client, jobs, quiet=quiet)
    place = library(client, collection_id, name, {_external_id(one): one.id for one in data.sources})
    return replace(place, failed=len(data.sources) - len(place.by_name))


def library(client: Client, collection_id: str | None, name: str, ids: dict[str, str] | None = None) -> Library:
    """What a collection has. `ids`: names of our own by external id, which then are the only ones."""
    rows = list(_documents(client, collection_id))
    done = [row for row in rows if row["live_version"] is not None]
    by_name: dict[str, list[Document]] = {}
    for row, names in zip(done, _names(done, ids), strict=True):
        for one in names:
            by_name.setdefault(one, []).append(Document(row["id"], row["title"], row["source_url"]))
    return Library(collection_id, name, by_name, sum(row["status"] == "FAILED" for row in rows), ids is None)


def sources_hash(sources: Sequence[Source]) -> str:
    """SHA-256 of what would be ingested, in hexadecimal."""
    digest = hashlib.sha256()
    for one in sources:
        content = one.path.read_bytes() if one.path else (one.text or "").encode()
        digest.update(json.dumps([one.id, one.title, hashlib.sha256(content).hexdigest()]).encode())
    return digest.hexdigest()


def _names(rows: Sequence[dict[str, Any]], ids: dict[str, str] | None) -> Iterator[list[str]]:
    """The names of each document. One that is a better kind of name of another document is not its own."""
    if ids is not None:
        yield from ([ids[row["external_id"]]] if row["external_id"] in ids else [] for row in rows)
        return
    kinds: dict[str, int] = defaultdict(lambda: len(_NAMES))
    for kind, field in enumerate(_NAMES):
        for row in rows:
            if row[field]:
                kinds[row[field]] = min(kinds[row[field]], kind)
    for row in rows:
        named = {row[field]: kind for kind, field in reversed(list(enumerate(_NAMES))) if row[field]}
        yield [name for name, kind in named.items() if kinds[name] == kind]


def _documents(client: Client, collection_id: str | None) -> Iterator[dict[str, Any]]:
    offset = 0
    while True:
        wanted = {"limit": PAGE, "offset": offset, "collection_id": collection_id}
        params = {name: value for name, value in wanted.items() if value is not None}
        page = client.call("GET", "/documents", params=params)["documents"]
        yield from page
        offset += len(page)
        if len(page) < PAGE:
            return


def _external_id(source: Source) -> str:
    """As the service makes it: of an upload its name, which is the path where the id is one."""
    if source.path is None:
        return source.id
    return source.id if source.id.endswith(source.path.suffix) else source.path.name


def _sent(client: Client, collection_id: str, sources: Sequence[Source]) -> Iterator[str]:
    """Ids of the jobs: texts as JSON Lines, files as uploads."""
    texts = [one for one in sources if one.path is None]
    for start in range(0, len(texts), BATCH_DOCUMENTS):
        part = texts[start : start + BATCH_DOCUMENTS]
        lines = (json.dumps({"external_id": one.id, "title": _title(one), "text": one.text}) for one in part)
        job = _batch(client, collection_id, "\n".join(lines))
        if job:
            yield job
    files = [(_external_id(one), one.path) for one in sources if one.path is not None]
    for files_part in parts_of(files):
        job = upload_part(client, collection_id, files_part, unread=[])
        if job:
            yield job


def _batch(client: Client, collection_id: str, lines: str) -> str | None:
    """The job's id; None where no line can be taken: those documents are missing, which the report says."""
    headers = {"Content-Type": "application/x-ndjson"}
    params = {"collection_id": collection_id}
    try:
        job = client.call("POST", "/documents/batch", params=params, content=lines.encode(), headers=headers)
    except InsydrError as error:
        if error.message.startswith(_NOTHING_TAKEN):
            return None
        raise
    return str(job["id"])


def _title(source: Source) -> str | None:
    """Cut as the API wants it: too long a title would be refused, with its document."""
    return one_line(source.title or "")[:MAX_TITLE] or None
