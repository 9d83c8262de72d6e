"""A workspace's own calibration over HTTP: labels, what they support, and the confidence that follows them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.client import Workspace, check_error

TEXT = "We offer three plans: Free, Starter and Pro. The Pro plan costs 49 euros a month."
QUESTIONS = ["What does the Pro plan cost?", "Which plans do you offer?", "How many plans are there?", "Is Pro a plan?"]


@pytest.fixture
def agent(workspace: Workspace) -> str:
    workspace.ingest(TEXT, "pricing.txt")
    return str(workspace.agent(response_config={"confidence_threshold": 0})["id"])


def answers(workspace: Workspace, agent: str, count: int) -> list[dict[str, object]]:
    asked = [{"message": QUESTIONS[number % len(QUESTIONS)]} for number in range(count)]
    return [workspace.post(f"/agents/{agent}/test", json=body).json() for body in asked]


def labels(made: list[dict[str, object]], wrong: int) -> list[dict[str, object]]:
    """The first `wrong` of them wrong, the others right."""
    return [{"message_id": one["message_id"], "right": number >= wrong} for number, one in enumerate(made)]


class TestCalibration:
    def test_without_one_the_confidence_is_the_installations(self, workspace: Workspace) -> None:
        found = workspace.get("/calibration").json()
        assert (found["labels"], found["is_applied"], found["scaling"]) == (0, False, {"scale": 1.0, "bias": 0.0})

    def test_a_few_labels_are_kept_and_change_nothing(self, workspace: Workspace, agent: str) -> None:
        made = answers(workspace, agent, 2)
        reply = workspace.post("/calibration", json={"labels": labels(made, 1)}).json()
        assert (reply["labels"], reply["right"], reply["is_applied"]) == (2, 1, False)
        assert "label some more" in reply["words"]
        kept = workspace.get("/calibration").json()
        assert (kept["labels"], kept["right"]) == (2, 1)

    def test_the_next_answers_go_by_it(self, workspace: Workspace, agent: str) -> None:
        made = answers(workspace, agent, 24)
        dry = workspace.post("/calibration", json={"labels": labels(made, 3), "apply": False}).json()
        assert (dry["is_applied"], workspace.get("/calibration").json()["is_applied"]) == (False, False)
        reply = workspace.post("/calibration", json={"max_wrong": 0.4}).json()
        assert (reply["labels"], reply["right"], reply["is_applied"]) == (24, 21, True)
        assert reply["after"]["brier"] < reply["before"]["brier"]
        assert reply["promise"]["needed"] == 6
        again = workspace.post(f"/agents/{agent}/test", json={"message": QUESTIONS[0], "explain": True}).json()
        assert again["confidence"] > made[0]["confidence"]
        assert "calibration" in {reason["feature"] for reason in again["explanation"]["reasons"]}
        assert workspace.delete("/calibration").json()["is_applied"] is False
        assert answers(workspace, agent, 1)[0]["confidence"] == made[0]["confidence"]
        assert workspace.get("/calibration").json()["labels"] == 24

    def test_two_at_once_go_one_after_the_other(self, shaped: Workspace) -> None:
        shaped.ingest(TEXT, "pricing.txt")
        agent = str(shaped.agent(response_config={"confidence_threshold": 0})["id"])
        shaped.post("/calibration", json={"labels": labels(answers(shaped, agent, 24), 3), "apply": False})
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda _: shaped.post("/calibration", json={}), range(8)))
        assert [(reply.status_code, reply.json()["is_applied"]) for reply in replies] == [(200, True)] * 8

    def test_what_is_no_answer_is_refused_and_nothing_is_labelled(self, workspace: Workspace, agent: str) -> None:
        (made,) = answers(workspace, agent, 1)
        workspace.call("PATCH", f"/agents/{agent}", json={"response_config": {"confidence_threshold": 1}})
        (refused,) = answers(workspace, agent, 1)
        refusals = [(refused["message_id"], 400, "MESSAGE_NOT_ANSWERED"), ("msg_x", 404, "MESSAGE_NOT_FOUND")]
        for wrong, status, code in refusals:
            body = {"labels": [*labels([made], 0), {"message_id": wrong, "right": True}]}
            check_error(workspace.post("/calibration", json=body), status, code)
        assert workspace.get("/calibration").json()["labels"] == 0
