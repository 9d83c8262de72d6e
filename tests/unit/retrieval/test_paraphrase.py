"""Whether two questions ask the same: what the features mean, and the bounds of the probability."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from core.embedding.fake import FakeEmbeddingModel
from retrieval.paraphrase import Asked, Known, PairModel, Rarity, asked, load_pair_model
from retrieval.paraphrase.asked import MOST_CHARACTERS
from retrieval.paraphrase.features import PAIR, Compared
from retrieval.paraphrase.model import AMONG, MODEL_FILE
from retrieval.paraphrase.neighbours import Neighbours

FAKE = FakeEmbeddingModel()
TEXTS = (
    "How do I reset my password?",
    "I forgot my password, how can I reset it?",
    "What does shipping to Norway cost?",
    "Does the X200 fit a 12 V battery?",
    "Does the X300 fit a 24 V battery?",
    "Wie kann ich mein Passwort zurücksetzen?",
    "パスワードを忘れました",
    "",
)


def of(text: str, passages: Sequence[str] | None = None) -> Asked:
    return asked(text, [FAKE.embed_query(text)], passages)


def with_cosine(a: str, b: str, cosine: float) -> tuple[Asked, Asked]:
    """As an embedding that finds this similarity would give them."""
    first, second = np.array([1, 0], np.float32), np.array([cosine, (1 - cosine**2) ** 0.5], np.float32)
    return asked(a, [first]), asked(b, [second])


def feature(name: str, a: Asked, b: Asked, rarity: Rarity | None = None) -> float:
    found = Compared([b], rarity or Rarity()).features(a, np.zeros(1, np.float32))
    return float(found[0, PAIR.index(name)])


def probability(model: PairModel, a: Asked, b: Asked) -> float:
    """Of two questions that are all that is known."""
    return float(model.probabilities(Known([a, b]), 0, [1])[0])


def known(texts: Sequence[str]) -> Known:
    made = Known()
    for text in texts:
        made.add(of(text))
    return made


@pytest.fixture(scope="module")
def model() -> PairModel:
    return load_pair_model()


class TestFeatures:
    @pytest.mark.parametrize(
        ("name", "a", "b"),
        [
            ("numbers_differ", "Does it fit 12 V?", "Does it fit 24 V?"),
            ("names_differ", "Do you ship to Norway?", "Do you ship to Spain?"),
            ("names_differ", "Is the X200 in stock?", "Is the X300 in stock?"),
            ("negation_differs", "Why was I charged?", "Why was I not charged?"),
            ("negation_differs", "It works", "It doesn't work"),
            ("negation_differs", "Ist das möglich?", "Ist das nicht möglich?"),
            ("asks_differ", "When do you open?", "Where do you open?"),
            ("asks_differ", "Wann öffnen Sie?", "Where do you open?"),
        ],
    )
    def test_what_parts_two_questions(self, name: str, a: str, b: str) -> None:
        assert feature(name, of(a), of(b)) > 0
        assert feature(name, of(a), of(a)) == 0

    @pytest.mark.parametrize("name", ["numbers_differ", "names_differ", "asks_differ", "passages"])
    def test_what_only_one_has_is_neutral(self, name: str) -> None:
        assert feature(name, of("When do you ship 12 to Norway?", ["p1"]), of("is this sent")) == 0

    def test_a_question_word_is_the_same_in_other_languages(self) -> None:
        assert feature("asks_differ", of("Wann öffnen Sie?"), of("When do you open?")) == 0

    def test_a_rare_word_in_common_says_more(self) -> None:
        rarity = Rarity()
        for number in range(100):
            rarity.add(of(f"order {number}"))
        common = feature("words", of("order invoice"), of("order refund"), rarity)
        rare = feature("words", of("order invoice"), of("parcel invoice"), rarity)
        assert common < rare

    def test_common_passages_speak_for_the_same(self) -> None:
        a, b, c = of("a", ["p1", "p2"]), of("b", ["p1", "p2"]), of("c", ["p3", "p4"])
        assert feature("passages", a, b) > 0 > feature("passages", a, c)

    def test_one_against_many_is_each_pair(self) -> None:
        many = [of(text) for text in TEXTS]
        none = np.zeros(len(many), np.float32)
        together = Compared(many, Rarity()).features(many[0], none)
        assert together.shape == (len(TEXTS), len(PAIR))
        alone = [Compared([one], Rarity()).features(many[0], none[:1])[0] for one in many]
        np.testing.assert_allclose(together, alone, atol=1e-6)

    def test_several_embeddings_count_alike(self) -> None:
        a, b = (asked("x", [np.array([1, 0], np.float32), np.array(v, np.float32)]) for v in ([1, 0], [0, 1]))
        assert Known([a, b]).features(0, [1])[0, PAIR.index("cosine")] == pytest.approx(0.5)

    def test_a_text_of_a_megabyte_is_read_in_part(self) -> None:
        long = of("password " * 120_000)
        assert len(long.text) > 1_000_000
        assert len(long.grams) < MOST_CHARACTERS
        assert np.isfinite(Known([long, of("password")]).features(0, [1])).all()
        assert (
            len(of("x1y2 " + "".join(chr(0x4E00 + n % 20_000) for n in range(1_000_000))).words) < 3 * MOST_CHARACTERS
        )


class TestRarity:
    def test_a_word_of_every_question_is_worth_little_yet_something(self) -> None:
        rarity = Rarity()
        for _ in range(1_000):
            rarity.add(of("order"))
        often, never = rarity.of(of("order").words)[0], rarity.of(of("invoice").words)[0]
        assert 0 < often < never / 10


class TestProbability:
    def test_it_is_the_same_both_ways_and_within_bounds(self, model: PairModel) -> None:
        questions = [of(text, ["p"] if number % 2 else None) for number, text in enumerate(TEXTS)]
        for a in questions:
            for b in questions:
                p = probability(model, a, b)
                assert 0 <= p <= 1
                assert p == pytest.approx(probability(model, b, a), abs=1e-6)

    def test_among_known_ones_it_is_symmetric_too(self, model: PairModel) -> None:
        found = model.all_probabilities(known(TEXTS * 6))
        assert ((found >= 0) & (found <= 1)).all()
        np.testing.assert_allclose(found, found.T, atol=1e-5)

    def test_a_shortlist_gives_what_all_pairs_give(self, model: PairModel) -> None:
        pool = known(TEXTS * 6)
        rows = np.argsort(-np.stack(list(pool.all_features()))[3, :, 0], kind="stable")[:10]
        np.testing.assert_allclose(model.probabilities(pool, 3, rows), model_row(model, pool, 3)[rows], atol=1e-5)

    def test_nothing_known_is_no_pair(self, model: PairModel) -> None:
        pool = Known()
        assert pool.nearest(pool.cosines(of("first")), 64).tolist() == []
        assert model.probabilities(pool, pool.add(of("first")), []).tolist() == []

    def test_a_paraphrase_is_likelier_than_another_question(self, model: PairModel) -> None:
        same = with_cosine("How do I reset my password?", "I forgot my password, how can I reset it?", 0.85)
        other = with_cosine("How do I reset my password?", "What does shipping to Norway cost?", 0.1)
        assert probability(model, *same) > 0.5 > probability(model, *other)

    def test_another_number_makes_it_unlikelier(self, model: PairModel) -> None:
        same = with_cosine("Does it fit a 12 V battery?", "Will it fit 12 V batteries?", 0.9)
        other = with_cosine("Does it fit a 12 V battery?", "Will it fit 24 V batteries?", 0.9)
        assert probability(model, *other) < probability(model, *same)

    def test_the_file_has_coefficients_of_the_features_and_thresholds(self, model: PairModel) -> None:
        stored = json.loads(MODEL_FILE.read_text())
        assert set(stored["alone"]["weights"]) <= set(PAIR)
        assert "overlap" in stored["among"]["weights"]
        assert set(stored["among"]["weights"]) <= set(AMONG)
        one = model.thresholds
        assert 0 < one.crowd < one.single < 1
        assert one.merge(1) == one.merge_few >= one.merge(1_000) >= one.merge(10**6) == one.merge_many
        assert one.join([1, 8]).tolist() == sorted(one.join([1, 8]).tolist(), reverse=True)


class TestNeighbourhood:
    def test_lists_kept_up_are_those_of_all_at_once(self) -> None:
        rng = np.random.default_rng(1)
        vectors = rng.normal(size=(150, 8)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = vectors @ vectors.T
        near = Neighbours()
        for row in range(len(vectors)):
            near.add(cosines[row, :row])
        np.fill_diagonal(cosines, -2)
        lists = [set(row) for row in np.argsort(-cosines, axis=1)[:, :10].tolist()]
        mutual = [{other for other in own if row in lists[other]} | {row} for row, own in enumerate(lists)]
        kept = near.profiles(np.arange(150), 10, 1)
        assert [set(one.tolist()) for one in np.split(kept.columns, kept.starts[1:-1])] == mutual

    def test_two_of_one_crowd_overlap_and_two_of_different_ones_do_not(self) -> None:
        rng = np.random.default_rng(2)
        centres = np.repeat(np.eye(16, dtype=np.float32)[:2], 20, axis=0)
        vectors = centres + rng.normal(scale=0.1, size=centres.shape).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        pool = Known()
        for vector in vectors:
            pool.add(asked("x", [vector]))
        overlap = np.stack(list(pool.all_features()))[:, :, AMONG.index("overlap")]
        assert overlap[:20, :20].mean() > 0.1
        assert overlap[:20, 20:].max() == 0


def model_row(model: PairModel, pool: Known, row: int) -> np.ndarray:
    """All probabilities of a row but with itself, of which a shortlist says what the features say."""
    return model.of_features(list(pool.all_features())[row], pool.neighbours_known())
