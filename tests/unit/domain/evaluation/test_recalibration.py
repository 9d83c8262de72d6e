"""A calibration from labels, and what labels can promise; scipy is the judge of the bound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation.calibration import auroc, ece
from domain.evaluation.recalibration import THRESHOLDS, clopper_pearson, fit, out_of_fold, promise
from retrieval.scaling import AS_IT_IS, Scaling
from tests.support.services import module

OUTCOMES = st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=60)


def drawn(scaling: Scaling, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and outcomes of which `scaling` makes true ones."""
    random = np.random.default_rng(seed)
    p = random.uniform(0.05, 0.95, count)
    return p, (random.random(count) < scaling.of(p)).astype(float)


class TestFit:
    def test_no_labels_leave_it_as_it_is(self) -> None:
        assert fit(np.zeros(0), np.zeros(0)) == AS_IT_IS

    @given(OUTCOMES)
    def test_it_never_turns_the_order_round(self, labels: list[tuple[float, bool]]) -> None:
        p, y = (np.array(column, dtype=float) for column in zip(*labels, strict=True))
        made = fit(p, y)
        assert made.scale > 0
        assert np.all(np.diff(made.of(np.sort(p))) >= 0)

    @pytest.mark.parametrize("true", [Scaling(1.0, 1.5), Scaling(1.6, -1.0), Scaling(0.5, 0.0)])
    def test_a_hundred_labels_make_it_true(self, true: Scaling) -> None:
        """The figure that is promised: an ECE of at most .05 after 100 labels, on what was not labelled."""
        before, after = [], []
        for seed in range(20):
            made = fit(*drawn(true, 100, seed))
            p, y = drawn(true, 20_000, 1_000 + seed)
            before.append(ece(p, y))
            after.append(ece(made.of(p), y))
        assert np.mean(before) > 0.08
        assert np.mean(after) < 0.05

    def test_out_of_fold_says_what_to_expect(self) -> None:
        p, y = drawn(Scaling(1.0, 1.5), 400, 3)
        made = out_of_fold(p, y)
        assert ece(made, y) < ece(p, y)
        assert auroc(made, y) == pytest.approx(auroc(p, y), abs=0.02)

    def test_zero_stays_zero(self) -> None:
        assert Scaling(1.0, 5.0).of_one(0.0) == 0.0


class TestPromise:
    @pytest.mark.parametrize(("wrong", "answered"), [(0, 1), (0, 29), (3, 50), (49, 50), (50, 50), (20, 900)])
    def test_the_bound_is_clopper_and_pearsons(self, wrong: int, answered: int) -> None:
        stats = module("scipy.stats")
        expected = stats.binomtest(wrong, answered).proportion_ci(0.9, "exact").high
        assert clopper_pearson(wrong, answered) == pytest.approx(expected, abs=1e-9)

    def test_a_few_labels_promise_nothing_and_say_how_many_it_takes(self) -> None:
        found = promise(np.full(28, 0.99), np.ones(28), 0.1)
        assert (found.threshold, found.needed) == (None, 29)
        assert promise(np.full(29, 0.99), np.ones(29), 0.1).threshold == THRESHOLDS[-1]

    def test_it_stops_where_the_bound_is_passed(self) -> None:
        p, y = np.repeat([0.9, 0.5], 100), np.repeat([1.0, 0.0], 100)
        found = promise(p, y, 0.1)
        assert found.threshold is not None
        assert 0.5 < found.threshold <= 0.9
        assert (found.answered, found.wrong) == (100, 0)

    def test_wrong_ones_at_the_top_allow_none(self) -> None:
        found = promise(np.full(100, 0.9), np.repeat([1.0, 0.0], 50), 0.1)
        assert (found.threshold, found.wrong) == (None, 50)

    def test_what_it_promises_holds(self) -> None:
        """In at most a twentieth of the cases more than the promised share is wrong."""
        broken = tried = 0
        for seed in range(300):
            random = np.random.default_rng(seed)
            p = random.uniform(0, 1, 300)
            found = promise(p, (random.random(300) < p).astype(float), 0.2)
            if found.threshold is not None:
                tried += 1
                broken += (1 - found.threshold) / 2 > 0.2  # the mean share wrong above it, where p is true
        assert tried > 150
        assert broken <= 0.06 * tried
