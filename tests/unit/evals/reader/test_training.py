"""Rows, resumption, and that the exported file computes what was trained."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.embedding.graph import Variant
from evals.reader.examples import NO_SPAN, Lesson, row_of
from evals.reader.mixture import Kind, Pool, Source
from evals.reader.readings import Example
from evals.reader.report import BEGIN, END, write_docs
from retrieval.reader.runtime import OnnxReader
from retrieval.reader.windows import MAX_TOKENS, Layout, tokens_of
from tests.support.services import module

WORDS = st.lists(
    st.sampled_from(["Åse", "naïve", "x-ray", "1,250.00", "日本", "the", "Überzug", "U.S.", "🙂", "don't"])
)


@pytest.fixture(scope="session")
def layout():
    return Layout()


class TestRows:
    @given(before=WORDS, after=WORDS, repeat=st.sampled_from([1, 80]), turn=st.integers(0, 99))
    def test_hold_the_answer_and_give_its_characters_back(self, layout, before, after, repeat, turn):
        head = " ".join(before * repeat)
        passage = f"{head} Answered Here {' '.join(after * repeat)}".strip()
        start = passage.index("Answered")
        example = Example("Where?", "A title", passage, ((start, start + 13),), True, "s", "g")
        row = row_of(example, layout, random.Random(turn))
        window = layout.window_with("Where?", passage, "", (start, start + 13), random.Random(turn).random())
        first, last = tokens_of(window.offsets, (start, start + 13))
        assert passage[window.offsets[first][0] : window.offsets[last][1]] == "Answered Here"
        assert row.end - row.start == last - first
        assert len(row.ids) == len(row.segments) <= MAX_TOKENS
        assert (row.ids[0], row.ids[-1]) == (101, 102)
        assert row.segments[row.start] == 1

    def test_without_an_answer_point_to_the_beginning(self, layout):
        none = Example("Where?", "", "Nowhere at all.", (), False, "s", "g")
        untaught = Example("Where?", "", "Nowhere at all.", (), True, "s", "g", spanned=False)
        assert (row_of(none, layout, random.Random(1)).start, row_of(none, layout, random.Random(1)).end) == (0, 0)
        assert row_of(untaught, layout, random.Random(1)).start == NO_SPAN


def lesson(layout):
    text = "Alice Stone wrote to Bob Reed of Ulm in 1850 about the first railway; Carl May answered in 1861."
    names = ("Bob Reed", "1850", "Carl May", "1861")
    examples = [
        Example(f"Who wrote to {n}?", "Letters", text, ((text.find(a), text.find(a) + len(a)),), True, "squad", "g")
        for n, a in enumerate(names * 6)
    ]
    source = Source("f", Kind.SPANS, "MIT", 20, "test")
    return Lesson([Pool(source, examples)], layout, seed=5, batch=4)


class TestLessons:
    def test_a_batch_is_known_by_its_pass_and_number(self, layout):
        whole = list(lesson(layout).batches(1))
        assert list(lesson(layout).batches(1, 3)) == whole[3:]
        assert list(lesson(layout).batches(2)) != whole


class TestTraining:
    def trainer(self, folder, layout):
        torch = module("torch")
        from evals.reader.model import ReaderModel, Shape
        from evals.reader.train import Budget, Trainer

        torch.manual_seed(1)
        torch.set_num_threads(1)  # so small a model only waits for a second one
        model = ReaderModel(Shape(layers=1, width=16, heads=2, inner=32))
        return Trainer(model, lesson(layout), Budget(examples=64), folder, seed=5)

    def test_goes_on_exactly_where_it_was(self, tmp_path, layout):
        losses, resumed = [], []
        assert self.trainer(tmp_path / "a", layout).train(lambda done: losses.append(done.loss))
        assert not self.trainer(tmp_path / "b", layout).train(lambda done: resumed.append(done.loss), stop_after=7)
        assert self.trainer(tmp_path / "b", layout).train(lambda done: resumed.append(done.loss))
        assert resumed == losses
        assert len(losses) >= 16

    def test_another_budget_does_not_go_on(self, tmp_path, layout):
        module("torch")
        from evals.reader.train import Budget, Trainer

        first = self.trainer(tmp_path, layout)
        first.save()
        with pytest.raises(SystemExit, match="another run"):
            Trainer(first.model, lesson(layout), Budget(examples=9), tmp_path, seed=5)


class TestExport:
    @pytest.fixture(scope="class")
    def exported(self, tmp_path_factory):
        """A model with random heads, and both its files."""
        torch = module("torch")
        from evals.reader.export import export
        from evals.reader.model import pretrained

        torch.manual_seed(1)
        model, folder = pretrained().eval(), tmp_path_factory.mktemp("reader")
        export(model, folder / "exact.onnx", Variant.PORTABLE)
        export(model, folder / "small.onnx", Variant.INT8)
        return model, folder

    def outputs(self, exported, layout):
        import onnxruntime
        import torch

        from evals.reader.model import batch_of

        model, folder = exported
        texts = ("Alice wrote to Bob.", "In 1850 the bridge was built by the Danube Company, and sold later to others.")
        rows = [row_of(Example("Who?", "T", text, (), False, "s", "g"), layout, random.Random(1)) for text in texts]
        batch = batch_of(rows)
        feed = {"input_ids": batch.ids.numpy(), "segment_ids": batch.segments.numpy()}
        session = onnxruntime.InferenceSession(str(folder / "exact.onnx"))
        with torch.no_grad():
            expected = [one.numpy() for one in model(batch.ids, batch.segments, batch.mask)]
        return expected, session.run(["spans", "relevance"], feed | {"attention_mask": batch.mask.numpy()}), batch

    def test_float32_is_torch_s_own_padding_and_all(self, exported, layout):
        expected, found, batch = self.outputs(exported, layout)
        present = batch.mask.numpy() == 1
        np.testing.assert_allclose(found[0][present], expected[0][present], atol=1e-4)
        np.testing.assert_allclose(found[1], expected[1], atol=1e-4)

    def test_int8_is_near_and_small_enough_to_ship(self, exported, layout):
        _, folder = exported
        assert (folder / "small.onnx").stat().st_size <= 25_000_000
        exact, small = OnnxReader(folder / "exact.onnx"), OnnxReader(folder / "small.onnx")
        question, passages = "Who built it?", ["In 1850 the Danube Company built a bridge.", "Bob is a cat."]
        pairs = zip(exact.read(question, passages), small.read(question, passages), strict=True)
        assert all(abs(one.relevance - other.relevance) < 0.15 for one, other in pairs)


class TestReport:
    def test_only_what_stands_between_the_markers_changes(self, tmp_path, monkeypatch):
        page = tmp_path / "reader.md"
        page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
        monkeypatch.setattr("evals.reader.report.section", lambda description: "new")
        write_docs(page, {})
        assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
