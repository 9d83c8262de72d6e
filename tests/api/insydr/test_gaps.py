"""The loop over HTTP: what was not answered is resolved by what comes, with proof, and opens again when that goes."""

from typing import Any

import pytest

from domain.models import Document, EventRow
from tests.support.analytics import settle
from tests.support.client import Workspace, check_error, until

QUESTION = "How long is the battery covered?"
PARAPHRASE = "For how long is the battery covered by the warranty?"
TEXT = "Warranty. The battery is covered for two years. The frame is covered for ten years."
OTHER = "Our office in Riga is open from Monday to Friday. Parking is behind the house."


@pytest.fixture
def agent(workspace: Workspace) -> str:
    return desk(workspace)


def desk(workspace: Workspace) -> str:
    """An agent that has only what answers nothing."""
    workspace.ingest(OTHER, "office.txt")
    made = str(workspace.agent(name="Desk", response_config={"confidence_threshold": 0.1})["id"])
    assert workspace.post(f"/agents/{made}/publish").is_success
    return made


def ask(workspace: Workspace, agent: str, *questions: str) -> list[dict[str, Any]]:
    replies = [workspace.post(f"/agents/{agent}/test", json={"message": one}) for one in questions]
    assert all(one.is_success for one in replies), replies
    settle(workspace)
    return [dict(one.json()) for one in replies]


def items(workspace: Workspace) -> list[dict[str, Any]]:
    return list(workspace.get("/analytics/unanswered").json()["unanswered"])


def becomes(workspace: Workspace, item: str, status: str) -> dict[str, Any]:
    path = f"/analytics/unanswered/{item}"
    return dict(until(lambda: workspace.get(path).json(), lambda now: now["status"] == status))


def told(workspace: Workspace, kind: str) -> list[dict[str, Any]]:
    with workspace.shape.parts.database.read() as session:
        mine = session.query(EventRow).filter_by(workspace_id=workspace.id, type=kind)
        return [dict(one.data) for one in mine]


class TestDocuments:
    def test_what_comes_resolves_and_what_goes_opens_again(self, shaped: Workspace) -> None:
        agent = desk(shaped)
        ask(shaped, agent, QUESTION, PARAPHRASE)
        (item,) = items(shaped)
        assert item["status"] == "OPEN"
        document = shaped.ingest(TEXT, "warranty.txt", external_id="warranty")
        resolved = becomes(shaped, item["id"], "RESOLVED")
        by = resolved["resolved_by"]
        assert (by["kind"], by["document_id"], by["external_id"], by["chunk_index"]) == (
            "DOCUMENT", document["id"], "warranty", 0,
        )  # fmt: skip
        assert by["quote"] in TEXT
        assert "two years" in by["quote"]
        phrasings = shaped.get(f"/analytics/unanswered/{item['id']}/phrasings").json()["phrasings"]
        assert {one["question"] for one in phrasings} == {QUESTION, PARAPHRASE}
        for one in phrasings:
            assert (one["proof"]["agent_id"], one["proof"]["document_id"]) == (agent, document["id"])
            assert one["proof"]["confidence"] > 0.3
        (event,) = told(shaped, "GAP_RESOLVED")
        assert (event["unanswered_id"], event["document_id"]) == (item["id"], document["id"])
        assert shaped.get("/analytics/unanswered").json()["resolved_this_week"] == 1

        assert shaped.delete(f"/documents/{document['id']}").is_success
        again = becomes(shaped, item["id"], "OPEN")
        assert again["resolved_by"] is None
        assert again["reopened_at"] is not None
        assert [one["unanswered_id"] for one in told(shaped, "GAP_REOPENED")] == [item["id"]]

        shaped.ingest(TEXT, "warranty.txt")
        becomes(shaped, item["id"], "RESOLVED")

    def test_a_new_version_without_the_answer_opens_it_again(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, QUESTION)
        (item,) = items(workspace)
        workspace.ingest(TEXT, "warranty.txt", external_id="warranty")
        becomes(workspace, item["id"], "RESOLVED")
        workspace.ingest("The warranty is under review.", "warranty.txt", external_id="warranty")
        becomes(workspace, item["id"], "OPEN")

    def test_another_document_takes_over(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, QUESTION)
        (item,) = items(workspace)
        first = workspace.ingest(TEXT, "warranty.txt")
        becomes(workspace, item["id"], "RESOLVED")
        workspace.ingest(f"{TEXT} Valid in 2026.", "later.txt")
        workspace.delete(f"/documents/{first['id']}")
        path = f"/analytics/unanswered/{item['id']}"
        now = until(lambda: workspace.get(path).json(), lambda one: one["resolved_by"]["document_id"] != first["id"])
        assert now["status"] == "RESOLVED"
        assert told(workspace, "GAP_REOPENED") == []

    def test_what_answers_none_of_it_changes_nothing(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, QUESTION)
        (item,) = items(workspace)
        workspace.ingest("The house in Riga is blue. So is the door.", "house.txt")
        until(lambda: items(workspace)[0]["checked_at"], lambda at: at is not None)
        assert becomes(workspace, item["id"], "OPEN")["resolved_by"] is None
        near = workspace.get(f"/analytics/unanswered/{item['id']}").json()["passages"]
        assert {one["title"] for one in near} <= {"house.txt", "office.txt"}

    def test_an_answer_that_was_disliked_does_not_resolve_it(self, workspace: Workspace, agent: str) -> None:
        workspace.ingest(TEXT, "warranty.txt", external_id="warranty")
        (reply,) = ask(workspace, agent, QUESTION)
        assert reply["answered"]
        workspace.post(f"/messages/{reply['message_id']}/feedback", json={"feedback_type": "THUMBS_DOWN"})
        settle(workspace)
        (item,) = items(workspace)
        until(lambda: items(workspace)[0]["checked_at"], lambda at: at is not None)
        assert items(workspace)[0]["status"] == "OPEN"
        workspace.ingest(TEXT.replace("two", "three"), "warranty.txt", external_id="warranty")
        assert "three years" in becomes(workspace, item["id"], "RESOLVED")["resolved_by"]["quote"]


class TestAgents:
    def test_a_collection_is_attached_and_taken_away(self, workspace: Workspace, agent: str) -> None:
        elsewhere = workspace.new_collection("Elsewhere")
        workspace.ingest(TEXT, "warranty.txt", collection_id=elsewhere)
        ask(workspace, agent, QUESTION)
        (item,) = items(workspace)
        for collections, status in (([workspace.collection, elsewhere], "RESOLVED"), ([workspace.collection], "OPEN")):
            workspace.patch(f"/agents/{agent}", json={"collection_ids": collections})
            assert becomes(
                workspace, item["id"], "OPEN" if status == "RESOLVED" else "RESOLVED"
            )  # the draft changes nothing
            workspace.post(f"/agents/{agent}/publish")
            becomes(workspace, item["id"], status)

    def test_all_who_were_asked_have_to_answer(self, workspace: Workspace, agent: str) -> None:
        elsewhere = workspace.new_collection("Elsewhere")
        workspace.ingest(OTHER, "office.txt", collection_id=elsewhere)
        other = str(
            workspace.agent(name="Other", collection_ids=[elsewhere], response_config={"confidence_threshold": 0.1})[
                "id"
            ]
        )
        ask(workspace, agent, QUESTION)
        ask(workspace, other, QUESTION)
        (item,) = items(workspace)
        workspace.ingest(TEXT, "warranty.txt")
        until(lambda: items(workspace)[0]["checked_at"], lambda at: at is not None)
        assert becomes(workspace, item["id"], "OPEN")
        workspace.ingest(TEXT, "warranty.txt", collection_id=elsewhere)
        becomes(workspace, item["id"], "RESOLVED")


class TestPersons:
    def test_what_a_person_resolved_gets_its_proof(self, workspace: Workspace, agent: str) -> None:
        """And opens again when that goes."""
        ask(workspace, agent, QUESTION)
        (item,) = items(workspace)
        workspace.patch(f"/analytics/unanswered/{item['id']}", json={"status": "RESOLVED"})
        document = workspace.ingest(TEXT, "warranty.txt")
        path = f"/analytics/unanswered/{item['id']}"
        workspace.patch(path, json={"status": "OPEN"})
        becomes(workspace, item["id"], "RESOLVED")
        workspace.patch(path, json={"status": "OPEN"})
        assert workspace.patch(path, json={"status": "RESOLVED"}).json()["resolved_by"]["kind"] == "PERSON"
        phrasings = until(
            lambda: workspace.get(f"{path}/phrasings").json()["phrasings"], lambda found: found[0]["proof"] is not None
        )
        assert phrasings[0]["proof"]["document_id"] == document["id"]
        by = workspace.get(path).json()["resolved_by"]
        assert (by["kind"], by["user_id"], by["document_id"]) == ("PERSON", workspace.account.user_id, document["id"])
        workspace.delete(f"/documents/{document['id']}")
        becomes(workspace, item["id"], "OPEN")

    def test_without_a_proof_their_word_counts(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, QUESTION)
        path = f"/analytics/unanswered/{items(workspace)[0]['id']}"
        workspace.patch(path, json={"status": "RESOLVED"})
        until(lambda: workspace.get(path).json()["checked_at"], lambda at: at is not None)
        assert workspace.get(path).json()["status"] == "RESOLVED"
        assert workspace.get(f"{path}/phrasings").json()["phrasings"][0]["proof"] is None


class TestAnswers:
    ANSWER = "Yes. Webhooks are supported on every plan: add one under Settings, Webhooks."
    ASKED = "Do you support webhooks?"

    def test_by_hand(self, shaped: Workspace) -> None:
        """It is a document, resolves the item and is cited from then on."""
        agent = desk(shaped)
        ask(shaped, agent, self.ASKED)
        (item,) = items(shaped)
        path = f"/analytics/unanswered/{item['id']}"
        reply = shaped.post(f"{path}/answer", json={"answer": self.ANSWER, "collection_id": shaped.collection})
        assert reply.status_code == 202, reply.text
        assert reply.json()["unreached_agents"] == []
        document = shaped.wait(reply.json()["document"]["id"])
        assert (document["source_type"], document["title"]) == ("ANSWER", self.ASKED)
        by = becomes(shaped, item["id"], "RESOLVED")["resolved_by"]
        assert (by["kind"], by["document_id"]) == ("DOCUMENT", document["id"])
        (answer,) = ask(shaped, agent, self.ASKED)
        assert answer["sources"][0]["document_id"] == document["id"]
        assert answer["sources"][0]["quote"] in self.ANSWER

    def test_a_second_one_replaces_the_first(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, self.ASKED)
        path = f"/analytics/unanswered/{items(workspace)[0]['id']}"
        bodies = [
            {"answer": text, "collection_id": workspace.collection}
            for text in (self.ANSWER, "No. Webhooks are not supported.")
        ]
        ids = [
            workspace.wait(workspace.post(f"{path}/answer", json=body).json()["document"]["id"])["id"]
            for body in bodies
        ]
        assert ids[0] == ids[1]
        until(
            lambda: workspace.get(path).json(),
            lambda now: "not supported" in (now["resolved_by"] or {}).get("quote", ""),
        )
        tag = workspace.get(path).headers["ETag"]
        same = workspace.post(f"{path}/answer", json=bodies[1], headers={"If-Match": tag})
        assert same.json()["document"]["message"] == "Document unchanged: nothing to process"

    def test_an_agent_that_does_not_use_the_collection_is_named(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, self.ASKED)
        elsewhere = workspace.new_collection("Elsewhere")
        path = f"/analytics/unanswered/{items(workspace)[0]['id']}/answer"
        reply = workspace.post(path, json={"answer": self.ANSWER, "collection_id": elsewhere, "title": "Webhooks"})
        assert reply.json()["unreached_agents"] == [agent]
        assert reply.json()["document"]["title"] == "Webhooks"

    def test_bad_input(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, self.ASKED)
        path = f"/analytics/unanswered/{items(workspace)[0]['id']}/answer"
        good = {"answer": self.ANSWER, "collection_id": workspace.collection}
        check_error(workspace.post(path, json=good | {"answer": ""}), 400, field="answer")
        check_error(workspace.post(path, json=good | {"answer": " \n\u200b"}), 400, field="answer")
        check_error(workspace.post(path, json=good | {"answer": "x" * 1_000_000}), 400, field="answer")
        check_error(workspace.post(path, json=good | {"collection_id": "col_ghost"}), 404, field="collection_id")
        check_error(workspace.post(path, json=good | {"titel": "x"}), 400)
        check_error(workspace.post("/analytics/unanswered/uq_ghost/answer", json=good), 404, "UNANSWERED_NOT_FOUND")
        check_error(workspace.post(path, json=good, headers={"If-Match": '"77"'}), 412)
        assert workspace.get("/documents").json()["total"] == 1
        stranger = workspace.shape.sign_up("Eve").workspace()
        check_error(stranger.post(path, json=good | {"collection_id": stranger.collection}), 404)


class TestOutlook:
    def test_what_an_item_is_worth(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, QUESTION, QUESTION, "Where is the office in Riga?")
        found = items(workspace)
        (item,) = [one for one in found if one["question"] == QUESTION]
        month = item["expected_monthly"]
        assert month["low"] < month["value"] < month["high"]
        assert month["value"] == pytest.approx(2 * 30.4 / 7, abs=0.1)
        share = item["gain"]["predicted"]
        assert 0 < share["low"] < share["value"] == pytest.approx(2 / 3, abs=1e-3)
        assert share["high"] == 1
        assert item["gain"]["realised"] is None
        assert len(item["pulse"]) == 13
        assert (item["pulse"][-1]["asked"], item["pulse"][-1]["failed"]) == (2, 2)
        assert {(week["asked"], week["failed"]) for week in item["pulse"][:-1]} == {(0, 0)}
        ordered = workspace.get("/analytics/unanswered", params={"order": "gain"}).json()["unanswered"]
        assert ordered[0]["id"] == item["id"]


class TestReasons:
    """Why it is not answered is tried out, and said."""

    def reason(self, workspace: Workspace, code: str) -> dict[str, Any]:
        """Of the only item, once it is that."""
        found = until(lambda: items(workspace)[0]["reason"], lambda now: now is not None)
        assert found["code"] == code, found
        assert found["message"]
        assert workspace.get("/analytics/unanswered", params={"reason": code}).json()["total"] == 1
        return dict(found)

    def test_missing(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, QUESTION)
        assert self.reason(workspace, "MISSING")["agent_id"] == agent
        assert workspace.get("/analytics/unanswered", params={"reason": "CONTRADICTION"}).json()["total"] == 0

    def test_in_another_collection(self, workspace: Workspace, agent: str) -> None:
        elsewhere = workspace.new_collection("Elsewhere")
        document = workspace.ingest(TEXT, "warranty.txt", collection_id=elsewhere)
        ask(workspace, agent, QUESTION)
        found = self.reason(workspace, "OTHER_COLLECTION")
        assert (found["collection_id"], found["passages"]) == (
            elsewhere, [{"document_id": document["id"], "chunk_index": 0}],
        )  # fmt: skip

    def test_in_a_draft(self, workspace: Workspace, agent: str) -> None:
        """Of one that is published with the document out of reach, and now has a lower threshold in its draft."""
        workspace.ingest(TEXT, "warranty.txt")
        workspace.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0.9}})
        workspace.post(f"/agents/{agent}/publish")
        ask(workspace, agent, QUESTION)
        workspace.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0.1}})
        other = "Is the battery covered for two years?"
        reply = workspace.post(f"/agents/{agent}/chat", json={"message": other})
        assert reply.is_success, reply.text
        settle(workspace)
        found = until(
            lambda: [one["reason"] for one in items(workspace) if one["reason"]],
            lambda now: any(one["code"] == "UNPUBLISHED_DRAFT" for one in now),
        )
        assert {one["agent_id"] for one in found} == {agent}

    def test_in_a_document_that_failed(self, shaped: Workspace) -> None:
        """It can be read, and was not searchable for a reason of ours."""
        agent = desk(shaped)
        document = shaped.ingest(TEXT, "warranty.txt")
        with shaped.shape.parts.database.write() as session:
            row = session.get_one(Document, document["id"])
            row.status, row.live_version, row.error_code = "FAILED", None, "INTERNAL_ERROR"
        ask(shaped, agent, QUESTION)
        found = self.reason(shaped, "FAILED_DOCUMENT")
        assert found["error_code"] == "INTERNAL_ERROR"
        assert found["passages"] == [{"document_id": document["id"], "chunk_index": 0}]

    def test_below_the_threshold_only(self, workspace: Workspace, agent: str) -> None:
        document = workspace.ingest(TEXT, "warranty.txt")
        workspace.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0.6}})
        workspace.post(f"/agents/{agent}/publish")
        ask(workspace, agent, QUESTION)
        found = self.reason(workspace, "BELOW_THRESHOLD")
        assert found["confidence"] < found["threshold"] == 0.6
        assert found["passages"][0]["document_id"] == document["id"]

    def test_ruled_out(self, workspace: Workspace, agent: str) -> None:
        workspace.ingest(TEXT, "warranty.txt")
        workspace.patch(f"/agents/{agent}", json={"conversation_rules": {"blocked_words": ["battery"]}})
        workspace.post(f"/agents/{agent}/publish")
        ask(workspace, agent, QUESTION)
        assert self.reason(workspace, "RULED_OUT")["refusal"] == "blocked_word"

    def test_disputed(self, workspace: Workspace, agent: str) -> None:
        document = workspace.ingest(TEXT, "warranty.txt")
        (reply,) = ask(workspace, agent, QUESTION)
        workspace.post(f"/messages/{reply['message_id']}/feedback", json={"feedback_type": "THUMBS_DOWN"})
        settle(workspace)
        assert self.reason(workspace, "DISPUTED")["passages"][0]["document_id"] == document["id"]


class TestDryRun:
    def test_of_an_answer(self, workspace: Workspace, agent: str) -> None:
        """It says which items it would close, and stores nothing."""
        ask(workspace, agent, QUESTION, "Where do you ship to?")
        (item,) = [one for one in items(workspace) if one["question"] == QUESTION]
        path = f"/analytics/unanswered/{item['id']}/dry-run"
        reply = workspace.post(path, json={"text": TEXT, "collection_id": workspace.collection})
        assert reply.status_code == 200, reply.text
        (closed,) = reply.json()["closes"]
        assert (closed["id"], closed["asked"]) == (item["id"], QUESTION)
        assert closed["confidence"] >= closed["needed"] > 0.1
        assert closed["quote"] in TEXT
        assert reply.json()["left"] == 0
        assert workspace.get("/documents").json()["total"] == 1
        assert items(workspace)[0]["status"] == "OPEN"
        assert reply.json()["alone"]["answered"]
        assert reply.json()["alone"]["quote"] in TEXT

    def test_an_answer_that_answers_nothing(self, workspace: Workspace, agent: str) -> None:
        """It would be believed, because it stands below its question: the text alone would not."""
        ask(workspace, agent, QUESTION)
        path = f"/analytics/unanswered/{items(workspace)[0]['id']}/dry-run"
        found = workspace.post(
            path, json={"text": "We are glad to help.", "collection_id": workspace.collection}
        ).json()
        assert not found["alone"]["answered"]
        titled = {"text": "We are glad to help.", "collection_id": workspace.collection, "title": "Our team"}
        found = workspace.post(path, json=titled).json()
        assert found["closes"] == []
        assert [one["question"] for one in found["stays_open"]] == [QUESTION]

    def test_what_it_would_change(self, workspace: Workspace, agent: str) -> None:
        document = workspace.ingest(TEXT, "warranty.txt")
        assert ask(workspace, agent, QUESTION)[0]["answered"]
        ask(workspace, agent, "Where do you ship to?")
        (item,) = items(workspace)
        body = {"text": "How long is the battery covered? The battery is covered for six years.",
                "collection_id": workspace.collection}  # fmt: skip
        reply = workspace.post(f"/analytics/unanswered/{item['id']}/dry-run", json=body).json()
        (changed,) = reply["changes"]
        assert changed["question"] == QUESTION
        assert changed["before"]["document_id"] == document["id"]
        assert (changed["after"]["answered"], changed["after"]["document_id"]) == (True, None)
        assert "six years" in changed["after"]["quote"]

    def test_bad_input(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, QUESTION)
        path = f"/analytics/unanswered/{items(workspace)[0]['id']}/dry-run"
        good = {"text": TEXT, "collection_id": workspace.collection}
        check_error(workspace.post(path, json=good | {"text": " "}), 400, field="text")
        check_error(workspace.post(path, json=good | {"text": "x" * 1_000_000}), 400, field="text")
        check_error(workspace.post(path, json=good | {"collection_id": "col_ghost"}), 404, field="collection_id")
        check_error(workspace.post("/analytics/unanswered/uq_ghost/dry-run", json=good), 404, "UNANSWERED_NOT_FOUND")


class TestPreflight:
    def test_of_a_document(self, shaped: Workspace) -> None:
        """Before it goes, and when it does: in the reply and as an event."""
        agent = desk(shaped)
        ask(shaped, agent, QUESTION)
        (item,) = items(shaped)
        document = shaped.ingest(TEXT, "warranty.txt")
        becomes(shaped, item["id"], "RESOLVED")
        found = shaped.post("/analytics/preflight", json={"document_ids": [document["id"]]})
        assert found.status_code == 200, found.text
        assert found.json()["reopens"] == {"questions": 1, "monthly_asks": 4}
        (one,) = found.json()["items"]
        assert (one["id"], one["before"]["answered"], one["after"]["answered"]) == (item["id"], True, False)
        assert shaped.post("/analytics/preflight", json={"collection_id": shaped.collection}).json()["documents"] == 2
        reply = shaped.delete(f"/documents/{document['id']}").json()
        assert reply == {"message": "Document deleted", "reopens": {"questions": 1, "monthly_asks": 4}}
        (event,) = told(shaped, "GAPS_AT_RISK")
        assert (event["document_ids"], event["questions"]) == ([document["id"]], 1)

    def test_of_one_beside_another(self, workspace: Workspace, agent: str) -> None:
        first = workspace.ingest(TEXT, "warranty.txt")
        ask(workspace, agent, QUESTION)
        workspace.ingest(f"{TEXT} That holds in all countries.", "later.txt")
        found = workspace.post("/analytics/preflight", json={"document_ids": [first["id"]]}).json()
        assert found["reopens"]["questions"] == 0
        assert found["checked"] >= 1

    def test_of_a_collection(self, workspace: Workspace, agent: str) -> None:
        ask(workspace, agent, QUESTION)
        (item,) = items(workspace)
        workspace.ingest(TEXT, "warranty.txt")
        becomes(workspace, item["id"], "RESOLVED")
        reply = workspace.delete(f"/collections/{workspace.collection}").json()
        assert reply["reopens"]["questions"] == 1
        assert [one["collection_id"] for one in told(workspace, "GAPS_AT_RISK")] == [workspace.collection]
        becomes(workspace, item["id"], "OPEN")

    def test_bad_input(self, workspace: Workspace) -> None:
        check_error(workspace.post("/analytics/preflight", json={}), 400)
        for name, ghost in (
            ("document_ids", ["doc_ghost"]),
            ("crawl_id", "crawl_ghost"),
            ("collection_id", "col_ghost"),
        ):
            check_error(workspace.post("/analytics/preflight", json={name: ghost}), 404, field=name)
