"""Files that others wrote: each ends in text or in a clear error. Collected where INSYDR_TEST_DATA names their folder
(see `docs/benchmarks.md`); `python -m evals.robustness` goes through all of them."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import DocumentError
from ingest.elements import ElementKind, ParsedDocument
from ingest.parsers.docx import parse_docx
from ingest.parsers.pdf import parse_pdf

DATA = Path(os.environ["INSYDR_TEST_DATA"])


def words(text: str) -> Counter[str]:
    text = re.sub(r"\]\(\S*\)|<!--.*?-->|&\w+;|_", " ", text)
    return Counter(re.findall(r"\w+", text.lower()))


def share_found(text: str, reference: str) -> float:
    wanted, found = words(reference), words(text)
    return sum(min(count, found[word]) for word, count in wanted.items()) / sum(wanted.values())


def outcome(parse: Callable[[bytes, str], ParsedDocument], path: Path, pages: int | None = None) -> str:
    """The error's code, or "text" where there is some and the pages are as many as expected."""
    try:
        parsed = parse(path.read_bytes(), path.name)
    except DocumentError as error:
        return error.code
    return "text" if parsed.text and parsed.page_count == pages else f"{parsed.page_count} pages"


class TestDocx:
    @pytest.mark.parametrize(
        "name", ["lorem_ipsum", "textbox", "docx_rich_tables_01", "docx_lists", "unit_test_headers"]
    )
    def test_the_words_of_the_reference_are_found(self, name: str) -> None:
        folder = DATA / "files" / "docling" / "docx"
        source = next(folder.rglob(f"{name}.docx"))
        reference = next((DATA / "files" / "docling").rglob(f"{name}.docx.md"))
        assert share_found(parse_docx(source.read_bytes(), name).text, reference.read_text()) >= 0.97

    def test_odd_files_end_in_text_or_a_clear_error(self) -> None:
        for path in sorted((DATA / "files" / "python-docx").rglob("*.docx"))[:40]:
            assert outcome(parse_docx, path) in ("text", "EMPTY_DOCUMENT"), path


class TestPdf:
    @pytest.mark.parametrize("name", ["code_and_formula", "multi_page", "amt_handbook_sample"])
    def test_the_words_of_the_reference_are_found(self, name: str) -> None:
        source = next((DATA / "files" / "docling" / "pdf").rglob(f"{name}.pdf"))
        reference = next((DATA / "files" / "docling").rglob(f"{name}*.md"))
        assert share_found(parse_pdf(source.read_bytes(), name).text, reference.read_text()) >= 0.97

    def test_samples_end_as_their_index_says(self) -> None:
        folder = DATA / "files" / "py-pdf-sample-files"
        for entry in json.loads((folder / "files.json").read_text())["data"]:
            path = folder / entry["path"]
            if not path.is_file() or path.stat().st_size > 2_000_000 or entry["images"]:
                continue
            assert outcome(parse_pdf, path, entry["pages"]) in ("text", "PDF_ENCRYPTED", "PDF_NO_TEXT"), path

    def test_a_statement_keeps_labels_and_figures_together(self) -> None:
        path = DATA / "financebench-tune" / "pdfs" / "BOEING_2022_10K.pdf"
        parsed = parse_pdf(path.read_bytes(), path.name)
        tables = [parsed.text[item.start : item.end] for item in parsed.elements if item.kind is ElementKind.TABLE]
        income = next(table for table in tables if "| Sales of products | $55,893 | $51,386 | $47,142 |" in table)
        assert income.startswith("| Years ended December 31, | 2022 | 2021 | 2020 |")
