"""Sites crawled by a running service: every page once, a second run by condition only, a third that finds each edit.

python -m evals.crawl_bench --site FOLDER [--site FOLDER …] [--embed]

With `--embed` the built-in model embeds, and the first crawl is timed until all is searchable, beside the embedding of
the same chunks alone. The folders are copied, and the copies edited. Exit code 1 when a figure is not as it must be.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from evals.doc_site import DocSite, serving
from evals.service import Service, running_service

SETTINGS = {"INSYDR_OUTBOUND_ALLOWED_HOSTS": "127.0.0.1", "INSYDR_CRAWL_MAX_RATE": "1000"}
FAKE = {"INSYDR_EMBEDDING_MODEL": "fake"}
EDITED, ADDED, REMOVED = 10, 5, 5
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
NEVER = ("index.html", "genindex.html")  # pages that lead to the others stay


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, action="append", required=True)
    parser.add_argument("--embed", action="store_true")
    arguments = parser.parse_args()
    results = [_of(folder, embed=arguments.embed) for folder in arguments.site]
    print(json.dumps(results, indent=2))
    return 1 if any(result["wrong"] for result in results) else 0


def _of(folder: Path, *, embed: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place, running_service(SETTINGS | ({} if embed else FAKE)) as service:
        copy = Path(place) / "site"
        shutil.copytree(folder, copy)
        with serving(copy, Path(place) / "record") as site:
            result = {"site": folder.parent.name, **_three_runs(service, site, copy)}
        if embed:
            result |= _beside_embedding(folder, result["read"], result["first_s"])
        del result["read"]
        return result


def _three_runs(service: Service, site: DocSite, copy: Path) -> dict[str, Any]:
    collection = service.call("POST", "/collections", json={"name": "site"})["id"]
    body = {"url": site.url, "collection_id": collection, "max_pages": 50_000}
    first, seconds = crawled(service, service.call("POST", "/documents/url", json=body))
    fetched = Counter(path for status, _, path in site.asked() if status == 200)
    result: dict[str, Any] = {
        "pages": first["new"], "first_s": round(seconds, 1), "fetched_twice": sum(n > 1 for n in fetched.values()),
        "broken_links": first["broken_links"], "skipped": first["skipped_by"],
        "read": sorted(path.strip("/") for path in fetched if path.endswith(".html")),
    }  # fmt: skip
    again = f"/crawls/{first['crawl_id']}/run"
    site.forget()
    second, seconds = crawled(service, service.call("POST", again))
    unconditional = sum(status == 200 and not conditional for status, conditional, _ in site.asked())
    result["second"] = {
        "s": round(seconds, 1), "unchanged": second["unchanged"], "new": second["new"], "changed": second["changed"],
        "embedded": second["documents"], "answers_304": site.statuses().get(304, 0), "full_answers": unconditional,
    }  # fmt: skip
    expected = _edit(copy, result["read"])
    third, seconds = crawled(service, service.call("POST", again))
    names = ("changed", "new", "gone", "unchanged")
    result["third"] = {"s": round(seconds, 1), **{name: third[name] for name in names}, "expected": expected}
    result["wrong"] = _wrong(result)
    return result


def _wrong(result: dict[str, Any]) -> list[str]:
    second, third = result["second"], result["third"]
    checks = {
        "a page was fetched twice": result["fetched_twice"] == 0,
        "the second run changed something": (second["new"], second["changed"], second["embedded"]) == (0, 0, 0),
        "not all pages were unchanged": second["unchanged"] == result["pages"],
        "the third run found other changes": all(third[name] == n for name, n in third["expected"].items()),
    }
    return [name for name, is_good in checks.items() if not is_good]


def crawled(service: Service, begun: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """The run once all is searchable, and the seconds that took."""
    started = time.perf_counter()
    while True:
        job = service.call("GET", f"/jobs/{begun['job_id']}")
        run = service.call("GET", f"/crawls/{begun['crawl_id']}/runs/{begun['run_id']}")
        if run["state"] in ENDED and job["status"] in ENDED:
            break
        time.sleep(0.1)
    seconds = time.perf_counter() - started
    print(f"{run['state']}: {run['new']} new, {run['unchanged']} unchanged, {seconds:.1f} s", file=sys.stderr)
    return {**run, "crawl_id": begun["crawl_id"], "documents": job["total"]}, seconds


def _edit(copy: Path, read: list[str]) -> dict[str, int]:
    """Pages edited, added and removed; the start leads to the new ones, so it is one of the changed."""
    pages = [copy / name for name in read if Path(name).name not in NEVER and _has_text(copy / name)]
    for page in pages[: EDITED - 1]:
        before, title, rest = page.read_bytes().partition(b"</h1>")  # what stands before it is navigation
        page.write_bytes(before + title + rest.replace(b"</p>", b" Edited for the benchmark.</p>", 1))
    for page in pages[EDITED : EDITED + REMOVED]:
        page.unlink()
    for number in range(ADDED):
        text = f"<h1>Added {number}</h1><p>{f'Words of the added page number {number}. ' * 30}</p>"
        (copy / f"added-{number}.html").write_text(f"<html><head><title>Added</title></head><body>{text}</body></html>")
    start = copy / "index.html"
    links = "".join(f'<a href="added-{number}.html">{number}</a>' for number in range(ADDED)).encode()
    start.write_bytes(start.read_bytes().replace(b"</body>", b"<p>Added for the benchmark.</p>" + links + b"</body>"))
    return {"changed": EDITED, "new": ADDED, "gone": REMOVED}


def _has_text(page: Path) -> bool:
    return b"</p>" in page.read_bytes().partition(b"</h1>")[2]


def _beside_embedding(folder: Path, read: list[str], seconds: float) -> dict[str, Any]:
    from evals.pure_embedding import embedding_texts, time_embedding

    texts = embedding_texts([folder / name for name in read])
    pure, _ = time_embedding(texts)
    return {"pure_embedding_s": round(pure, 1), "chunks": len(texts), "over_pure": round(seconds / pure, 2)}


if __name__ == "__main__":
    sys.exit(main())
