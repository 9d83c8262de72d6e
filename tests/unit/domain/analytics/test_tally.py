"""Counting a day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.analytics.tally import AGAIN_WITHIN, Asked, Begun, Tally, count_day
from domain.models import EVERY, Feedback

AT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # in Berlin half past two, for the first time
ASKED = Asked("a1", "WIDGET", AT, None, True, None, 0.83, 120, ["d1", "d2", "d1"], None, None, False, None)
BERLIN = ZoneInfo("Europe/Berlin")


def total(*asked: Asked) -> Tally:
    return count_day(asked, [], BERLIN).tallies[EVERY, EVERY]


class TestQuestions:
    def test_each_agent_and_channel_and_all_of_them(self) -> None:
        day = count_day([ASKED, replace(ASKED, agent_id="a2"), replace(ASKED, channel="TEST")], [], BERLIN)
        assert {key: tally.counts["questions"] for key, tally in day.tallies.items()} == {
            ("a1", "WIDGET"): 1, ("a2", "WIDGET"): 1, ("a1", "TEST"): 1, (EVERY, EVERY): 3,
        }  # fmt: skip

    def test_both_hours_that_the_clock_shows_twice_are_that_hour(self) -> None:
        assert total(ASKED, replace(ASKED, asked_at=AT + timedelta(hours=1))).hours == {2: [0, 2]}

    def test_a_fallback(self) -> None:
        counts = total(replace(ASKED, answered=False, refusal="below_threshold")).counts
        assert (counts["questions"], counts["answered"], counts["below_threshold"]) == (1, 0, 1)

    def test_silence_is_no_success(self) -> None:
        assert total(ASKED).counts["confirmed"] == 0
        assert total(replace(ASKED, feedback=Feedback.THUMBS_UP)).counts["confirmed"] == 1

    @pytest.mark.parametrize(
        ("asked", "contradicted"),
        [
            (replace(ASKED, again_at=AT + AGAIN_WITHIN), 1),
            (replace(ASKED, again_at=AT + AGAIN_WITHIN + timedelta(seconds=1)), 0),
            (replace(ASKED, escalated=True), 1),
            (replace(ASKED, escalated=True, answered=False), 0),
            (replace(ASKED, feedback=Feedback.THUMBS_UP, escalated=True), 1),
        ],
    )
    def test_asking_again_or_for_a_human_contradicts_an_answer(self, asked: Asked, contradicted: int) -> None:
        counts = total(asked).counts
        assert counts["contradicted"] == contradicted
        assert counts["confirmed"] == 0

    def test_confidence_of_answers_that_were_judged(self) -> None:
        up, down = (replace(ASKED, feedback=thumb) for thumb in (Feedback.THUMBS_UP, Feedback.THUMBS_DOWN))
        labelled = replace(ASKED, feedback=Feedback.THUMBS_UP, is_right=False, confidence=1.0)
        refused = replace(ASKED, answered=False, feedback=Feedback.THUMBS_DOWN, confidence=0.1)
        found = total(ASKED, up, down, labelled, refused).confidence
        assert found[16] == pytest.approx([3, 1, 1, 1.66])
        assert found[19] == [1, 0, 1, 1.0]  # the label is stronger than the thumb
        assert found[2] == [1, 0, 0, 0.0]  # a thumb for the fallback judges no answer


class TestDocuments:
    def test_what_answers_cited(self) -> None:
        thumb = replace(ASKED, feedback=Feedback.THUMBS_DOWN)
        documents = count_day([ASKED, thumb, replace(ASKED, answered=False)], [], BERLIN).documents
        assert documents["d1"] == {
            "cited": 2, "cited_first": 2, "thumbs_up": 0, "thumbs_down": 1, "contradicted": 0
        }  # fmt: skip
        assert (documents["d2"]["cited"], documents["d2"]["cited_first"]) == (2, 0)


class TestConversations:
    def test_how_long_they_went_on(self) -> None:
        begun = [Begun("a1", "TEST", AT, AT + timedelta(minutes=2), None), Begun("a1", "TEST", AT, AT, AT)]
        tally = count_day([], begun, BERLIN).tallies[EVERY, EVERY]
        assert (tally.counts["conversations"], tally.counts["conversations_escalated"]) == (2, 1)
        assert (tally.conversation_s, tally.hours) == (120.0, {2: [2, 0]})

    def test_an_empty_day_has_no_rows(self) -> None:
        assert count_day([], [], BERLIN).tallies == {}
