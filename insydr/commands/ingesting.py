"""`insydr ingest` and `insydr reindex`: upload in parts, then watch the job until all is searchable."""

import glob
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import InsydrError, InvalidInput, NotFound
from insydr.client import Client, connected
from insydr.output import emit
from insydr.progress import Progress
from insydr.snapshot import snapshot

PART_FILES = 100
PART_BYTES = 64 * 2**20
POLL_S = 0.3
QUEUE_FULL_S = 5.0
ENDED = ("COMPLETED", "FAILED", "CANCELLED")


def run_ingest(paths: Sequence[str], workspace: str | None, collection: str | None, *, as_json: bool) -> int:
    """Exit code: 0 when all became searchable, 2 when some failed."""
    files = list(_files(paths))
    if not files:
        raise NotFound("There are no files under these paths.", code="NO_FILES")
    with connected(workspace, create=True) as client:
        collection_id = collection_for(client, collection)
        unread: list[dict[str, str]] = []
        jobs = [job for part in parts_of(files) if (job := upload_part(client, collection_id, part, unread))]
        ended = watch_jobs(client, jobs, quiet=as_json)
    return report_jobs(ended, unread, as_json=as_json)


def run_reindex(workspace: str | None, collection: str | None, *, as_json: bool) -> int:
    with connected(workspace) as client:
        chosen = client.collection(collection)
        job = client.call("POST", "/reindex", json={"collection_id": chosen})
        ended = watch_jobs(client, [str(job["id"])], quiet=as_json)
    return report_jobs(ended, as_json=as_json)


def _files(paths: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """(name, file) of every file: below a folder the path from there, so that the same folder updates itself."""
    for given in paths:
        matches = sorted(glob.glob(given, recursive=True)) if glob.has_magic(given) else [given]
        for match in map(Path, matches):
            if match.is_dir():
                found = sorted(path for path in match.rglob("*") if path.is_file() and not _hidden(path, match))
                yield from ((path.relative_to(match.parent).as_posix(), path) for path in found)
            elif match.is_file():
                yield match.name, match
            else:
                raise InvalidInput(f"{match} does not exist.", code="NO_SUCH_FILE")


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def parts_of(files: Sequence[tuple[str, Path]]) -> Iterator[list[tuple[str, Path]]]:
    """Uploads of bounded size."""
    part: list[tuple[str, Path]] = []
    size = 0
    for name, path in files:
        if part and (len(part) == PART_FILES or size + path.stat().st_size > PART_BYTES):
            yield part
            part, size = [], 0
        part.append((name.removeprefix("../"), path))
        size += path.stat().st_size
    if part:
        yield part


def upload_part(
    client: Client, collection_id: str, part: Sequence[tuple[str, Path]], unread: list[dict[str, str]]
) -> str | None:
    """The job's id; None where no file of the part could be read. Those that could not are added to `unread`."""
    with ExitStack() as stack:
        files: list[tuple[str, tuple[str, BinaryIO]]] = []
        for name, path in part:
            try:
                files.append(("files", (name, stack.enter_context(snapshot(path)))))
            except InvalidInput as error:
                unread.append({"item": name, "code": error.code, "message": error.message})
        if not files:
            return None
        while True:
            try:
                job = client.call("POST", "/documents/batch", params={"collection_id": collection_id}, files=files)
                return str(job["id"])
            except InsydrError as error:
                if error.code != "QUEUE_FULL":
                    raise
                time.sleep(QUEUE_FULL_S)


def collection_for(client: Client, wanted: str | None) -> str:
    """The collection by id or name, made when there is none of that name (default: “Documents”)."""
    name = wanted or "Documents"
    for row in client.collections():
        if name in (row["id"], row["name"]):
            return str(row["id"])
    return str(client.call("POST", "/collections", json={"name": name})["id"])


def watch_jobs(client: Client, job_ids: Sequence[str], *, quiet: bool) -> list[dict[str, Any]]:
    """Poll until all jobs have ended, with a bar of stages, rate and failures."""
    with Progress(quiet=quiet) as progress:
        while True:
            jobs = [client.call("GET", f"/jobs/{job_id}") for job_id in job_ids]
            rows = client.call("GET", "/documents", params={"status": "PROCESSING", "limit": 200})["documents"]
            progress.show(jobs, rows)
            if all(job["status"] in ENDED for job in jobs):
                return jobs
            time.sleep(POLL_S)


def report_jobs(jobs: Sequence[dict[str, Any]], unread: Sequence[dict[str, str]] = (), *, as_json: bool) -> int:
    """Print how it ended; `unread` are files that never became part of a job."""
    total, completed, failed = (sum(job[name] for job in jobs) for name in ("total", "completed", "failed"))
    total, failed = total + len(unread), failed + len(unread)
    errors = [*unread, *(error for job in jobs for error in job["errors"])]
    text = f"{completed} of {total} documents are searchable, {failed} failed."
    text += "".join(f"\n  {error['item']}: {error['message']} ({error['code']})" for error in errors)
    emit({"total": total, "completed": completed, "failed": failed, "errors": errors}, as_json=as_json, text=text)
    return 2 if failed else 0
