"""Reasons: they add up to the confidence, and their words say which way."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.confidence import READER, WORDS, confidence, model_of
from retrieval.explanation import reasons

UNIT = st.floats(0, 1, allow_nan=False)


@given(st.lists(UNIT, min_size=9, max_size=9), st.sampled_from([-1.0, 0.0, 1.0]), st.booleans())
def test_effects_and_the_usual_make_the_confidence(values: list[float], codes: float, read: bool) -> None:
    names = (*WORDS, *READER) if read else WORDS
    given_ = dict(zip(names, values, strict=False)) | {"codes": codes}
    model = model_of(given_)
    usual = model.bias + sum(weight * model.means[name] for name, weight in model.weights.items())
    logit = usual + sum(reason.effect for reason in reasons(given_))
    assert confidence(given_) == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-3)


def test_the_strongest_comes_first() -> None:
    effects = [abs(one.effect) for one in reasons(dict.fromkeys(WORDS, 0.9) | {"codes": -1.0})]
    assert effects == sorted(effects, reverse=True)


def test_a_code_that_is_nowhere_is_said_so() -> None:
    (reason,) = (one for one in reasons(dict.fromkeys(WORDS, 0.5) | {"codes": -1.0}) if one.feature == "codes")
    assert "nothing that was found" in reason.words
    assert reason.effect < 0


def test_where_nothing_was_found_there_are_none() -> None:
    assert reasons({}) == []
