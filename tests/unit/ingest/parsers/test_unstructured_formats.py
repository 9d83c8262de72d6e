"""Formats read through unstructured, offline."""

import pytest

from core.errors import DocumentError
from ingest.elements import ElementKind
from ingest.parsers.unstructured_formats import parse_org, parse_rst, parse_xls
from tests.support.services import module


@pytest.fixture(autouse=True)
def _installed() -> None:
    module("unstructured")


class TestReStructuredText:
    def test_headings_and_text_come_out_without_a_download(self) -> None:
        result = parse_rst("Großer Titel\n============\n\nEin Absatz steht hier.\n".encode(), "a.rst")
        assert [item.kind for item in result.elements] == [ElementKind.HEADING, ElementKind.PARAGRAPH]
        assert result.title == "Großer Titel"
        assert "Ein Absatz steht hier." in result.text


class TestOrg:
    def test_headings_and_text_come_out(self) -> None:
        result = parse_org(b"* Plans\n\nWe will walk to the sea in the morning.\n", "a.org")
        assert result.elements[0].kind is ElementKind.HEADING
        assert "walk to the sea" in result.text


class TestOldSheets:
    def test_rubbish_is_a_clear_error(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_xls(b"not a sheet", "a.xls")
        assert caught.value.code in ("DOCUMENT_UNREADABLE", "FORMAT_NOT_INSTALLED")
