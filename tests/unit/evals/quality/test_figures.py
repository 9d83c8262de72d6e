"""Figures of a whole run, on rows whose figures can be told by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from core.errors import InvalidInput
from evals.quality.compare import compared
from evals.quality.figures import figures_of, risk_at
from evals.quality.judge import Verdict, judge
from evals.quality.report import plain
from tests.support.evaluation import cited, row


def right(number: int, confidence: float, **fields: object) -> Verdict:
    return judge(row(id=f"r{number}", confidence=confidence, **fields))


def wrong(number: int, confidence: float, **fields: object) -> Verdict:
    return judge(row(id=f"w{number}", confidence=confidence, cited=[cited("d2", "No.")], answer="No.", **fields))


def unanswerable(number: int, confidence: float) -> Verdict:
    return judge(row(id=f"u{number}", confidence=confidence, answerable=False, answers=[], gold=[]))


MIXED = [
    *(right(n, 0.9 - n / 100) for n in range(9)), right(9, 0.1),
    *(unanswerable(n, 0.2 + n / 100) for n in range(9)), unanswerable(9, 0.95),
]  # fmt: skip


class TestConfidence:
    def test_separates(self) -> None:
        found = figures_of([*(right(n, 0.9) for n in range(3)), *(wrong(n, 0.2) for n in range(3))], 0.3)
        sure = found["confidence"]
        assert (sure["auroc_right"]["value"], sure["median_right"], sure["median_wrong"]) == (1.0, 0.9, 0.2)
        assert sure["brier"]["value"] == pytest.approx((0.01 + 0.04) / 2)
        assert sure["risk_at_coverage"] == {"0.5": 0.0, "0.8": 0.5, "1": 0.5}
        assert sure["coverage_at_risk_0.1"] == 0.5

    def test_answerable_from_not_needs_both(self) -> None:
        assert math.isnan(figures_of([right(1, 0.9)], 0.3)["confidence"]["auroc_answerable"]["value"])
        assert figures_of(MIXED, 0.3)["confidence"]["auroc_answerable"]["value"] == pytest.approx(0.81)

    def test_questions_that_could_not_be_judged_are_left_out(self) -> None:
        found = figures_of([right(1, 0.9), judge(row(id="x", gold=[], answers=[]))], 0.3)
        assert (found["questions"], found["confidence"]["questions"]) == (2, 1)

    def test_risk_at_a_coverage_that_ties_pass_over(self) -> None:
        assert risk_at(np.array([0.9, 0.5, 0.5]), np.array([1.0, 1.0, 0.0]), 0.5) == pytest.approx(1 / 3)


class TestRefusals:
    def test_at_the_threshold(self) -> None:
        found = figures_of(MIXED, 0.3)["refusals"]
        assert found["unanswerable_refused"]["value"] == pytest.approx(0.9)
        assert found["answerable_refused"]["value"] == pytest.approx(0.1)
        assert found["given_right"]["value"] == pytest.approx(0.9)
        assert found["at_threshold"] == pytest.approx((0.5, 0.1))

    def test_the_best_threshold(self) -> None:
        best = figures_of(MIXED, 0.3)["refusals"]["best"]
        assert best["reached"]
        assert (best["unanswerable_refused"], best["answerable_refused"]) == pytest.approx((0.9, 0.1))
        assert 0.28 < best["threshold"] < 0.83

    def test_where_none_is_good_enough(self) -> None:
        best = figures_of([*(right(n, 0.2) for n in range(5)), unanswerable(1, 0.9)], 0.3)["refusals"]["best"]
        assert (best["reached"], best["unanswerable_refused"]) == (False, 0.0)
        assert figures_of([right(1, 0.9)], 0.3)["refusals"]["best"] is None

    def test_fallbacks_are_refusals_at_any_confidence(self) -> None:
        found = figures_of([right(1, 0.9, answered=False), unanswerable(1, 0.9)], 0.0)["refusals"]
        assert found["answerable_refused"]["value"] == 1.0


class TestRanking:
    def test_ours_beside_the_baselines(self) -> None:
        found = figures_of([right(n, 0.9) for n in range(4)], 0.3)["ranking"]
        assert list(found) == ["hybrid", "dense", "sparse"]
        assert found["hybrid"]["ndcg@10"] == {"value": 1.0, "low": 1.0, "high": 1.0}
        assert found["sparse"]["ours_above"]["value"] == 1.0

    def test_nothing_is_known(self) -> None:
        found = figures_of([judge(row(gold=[], answers=[]))], 0.3)
        assert (found["ranking"], found["answers"]) == ({}, {})


def test_latency_is_of_all_questions() -> None:
    found = figures_of([judge(row(id=str(n), search_ms=float(n), test_ms=2.0)) for n in range(101)], 0.3)
    assert found["latency_ms"]["search"] == {"p50": 50.0, "p95": 95.0, "p99": 99.0}


def test_no_rows_have_no_figures() -> None:
    found = plain(figures_of([], 0.3))
    assert (found["confidence"]["ece"]["value"], found["refusals"]["at_threshold"]) == (None, None)


class TestCompare:
    def test_the_same_questions_of_two_runs(self) -> None:
        worse: Sequence[Verdict] = [wrong(n, 0.8) for n in range(8)]
        better = [judge(row(id=f"w{n}", confidence=0.8)) for n in range(7)] + [worse[7]]
        found = compared([*worse, right(9, 0.5)], better)
        assert (found["questions"], found["only_in_a"], found["only_in_b"]) == (8, 1, 0)
        own = found["figures"]["right"]
        assert (own["a"], own["b"], own["difference"]["better"], own["difference"]["worse"]) == (0.0, 0.875, 7, 0)
        assert own["difference"]["p"] < 0.05
        assert found["figures"]["ndcg@10"]["difference"]["p"] == 1.0
        assert found["confidence"]["ece"]["difference"]["value"] == pytest.approx(0.075 - 0.8)

    def test_a_question_that_reads_differently_is_another(self) -> None:
        with pytest.raises(InvalidInput, match="no question in common"):
            compared([right(1, 0.5)], [right(1, 0.5, question="Other?")])
