"""The fault bench in short: kill -9 at stages of the journey, a broker that forgets, messages that come twice."""

import psycopg
import pytest
import redis

from evals.faults.rehearse import rehearse
from evals.faults.scenarios import Result
from tests.support.services import missing

NOTHING_LOST: dict[str, dict[str, int]] = {"kill -9 at every stage": {}, "a version served at all times": {}}


def outcome(results: list[Result]) -> dict[str, dict[str, int]]:
    return {result.fault: dict(result.verdict.violations) for result in results}


def short(shape: str, fault: str, kills: int = 0) -> list[Result]:
    try:
        return rehearse(shape, kills=kills, seconds=3, only=fault, seed=11)
    except psycopg.OperationalError as error:
        missing("postgres", error)
    except redis.ConnectionError as error:
        missing("redis", error)


class TestEmbedded:
    def test_killed_a_few_times(self) -> None:
        results = short("embedded", "kills", kills=2)
        assert outcome(results) == NOTHING_LOST
        assert results[0].facts["kills"] >= 2
        assert results[-1].facts["questions"] > 0


@pytest.mark.long
class TestLong:
    def test_embedded_killed_at_stages(self) -> None:
        assert outcome(short("embedded", "kills", kills=8)) == NOTHING_LOST

    def test_scaled_out_killed_at_stages(self) -> None:
        assert outcome(short("scaled", "kills", kills=6)) == NOTHING_LOST

    @pytest.mark.parametrize("fault", ["empty", "duplicates"])
    def test_messages(self, fault: str) -> None:
        violations = outcome(short("scaled", fault))
        assert not any(violations.values())
        assert len(violations) == 2
