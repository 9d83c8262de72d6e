"""What every reader promises, of the one that tests use and of the one that runs."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import Unavailable
from retrieval.reader.fake import FakeReader
from retrieval.reader.runtime import OnnxReader
from tests.support.services import module

QUESTION = "Who bought the bridge?"
PASSAGES = [
    "In 1871 the Rhine Company bought the bridge for 30 marks.",
    "",
    "Cats sleep. " * 200,
    "Der Zug fährt um 9:30 Uhr ab.",
]


@pytest.fixture(scope="module", params=["fake", "onnx"])
def reader(request, tmp_path_factory):
    """The file of the second has random heads: what it says is of no worth, how it says it is all that counts."""
    if request.param == "fake":
        yield FakeReader()
        return
    torch = module("torch")
    from core.embedding.graph import Variant
    from evals.reader.export import export
    from evals.reader.model import pretrained

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("reader") / "reader.onnx"
    export(pretrained(), path, Variant.INT8)
    made = OnnxReader(path, threads=2)
    yield made
    made.close()


class TestReading:
    def test_each_passage_is_read_in_order(self, reader):
        whole = reader.read(QUESTION, PASSAGES)
        assert whole == [reader.read(QUESTION, [passage])[0] for passage in PASSAGES]

    def test_spans_are_of_the_passage(self, reader):
        for passage, reading in zip(PASSAGES, reader.read(QUESTION, PASSAGES), strict=True):
            if reading.span:
                assert 0 <= reading.span.start < reading.span.end <= len(passage)
                assert reading.margin == reading.span.score - reading.null_score

    def test_an_empty_passage_has_no_span(self, reader):
        (reading,) = reader.read(QUESTION, [""])
        assert reading.span is None
        assert reading.margin == float("-inf")

    def test_nothing_to_read_gives_nothing(self, reader):
        assert reader.read(QUESTION, []) == []

    def test_titles_are_read_but_not_quoted(self, reader):
        passage = "Bought in 1871."
        (reading,) = reader.read(QUESTION, [passage], ["The Rhine Company's bridge"])
        assert reading.span is None or reading.span.end <= len(passage)

    def test_a_title_for_each_or_for_none(self, reader):
        with pytest.raises(ValueError, match="zip"):
            reader.read(QUESTION, PASSAGES, ["one"])

    def test_many_threads_read_at_once(self, reader):
        expected = reader.read(QUESTION, PASSAGES)
        with ThreadPoolExecutor(4) as pool:
            assert all(found == expected for found in pool.map(lambda _: reader.read(QUESTION, PASSAGES), range(8)))


class TestLoading:
    def test_is_put_off_and_says_what_is_missing(self, tmp_path):
        reader = OnnxReader(tmp_path / "reader.onnx")
        with pytest.raises(Unavailable, match=r"reader\.onnx cannot be loaded"):
            reader.read(QUESTION, PASSAGES)

    def test_a_model_of_something_else_is_said_to_be_no_reader(self, tmp_path):
        onnx = module("onnx")
        value = onnx.helper.make_tensor_value_info
        inputs = [value("x", onnx.TensorProto.FLOAT, ["n"])]
        outputs = [value("y", onnx.TensorProto.FLOAT, ["n"])]
        node = onnx.helper.make_node("Identity", ["x"], ["y"])
        graph = onnx.helper.make_graph([node], "other", inputs, outputs)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
        onnx.save(model, str(tmp_path / "reader.onnx"))
        with pytest.raises(Unavailable, match=r"reader\.onnx cannot read"):
            OnnxReader(tmp_path / "reader.onnx").read(QUESTION, PASSAGES)
