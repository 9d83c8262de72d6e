"""Counting and spans of the model's own tokenizer."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.embedding.tokenizer import WordPieceTokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return WordPieceTokenizer()


class TestCount:
    def test_the_whole_text_is_counted(self, tokenizer):
        assert tokenizer.count(["word " * 700, "", "hello world"]) == [700, 0, 2]

    def test_more_texts_than_one_slice_keep_their_order(self, tokenizer):
        assert tokenizer.count(["a " * (i % 7) for i in range(600)]) == [i % 7 for i in range(600)]


class TestOffsets:
    def test_spans_are_slices_of_the_text(self, tokenizer):
        text = "Größe: naïve 東京 unbelievable"
        spans = tokenizer.offsets(text)
        assert len(spans) == tokenizer.count([text])[0]
        assert text[slice(*spans[0])].startswith("Gr")
        assert [text[a:b] for a, b in spans if text[a:b] in "東京"] == ["東", "京"]
        assert spans == sorted(spans)


class TestEncode:
    def test_special_tokens_surround_the_text(self, tokenizer):
        ids = tokenizer.encode(["hello"])[0]
        assert (ids[0], ids[-1], len(ids)) == (101, 102, 1 + tokenizer.special_tokens)


class TestWeight:
    def test_loading_it_imports_no_runtime(self):
        code = (
            "import sys; from core.embedding.tokenizer import WordPieceTokenizer; WordPieceTokenizer().count(['a']);"
            "print([m for m in ('torch', 'onnx', 'onnxruntime', 'openvino', 'transformers') if m in sys.modules])"
        )
        root = Path(__file__).resolve().parents[4]
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"
