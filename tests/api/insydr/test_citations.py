"""CONTRACT, Insydr row 5: a citation in its context and on its page."""

import io
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from sqlalchemy import delete, update

from domain.models import Document, DocumentVersion
from tests.support.client import Account, Workspace, check_error
from tests.support.pdf_bytes import Line, pdf

SIZE_CHART = Path(__file__).resolve().parents[3] / "insydr" / "demo_files" / "size-chart.pdf"
PROSE = "Frames are guaranteed for ten years. The chain is not. Wheels have two years, if they are trued every spring."


def cite(workspace: Workspace, document: dict[str, Any], quote: str, **options: Any) -> dict[str, Any]:
    """The citation of the place where the document's text has `quote`."""
    text = text_of(workspace, document, **options)
    start = text.index(quote)
    reply = workspace.get(path_of(document), params={"start": start, "end": start + len(quote), **options})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    assert found["quote"] == quote
    assert text[: found["char_start"]].endswith(found["before"])
    assert text[found["char_end"] :].startswith(found["after"])
    encoded = text.encode("utf-16-le")
    assert encoded[2 * found["utf16_start"] : 2 * found["utf16_end"]].decode("utf-16-le") == quote
    return found


def text_of(workspace: Workspace, document: dict[str, Any], **params: Any) -> str:
    return str(workspace.get(f"/documents/{document['id']}/text", params=params).json()["text"])


def path_of(document: dict[str, Any]) -> str:
    return f"/documents/{document['id']}/citation"


def words_within(raw: bytes, rectangle: dict[str, Any]) -> str:
    """What stands in a rectangle of an upright page, as pdfium itself says."""
    document = pdfium.PdfDocument(raw)
    try:
        page = document[rectangle["page"] - 1].get_textpage()
        top, left = rectangle["page_height"] - rectangle["y"], rectangle["x"]
        bounds = {"left": left, "top": top, "right": left + rectangle["width"], "bottom": top - rectangle["height"]}
        return " ".join(page.get_text_bounded(**bounds).split())
    finally:
        document.close()


class TestText:
    def test_the_quote_stands_in_its_context(self, workspace: Workspace) -> None:
        document = workspace.ingest(PROSE, "warranty.txt")
        found = cite(workspace, document, "The chain is not.")
        assert found["before"] == "Frames are guaranteed for ten years. "
        assert found["after"] == " Wheels have two years, if they are trued every spring."
        assert (found["title"], found["version"], found["is_live"], found["format"]) == (
            "warranty.txt",
            1,
            True,
            "text",
        )
        assert (found["page"], found["page_end"], found["rectangles"], found["notice"]) == (None, None, [], None)
        assert (found["document_id"], found["chunk_index"], found["url"]) == (document["id"], 0, None)

    def test_context_is_cut_at_words(self, workspace: Workspace) -> None:
        words = " ".join(f"word{number}" for number in range(400))
        found = cite(workspace, workspace.ingest(words), "word200 word201")
        assert 280 < len(found["before"]) <= 300
        assert 100 < len(found["after"]) <= 300  # a run of words without an end is cut into sentences, too
        assert found["before"].split()[0] in words.split()
        assert found["after"].split()[-1] in words.split()

    def test_the_beginning_and_the_end(self, workspace: Workspace) -> None:
        document = workspace.ingest("One two.")
        found = cite(workspace, document, "One two.")
        assert (found["before"], found["after"]) == ("", "")
        assert cite(workspace, document, "two")["before"] == "One "

    def test_utf16_offsets_are_a_browsers(self, workspace: Workspace) -> None:
        found = cite(workspace, workspace.ingest("🚲 Bikes 👩‍🔧 are repaired. Ünïque 𝕏 here 🔧 too."), "𝕏 here 🔧")
        assert found["utf16_start"] - found["char_start"] == 3
        assert found["utf16_end"] - found["char_end"] == 5

    def test_a_span_deep_in_a_long_text(self, workspace: Workspace) -> None:
        text = "Ein Satz über Räder 🚲. " * 20_000 + "Der letzte Satz ist kurz."
        found = cite(workspace, workspace.ingest(text), "Der letzte Satz")
        assert found["utf16_start"] == found["char_start"] + 20_000
        assert found["after"] == " ist kurz."

    def test_headings_of_markdown(self, workspace: Workspace) -> None:
        raw = "# Guide\n\nWelcome.\n\n## Brakes\n\nPads last a year.\n\n## Chain\n\nOil it weekly."
        found = cite(workspace, workspace.ingest(raw, "guide.md"), "Oil it weekly.")
        assert found["heading_path"][-1:] in (["Chain"], ["Guide"])
        assert found["format"] == "markdown"

    def test_the_link_of_a_record_leads_to_the_words(self, workspace: Workspace) -> None:
        line = '{"external_id": "a", "title": "A", "text": "The alpha text is here.", "url": "https://x.org/a"}'
        workspace.wait_job(workspace.batch(line).json()["id"])
        (row,) = workspace.get("/documents").json()["documents"]
        found = cite(workspace, row, "alpha text")
        assert (found["url"], found["external_id"]) == ("https://x.org/a#:~:text=alpha%20text", "a")

    def test_an_answers_source_is_one(self, workspace: Workspace) -> None:
        workspace.ingest(PROSE, "warranty.txt")
        agent = workspace.agent(response_config={"confidence_threshold": 0})
        reply = workspace.post(f"/agents/{agent['id']}/test", json={"message": "How long are frames guaranteed?"})
        source = reply.json()["sources"][0]
        span = {"start": source["char_start"], "end": source["char_end"], "version": source["version"]}
        assert (
            workspace.get(f"/documents/{source['document_id']}/citation", params=span).json()["quote"]
            == source["quote"]
        )

    def test_head(self, workspace: Workspace) -> None:
        document = workspace.ingest("One two.")
        reply = workspace.call("HEAD", path_of(document), params={"start": 0, "end": 3})
        assert (reply.status_code, reply.content) == (200, b"")


class TestVersions:
    def test_old_ones_can_be_cited_until_they_go(self, workspace: Workspace) -> None:
        document = workspace.ingest("The old text.", external_id="a")
        workspace.ingest("A new text.", external_id="a")
        old = cite(workspace, document, "old", version=1)
        assert (old["version"], old["is_live"]) == (1, False)
        assert cite(workspace, document, "new")["version"] == 2
        with workspace.shape.parts.database.write() as session:
            session.execute(
                delete(DocumentVersion).where(
                    DocumentVersion.document_id == document["id"], DocumentVersion.version == 1
                )
            )
        gone = workspace.get(path_of(document), params={"start": 0, "end": 3, "version": 1})
        check_error(gone, 404, "VERSION_GONE")
        assert "not kept any more" in gone.json()["detail"]

    def test_one_without_text(self, workspace: Workspace) -> None:
        document = workspace.ingest("Some text.")
        with workspace.shape.parts.database.write() as session:
            session.execute(
                update(DocumentVersion).where(DocumentVersion.document_id == document["id"]).values(text=None)
            )
        reply = workspace.get(path_of(document), params={"start": 0, "end": 3})
        check_error(reply, 404, "VERSION_WITHOUT_TEXT")


class TestErrors:
    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"start": 3, "end": 3}, "end"), ({"start": 4, "end": 3}, "end"), ({"start": 0, "end": 9}, "end"),
            ({"start": 8, "end": 9}, "start"), ({"start": -1, "end": 3}, "start"), ({"start": 0}, "end"),
            ({"end": 3}, "start"), ({"start": "x", "end": 3}, "start"), ({"start": 0, "end": 2**40}, "end"),
            ({"start": 0, "end": 3, "version": 0}, "version"),
        ],
    )  # fmt: skip
    def test_spans_that_are_none(self, params: dict[str, Any], field: str, workspace: Workspace) -> None:
        check_error(workspace.get(path_of(workspace.ingest("One two.")), params=params), 400, "VALIDATION_ERROR", field)

    def test_a_span_too_long(self, workspace: Workspace) -> None:
        document = workspace.ingest("word " * 1_000)
        assert workspace.get(path_of(document), params={"start": 0, "end": 4_000}).status_code == 200
        reply = workspace.get(path_of(document), params={"start": 0, "end": 4_001})
        check_error(reply, 400, "VALIDATION_ERROR", "end")
        assert "4,000" in reply.json()["detail"]

    def test_what_is_not_there(self, workspace: Workspace) -> None:
        span = {"start": 0, "end": 3}
        check_error(workspace.get("/documents/doc_none/citation", params=span), 404, "DOCUMENT_NOT_FOUND")
        document = workspace.ingest("One two.")
        check_error(workspace.get(path_of(document), params={**span, "version": 2}), 404, "VERSION_NOT_FOUND")
        workspace.delete(f"/documents/{document['id']}")
        check_error(workspace.get(path_of(document), params=span), 404, "DOCUMENT_NOT_FOUND")

    def test_anothers_document_is_not_there(self, workspace: Workspace, owner: Account) -> None:
        document = workspace.ingest("One two.")
        other = owner.workspace("Other")
        check_error(other.get(path_of(document), params={"start": 0, "end": 3}), 404, "DOCUMENT_NOT_FOUND")


class TestPdf:
    def test_a_rectangle_lies_where_the_words_are(self, workspace: Workspace) -> None:
        raw = pdf([[Line(72, 700, "Frames last for ten years."), Line(72, 650, "Wheels are trued every spring.")]])
        found = cite(workspace, workspace.ingest(raw, "a.pdf"), "Wheels are trued")
        (one,) = found["rectangles"]
        assert (one["page"], one["page_width"], one["page_height"]) == (1, 612, 792)
        assert one["x"] == pytest.approx(72, abs=1)
        assert one["y"] < 792 - 650 < one["y"] + one["height"]
        assert 8 < one["height"] < 16
        assert words_within(raw, one) == "Wheels are trued"
        assert (found["page"], found["page_end"], found["notice"], found["format"]) == (1, 1, None, "pdf")

    def test_one_a_line_across_pages(self, workspace: Workspace) -> None:
        first = [Line(72, 720, "Long rides")] + [
            Line(72, 700 - 14 * n, f"Line {n} of the first page goes on") for n in range(3)
        ]
        second = [Line(72, 720, "and the second page ends what the first began.")]
        raw = pdf([first, second])
        document = workspace.ingest(raw, "a.pdf")
        text = text_of(workspace, document)
        start, end = text.index("Line 1"), text.index("what the first began.") + len("what the first began.")
        found = workspace.get(path_of(document), params={"start": start, "end": end}).json()
        marked = [words_within(raw, one) for one in found["rectangles"]]
        assert marked == [
            "Line 1 of the first page goes on", "Line 2 of the first page goes on",
            "and the second page ends what the first began.",
        ]  # fmt: skip
        assert (found["page"], found["page_end"]) == (1, 2)

    def test_the_same_words_twice_are_told_apart(self, workspace: Workspace) -> None:
        raw = pdf([[Line(72, 700, "Frames: guaranteed, see below."), Line(72, 650, "Chains: guaranteed, see below.")]])
        document = workspace.ingest(raw, "a.pdf")
        start = text_of(workspace, document).rindex("guaranteed")
        (one,) = workspace.get(path_of(document), params={"start": start, "end": start + 10}).json()["rectangles"]
        assert one["y"] > 792 - 670

    def test_rows_of_a_table(self, workspace: Workspace) -> None:
        raw = SIZE_CHART.read_bytes()
        document = workspace.ingest(raw, "size-chart.pdf")
        row = next(
            line
            for line in text_of(workspace, document).splitlines()
            if line.startswith("|") and any(map(str.isdigit, line))
        )
        found = cite(workspace, document, row)
        assert found["rectangles"], found["notice"]
        there = " ".join(words_within(raw, one) for one in found["rectangles"])
        assert there.split() == row.replace("|", " ").split()

    def test_words_cut_at_a_lines_end(self, workspace: Workspace) -> None:
        raw = pdf(
            [[Line(72, 700, "Every spring the wheels are maintain-"), Line(72, 686, "able by hand in the workshop.")]]
        )
        document = workspace.ingest(raw, "a.pdf")
        text = text_of(workspace, document)
        span = {"start": text.index("wheels"), "end": text.index("by hand")}
        found = workspace.get(path_of(document), params=span).json()
        assert [words_within(raw, one).rstrip("-\ufffe\x02") for one in found["rectangles"]] == [
            "wheels are maintain",
            "able",
        ]

    @pytest.mark.parametrize(
        ("page", "size", "place"),
        [
            (b"/Rotate 90", (792, 612), (700, 72)), (b"/Rotate 180", (612, 792), (612 - 72, 700)),
            (b"/Rotate 270", (792, 612), (792 - 700, 612 - 72)), (b"/CropBox [50 100 500 742]", (450, 642), (22, 42)),
        ],
    )  # fmt: skip
    def test_pages_that_are_turned_or_cropped(
        self, page: bytes, size: tuple[int, int], place: tuple[int, int], workspace: Workspace
    ) -> None:
        """`place`: where the word's first letter stands on the page as it is shown, from its top left."""
        raw = pdf([[Line(72, 700, "Wheels")]]).replace(b"/Type /Page /Parent", page + b" /Type /Page /Parent")
        (one,) = cite(workspace, workspace.ingest(raw, "a.pdf"), "Wheels")["rectangles"]
        assert (one["page_width"], one["page_height"]) == size
        assert one["x"] - 4 <= place[0] <= one["x"] + one["width"] + 4
        assert one["y"] - 4 <= place[1] <= one["y"] + one["height"] + 4
        long, short = sorted((one["width"], one["height"]), reverse=True)
        assert (long, short) == (pytest.approx(32, abs=6), pytest.approx(12, abs=4))
        assert (one["width"] > one["height"]) is (size[0] < 700)

    def test_the_link_names_the_page(self, workspace: Workspace) -> None:
        raw = pdf([[Line(72, 700, "The first page.")], [Line(72, 700, "Wheels are trued here.")]])
        document = workspace.ingest(raw, "a.pdf")
        with workspace.shape.parts.database.write() as session:
            session.execute(
                update(Document).where(Document.id == document["id"]).values(source_url="https://x.org/a.pdf")
            )
        found = cite(workspace, document, "Wheels are trued here.")
        assert (found["page"], found["url"]) == (2, "https://x.org/a.pdf#page=2")


class TestPdfWithoutPlaces:
    @pytest.fixture
    def document(self, workspace: Workspace) -> dict[str, Any]:
        return workspace.ingest(pdf([[Line(72, 700, "Wheels are trued every spring.")]]), "a.pdf")

    def put(self, workspace: Workspace, document: dict[str, Any], raw: bytes | None) -> dict[str, Any]:
        """The citation once the original is another one, or gone."""
        (key,) = workspace.shape.parts.blobs.keys(workspace.id)
        workspace.shape.parts.blobs.delete(key)
        if raw is not None:
            workspace.shape.parts.blobs.put(key, io.BytesIO(raw))
        return cite(workspace, document, "Wheels are trued")

    @pytest.mark.parametrize(
        "raw",
        [
            pdf([[Line(72, 700, "Something else altogether.")]]), pdf([[]]), pdf([]), b"", b"%PDF-1.7 nothing",
            b"\0" * 5_000, None,
        ],
    )  # fmt: skip
    def test_a_changed_or_lost_original(
        self, raw: bytes | None, workspace: Workspace, document: dict[str, Any]
    ) -> None:
        found = self.put(workspace, document, raw)
        assert found["rectangles"] == []
        assert found["notice"].endswith(".")
        assert found["page"] == 1
