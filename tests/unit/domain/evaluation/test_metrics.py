import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import answers, calibration, ranking, statistics


class TestRanking:
    RANKED = ("d", "a", "x", "b")

    def test_ndcg_by_hand(self) -> None:
        found = ranking.ndcg(self.RANKED, {"a": 2, "b": 1, "c": 1}, 10)
        gained = 2 / math.log2(3) + 1 / math.log2(5)
        best = 2 + 1 / math.log2(3) + 1 / math.log2(4)
        assert found == pytest.approx(gained / best)

    def test_a_cut_hides_what_is_below(self) -> None:
        assert ranking.ndcg(self.RANKED, {"b": 1}, 3) == 0
        assert ranking.hit(self.RANKED, {"b": 1}, 3) == 0
        assert ranking.reciprocal_rank(self.RANKED, {"b": 1}, 3) == 0
        assert ranking.reciprocal_rank(self.RANKED, {"b": 1}, 4) == 0.25

    def test_recall_counts_all_that_is_relevant(self) -> None:
        assert ranking.recall(self.RANKED, {"a": 1, "b": 1, "c": 1}, 4) == pytest.approx(2 / 3)

    def test_grade_zero_is_not_relevant(self) -> None:
        judged = {"d": 0.0}
        assert ranking.ndcg(self.RANKED, judged, 4) == ranking.recall(self.RANKED, judged, 4) == 0
        assert ranking.hit(self.RANKED, judged, 4) == ranking.reciprocal_rank(self.RANKED, judged, 4) == 0

    @given(st.permutations("abcdef"), st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), min_size=1))
    def test_the_ideal_order_is_the_best(self, ranked: list[str], grades: dict[str, int]) -> None:
        ideal = sorted("abcdef", key=lambda one: -grades.get(one, 0))
        judged = {key: float(grade) for key, grade in grades.items()}
        found = ranking.ndcg(ranked, judged, 6)
        assert 0 <= found <= ranking.ndcg(ideal, judged, 6) + 1e-12
        assert ranking.ndcg(ideal, judged, 6) == pytest.approx(float(any(grades.values())))


class TestAnswers:
    def test_case_punctuation_and_articles_do_not_matter(self) -> None:
        assert answers.exact_match("The  Normans.", ["normans"]) == 1
        assert answers.exact_match("Norman", ["normans"]) == 0

    def test_f1_by_hand(self) -> None:
        assert answers.token_f1("in the 10th century", ["10th and 11th centuries", "10th century"]) == pytest.approx(
            0.8
        )

    def test_nothing_said_is_wrong(self) -> None:
        assert answers.token_f1("", ["France"]) == answers.exact_match("", ["France"]) == 0
        assert answers.token_f1("France", []) == 0

    def test_an_answer_stands_in_a_sentence_by_whole_tokens(self) -> None:
        assert answers.contains(["It cost 308 points."], ["308"]) == 1
        assert answers.contains(["It cost 3080 points."], ["308"]) == 0
        assert answers.contains(["nothing"], ["the"]) == 0

    def test_scripts_without_spaces_count_by_the_character(self) -> None:
        assert answers.token_f1("黑豹队", ["黑豹"], "zh") == pytest.approx(0.8)
        assert answers.contains(["卡罗来纳黑豹队"], ["黑豹"], "zh") == 1

    @pytest.mark.parametrize(("language", "said"), [("de", "Die Normannen"), ("es", "los Normannen")])
    def test_articles_are_those_of_the_language(self, language: str, said: str) -> None:
        assert answers.exact_match(said, ["Normannen"], language) == 1
        assert answers.exact_match(said, ["Normannen"], "fr") == 0

    def test_the_arabic_article_is_written_in_one(self) -> None:
        assert answers.exact_match("الكتاب", ["كتاب"], "ar") == 1

    def test_citations(self) -> None:
        assert answers.citation_precision(["a", "b", "a", "c"], {"a"}) == 0.5
        assert answers.citation_recall(["a", "b", "a"], {"a", "c"}) == 0.5
        assert answers.citation_precision([], {"a"}) == answers.citation_recall(["a"], set()) == 0


P = np.array([0.9, 0.8, 0.8, 0.3, 0.1])
Y = np.array([1.0, 1.0, 0.0, 1.0, 0.0])


class TestCalibration:
    def test_auroc_counts_ties_half(self) -> None:
        # right: .9 .8 .3, wrong: .8 .1; pairs won 1+1, .5+1, 0+1
        assert calibration.auroc(P, Y) == pytest.approx(4.5 / 6)

    def test_auroc_of_one_kind_has_no_meaning(self) -> None:
        assert math.isnan(calibration.auroc(P, np.ones(5)))

    @given(st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.5, 0.9]), st.booleans()), min_size=2, max_size=30))
    def test_auroc_is_the_share_of_pairs_in_order(self, pairs: list[tuple[float, bool]]) -> None:
        right = [p for p, good in pairs if good]
        wrong = [p for p, good in pairs if not good]
        p, y = np.array([p for p, _ in pairs]), np.array([float(good) for _, good in pairs])
        if right and wrong:
            won = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
            assert calibration.auroc(p, y) == pytest.approx(won / (len(right) * len(wrong)))

    def test_brier_by_hand(self) -> None:
        assert calibration.brier(P, Y) == pytest.approx((0.01 + 0.04 + 0.64 + 0.49 + 0.01) / 5)

    def test_ece_by_hand(self) -> None:
        # bins: .1 | .3 | .8 .8 | .9
        assert calibration.ece(P, Y) == pytest.approx((0.1 + 0.7 + 2 * 0.3 + 0.1) / 5)

    def test_one_belongs_to_the_last_bin(self) -> None:
        assert [one.count for one in calibration.reliability(np.array([1.0, 0.95]), np.ones(2))] == [2]

    def test_bins_of_equal_mass(self) -> None:
        p = np.linspace(0.5, 0.6, 100)
        assert [one.count for one in calibration.reliability(p, p, 4, equal_mass=True)] == [25] * 4
        assert calibration.ece(p, p, 4, equal_mass=True) == pytest.approx(0, abs=1e-9)

    def test_risk_and_coverage(self) -> None:
        coverage, risk = calibration.risk_coverage(P, Y)
        assert coverage.tolist() == pytest.approx([0.2, 0.6, 0.8, 1.0])  # the two of .8 go together
        assert risk.tolist() == pytest.approx([0, 1 / 3, 1 / 4, 2 / 5])
        assert calibration.aurc(P, Y) == pytest.approx(0.4 / 3 + 0.2 / 4 + 0.2 * 2 / 5)

    def test_a_threshold_for_a_target(self) -> None:
        assert calibration.threshold_for(P, Y, 0.25) == 0.3
        assert calibration.coverage_at(P, Y, 0.25) == 0.8
        assert calibration.threshold_for(P, np.zeros(5), 0.5) is None
        assert calibration.coverage_at(P, np.zeros(5), 0.5) == 0

    def test_no_questions_have_no_figures(self) -> None:
        none = np.zeros(0)
        found = (calibration.auroc, calibration.brier, calibration.ece, calibration.aurc)
        assert all(math.isnan(metric(none, none)) for metric in found)
        assert calibration.threshold_for(none, none, 0.1) is None


class TestStatistics:
    def test_an_interval_holds_the_mean_and_narrows_with_more_questions(self) -> None:
        random = np.random.default_rng(1)
        few, many = (statistics.mean_interval(random.random(n)) for n in (20, 2_000))
        assert few.low < few.value < few.high
        assert many.high - many.low < (few.high - few.low) / 3

    def test_it_covers_the_truth_as_often_as_it_says(self) -> None:
        random = np.random.default_rng(2)
        found = [statistics.mean_interval(random.random(60), resamples=400, seed=n) for n in range(200)]
        covered = sum(one.low <= 0.5 <= one.high for one in found)
        assert 180 <= covered <= 198

    def test_the_same_seed_gives_the_same_figures(self) -> None:
        values = np.random.default_rng(3).random(50)
        assert statistics.mean_interval(values) == statistics.mean_interval(values)

    def test_any_metric_has_an_interval(self) -> None:
        found = statistics.interval(np.stack([P, Y], axis=1), lambda rows: calibration.auroc(rows[:, 0], rows[:, 1]))
        assert found.low <= found.value <= found.high
        assert found.value == pytest.approx(0.75)

    def test_runs_that_are_alike_do_not_differ(self) -> None:
        values = np.random.default_rng(4).random(50)
        found = statistics.paired_difference(values, values)
        assert (found.value, found.p, found.equal) == (0, 1, 50)

    def test_a_clear_gain_is_significant_and_never_certain(self) -> None:
        values = np.random.default_rng(5).random(50)
        found = statistics.paired_difference(values, values + 0.1)
        assert 0 < found.p < 0.01
        assert found.low > 0
        assert (found.better, found.worse) == (50, 0)

    def test_chance_is_significant_as_often_as_chance_is(self) -> None:
        random = np.random.default_rng(6)
        found = [statistics.paired_difference(random.random(30), random.random(30), resamples=200) for _ in range(200)]
        assert 2 <= sum(one.p <= 0.05 for one in found) <= 20

    def test_other_questions_are_no_pair(self) -> None:
        with pytest.raises(ValueError, match="a pair is one question in both"):
            statistics.paired_difference(np.zeros(3), np.zeros(4))

    def test_no_questions(self) -> None:
        assert math.isnan(statistics.mean_interval(np.zeros(0)).value)
        assert math.isnan(statistics.interval(np.zeros((0, 2)), lambda rows: 1.0).value)
