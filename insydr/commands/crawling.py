"""`insydr crawl`: a site into a collection, with a live count, then what was found and what was not."""

import time
from typing import Any

from insydr.client import Client, connected
from insydr.commands.ingesting import collection_for
from insydr.output import emit

POLL_S = 0.5
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
SHOWN = 20  # failed pages


def run_crawl(
    url: str, workspace: str | None, collection: str | None, options: dict[str, Any], *, dry_run: bool, as_json: bool
) -> int:
    """Exit code: 0 when the crawl and its documents ended well, 2 when pages failed, 1 when the crawl itself did."""
    start = url if "://" in url else f"https://{url}"
    with connected(workspace, create=True) as client:
        if dry_run:
            return _preview(client, {"url": start, **options}, as_json=as_json)
        collection_id = collection_for(client, collection)
        begun = client.call("POST", "/documents/url", json={"url": start, "collection_id": collection_id, **options})
        crawl, job = _watched(client, begun, quiet=as_json)
        failed = client.call(
            "GET", f"/crawls/{crawl['id']}/runs/{begun['run_id']}/changes", params={"change": "FAILED", "limit": SHOWN}
        )
    return _report(crawl, job, failed, as_json=as_json)


def _watched(client: Client, begun: dict[str, Any], *, quiet: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The crawl and its job, once both have ended."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[more]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), disable=quiet) as bar:
        pages, documents = (bar.add_task(name, total=None, more="") for name in ("fetched", "searchable"))
        while True:
            crawl = client.call("GET", f"/crawls/{begun['crawl_id']}")
            job = client.call("GET", f"/jobs/{begun['job_id']}")
            run = crawl["last_run"]
            waiting = run["queued"] or 0
            bar.update(pages, completed=run["fetched"], total=run["fetched"] + waiting, more=_more(run))
            bar.update(documents, completed=job["completed"] + job["failed"], total=job["total"], more="")
            if run["state"] in ENDED and job["status"] in ENDED:
                return crawl, job
            time.sleep(POLL_S)


def _more(run: dict[str, Any]) -> str:
    rate = f"{run['rate_per_min'] / 60:.1f} pages/s" if run["rate_per_min"] else ""
    left = f", {run['estimate_s']:.0f} s left" if run["estimate_s"] else ""
    failed = f", [red]{run['failed']} failed[/red]" if run["failed"] else ""
    return f"{rate}{left}{failed}"


def _preview(client: Client, body: dict[str, Any], *, as_json: bool) -> int:
    found = client.call("POST", "/crawls/preview", json=body)
    lines = [f"{page['action']:5}  {page['url']}{_why(page['reason'])}" for page in found["pages"]]
    more = "" if found["is_complete"] else "; there is more behind these"
    lines.append(f"{found['would_fetch']} of {found['total']} URLs would be fetched{more}.")
    emit(found, as_json=as_json, text="\n".join(lines))
    return 0


def _report(crawl: dict[str, Any], job: dict[str, Any], failed: dict[str, Any], *, as_json: bool) -> int:
    run = crawl["last_run"]
    text = f"The crawl failed: {run['error_message']}" if run["state"] == "FAILED" else _summary(crawl, job, failed)
    emit({"crawl": crawl, "job": job, "failed": failed["changes"]}, as_json=as_json, text=text)
    if run["state"] == "FAILED":
        return 1
    return 2 if run["failed"] or run["broken_links"] or job["failed"] else 0


def _summary(crawl: dict[str, Any], job: dict[str, Any], failed: dict[str, Any]) -> str:
    run = crawl["last_run"]
    names = ("new", "changed", "unchanged", "gone", "redirected", "skipped", "failed")
    lines = [f"{crawl['url']}: " + ", ".join(f"{run[name]} {name}" for name in names if run[name] or name == "new")]
    lines += [f"  skipped, {code}: {count}" for code, count in sorted(run["skipped_by"].items())]
    lines += [f"  failed: {change['url']}{_why(change['reason'])}" for change in failed["changes"]]
    if failed["total"] > len(failed["changes"]):
        lines.append(f"  … and {failed['total'] - len(failed['changes'])} more")
    lines.append(f"{job['completed']} documents searchable, {job['failed']} failed.")
    return "\n".join(lines)


def _why(reason: str | None) -> str:
    return f"  – {reason}" if reason else ""
