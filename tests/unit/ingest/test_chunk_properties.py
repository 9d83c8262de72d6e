"""Chunking: whatever the text, nothing is lost and nothing is cut off unembedded (the real tokenizer)."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.embedding.tokenizer import WordPieceTokenizer
from ingest.builder import DocumentBuilder
from ingest.chunking import ChunkBudget, chunk_document, embedding_texts
from ingest.elements import Chunk, ParsedDocument

TOKENIZER = WordPieceTokenizer()
BUDGET = ChunkBudget.of(TOKENIZER)
WORDS = st.sampled_from(
    ["Battery", "is", "covered", "for", "two", "years.", "Ünïcödé", "3.5", "ERR-42", "電池", "البطارية"]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=120).map(" ".join)
BLOCKS = st.lists(
    st.tuples(st.sampled_from(["heading", "paragraph", "list_item", "code", "table", "row", "note"]), SENTENCES),
    min_size=1,
    max_size=12,
)


def built(blocks: list[tuple[str, str]]) -> ParsedDocument:
    builder = DocumentBuilder()
    for number, (kind, text) in enumerate(blocks):
        page = 1 + number // 4
        if kind == "heading":
            builder.heading(text[:80], 1 + number % 3, page=page)
        elif kind == "table":
            cells = text.split()
            builder.table([["Name", "Value"], *([cell, str(n)] for n, cell in enumerate(cells))], page=page)
        else:
            getattr(builder, kind)(text, page=page)
    return builder.build()


def chunked(document: ParsedDocument, title: str = "A title") -> tuple[list[Chunk], list[str]]:
    chunks = chunk_document(document, TOKENIZER, BUDGET)
    return chunks, embedding_texts(document.text, chunks, title, TOKENIZER, BUDGET)


def check(document: ParsedDocument, title: str = "A title") -> None:
    chunks, texts = chunked(document, title)
    limit = TOKENIZER.max_tokens - TOKENIZER.special_tokens
    assert max(TOKENIZER.count(texts), default=0) <= limit
    covered = bytearray(len(document.text))
    for number, chunk in enumerate(chunks):
        content = document.text[chunk.start : chunk.end]
        assert (chunk.index, content) == (number, content.strip())
        assert content
        assert content in texts[number]
        covered[chunk.start : chunk.end] = b"\x01" * len(content)
    assert all(covered[i] for i, letter in enumerate(document.text) if not letter.isspace())


class TestNothingIsLost:
    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(BLOCKS, st.text(max_size=300))
    def test_any_document(self, blocks: list[tuple[str, str]], title: str) -> None:
        check(built(blocks), title)

    @pytest.mark.parametrize(
        "text",
        [
            "x" * 100_000,
            "電池保証二年" * 2_000,
            "البطارية مضمونة لمدة سنتين " * 800,
            "a.b" * 9_000,
            "1 " * 5_000,
            "\u200b" * 900 + "z",
        ],
    )
    def test_texts_without_the_usual_boundaries(self, text: str) -> None:
        check(built([("paragraph", text)]))

    def test_a_title_of_thousands_of_words(self) -> None:
        check(built([("heading", "Part"), ("paragraph", "word " * 500)]), "very long title " * 1_000)


class TestStructure:
    def test_a_heading_goes_with_what_follows_it(self) -> None:
        document = built(
            [
                ("heading", "Warranty"),
                ("paragraph", "word " * 150),
                ("heading", "Returns"),
                ("paragraph", "send " * 150),
            ]
        )
        chunks, _ = chunked(document)
        starts = [document.text[chunk.start : chunk.end].split("\n")[0] for chunk in chunks]
        assert starts == ["Warranty", "Returns"]

    @pytest.mark.parametrize("words", range(150, 420, 6))
    def test_stacked_headings_never_stand_without_text(self, words: int) -> None:
        blocks = [("paragraph", "word " * 60), ("heading", "Part"), ("heading", "Chapter of it")]
        document = built([*blocks, ("paragraph", "This says a little. " * (words // 4)), *blocks, ("row", "a: b")])
        for chunk in chunked(document)[0]:
            content = document.text[chunk.start : chunk.end]
            assert not content.endswith(("Part", "Chapter of it"))
        check(document)

    def test_pieces_of_a_long_paragraph_are_of_about_the_same_size(self) -> None:
        document = built([("paragraph", "This says a little. " * 44)])
        sizes = [chunk.token_count for chunk in chunked(document)[0]]
        assert len(sizes) == 2
        assert max(sizes) < 2 * min(sizes)

    def test_a_long_record_is_cut_at_its_sentences(self) -> None:
        document = built([("row", "text: " + " ".join(f"Sentence number {n} says a little." for n in range(100)))])
        chunks, _ = chunked(document)
        assert len(chunks) > 2
        assert all(document.text[chunk.start : chunk.end].endswith("little.") for chunk in chunks)

    def test_small_sections_are_merged(self) -> None:
        document = built(
            [("heading", "One"), ("paragraph", "first words"), ("heading", "Two"), ("paragraph", "second words")]
        )
        assert len(chunked(document)[0]) == 1

    def test_title_and_headings_are_embedded_and_the_chunk_stays_exact(self) -> None:
        builder = DocumentBuilder()
        builder.heading("Handbook", 1)
        builder.heading("Battery", 2)
        builder.paragraph("word " * 180)
        builder.paragraph("last " * 180)
        document = builder.build()
        chunks, texts = chunked(document, "Meridian")
        assert chunks[-1].heading_path == ("Handbook", "Battery")
        assert texts[-1].startswith("Meridian › Handbook › Battery\n")

    def test_a_long_table_repeats_its_header_only_for_the_embedding(self) -> None:
        builder = DocumentBuilder()
        builder.table([["City", "People"], *([f"City {n}", str(n)] for n in range(200))], page=3)
        chunks, texts = chunked(builder.build())
        assert len(chunks) > 2
        assert all(chunk.context == "| City | People |" for chunk in chunks[1:])
        assert all("| City | People |" in text for text in texts)
        assert {chunk.page for chunk in chunks} == {3}

    def test_long_paragraphs_overlap_by_at_most_a_sentence(self) -> None:
        text = " ".join(f"Sentence number {n} says a little." for n in range(200))
        document = built([("paragraph", text)])
        chunks, _ = chunked(document)
        overlaps = [left.end - right.start for left, right in pairwise(chunks)]
        assert len(chunks) > 3
        assert all(overlap <= 0.15 * (left.end - left.start) for overlap, left in zip(overlaps, chunks, strict=False))

    def test_short_elements_do_not_overlap(self) -> None:
        document = built([("paragraph", f"Paragraph {n} " + "word " * 60) for n in range(12)])
        chunks, _ = chunked(document)
        assert all(left.end <= right.start for left, right in pairwise(chunks))
