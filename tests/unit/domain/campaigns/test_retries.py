"""Who is called again whose call failed (FACTS, “Campaigns elsewhere”)."""

from datetime import timedelta

import pytest

from domain.campaigns.retries import Retries
from domain.models import CallReason as R


def waits(retries: Retries, *reasons: R) -> list[int | None]:
    """Minutes after each of these calls, one after the other."""
    found: list[int | None] = []
    errors = 0
    for calls, reason in enumerate(reasons, start=1):
        errors += reason is R.ERROR
        wait = retries.wait(reason, calls, errors)
        found.append(None if wait is None else int(wait / timedelta(minutes=1)))
    return found


@pytest.mark.parametrize(
    ("reasons", "minutes"),
    [
        ((R.NO_ANSWER,) * 4, [30, 60, 120, None]),
        ((R.BUSY, R.NO_ANSWER, R.BUSY, R.NO_ANSWER), [30, 60, 120, None]),
        ((R.ERROR, R.ERROR), [30, None]),
        ((R.ERROR, R.NO_ANSWER, R.NO_ANSWER, R.NO_ANSWER, R.NO_ANSWER), [30, 30, 60, 120, None]),
        ((R.NO_ANSWER, R.ERROR, R.NO_ANSWER), [30, 30, 60]),
        ((R.VOICEMAIL,), [None]),
        ((R.INVALID_NUMBER,), [None]),
        ((R.DO_NOT_CALL,), [None]),
        ((R.CANCELED,), [None]),
    ],
)
def test_by_default(reasons: tuple[R, ...], minutes: list[int | None]) -> None:
    assert waits(Retries(), *reasons) == minutes


def test_a_machine_counts_as_nobody_where_that_is_wanted() -> None:
    assert waits(Retries(voicemail=True), R.VOICEMAIL, R.NO_ANSWER) == [30, 60]


def test_none() -> None:
    assert [waits(Retries(()), reason) for reason in R] == [[None]] * len(R)
