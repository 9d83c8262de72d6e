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
def agent(shaped: Workspace) -> str:
    """It has only what answers nothing."""
    shaped.ingest(OTHER, "office.txt")
    made = str(shaped.agent(name="Desk", response_config={"confidence_threshold": 0.1})["id"])
    assert shaped.post(f"/agents/{made}/publish").is_success
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
    def test_what_comes_resolves_and_what_goes_opens_again(self, shaped: Workspace, agent: str) -> None:
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

    def test_a_new_version_without_the_answer_opens_it_again(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, QUESTION)
        (item,) = items(shaped)
        shaped.ingest(TEXT, "warranty.txt", external_id="warranty")
        becomes(shaped, item["id"], "RESOLVED")
        shaped.ingest("The warranty is under review.", "warranty.txt", external_id="warranty")
        becomes(shaped, item["id"], "OPEN")

    def test_another_document_takes_over(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, QUESTION)
        (item,) = items(shaped)
        first = shaped.ingest(TEXT, "warranty.txt")
        becomes(shaped, item["id"], "RESOLVED")
        shaped.ingest(f"{TEXT} Valid in 2026.", "later.txt")
        shaped.delete(f"/documents/{first['id']}")
        path = f"/analytics/unanswered/{item['id']}"
        now = until(lambda: shaped.get(path).json(), lambda one: one["resolved_by"]["document_id"] != first["id"])
        assert now["status"] == "RESOLVED"
        assert told(shaped, "GAP_REOPENED") == []

    def test_what_answers_none_of_it_changes_nothing(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, QUESTION)
        (item,) = items(shaped)
        shaped.ingest("The house in Riga is blue. So is the door.", "house.txt")
        until(lambda: items(shaped)[0]["checked_at"], lambda at: at is not None)
        assert becomes(shaped, item["id"], "OPEN")["resolved_by"] is None
        near = shaped.get(f"/analytics/unanswered/{item['id']}").json()["passages"]
        assert {one["title"] for one in near} <= {"house.txt", "office.txt"}

    def test_an_answer_that_was_disliked_does_not_resolve_it(self, shaped: Workspace, agent: str) -> None:
        shaped.ingest(TEXT, "warranty.txt", external_id="warranty")
        (reply,) = ask(shaped, agent, QUESTION)
        assert reply["answered"]
        shaped.post(f"/messages/{reply['message_id']}/feedback", json={"feedback_type": "THUMBS_DOWN"})
        settle(shaped)
        (item,) = items(shaped)
        until(lambda: items(shaped)[0]["checked_at"], lambda at: at is not None)
        assert items(shaped)[0]["status"] == "OPEN"
        shaped.ingest(TEXT.replace("two", "three"), "warranty.txt", external_id="warranty")
        assert "three years" in becomes(shaped, item["id"], "RESOLVED")["resolved_by"]["quote"]


class TestAgents:
    def test_a_collection_is_attached_and_taken_away(self, shaped: Workspace, agent: str) -> None:
        elsewhere = shaped.new_collection("Elsewhere")
        shaped.ingest(TEXT, "warranty.txt", collection_id=elsewhere)
        ask(shaped, agent, QUESTION)
        (item,) = items(shaped)
        for collections, status in (([shaped.collection, elsewhere], "RESOLVED"), ([shaped.collection], "OPEN")):
            shaped.patch(f"/agents/{agent}", json={"collection_ids": collections})
            assert becomes(
                shaped, item["id"], "OPEN" if status == "RESOLVED" else "RESOLVED"
            )  # the draft changes nothing
            shaped.post(f"/agents/{agent}/publish")
            becomes(shaped, item["id"], status)

    def test_all_who_were_asked_have_to_answer(self, shaped: Workspace, agent: str) -> None:
        elsewhere = shaped.new_collection("Elsewhere")
        shaped.ingest(OTHER, "office.txt", collection_id=elsewhere)
        other = str(
            shaped.agent(name="Other", collection_ids=[elsewhere], response_config={"confidence_threshold": 0.1})["id"]
        )
        ask(shaped, agent, QUESTION)
        ask(shaped, other, QUESTION)
        (item,) = items(shaped)
        shaped.ingest(TEXT, "warranty.txt")
        until(lambda: items(shaped)[0]["checked_at"], lambda at: at is not None)
        assert becomes(shaped, item["id"], "OPEN")
        shaped.ingest(TEXT, "warranty.txt", collection_id=elsewhere)
        becomes(shaped, item["id"], "RESOLVED")


class TestPersons:
    def test_what_a_person_resolved_gets_its_proof(self, shaped: Workspace, agent: str) -> None:
        """And opens again when that goes."""
        ask(shaped, agent, QUESTION)
        (item,) = items(shaped)
        shaped.patch(f"/analytics/unanswered/{item['id']}", json={"status": "RESOLVED"})
        document = shaped.ingest(TEXT, "warranty.txt")
        path = f"/analytics/unanswered/{item['id']}"
        shaped.patch(path, json={"status": "OPEN"})
        becomes(shaped, item["id"], "RESOLVED")
        shaped.patch(path, json={"status": "OPEN"})
        assert shaped.patch(path, json={"status": "RESOLVED"}).json()["resolved_by"]["kind"] == "PERSON"
        phrasings = until(
            lambda: shaped.get(f"{path}/phrasings").json()["phrasings"], lambda found: found[0]["proof"] is not None
        )
        assert phrasings[0]["proof"]["document_id"] == document["id"]
        by = shaped.get(path).json()["resolved_by"]
        assert (by["kind"], by["user_id"], by["document_id"]) == ("PERSON", shaped.account.user_id, document["id"])
        shaped.delete(f"/documents/{document['id']}")
        becomes(shaped, item["id"], "OPEN")

    def test_without_a_proof_their_word_counts(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, QUESTION)
        path = f"/analytics/unanswered/{items(shaped)[0]['id']}"
        shaped.patch(path, json={"status": "RESOLVED"})
        until(lambda: shaped.get(path).json()["checked_at"], lambda at: at is not None)
        assert shaped.get(path).json()["status"] == "RESOLVED"
        assert shaped.get(f"{path}/phrasings").json()["phrasings"][0]["proof"] is None


class TestAnswers:
    ANSWER = "Yes. Webhooks are supported on every plan: add one under Settings, Webhooks."
    ASKED = "Do you support webhooks?"

    def test_by_hand(self, shaped: Workspace, agent: str) -> None:
        """It is a document, resolves the item and is cited from then on."""
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

    def test_a_second_one_replaces_the_first(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, self.ASKED)
        path = f"/analytics/unanswered/{items(shaped)[0]['id']}"
        bodies = [
            {"answer": text, "collection_id": shaped.collection}
            for text in (self.ANSWER, "No. Webhooks are not supported.")
        ]
        ids = [shaped.wait(shaped.post(f"{path}/answer", json=body).json()["document"]["id"])["id"] for body in bodies]
        assert ids[0] == ids[1]
        until(
            lambda: shaped.get(path).json(), lambda now: "not supported" in (now["resolved_by"] or {}).get("quote", "")
        )
        tag = shaped.get(path).headers["ETag"]
        same = shaped.post(f"{path}/answer", json=bodies[1], headers={"If-Match": tag})
        assert same.json()["document"]["message"] == "Document unchanged: nothing to process"

    def test_an_agent_that_does_not_use_the_collection_is_named(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, self.ASKED)
        elsewhere = shaped.new_collection("Elsewhere")
        path = f"/analytics/unanswered/{items(shaped)[0]['id']}/answer"
        reply = shaped.post(path, json={"answer": self.ANSWER, "collection_id": elsewhere, "title": "Webhooks"})
        assert reply.json()["unreached_agents"] == [agent]
        assert reply.json()["document"]["title"] == "Webhooks"

    def test_bad_input(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, self.ASKED)
        path = f"/analytics/unanswered/{items(shaped)[0]['id']}/answer"
        good = {"answer": self.ANSWER, "collection_id": shaped.collection}
        check_error(shaped.post(path, json=good | {"answer": ""}), 400, field="answer")
        check_error(shaped.post(path, json=good | {"answer": " \n\u200b"}), 400, field="answer")
        check_error(shaped.post(path, json=good | {"answer": "x" * 1_000_000}), 400, field="answer")
        check_error(shaped.post(path, json=good | {"collection_id": "col_ghost"}), 404, field="collection_id")
        check_error(shaped.post(path, json=good | {"titel": "x"}), 400)
        check_error(shaped.post("/analytics/unanswered/uq_ghost/answer", json=good), 404, "UNANSWERED_NOT_FOUND")
        check_error(shaped.post(path, json=good, headers={"If-Match": '"77"'}), 412)
        assert shaped.get("/documents").json()["total"] == 1
        stranger = shaped.shape.sign_up("Eve").workspace()
        check_error(stranger.post(path, json=good | {"collection_id": stranger.collection}), 404)


class TestOutlook:
    def test_what_an_item_is_worth(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, QUESTION, QUESTION, "Where is the office in Riga?")
        found = items(shaped)
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
        ordered = shaped.get("/analytics/unanswered", params={"order": "gain"}).json()["unanswered"]
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

    def test_missing(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, QUESTION)
        assert self.reason(shaped, "MISSING")["agent_id"] == agent
        assert shaped.get("/analytics/unanswered", params={"reason": "CONTRADICTION"}).json()["total"] == 0

    def test_in_another_collection(self, shaped: Workspace, agent: str) -> None:
        elsewhere = shaped.new_collection("Elsewhere")
        document = shaped.ingest(TEXT, "warranty.txt", collection_id=elsewhere)
        ask(shaped, agent, QUESTION)
        found = self.reason(shaped, "OTHER_COLLECTION")
        assert (found["collection_id"], found["passages"]) == (
            elsewhere, [{"document_id": document["id"], "chunk_index": 0}],
        )  # fmt: skip

    def test_in_a_draft(self, shaped: Workspace, agent: str) -> None:
        """Of one that is published with the document out of reach, and now has a lower threshold in its draft."""
        shaped.ingest(TEXT, "warranty.txt")
        shaped.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0.9}})
        shaped.post(f"/agents/{agent}/publish")
        ask(shaped, agent, QUESTION)
        shaped.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0.1}})
        other = "Is the battery covered for two years?"
        reply = shaped.post(f"/agents/{agent}/chat", json={"message": other})
        assert reply.is_success, reply.text
        settle(shaped)
        found = until(
            lambda: [one["reason"] for one in items(shaped) if one["reason"]],
            lambda now: any(one["code"] == "UNPUBLISHED_DRAFT" for one in now),
        )
        assert {one["agent_id"] for one in found} == {agent}

    def test_in_a_document_that_failed(self, shaped: Workspace, agent: str) -> None:
        """It can be read, and was not searchable for a reason of ours."""
        document = shaped.ingest(TEXT, "warranty.txt")
        with shaped.shape.parts.database.write() as session:
            row = session.get_one(Document, document["id"])
            row.status, row.live_version, row.error_code = "FAILED", None, "INTERNAL_ERROR"
        ask(shaped, agent, QUESTION)
        found = self.reason(shaped, "FAILED_DOCUMENT")
        assert found["error_code"] == "INTERNAL_ERROR"
        assert found["passages"] == [{"document_id": document["id"], "chunk_index": 0}]

    def test_below_the_threshold_only(self, shaped: Workspace, agent: str) -> None:
        document = shaped.ingest(TEXT, "warranty.txt")
        shaped.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0.6}})
        shaped.post(f"/agents/{agent}/publish")
        ask(shaped, agent, QUESTION)
        found = self.reason(shaped, "BELOW_THRESHOLD")
        assert found["confidence"] < found["threshold"] == 0.6
        assert found["passages"][0]["document_id"] == document["id"]

    def test_ruled_out(self, shaped: Workspace, agent: str) -> None:
        shaped.ingest(TEXT, "warranty.txt")
        shaped.patch(f"/agents/{agent}", json={"conversation_rules": {"blocked_words": ["battery"]}})
        shaped.post(f"/agents/{agent}/publish")
        ask(shaped, agent, QUESTION)
        assert self.reason(shaped, "RULED_OUT")["refusal"] == "blocked_word"

    def test_disputed(self, shaped: Workspace, agent: str) -> None:
        document = shaped.ingest(TEXT, "warranty.txt")
        (reply,) = ask(shaped, agent, QUESTION)
        shaped.post(f"/messages/{reply['message_id']}/feedback", json={"feedback_type": "THUMBS_DOWN"})
        settle(shaped)
        assert self.reason(shaped, "DISPUTED")["passages"][0]["document_id"] == document["id"]


class TestDryRun:
    def test_of_an_answer(self, shaped: Workspace, agent: str) -> None:
        """It says which items it would close, and stores nothing."""
        ask(shaped, agent, QUESTION, "Where do you ship to?")
        (item,) = [one for one in items(shaped) if one["question"] == QUESTION]
        path = f"/analytics/unanswered/{item['id']}/dry-run"
        reply = shaped.post(path, json={"text": TEXT, "collection_id": shaped.collection})
        assert reply.status_code == 200, reply.text
        (closed,) = reply.json()["closes"]
        assert (closed["id"], closed["asked"]) == (item["id"], QUESTION)
        assert closed["confidence"] >= closed["needed"] > 0.1
        assert closed["quote"] in TEXT
        assert reply.json()["left"] == 0
        assert shaped.get("/documents").json()["total"] == 1
        assert items(shaped)[0]["status"] == "OPEN"
        assert reply.json()["alone"]["answered"]
        assert reply.json()["alone"]["quote"] in TEXT

    def test_an_answer_that_answers_nothing(self, shaped: Workspace, agent: str) -> None:
        """It would be believed, because it stands below its question: the text alone would not."""
        ask(shaped, agent, QUESTION)
        path = f"/analytics/unanswered/{items(shaped)[0]['id']}/dry-run"
        found = shaped.post(path, json={"text": "We are glad to help.", "collection_id": shaped.collection}).json()
        assert not found["alone"]["answered"]
        titled = {"text": "We are glad to help.", "collection_id": shaped.collection, "title": "Our team"}
        found = shaped.post(path, json=titled).json()
        assert found["closes"] == []
        assert [one["question"] for one in found["stays_open"]] == [QUESTION]

    def test_what_it_would_change(self, shaped: Workspace, agent: str) -> None:
        document = shaped.ingest(TEXT, "warranty.txt")
        assert ask(shaped, agent, QUESTION)[0]["answered"]
        ask(shaped, agent, "Where do you ship to?")
        (item,) = items(shaped)
        body = {"text": "How long is the battery covered? The battery is covered for six years.",
                "collection_id": shaped.collection}  # fmt: skip
        reply = shaped.post(f"/analytics/unanswered/{item['id']}/dry-run", json=body).json()
        (changed,) = reply["changes"]
        assert changed["question"] == QUESTION
        assert changed["before"]["document_id"] == document["id"]
        assert (changed["after"]["answered"], changed["after"]["document_id"]) == (True, None)
        assert "six years" in changed["after"]["quote"]

    def test_bad_input(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, QUESTION)
        path = f"/analytics/unanswered/{items(shaped)[0]['id']}/dry-run"
        good = {"text": TEXT, "collection_id": shaped.collection}
        check_error(shaped.post(path, json=good | {"text": " "}), 400, field="text")
        check_error(shaped.post(path, json=good | {"text": "x" * 1_000_000}), 400, field="text")
        check_error(shaped.post(path, json=good | {"collection_id": "col_ghost"}), 404, field="collection_id")
        check_error(shaped.post("/analytics/unanswered/uq_ghost/dry-run", json=good), 404, "UNANSWERED_NOT_FOUND")


class TestPreflight:
    def test_of_a_document(self, shaped: Workspace, agent: str) -> None:
        """Before it goes, and when it does: in the reply and as an event."""
        ask(shaped, agent, QUESTION)
        (item,) = items(shaped)
        document = shaped.ingest(TEXT, "warranty.txt")
        becomes(shaped, item["id"], "RESOLVED")
        found = shaped.post("/analytics/preflight", json={"document_ids": [document["id"]]})
        assert found.status_code == 200, found.text
        assert found.json()["reopens"] == {"questions": 1, "monthly_asks": 1}
        (one,) = found.json()["items"]
        assert (one["id"], one["before"]["answered"], one["after"]["answered"]) == (item["id"], True, False)
        assert shaped.post("/analytics/preflight", json={"collection_id": shaped.collection}).json()["documents"] == 2
        reply = shaped.delete(f"/documents/{document['id']}").json()
        assert reply == {"message": "Document deleted", "reopens": {"questions": 1, "monthly_asks": 1}}
        (event,) = told(shaped, "GAPS_AT_RISK")
        assert (event["document_ids"], event["questions"]) == ([document["id"]], 1)

    def test_of_one_beside_another(self, shaped: Workspace, agent: str) -> None:
        first = shaped.ingest(TEXT, "warranty.txt")
        ask(shaped, agent, QUESTION)
        shaped.ingest(f"{TEXT} That holds in all countries.", "later.txt")
        found = shaped.post("/analytics/preflight", json={"document_ids": [first["id"]]}).json()
        assert found["reopens"]["questions"] == 0
        assert found["checked"] >= 1

    def test_of_a_collection(self, shaped: Workspace, agent: str) -> None:
        ask(shaped, agent, QUESTION)
        (item,) = items(shaped)
        shaped.ingest(TEXT, "warranty.txt")
        becomes(shaped, item["id"], "RESOLVED")
        reply = shaped.delete(f"/collections/{shaped.collection}").json()
        assert reply["reopens"]["questions"] == 1
        assert [one["collection_id"] for one in told(shaped, "GAPS_AT_RISK")] == [shaped.collection]
        becomes(shaped, item["id"], "OPEN")

    def test_bad_input(self, shaped: Workspace) -> None:
        check_error(shaped.post("/analytics/preflight", json={}), 400)
        for name, ghost in (
            ("document_ids", ["doc_ghost"]),
            ("crawl_id", "crawl_ghost"),
            ("collection_id", "col_ghost"),
        ):
            check_error(shaped.post("/analytics/preflight", json={name: ghost}), 404, field=name)
