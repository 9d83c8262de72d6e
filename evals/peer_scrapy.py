"""Scrapy with trafilatura on a site, as most people would write it (extra `bench`). Prints one JSON line.

python -m evals.peer_scrapy URL --places 4
"""

import argparse
import json
import resource
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import scrapy
import trafilatura
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response, TextResponse
from scrapy.linkextractors import LinkExtractor


class Pages(scrapy.Spider):
    """Every page of one host, its main text as Markdown with links, tables and metadata."""

    name = "pages"

    def __init__(self, start: str, counts: dict[str, Any]) -> None:
        super().__init__()
        self._start, self._counts = start, counts
        self._links = LinkExtractor(allow_domains=[urlsplit(start).netloc])

    async def start(self) -> AsyncIterator[scrapy.Request]:
        self._counts["began"] = time.perf_counter()
        yield scrapy.Request(self._start)

    def parse(self, response: Response) -> Iterator[scrapy.Request]:
        if not isinstance(response, TextResponse) or "html" not in str(response.headers.get("Content-Type", b"")):
            return
        text = trafilatura.extract(
            response.body, url=response.url, output_format="markdown", include_links=True, include_tables=True,
            include_formatting=True, with_metadata=True,
        )  # fmt: skip
        self._counts["pages"] += 1
        self._counts["characters"] += len(text or "")
        for link in self._links.extract_links(response):
            yield response.follow(link)

    def closed(self, _reason: str) -> None:
        self._counts["s"] = time.perf_counter() - self._counts["began"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--places", type=int, default=4)
    arguments = parser.parse_args()
    counts: dict[str, Any] = {"pages": 0, "characters": 0}
    process = CrawlerProcess(
        {
            "ROBOTSTXT_OBEY": True, "CONCURRENT_REQUESTS": arguments.places, "DOWNLOAD_DELAY": 0,
            "CONCURRENT_REQUESTS_PER_DOMAIN": arguments.places, "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False,
        }
    )  # fmt: skip
    process.crawl(Pages, start=arguments.url, counts=counts)
    process.start()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "pages": counts["pages"], "s": round(counts["s"], 2), "characters": counts["characters"],
                "cpu_s": round(used.ru_utime + used.ru_stime, 1),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
