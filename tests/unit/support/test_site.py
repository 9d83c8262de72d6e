"""The site that the crawler's tests crawl."""

import itertools
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.site import Answer, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def http(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url(), trust_env=False, timeout=10) as client:
        yield client


class TestAnswers:
    def test_a_page_and_its_links(self, site: Site, http: httpx.Client) -> None:
        site.html("/", "Home", "<p>Hello</p>", links=["/a?x=1&y=2"], x_robots_tag="noindex")
        answer = http.get("/")
        assert "<title>Home</title>" in answer.text
        assert '<a href="/a?x=1&amp;y=2">' in answer.text
        assert answer.headers["x-robots-tag"] == "noindex"

    def test_the_query_first_then_the_path_alone(self, site: Site, http: httpx.Client) -> None:
        site.put("/p", b"all", "text/plain")
        site.put("/p?n=2", b"two", "text/plain")
        assert [http.get(path).text for path in ("/p", "/p?n=1", "/p?n=2")] == ["all", "all", "two"]

    def test_unknown_and_removed_are_404_with_a_body(self, site: Site, http: httpx.Client) -> None:
        site.html("/a")
        assert http.get("/a").status_code == 200
        site.remove("/a")
        assert http.get("/a").status_code == 404
        assert "no such page" in http.get("/b").text

    def test_a_script_repeats_its_last(self, site: Site, http: httpx.Client) -> None:
        site.script("/s", [Answer(status=503), Answer(b"ok")])
        assert [http.get("/s").status_code for _ in range(3)] == [503, 200, 200]

    def test_redirect_head_and_post(self, site: Site, http: httpx.Client) -> None:
        site.redirect("/old", "/new", 308)
        site.put("/new", b"12345", "text/plain")
        assert http.get("/old").headers["location"] == "/new"
        head = http.head("/new")
        assert (head.headers["content-length"], head.content) == ("5", b"")
        assert http.post("/new", content=b"x" * 10).text == "12345"
        assert site.connections == 1  # kept alive


class TestConditions:
    def test_etag_of_a_page_put_in_by_hand(self, site: Site, http: httpx.Client) -> None:
        site.put("/p", b"one", "text/plain")
        etag = http.get("/p").headers["etag"]
        assert http.get("/p", headers={"if-none-match": etag}).status_code == 304
        site.put("/p", b"two", "text/plain")
        assert http.get("/p", headers={"if-none-match": etag}).text == "two"

    def test_modified_since(self, site: Site, http: httpx.Client) -> None:
        modified = site.put("/p", b"one", "text/plain")
        since = http.get("/p").headers["last-modified"]
        assert http.get("/p", headers={"if-modified-since": since}).status_code == 304
        modified.conditional = False
        answer = http.get("/p", headers={"if-modified-since": since})
        assert (answer.status_code, answer.headers.get("etag")) == (200, None)

    def test_validators_of_its_own(self, site: Site, http: httpx.Client) -> None:
        site.pages["/p"] = Answer(b"x", headers={"ETag": 'W/"mine"'})
        assert http.get("/p").headers.get_list("etag") == ['W/"mine"']
        assert http.get("/p", headers={"if-none-match": '"mine"'}).status_code == 304


class TestFolder:
    def test_serves_a_tree(self, site: Site, http: httpx.Client, tmp_path: Path) -> None:
        (tmp_path / "www" / "docs").mkdir(parents=True)
        (tmp_path / "secret").write_text("no")
        (tmp_path / "www" / "docs" / "index.html").write_text("<p>Docs")
        (tmp_path / "www" / "a.pdf").write_bytes(b"%PDF")
        site.folder(tmp_path / "www")
        assert http.get("/docs").headers["location"] == "/docs/"
        assert http.get("/docs/").text == "<p>Docs"
        assert http.get("/a.pdf").headers["content-type"] == "application/pdf"
        assert http.get("/%2e%2e/secret").status_code == 404
        site.remove("/a.pdf")
        assert http.get("/a.pdf").status_code == 404

    def test_the_time_is_the_files(self, site: Site, http: httpx.Client, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("a")
        os.utime(tmp_path / "a.txt", (0, 0))
        site.folder(tmp_path)
        assert http.get("/a.txt").headers["last-modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"


class TestRecord:
    def test_requests(self, site: Site, http: httpx.Client) -> None:
        http.get("/a?b=1", headers={"X-Mine": "1"})
        assert [(one.method, one.path, one.headers["x-mine"]) for one in site.requests] == [("GET", "/a?b=1", "1")]
        assert (site.count("/a?b=1"), site.count("/a")) == (1, 0)
        site.forget()
        assert (site.requests, site.count("/a?b=1")) == ([], 0)

    def test_most_at_once(self, site: Site, http: httpx.Client) -> None:
        site.pages["/slow"] = Answer(b"x", delay_s=0.3)
        threads = [threading.Thread(target=http.get, args=("/slow",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        http.get("/")
        assert site.most_at_once == 4


class TestStreams:
    def test_an_endless_one_ends_when_the_client_hangs_up(self, site: Site, http: httpx.Client) -> None:
        ended = threading.Event()

        def endless() -> Iterator[bytes]:
            try:
                for _ in itertools.count():
                    yield b"x" * 65_536
            finally:
                ended.set()

        site.pages["/endless"] = Answer(stream=endless)
        with http.stream("GET", "/endless") as answer:
            assert len(next(answer.iter_raw(1000))) == 1000
        assert ended.wait(5)

    def test_a_finite_one(self, site: Site, http: httpx.Client) -> None:
        site.pages["/s"] = Answer(stream=[b"ab", b"", b"c"])
        assert http.get("/s").text == "abc"

    def test_the_sites_end_is_theirs_too(self) -> None:
        began = time.monotonic()
        with ThreadPoolExecutor() as pool, Site() as site:
            site.pages["/slow"] = Answer(delay_s=60)
            answer = pool.submit(httpx.get, site.url("/slow"), trust_env=False)
            while not site.requests:
                time.sleep(0.01)
            site.close()
            with pytest.raises(httpx.HTTPError):
                answer.result(5)
        assert time.monotonic() - began < 5
