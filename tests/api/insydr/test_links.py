"""CONTRACT, rows 4 and 5b: `url` of a citation and of a result leads to the place itself."""

import json
from urllib.parse import unquote

import pytest
from sqlalchemy import update

from domain.models import Document
from tests.support.client import Workspace
from tests.support.pdf_bytes import Line, pdf

PAGE = """<html><head><title>Pumps</title><meta name="generator" content="mkdocs-1.6"></head><body>
<h1 id="pumps">Pumps</h1>
<p>All about them.</p><h2 id="warranty">Warranty</h2><p>The warranty covers a low-cost pump for two years.</p></body>"""
URL = "https://x.org/pumps"


def published(workspace: Workspace, document_id: str, url: str) -> None:
    """As a crawl leaves it: the document has the address that it was read from."""
    with workspace.shape.parts.database.write() as session:
        session.execute(update(Document).where(Document.id == document_id).values(source_url=url))


def citation(workspace: Workspace, question: str) -> dict[str, str]:
    agent = workspace.agent(response_config={"confidence_threshold": 0})["id"]
    return dict(workspace.post(f"/agents/{agent}/test", json={"message": question}).json()["sources"][0])


class TestPages:
    def test_lead_to_the_heading_and_the_words(self, workspace: Workspace) -> None:
        published(workspace, workspace.ingest(PAGE, "pumps.html")["id"], URL)
        source = citation(workspace, "How long does the warranty cover a pump?")
        bare, directive = source["url"].split(":~:text=")
        assert bare in (f"{URL}#pumps", f"{URL}#warranty")
        assert "The warranty covers a low%2Dcost pump for two years." in directive.replace("%20", " ")
        hit = workspace.search("warranty pump")["results"][0]
        assert hit["url"].startswith((f"{URL}#pumps:~:text=", f"{URL}#warranty:~:text="))

    def test_of_a_batch_lead_to_the_words(self, workspace: Workspace) -> None:
        record = {"title": "Tea", "text": "Green tea is brewed at 75 degrees.", "url": f"{URL}?a=1#tea"}
        workspace.wait_job(workspace.batch(json.dumps(record)).json()["id"])
        expected = f"{URL}?a=1#tea:~:text=Green tea is brewed at 75 degrees."
        assert unquote(workspace.search("green tea")["results"][0]["url"]) == expected
        assert unquote(citation(workspace, "At how many degrees is green tea brewed?")["url"]) == expected

    def test_reread_get_the_new_anchors(self, workspace: Workspace) -> None:
        page = workspace.upload(PAGE, "pumps.html", external_id="p").json()["id"]
        assert workspace.wait(page)["status"] == "COMPLETED"
        published(workspace, page, URL)
        again = PAGE.replace('"pumps"', '"new"').replace('"warranty"', '"newer"')
        workspace.wait(workspace.upload(again, "pumps.html", external_id="p").json()["id"])
        assert workspace.search("warranty pump")["results"][0]["url"].startswith(f"{URL}#new")


class TestOthers:
    def test_without_a_url_have_none(self, workspace: Workspace) -> None:
        workspace.ingest(PAGE, "pumps.html")
        assert workspace.search("warranty pump")["results"][0]["url"] is None

    @pytest.mark.parametrize("name", ["manual.pdf", "manual"])
    def test_pdfs_lead_to_the_page(self, workspace: Workspace, name: str) -> None:
        first = [f"Line {n} of the first page says that the pump is made of steel." for n in range(40)]
        pages = [first, ["The second valve is made of brass."]]
        content = pdf([[Line(72, 740 - 16 * n, line) for n, line in enumerate(lines)] for lines in pages])
        published(workspace, workspace.ingest(content, "manual.pdf")["id"], f"https://x.org/{name}")
        assert citation(workspace, "What is the second valve made of?")["url"] == f"https://x.org/{name}#page=2"
