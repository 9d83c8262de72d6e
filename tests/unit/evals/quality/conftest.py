"""Intervals are looked at in the tests of statistics."""

import pytest


@pytest.fixture(autouse=True)
def _few_resamples(few_resamples: None) -> None:
    """Few are enough here."""
