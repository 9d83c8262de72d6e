"""Questions about a crawled site: is the page that answers among the first sources?

python -m evals.site_faq --data DATA/site-faq --site FOLDER [--losses]

The site is served on loopback, crawled and embedded by a running service, and searched over HTTP. A source is a passage
with its page; figures are given for passages as they come, and for their pages without repeats.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import track

from evals.corpora import json_lines
from evals.crawl_bench import SETTINGS, crawled
from evals.doc_site import serving
from evals.service import Service, running_service

FIRST = 5
AIMS = {"first": 0.85, "first_five": 0.97}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--site", type=Path, required=True)
    parser.add_argument("--losses", action="store_true", help="Print the questions whose page is not the first.")
    arguments = parser.parse_args()
    questions = list(json_lines(arguments.data / "questions.jsonl"))
    with tempfile.TemporaryDirectory() as place, running_service(SETTINGS) as service:
        with serving(arguments.site, Path(place) / "record") as site:
            collection = service.call("POST", "/collections", json={"name": "site"})["id"]
            body = {"url": site.url, "collection_id": collection, "max_pages": 50_000}
            run, _ = crawled(service, service.call("POST", "/documents/url", json=body))
        console = Console(stderr=True)
        found = [_pages(service, one["text"]) for one in track(questions, "Asking …", console=console)]
    golden = [one["gold_page"] for one in questions]
    distinct = [list(dict.fromkeys(pages)) for pages in found]
    result = {"questions": len(questions), "pages": run["new"], **_hits("", distinct, golden)}
    print(json.dumps(result | _hits("passages_", found, golden), indent=2))
    if arguments.losses:
        for one, pages in zip(questions, distinct, strict=True):
            if pages[:1] != [one["gold_page"]]:
                print(f"{one['text']}\n  wanted {one['gold_page']}, got {pages[:FIRST]}", file=sys.stderr)
    return 0 if all(result[name] >= aim for name, aim in AIMS.items()) else 1


def _pages(service: Service, question: str) -> list[str]:
    hits = service.call("POST", "/search", json={"query": question, "top_k": 20})["results"]
    return [urlsplit(hit["external_id"]).path.strip("/") for hit in hits]


def _hits(prefix: str, found: list[list[str]], golden: list[str]) -> dict[str, Any]:
    """The share of questions whose page is the first, and among the first five."""
    pairs = list(zip(found, golden, strict=True))
    return {
        f"{prefix}first": round(sum(pages[:1] == [gold] for pages, gold in pairs) / len(pairs), 3),
        f"{prefix}first_five": round(sum(gold in pages[:FIRST] for pages, gold in pairs) / len(pairs), 3),
    }


if __name__ == "__main__":
    sys.exit(main())
