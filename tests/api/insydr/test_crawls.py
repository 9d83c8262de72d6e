"""CONTRACT, Insydr row 5: a site becomes documents and stays true to it."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import utc_now
from domain.models import CrawlSource
from tests.support.client import Shape, Workspace, check_error, until
from tests.support.services import chromium
from tests.support.site import Answer, Site

WORDS = "Every page of this site says enough words of its own to be told from all the others that there are. "


def text(topic: str) -> str:
    return f"<p>The {topic} has a page of its own. {WORDS}It says more about {topic} than any other page does.</p>"


BOTH_SHAPES = pytest.mark.parametrize("shape", ["embedded", "scaled"], indirect=True)


@pytest.fixture
def shape(request: pytest.FixtureRequest) -> Shape:
    """The embedded one, but in tests of what the shapes do by different means: jobs, schedules, leases."""
    found: Shape = request.getfixturevalue(getattr(request, "param", "embedded"))
    return found


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that failed or are missing are asked for again after less than a second, not after seconds."""
    monkeypatch.setattr("crawler.visit.RETRY_S", (0.1, 0.2, 0.4))
    monkeypatch.setattr("crawler.visit.CONFIRM_S", 0.2)


@pytest.fixture
def workspace(shaped: Workspace) -> Workspace:
    return shaped


@pytest.fixture
def small(site: Site) -> Site:
    """A start and three pages."""
    site.html("/", "Start", text("start"), links=["/a", "/b#part", "/deep/c.html"])
    site.html("/a", "Anvils", text("anvil"), links=["/", "/b"])
    site.html("/b", "Bellows", text("bellows"))
    site.html("/deep/c.html", "Chisels", text("chisel"), links=["../a"])
    return site


def drips() -> Iterator[bytes]:
    """A body that comes, and comes to no end."""
    while True:
        yield b"#"
        time.sleep(0.2)


def pages_of(workspace: Workspace, crawl: dict[str, Any], **params: Any) -> dict[str, dict[str, Any]]:
    """Pages by their path."""
    found = workspace.get(f"/crawls/{crawl['crawl_id']}/pages", params={"limit": 200, **params}).json()["pages"]
    return {page["url"].split("/", 3)[3]: page for page in found}


def changes_of(workspace: Workspace, crawl: dict[str, Any]) -> Counter[str]:
    path = f"/crawls/{crawl['crawl_id']}/runs/{crawl['run_id']}/changes"
    return Counter(change["change"] for change in workspace.get(path).json()["changes"])


def again(workspace: Workspace, crawl: dict[str, Any]) -> dict[str, Any]:
    reply = workspace.post(f"/crawls/{crawl['crawl_id']}/run")
    assert reply.status_code == 202, reply.text
    return workspace.crawled(reply.json())


class TestStart:
    @BOTH_SHAPES
    def test_pages_become_documents_and_answers_cite_them(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        run = crawl["last_run"]
        assert (run["state"], run["new"], run["indexed"], run["failed"]) == ("COMPLETED", 4, 4, 0)
        documents = workspace.get("/documents").json()["documents"]
        assert {one["title"] for one in documents} == {"Start", "Anvils", "Bellows", "Chisels"}
        assert {one["source_type"] for one in documents} == {"WEBSITE"}
        best = workspace.search("chisel")["results"][0]
        assert best["url"].startswith(small.url("/deep/c.html#"))
        assert best["external_id"] == small.url("/deep/c.html")

    def test_links_dates_and_author_are_kept(self, workspace: Workspace, site: Site) -> None:
        head = (
            '<meta name="author" content="Ada"><script type="application/ld+json">'
            '{"@graph": [{"datePublished": "2026-03-01T10:00:00Z"}]}</script>'
        )
        site.html("/", "Start", f'<p>Read <a href="more/a">the manual</a> first. {WORDS}</p>', head=head)
        workspace.crawl(site.url(), max_pages=1)
        document = workspace.get("/documents").json()["documents"][0]
        found = workspace.get(f"/documents/{document['id']}/text").json()
        link = next(link for link in found["links"] if link["url"] == site.url("/more/a"))
        assert found["text"][link["char_start"] : link["char_end"]] == "the manual"
        version = workspace.get(f"/documents/{document['id']}").json()["versions"][0]
        assert (version["found"]["author"], version["found"]["date"]) == ("Ada", "2026-03-01T10:00:00Z")

    def test_answers_with_the_job(self, workspace: Workspace, small: Site) -> None:
        reply = workspace.post("/documents/url", json={"url": small.url(), "collection_id": workspace.collection})
        assert reply.status_code == 202
        body = reply.json()
        assert (body["kind"], body["status"], body["id"]) == ("CRAWL", "PROCESSING", body["job_id"])
        workspace.crawled(body)
        job = workspace.get(f"/jobs/{body['job_id']}").json()
        assert (job["status"], job["total"], job["completed"]) == ("COMPLETED", 4, 4)
        assert job["report"]["pages"]["new"] == 4

    def test_each_page_is_fetched_once(self, workspace: Workspace, small: Site) -> None:
        workspace.crawl(small.url())
        assert [small.count(path) for path in ("/", "/a", "/b", "/deep/c.html")] == [1, 1, 1, 1]

    def test_says_who_it_is(self, workspace: Workspace, small: Site) -> None:
        workspace.crawl(small.url())
        assert {request.headers["user-agent"].split("/")[0] for request in small.requests} == {"InsydrBot"}

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("", "INVALID_URL"), ("not a url", "INVALID_URL"), ("ftp://example.com/", "INVALID_URL"),
            ("file:///etc/passwd", "INVALID_URL"), ("javascript:alert(1)", "INVALID_URL"),
            ("http://user:secret@example.com/", "INVALID_URL"), ("https://", "INVALID_URL"),
            ("http://10.0.0.1/", "ADDRESS_NOT_ALLOWED"), ("http://[::1]/", "ADDRESS_NOT_ALLOWED"),
            ("http://169.254.169.254/latest/meta-data", "ADDRESS_NOT_ALLOWED"), ("http://0x7f.1:1/", None),
            ("http://no-such-host.invalid/", "HOST_NOT_FOUND"), ("http://localhost/", "HOST_NOT_FOUND"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_crawled_is_said_at_once(self, workspace: Workspace, url: str, code: str | None) -> None:
        reply = workspace.post("/documents/url", json={"url": url, "collection_id": workspace.collection})
        if code is None:  # 127.0.0.1, which the operator allows here
            assert reply.status_code == 202
            return
        check_error(reply, 400, code, "url")
        assert "secret" not in reply.text

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"include_patterns": ["/docs/*", "docs"]}, "include_patterns.1"),
            ({"exclude_patterns": [""]}, "exclude_patterns.0"),
            ({"max_pages": 0}, "max_pages"), ({"max_depth": -1}, "max_depth"), ({"max_rate": 0}, "max_rate"),
            ({"schedule": "every day"}, "schedule"), ({"schedule": "* * * * *"}, "schedule"),
            ({"schedule": "0 3 * * *", "every_hours": 5}, "schedule"),
            ({"credentials": {"headers": {"Host": "other"}}}, "credentials.headers.Host"),
            ({"credentials": {"headers": {"X-A": "a\r\nb: c"}}}, "credentials.headers.X-A"),
            ({"credentials": {"cookies": {"a": "b; c"}}}, "credentials.cookies.a"),
            ({"credentials": {"token": "x"}}, "credentials.token"),
        ],
    )  # fmt: skip
    def test_wrong_options_name_their_field(
        self, workspace: Workspace, small: Site, options: dict[str, Any], field: str
    ) -> None:
        body = {"url": small.url(), "collection_id": workspace.collection, **options}
        check_error(workspace.post("/documents/url", json=body), 400, field=field)
        assert workspace.get("/crawls").json()["total"] == 0

    def test_one_crawl_of_a_site_at_a_time(self, workspace: Workspace, small: Site) -> None:
        small.pages["/a"].delay_s = 1.0
        body = {"url": small.url(), "collection_id": workspace.collection}
        begun = workspace.post("/documents/url", json=body).json()
        reply = workspace.post("/documents/url", json={**body, "url": f"{small.url()}#top"})
        check_error(reply, 409, "CRAWL_RUNNING", "url")
        check_error(workspace.post(f"/crawls/{begun['crawl_id']}/run"), 409, "CRAWL_RUNNING")
        workspace.crawled(begun)
        assert workspace.get("/crawls").json()["total"] == 1

    def test_the_start_fails_and_the_job_says_why(self, workspace: Workspace, site: Site) -> None:
        site.pages["/"] = Answer(status=403)
        crawl = workspace.crawl(site.url())
        assert (crawl["last_run"]["state"], crawl["last_run"]["error_code"]) == ("FAILED", "ACCESS_DENIED")
        job = workspace.get(f"/jobs/{crawl['job_id']}").json()
        assert (job["status"], job["errors"][0]["code"]) == ("FAILED", "ACCESS_DENIED")


class TestLimits:
    @pytest.fixture
    def workspace(self, embedded: Shape) -> Workspace:
        """What sites do is the same in both shapes."""
        return embedded.sign_up("Crawler").workspace("Crawls")

    def test_patterns(self, workspace: Workspace, site: Site) -> None:
        site.html("/", "Start", text("start"), links=["/docs/a", "/docs/old/b", "/blog/c"])
        for path in ("/docs/a", "/docs/old/b", "/blog/c"):
            site.html(path, path, text(path))
        crawl = workspace.crawl(site.url(), include_patterns=["/docs/*"], exclude_patterns=["/docs/old/*"])
        found = {path: (page["state"], page["code"]) for path, page in pages_of(workspace, crawl).items()}
        assert found["docs/a"] == ("INDEXED", None)
        assert found["docs/old/b"] == ("SKIPPED", "EXCLUDED")
        assert found["blog/c"] == ("SKIPPED", "NOT_INCLUDED")
        assert found[""] == ("SKIPPED", "NOT_INCLUDED")
        assert site.count("/blog/c") == 0

    def test_max_pages_counts_pages_with_content(self, workspace: Workspace, site: Site) -> None:
        site.html("/", "Start", text("start"), links=["/moved", *(f"/p{n}" for n in range(9))])
        site.redirect("/moved", "/p0")
        for n in range(9):
            site.html(f"/p{n}", f"Page {n}", text(f"subject{n}"))
        crawl = workspace.crawl(site.url(), max_pages=5)
        assert crawl["last_run"]["new"] == 5
        assert crawl["last_run"]["skipped_by"]["MAX_PAGES"] == 5
        kept = {path for path, page in pages_of(workspace, crawl).items() if page["document_id"]}
        crawl = again(workspace, crawl)
        assert crawl["last_run"]["unchanged"] == 5
        assert {path for path, page in pages_of(workspace, crawl).items() if page["document_id"]} == kept

    def test_max_depth(self, workspace: Workspace, site: Site) -> None:
        for n in range(5):
            site.html("/" if n == 0 else f"/{n}", f"Level {n}", text(f"level{n}"), links=[f"/{n + 1}"])
        crawl = workspace.crawl(site.url(), max_depth=2)
        assert crawl["last_run"]["new"] == 3
        assert pages_of(workspace, crawl)["3"]["code"] == "TOO_DEEP"

    def test_other_sites_are_left_alone(self, workspace: Workspace, site: Site) -> None:
        with Site() as other:
            other.html("/", "Other", text("other"))
            site.html("/", "Start", text("start"), links=[other.url(), "/leaves"])
            site.redirect("/leaves", other.url())
            crawl = workspace.crawl(site.url())
            assert pages_of(workspace, crawl)["leaves"]["code"] == "OTHER_SITE"
            assert other.requests == []

    def test_a_start_that_moved_is_followed(self, workspace: Workspace, site: Site) -> None:
        with Site() as other:
            other.html("/home", "Home", text("home"), links=["/more"])
            other.html("/more", "More", text("more"))
            site.redirect("/", other.url("/home"))
            crawl = workspace.crawl(site.url())
            assert (crawl["site"], crawl["last_run"]["new"]) == (other.url("/home"), 2)


class TestReasons:
    @pytest.fixture
    def workspace(self, embedded: Shape) -> Workspace:
        """What sites do is the same in both shapes."""
        return embedded.sign_up("Crawler").workspace("Crawls")

    def test_every_page_says_what_became_of_it(self, workspace: Workspace, site: Site) -> None:
        copied = text("copied") * 3
        links = ["/private/x", "/noindex", "/header", "/pic.png", "/data", "/copy", "/copy2", "/print", "/old",
                 "/gone", "/app", "/locked", "/loop"]  # fmt: skip
        site.html("/", "Start", text("start"), links=links)
        site.robots("User-agent: *\nDisallow: /private/\n")
        site.html("/noindex", "N", text("n"), links=["/behind"], head='<meta name="robots" content="noindex">')
        site.html("/behind", "Behind", text("behind"))
        site.html("/header", "H", text("h"), x_robots_tag="noindex")
        site.put("/data", b"\x00\x01", "application/zip")
        site.html("/copy", "Copied", copied)
        site.html("/copy2", "Copied", copied)
        site.html("/print", "Print", text("behind"), head='<link rel="canonical" href="/behind">')
        site.redirect("/old", "/behind")
        site.html("/app", "App", '<div id="root"></div><script src="/app.js"></script>')
        site.pages["/locked"] = Answer(status=401)
        site.redirect("/loop", "/loop")
        crawl = workspace.crawl(site.url())
        found = {path: (page["state"], page["code"]) for path, page in pages_of(workspace, crawl).items()}
        assert {found.pop("copy"), found.pop("copy2")} == {("INDEXED", None), ("SKIPPED", "DUPLICATE")}
        assert found == {
            "": ("INDEXED", None), "behind": ("INDEXED", None), "private/x": ("SKIPPED", "ROBOTS"),
            "noindex": ("SKIPPED", "NOINDEX"), "header": ("SKIPPED", "NOINDEX"), "pic.png": ("SKIPPED", "NOT_TEXT"),
            "data": ("SKIPPED", "NOT_TEXT"), "print": ("SKIPPED", "CANONICAL"), "old": ("REDIRECTED", None),
            "gone": ("MISSING", "MISSING"), "app": ("SKIPPED", "NEEDS_JAVASCRIPT"),
            "locked": ("FAILED", "ACCESS_DENIED"), "loop": ("FAILED", "TOO_MANY_REDIRECTS"),
            "sitemap.xml": ("READ", "NO_LIST"),
        }  # fmt: skip
        assert all(page["reason"] for page in pages_of(workspace, crawl, state="SKIPPED").values())
        assert list(pages_of(workspace, crawl, code="ROBOTS")) == ["private/x"]
        assert (site.count("/private/x"), site.count("/pic.png")) == (0, 0)
        assert crawl["last_run"]["skipped_by"]["ROBOTS"] == 1

    def test_files_go_through_the_file_pipeline(self, workspace: Workspace, site: Site) -> None:
        site.html("/", "Start", text("start"), links=["/prices.csv", "/notes"])
        site.put("/prices.csv", b"part,price\nlamp,12 euros\n", "text/csv")
        site.put("/notes", b"Plain notes about the harbour crane.", "text/plain")
        workspace.crawl(site.url())
        assert workspace.search("lamp")["results"][0]["url"].startswith(site.url("/prices.csv"))
        assert workspace.search("harbour crane")["results"][0]["url"].startswith(site.url("/notes"))

    def test_pages_that_need_javascript_are_rendered_by_choice(self, workspace: Workspace, site: Site) -> None:
        chromium()
        script = (
            "fetch('/api.json').then(r => r.json()).then(found => { document.getElementById('root').innerHTML = "
            "`<h1>App</h1><p>${found.text}</p><a href='/next'>next</a>`; })"
        )
        site.html("/", "App", f'<div id="root"></div><script>{script}</script>')
        site.put("/api.json", b'{"text": "The quicksilver lever was drawn by a script."}', "application/json")
        site.html("/next", "Next", text("next"))
        crawl = workspace.crawl(site.url(), render=True)
        assert (crawl["last_run"]["new"], crawl["last_run"]["skipped"]) == (2, 0)
        assert "quicksilver" in workspace.search("quicksilver")["results"][0]["content"]
        site.put("/api.json", b'{"text": "The platinum lever was drawn by a script."}', "application/json")
        assert again(workspace, crawl)["last_run"]["changed"] == 1

    def test_sitemaps_and_feeds_find_what_no_link_does(self, workspace: Workspace, site: Site) -> None:
        site.html("/", "Start", text("start"), head='<link rel="alternate" type="application/rss+xml" href="/feed">')
        site.robots(f"Sitemap: {site.url('/maps.xml')}\n")
        site.put(
            "/maps.xml", f"<sitemapindex><sitemap><loc>{site.url('/map1.xml')}</loc></sitemap></sitemapindex>".encode(),
            "application/xml",
        )  # fmt: skip
        site.put("/map1.xml", f"<urlset><url><loc>{site.url('/hidden')}</loc></url></urlset>".encode(), "text/xml")
        feed = f"<rss><channel><item><link>{site.url('/news')}</link></item></channel></rss>"
        site.put("/feed", feed.encode(), "application/rss+xml")
        site.html("/hidden", "Hidden", text("hidden"))
        site.html("/news", "News", text("news"))
        crawl = workspace.crawl(site.url())
        assert crawl["last_run"]["new"] == 3
        assert pages_of(workspace, crawl)["hidden"]["via"] == "SITEMAP_ENTRY"
        without = workspace.crawl(site.url("/?x=1"), sitemaps=False)
        assert without["last_run"]["found"] == 0

    def test_robots_that_cannot_be_reached_forbid_all_for_now(self, workspace: Workspace, small: Site) -> None:
        small.pages["/robots.txt"] = Answer(status=503)
        begun = workspace.post("/documents/url", json={"url": small.url(), "collection_id": workspace.collection})
        page = until(lambda: pages_of(workspace, begun.json()).get(""), lambda page: page and page["code"])
        assert page["code"] == "ROBOTS_UNREACHABLE"
        assert small.count("/") == 0
        assert workspace.post(f"/crawls/{begun.json()['crawl_id']}/cancel").status_code == 200


class TestAgain:
    def test_what_is_unchanged_is_only_asked_for(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        small.forget()
        crawl = again(workspace, crawl)
        assert (crawl["last_run"]["unchanged"], crawl["last_run"]["new"]) == (4, 0)
        assert workspace.get(f"/jobs/{crawl['job_id']}").json()["total"] == 0
        asked = [one for one in small.requests if one.path in ("/", "/a", "/b", "/deep/c.html")]
        assert len(asked) == 4
        assert all("if-none-match" in one.headers for one in asked)

    @BOTH_SHAPES
    def test_changed_new_and_gone(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        small.html("/", "Start", text("start"), links=["/a", "/b", "/deep/c.html", "/d"])
        small.html("/a", "Anvils", text("steam hammer"))
        small.html("/d", "Drills", text("drill"))
        small.remove("/b")
        crawl = again(workspace, crawl)
        assert changes_of(workspace, crawl) == {"NEW": 1, "CHANGED": 2, "GONE": 1}
        assert small.count("/b") == 3  # once in the first run; missing twice before it is gone
        assert pages_of(workspace, crawl)["b"]["state"] == "GONE"
        hits = [hit["external_id"] for hit in workspace.search("bellows")["results"]]
        assert small.url("/b") not in hits
        assert workspace.search("steam hammer")["results"][0]["external_id"] == small.url("/a")
        assert {one["version"] for one in workspace.get("/documents").json()["documents"]} == {1, 2}

    def test_without_validators_the_text_decides(self, workspace: Workspace, site: Site) -> None:
        def page(token: str, words: str) -> Answer:
            body = f'<html><head><title>T</title></head><body><form><input value="{token}"></form>{words}</body></html>'
            return Answer(body.encode(), headers={"content-type": "text/html"}, conditional=False)

        site.pages["/"] = page("1", text("start"))
        crawl = workspace.crawl(site.url())
        site.pages["/"] = page("2", text("start"))
        assert again(workspace, crawl)["last_run"]["unchanged"] == 1
        site.pages["/"] = page("3", text("other"))
        assert again(workspace, crawl)["last_run"]["changed"] == 1

    def test_the_copy_of_a_page_that_went_takes_its_place(self, workspace: Workspace, small: Site) -> None:
        small.html("/b", "Anvils", text("anvil"), links=["/", "/b"])  # as /a
        crawl = workspace.crawl(small.url())
        kept, copy = sorted(("a", "b"), key=lambda path: pages_of(workspace, crawl)[path]["state"])
        assert pages_of(workspace, crawl)[copy]["code"] == "DUPLICATE"
        small.remove(f"/{kept}")
        crawl = again(workspace, crawl)
        assert pages_of(workspace, crawl)[kept]["state"] == "GONE"
        crawl = again(workspace, crawl)
        assert pages_of(workspace, crawl)[copy]["state"] == "INDEXED"

    def test_a_failing_page_keeps_its_document(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        small.pages["/a"] = Answer(status=403)
        crawl = again(workspace, crawl)
        assert pages_of(workspace, crawl)["a"]["state"] == "FAILED"
        assert workspace.search("anvil")["results"][0]["external_id"] == small.url("/a")

    def test_a_page_that_forbids_indexing_now_is_removed(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        small.html("/a", "Anvils", text("anvil"), head='<meta name="robots" content="noindex">')
        crawl = again(workspace, crawl)
        assert changes_of(workspace, crawl)["GONE"] == 1
        assert small.url("/a") not in [hit["external_id"] for hit in workspace.search("anvil")["results"]]

    def test_a_deleted_document_comes_back_with_the_next_run(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        document = pages_of(workspace, crawl)["a"]["document_id"]
        workspace.delete(f"/documents/{document}")
        assert again(workspace, crawl)["last_run"]["new"] == 1

    def test_broken_links_are_reported_again(self, workspace: Workspace, small: Site) -> None:
        small.remove("/b")
        crawl = workspace.crawl(small.url())
        assert crawl["last_run"]["broken_links"] == 1
        crawl = again(workspace, crawl)
        assert (crawl["last_run"]["broken_links"], changes_of(workspace, crawl)) == (1, {"FAILED": 1})

    def test_runs_are_listed(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        again(workspace, crawl)
        runs = workspace.get(f"/crawls/{crawl['crawl_id']}/runs").json()
        assert ([run["new"] for run in runs["runs"]], runs["total"]) == ([0, 4], 2)


class TestSchedule:
    @BOTH_SHAPES
    def test_runs_again_when_its_time_has_come(self, shape: Shape, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url(), every_hours=24)
        assert crawl["next_run_at"] > utc_now().isoformat()[:19]
        with shape.parts.database.write() as session:
            early = {"next_run_at": utc_now() - timedelta(seconds=1)}
            session.execute(update(CrawlSource).where(CrawlSource.id == crawl["crawl_id"]).values(**early))
        runs = f"/crawls/{crawl['crawl_id']}/runs"
        found = until(lambda: workspace.get(runs).json(), lambda now: now["total"] == 2)
        workspace.crawled({**crawl, "run_id": found["runs"][0]["id"], "job_id": found["runs"][0]["job_id"]})
        assert workspace.get(f"/crawls/{crawl['crawl_id']}").json()["next_run_at"] > utc_now().isoformat()[:19]

    def test_by_the_workspaces_clock(self, workspace: Workspace, small: Site) -> None:
        assert workspace.patch("", json={"timezone": "Asia/Tokyo"}).status_code == 200
        crawl = workspace.crawl(small.url(), schedule="30 9 * * *")
        assert crawl["next_run_at"].endswith("T00:30:00Z")
        changed = workspace.patch(f"/crawls/{crawl['crawl_id']}", json={"schedule": None}).json()
        assert (changed["schedule"], changed["next_run_at"]) == (None, None)


class TestControl:
    @pytest.fixture
    def slow(self, site: Site) -> Site:
        site.html("/", "Start", text("start"), links=[f"/p{n}" for n in range(40)])
        for n in range(40):
            site.html(f"/p{n}", f"Page {n}", text(f"subject{n}")).delay_s = 0.15
        return site

    def begin(self, workspace: Workspace, site: Site, fetched: int = 5) -> dict[str, Any]:
        body = {"url": site.url(), "collection_id": workspace.collection}
        begun = workspace.post("/documents/url", json=body).json()
        until(lambda: len(site.requests), lambda count: count > fetched)
        return dict(begun)

    def test_live_progress(self, workspace: Workspace, slow: Site) -> None:
        begun = self.begin(workspace, slow)
        path = f"/crawls/{begun['crawl_id']}"
        run = until(lambda: workspace.get(path).json()["last_run"], lambda run: run["rate_per_min"] and run["queued"])
        assert run["state"] == "RUNNING"
        assert run["found"] == 41  # with the sitemap that was looked for
        assert run["estimate_s"] > 0
        with workspace.shape.http.stream(
            "GET", f"/api/v1/workspaces/{workspace.id}{path}/events",
            headers={"Authorization": f"Bearer {workspace.token}"},
        ) as events:  # fmt: skip
            lines = [line for line in events.iter_lines() if line.startswith("data:")]
        assert '"state":"COMPLETED"' in lines[-1]
        assert len(lines) > 1

    @BOTH_SHAPES
    def test_pause_and_resume(self, workspace: Workspace, slow: Site) -> None:
        begun = self.begin(workspace, slow)
        path = f"/crawls/{begun['crawl_id']}"
        assert workspace.post(f"{path}/pause").json()["state"] == "PAUSED"
        check_error(workspace.post(f"{path}/pause"), 409, "CRAWL_PAUSED")
        quiet = until(lambda: len(slow.requests), Settled())
        assert quiet < 40
        assert workspace.post(f"{path}/resume").json()["state"] == "RUNNING"
        assert workspace.crawled(begun)["last_run"]["new"] == 41
        assert max(Counter(request.path for request in slow.requests).values()) == 1

    @BOTH_SHAPES
    def test_cancel_stops_at_once_and_keeps_what_is_searchable(self, workspace: Workspace, slow: Site) -> None:
        begun = self.begin(workspace, slow)
        assert workspace.post(f"/crawls/{begun['crawl_id']}/cancel").json()["state"] == "CANCELLED"
        check_error(workspace.post(f"/crawls/{begun['crawl_id']}/cancel"), 409, "CRAWL_NOT_RUNNING")
        assert workspace.wait_job(begun["job_id"])["status"] == "CANCELLED"
        assert until(lambda: len(slow.requests), Settled()) < 40

    def test_cancelling_the_job_cancels_the_crawl(self, workspace: Workspace, slow: Site) -> None:
        begun = self.begin(workspace, slow)
        assert workspace.post(f"/jobs/{begun['job_id']}/cancel").json()["status"] == "CANCELLED"
        assert workspace.get(f"/crawls/{begun['crawl_id']}").json()["last_run"]["state"] == "CANCELLED"

    def test_refresh_of_one_page(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        small.html("/a", "Anvils", text("steam hammer"))
        small.html("/b", "Bellows", text("changed too"))
        small.forget()
        reply = workspace.post(f"/crawls/{crawl['crawl_id']}/refresh", json={"url": small.url("/a")})
        assert reply.status_code == 202
        done = workspace.crawled(reply.json())
        assert (done["last_run"]["changed"], done["last_run"]["fetched"]) == (1, 1)
        assert [request.path for request in small.requests if request.path != "/robots.txt"] == ["/a"]
        unknown = workspace.post(f"/crawls/{crawl['crawl_id']}/refresh", json={"url": small.url("/zzz")})
        check_error(unknown, 404, "PAGE_NOT_FOUND", "url")
        check_error(workspace.post(f"/crawls/{crawl['crawl_id']}/refresh", json={}), 400, field="url")

    def test_dry_run_stores_nothing(self, workspace: Workspace, small: Site) -> None:
        reply = workspace.post("/crawls/preview", json={"url": small.url(), "exclude_patterns": ["/deep/*"]})
        assert reply.status_code == 200, reply.text
        found = {page["url"]: (page["action"], page["code"]) for page in reply.json()["pages"]}
        assert found[small.url("/a")] == ("FETCH", None)
        assert found[small.url("/deep/c.html")] == ("SKIP", "EXCLUDED")
        assert (reply.json()["would_fetch"], reply.json()["is_complete"]) == (3, True)
        assert workspace.get("/crawls").json()["total"] == 0
        assert workspace.get("/documents").json()["total"] == 0

    def test_dry_run_waits_for_no_second_try(self, workspace: Workspace, small: Site) -> None:
        small.pages["/a"] = Answer(status=503, headers={"retry-after": "2"})
        reply = workspace.post("/crawls/preview", json={"url": small.url()}).json()
        found = {page["url"]: (page["action"], page["code"]) for page in reply["pages"]}
        assert found[small.url("/a")] == ("FAIL", "SERVER_ERROR")
        assert (small.count("/a"), reply["is_complete"]) == (1, True)

    def test_dry_run_counts_as_a_crawl_would(self, workspace: Workspace, slow: Site) -> None:
        found = workspace.post("/crawls/preview", json={"url": slow.url(), "max_pages": 3}).json()
        assert (found["would_fetch"], found["total"], found["is_complete"]) == (3, 41, False)
        assert {page["code"] for page in found["pages"] if page["action"] == "SKIP"} == {"MAX_PAGES"}

    def test_dry_runs_of_slow_sites_hold_up_nobody(
        self, workspace: Workspace, small: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A site that sends a byte now and then: the promised seconds are for all of it, and others are served."""
        monkeypatch.setattr("domain.crawls.preview.WALL_S", 3.0)
        small.pages["/robots.txt"] = Answer(stream=drips)
        with ThreadPoolExecutor(12) as pool:
            asked = [pool.submit(workspace.post, "/crawls/preview", json={"url": small.url()}) for _ in range(12)]
            until(lambda: small.count("/robots.txt"), lambda count: count >= 6)
            assert workspace.shape.http.get("/livez").status_code == 200
            assert workspace.shape.http.get("/readyz").status_code == 200
            assert workspace.get("/crawls").status_code == 200
            replies = [one.result(30) for one in asked]
        assert sorted({reply.status_code for reply in replies}) == [200, 429]
        full = next(reply for reply in replies if reply.status_code == 429)
        assert (full.json()["code"], full.headers["retry-after"]) == ("PREVIEWS_BUSY", "5")

    def test_change_and_etag(self, workspace: Workspace, small: Site) -> None:
        crawl = workspace.crawl(small.url())
        path = f"/crawls/{crawl['crawl_id']}"
        tag = workspace.get(path).headers["etag"]
        changed = workspace.patch(path, json={"exclude_patterns": ["/deep/*"]}, headers={"If-Match": tag})
        assert changed.json()["exclude_patterns"] == ["/deep/*"]
        check_error(workspace.patch(path, json={"max_depth": 1}, headers={"If-Match": tag}), 412)
        crawl = again(workspace, crawl)
        assert changes_of(workspace, crawl) == {"GONE": 1}

    @pytest.mark.parametrize(("documents", "left"), [("delete", 0), ("keep", 4)])
    def test_delete(self, workspace: Workspace, small: Site, documents: str, left: int) -> None:
        crawl = workspace.crawl(small.url())
        path = f"/crawls/{crawl['crawl_id']}"
        assert workspace.delete(path, params={"documents": documents}).status_code == 200
        check_error(workspace.get(path), 404, "CRAWL_NOT_FOUND")
        assert workspace.get("/documents").json()["total"] == left

    @BOTH_SHAPES
    def test_a_deleted_collection_ends_its_crawl(self, shape: Shape, workspace: Workspace, slow: Site) -> None:
        begun = self.begin(workspace, slow)
        assert workspace.delete(f"/collections/{workspace.collection}").status_code == 200
        check_error(workspace.get(f"/crawls/{begun['crawl_id']}"), 404, "CRAWL_NOT_FOUND")

        def rows() -> list[str]:
            with shape.parts.database.read() as session:
                return list(session.scalars(select(CrawlSource.id).where(CrawlSource.id == begun["crawl_id"])))

        until(rows, lambda found: found == [])
        assert workspace.get("/documents").json()["total"] == 0


class TestCredentials:
    @BOTH_SHAPES
    def test_are_sent_to_the_site_alone_and_never_shown(self, shape: Shape, workspace: Workspace, small: Site) -> None:
        secrets = {
            "username": "ada", "password": "hunter22hunter22", "headers": {"X-Key": "sesame-secret"},
            "cookies": {"session": "cookie-secret"},
        }  # fmt: skip
        with Site() as other:
            small.redirect("/a", other.url("/"))
            crawl = workspace.crawl(small.url(), credentials=secrets)
            first = next(request for request in small.requests if request.path == "/")
            assert first.headers["authorization"].startswith("Basic ")
            assert (first.headers["x-key"], first.headers["cookie"]) == ("sesame-secret", "session=cookie-secret")
            assert other.requests == []
        shown = workspace.get(f"/crawls/{crawl['crawl_id']}").text + workspace.get("/crawls").text
        assert '"has_credentials":true' in shown
        assert "secret" not in shown
        with shape.parts.database.read() as session:
            sealed = session.scalar(select(CrawlSource.sealed).where(CrawlSource.id == crawl["crawl_id"]))
        assert sealed
        assert b"secret" not in sealed
        small.forget()
        workspace.patch(f"/crawls/{crawl['crawl_id']}", json={"credentials": None})
        again(workspace, crawl)
        assert all("authorization" not in request.headers for request in small.requests)

    def test_cookies_of_the_site_are_not_kept(self, workspace: Workspace, small: Site) -> None:
        small.pages["/"].headers["set-cookie"] = "visitor=1"
        workspace.crawl(small.url())
        assert all("cookie" not in request.headers for request in small.requests)


class TestManners:
    @pytest.fixture
    def workspace(self, embedded: Shape) -> Workspace:
        """What sites do is the same in both shapes."""
        return embedded.sign_up("Crawler").workspace("Crawls")

    def test_waits_as_long_as_the_host_asks(self, workspace: Workspace, small: Site) -> None:
        busy = Answer(status=429, headers={"retry-after": "1"})
        small.script("/a", [busy, small.pages["/a"]])
        crawl = workspace.crawl(small.url())
        assert crawl["last_run"]["new"] == 4
        first, second = [request.at for request in small.requests if request.path == "/a"]
        assert second - first >= 1.0
        assert not [one for one in small.requests if first < one.at < first + 0.9 and one.at - first > 0.3]

    def test_crawl_delay(self, workspace: Workspace, small: Site, begun: list[float]) -> None:
        small.robots("User-agent: *\nCrawl-delay: 0.3\n")
        workspace.crawl(small.url())
        assert len(begun) == len([one for one in small.requests if one.path != "/robots.txt"]) > 3
        assert min(later - earlier for earlier, later in pairwise(begun)) >= 0.3
        assert small.most_at_once == 1


class TestHostileSites:
    @pytest.fixture
    def workspace(self, embedded: Shape) -> Workspace:
        """What sites do is the same in both shapes."""
        return embedded.sign_up("Crawler").workspace("Crawls")

    @pytest.fixture(autouse=True)
    def _good_and_bad(self, site: Site) -> None:
        site.html("/", "Start", text("start"), links=["/bad", "/good"])
        site.html("/good", "Good", text("good"))

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (Answer(b"x", headers={"content-length": "10737418240", "content-type": "text/html"}), "TOO_LARGE"),
            (Answer(b"junk", headers={"content-encoding": "gzip", "content-type": "text/html"}), "BAD_ENCODING"),
            (Answer(b"junk", headers={"content-encoding": "br", "content-type": "text/html"}), "BAD_ENCODING"),
            (Answer(status=302, headers={"location": "http://169.254.169.254/"}), "OTHER_SITE"),
            (Answer(status=302, headers={"location": "file:///etc/passwd"}), "BAD_REDIRECT"),
            (Answer(status=302), "BAD_REDIRECT"), (Answer(status=418), "HTTP_ERROR"),
            (Answer(b"", headers={"content-type": "text/html"}), "EMPTY"),
        ],
    )  # fmt: skip
    def test_is_listed_with_its_reason(self, workspace: Workspace, site: Site, answer: Answer, code: str) -> None:
        site.pages["/bad"] = answer
        crawl = workspace.crawl(site.url())
        pages = pages_of(workspace, crawl)
        assert pages["bad"]["code"] == code
        assert pages["bad"]["reason"]
        assert pages["good"]["state"] == "INDEXED"

    def test_endless_redirects_end(self, workspace: Workspace, site: Site) -> None:
        site.redirect("/bad", "/hop0")
        for n in range(50):
            site.redirect(f"/hop{n}", f"/hop{n + 1}")
        crawl = workspace.crawl(site.url())
        assert sum(request.path.startswith("/hop") for request in site.requests) <= 11
        assert crawl["last_run"]["failed"] == 1

    def test_an_endless_calendar_is_bounded(self, workspace: Workspace, site: Site) -> None:
        site.html("/bad", "Calendar", text("calendar"), links=["/calendar/2026/11"])
        year, month = 2026, 11
        for _ in range(60):
            following = (year + month // 12, month % 12 + 1)
            here, there = (f"/calendar/{y}/{m:02}" for y, m in ((year, month), following))
            site.html(here, here, text(here), links=[there])
            year, month = following
        crawl = workspace.crawl(site.url())
        assert crawl["last_run"]["skipped_by"]["TRAP"] == 1
        assert crawl["last_run"]["new"] < 20

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ("<p>Grüße aus Köln</p>".encode("latin-1"), "text/html; charset=utf-8"),
            ("<p>Grüße aus Köln</p>".encode(), "text/html; charset=iso-8859-1"),
            ("<p>Grüße aus Köln</p>".encode("utf-16"), "text/html"),
            ("<meta charset=iso-8859-1><p>Grüße aus Köln</p>".encode("latin-1"), "text/html"),
            ("<p>Grüße aus Köln</p>".encode("latin-1"), "text/html; charset=latin1"),
        ],
    )
    def test_wrong_charsets_are_read_right(self, workspace: Workspace, site: Site, body: bytes, kind: str) -> None:
        site.put("/bad", body, kind)
        workspace.crawl(site.url())
        documents = {one["source_url"]: one["id"] for one in workspace.get("/documents").json()["documents"]}
        found = workspace.get(f"/documents/{documents[site.url('/bad')]}/text").json()["text"]
        assert "Grüße aus Köln" in found


class Settled:
    """Holds once the same value was seen for a second."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def __call__(self, value: Any) -> bool:
        self.seen.append(value)
        recent = self.seen[-50:]
        return len(recent) == 50 and len(set(recent)) == 1
