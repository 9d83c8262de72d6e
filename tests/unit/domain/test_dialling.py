"""How the sandbox plays a call."""

from typing import Any

import pytest

from domain.calls.dialling import played
from domain.front_office.settings import SandboxPace

PACE = SandboxPace(ring_s=1.0, talk_s=5.0)
COMPLETED = ["ringing", "in-progress", "completed"]


class TestPlayed:
    @pytest.mark.parametrize(
        ("script", "statuses", "ends_s", "duration_s"),
        [
            ({}, COMPLETED, 6.0, 5), ({"ring_s": 0.0, "talk_s": 7.0}, COMPLETED, 7.0, 7),
            ({"talk_s": 3_600.0}, COMPLETED, 11.0, 10), ({"outcome": "busy"}, ["ringing", "failed"], 1.0, None),
            ({"outcome": "invalid-number"}, ["failed"], 0.0, None),
        ],
    )  # fmt: skip
    def test_no_longer_than_the_agent_may(
        self, script: dict[str, Any], statuses: list[str], ends_s: float, duration_s: int | None
    ) -> None:
        reports = played(script, PACE, 10)
        assert [one.report["status"] for one in reports] == statuses
        assert (reports[-1].after_s, reports[-1].report.get("duration_s")) == (ends_s, duration_s)
