"""CONTRACT, Insydr row 4: agents."""

import pytest

from tests.support.client import Workspace, check_error

SEED = {
    "name": "Support Bot",
    "description": "Customer support assistant",
    "agent_type": "SUPPORT",
    "behavior_settings": {"tone": "friendly", "response_style": "conversational", "language_mode": "auto"},
    "response_config": {"max_response_length": 500, "confidence_threshold": 0.7, "show_sources": True},
    "greeting_message": "Hi! How can I help you today?",
    "fallback_message": "I don't have info on that. Would you like to talk to a human?",
}


class TestCreate:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        reply = workspace.post("/agents", json=SEED)
        assert reply.status_code == 201
        made = reply.json()
        assert {"id", "name", "status", "agent_type", "version", "created_at"} == made.keys()
        assert (made["status"], made["agent_type"], made["version"]) == ("DRAFT", "SUPPORT", "1.0")

    def test_defaults(self, workspace: Workspace) -> None:
        made = workspace.post("/agents", json={"name": "Plain"}).json()
        seen = workspace.get(f"/agents/{made['id']}").json()
        assert seen["response_config"]["show_sources"] is True
        assert seen["knowledge_collections"] == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""), ("name", "   "), ("name", "x" * 201), ("name", None), ("name", 7),
            ("agent_type", "WIZARD"), ("collection_ids", "col"), ("collection_ids", [1]),
            ("behavior_settings", {"tone": "rude"}), ("behavior_settings", {"unknown": 1}), ("behavior_settings", []),
            ("response_config", {"confidence_threshold": 1.1}), ("response_config", {"confidence_threshold": -0.1}),
            ("response_config", {"max_response_length": 0}), ("response_config", {"show_sources": "perhaps"}),
            ("conversation_rules", {"blocked_words": "x"}), ("greeting_message", "x" * 2001),
            ("fallback_message", "a\0b"), ("description", {"a": 1}),
        ],
    )  # fmt: skip
    def test_refuses_bad_fields(self, field: str, value: object, workspace: Workspace) -> None:
        reply = workspace.post("/agents", json={"name": "A", field: value})
        check_error(reply, 400, "VALIDATION_ERROR")
        assert reply.json()["field"].startswith(field)
        assert workspace.get("/agents").json()["total"] == 0

    def test_an_unknown_collection(self, workspace: Workspace) -> None:
        reply = workspace.post("/agents", json={"name": "A", "collection_ids": [workspace.collection, "col_none"]})
        check_error(reply, 404, "COLLECTION_NOT_FOUND", "collection_ids")
        assert workspace.get("/agents").json()["total"] == 0


class TestList:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        workspace.post("/agents", json=SEED)
        listed = workspace.get("/agents").json()
        assert listed["total"] == 1
        row = listed["agents"][0]
        assert {"id", "name", "status", "agent_type", "conversation_count", "created_at"} <= row.keys()

    def test_filters(self, workspace: Workspace) -> None:
        sales = workspace.post("/agents", json={"name": "S", "agent_type": "SALES"}).json()["id"]
        hr = workspace.post("/agents", json={"name": "H", "agent_type": "HR"}).json()["id"]
        workspace.post(f"/agents/{hr}/publish")
        assert [row["id"] for row in workspace.get("/agents", params={"type": "SALES"}).json()["agents"]] == [sales]
        assert [row["id"] for row in workspace.get("/agents", params={"status": "PUBLISHED"}).json()["agents"]] == [hr]
        assert workspace.get("/agents", params={"status": "ARCHIVED"}).json() == {"agents": [], "total": 0}

    @pytest.mark.parametrize("query", [{"status": "LOST"}, {"type": "WIZARD"}, {"limit": 1000}])
    def test_refuses_bad_filters(self, query: dict[str, object], workspace: Workspace) -> None:
        check_error(workspace.get("/agents", params=query), 400, "VALIDATION_ERROR", next(iter(query)))

    def test_pages(self, workspace: Workspace) -> None:
        ids = [workspace.post("/agents", json={"name": str(n)}).json()["id"] for n in range(5)]
        seen = []
        for offset in (0, 2, 4):
            page = workspace.get("/agents", params={"limit": 2, "offset": offset}).json()
            assert page["total"] == 5
            seen += [row["id"] for row in page["agents"]]
        assert seen == ids


class TestGet:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        made = workspace.post("/agents", json={**SEED, "collection_ids": [workspace.collection]}).json()
        seen = workspace.get(f"/agents/{made['id']}").json()
        for name, value in SEED.items():
            assert seen[name] == ({**seen[name], **value} if isinstance(value, dict) else value)
        expected = [{"id": workspace.collection, "name": "Docs", "document_count": 0}]
        assert seen["knowledge_collections"] == expected
        assert seen["stats"] == {"total_conversations": 0, "total_messages": 0, "avg_satisfaction": None}
        assert seen["published_at"] is None


class TestPatch:
    def test_merges_the_settings_objects(self, workspace: Workspace) -> None:
        made = workspace.post("/agents", json=SEED).json()
        body = {"response_config": {"show_sources": False}, "description": None}
        seen = workspace.patch(f"/agents/{made['id']}", json=body).json()
        assert seen["description"] is None
        config = seen["response_config"]
        assert (config["show_sources"], config["confidence_threshold"]) == (False, 0.7)

    def test_replaces_the_collections(self, workspace: Workspace) -> None:
        agent, other = workspace.agent()["id"], workspace.new_collection("Other")
        seen = workspace.patch(f"/agents/{agent}", json={"collection_ids": [other, other]}).json()
        assert [row["id"] for row in seen["knowledge_collections"]] == [other]
        assert workspace.patch(f"/agents/{agent}", json={"collection_ids": []}).json()["knowledge_collections"] == []

    @pytest.mark.parametrize(
        "body",
        [{"status": "PUBLISHED"}, {"status": "X"}, {"name": None}, {"agent_type": None}, {"collection_ids": None}],
    )
    def test_refuses_bad_fields(self, body: dict[str, object], workspace: Workspace) -> None:
        agent = workspace.agent()["id"]
        check_error(workspace.patch(f"/agents/{agent}", json=body), 400, "VALIDATION_ERROR", next(iter(body)))

    def test_if_match(self, workspace: Workspace) -> None:
        path = f"/agents/{workspace.agent()['id']}"
        tag = workspace.get(path).headers["etag"]
        assert workspace.patch(path, json={"name": "B"}, headers={"If-Match": tag}).status_code == 200
        check_error(workspace.patch(path, json={"name": "C"}, headers={"If-Match": tag}), 412)
        check_error(workspace.delete(path, headers={"If-Match": tag}), 412)


class TestPublish:
    def test_versions_go_on_as_in_the_seed(self, workspace: Workspace) -> None:
        agent = workspace.agent()["id"]
        versions = [workspace.post(f"/agents/{agent}/publish").json()["version"] for _ in range(11)]
        assert versions == [f"1.{minor}" for minor in range(1, 12)]

    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        agent = workspace.agent()["id"]
        reply = workspace.post(f"/agents/{agent}/publish")
        assert reply.status_code == 200
        assert set(reply.json()) == {"message", "version", "published_at"}
        seen = workspace.get(f"/agents/{agent}").json()
        assert (seen["status"], seen["version"]) == ("PUBLISHED", "1.1")
        assert seen["published_at"] == reply.json()["published_at"]

    def test_an_archived_agent_is_not_published(self, workspace: Workspace) -> None:
        agent = workspace.agent()["id"]
        assert workspace.delete(f"/agents/{agent}").json()["status"] == "ARCHIVED"
        check_error(workspace.post(f"/agents/{agent}/publish"), 409, "AGENT_ARCHIVED")
        check_error(workspace.post(f"/agents/{agent}/test", json={"message": "Hi?"}), 409, "AGENT_ARCHIVED")
        assert workspace.patch(f"/agents/{agent}", json={"status": "DRAFT"}).json()["status"] == "DRAFT"
        assert workspace.post(f"/agents/{agent}/publish").status_code == 200


class TestTest:
    TEXT = "We offer three plans: Free, Starter and Pro. The Pro plan costs 49 euros a month."

    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        document = workspace.ingest(self.TEXT, "pricing.txt", title="Pricing Page")
        agent = workspace.agent(response_config={"confidence_threshold": 0})["id"]
        reply = workspace.post(f"/agents/{agent}/test", json={"message": "What does the Pro plan cost?"})
        assert reply.status_code == 200
        answer = reply.json()
        assert {"response", "sources", "confidence", "response_time_ms"} <= answer.keys()
        assert "49 euros" in answer["response"]
        assert 0 <= answer["confidence"] <= 1
        source = answer["sources"][0]
        assert (source["document_id"], source["title"]) == (document["id"], "Pricing Page")
        assert self.TEXT.startswith(source["chunk_preview"])
        assert source["relevance_score"] > 0

    def test_below_the_threshold_the_fallback_and_no_sources(self, workspace: Workspace) -> None:
        workspace.ingest(self.TEXT, "pricing.txt")
        agent = workspace.agent(fallback_message="Ask a human.", response_config={"confidence_threshold": 1})["id"]
        answer = workspace.post(f"/agents/{agent}/test", json={"message": "Who won the football cup?"}).json()
        assert (answer["response"], answer["sources"], answer["answered"]) == ("Ask a human.", [], False)

    def test_explain_says_why(self, workspace: Workspace) -> None:
        workspace.ingest(self.TEXT, "pricing.txt", title="Pricing Page")
        agent = workspace.agent(response_config={"confidence_threshold": 1})["id"]
        asked = {"message": "What does the Pro plan cost?"}
        assert workspace.post(f"/agents/{agent}/test", json=asked).json()["explanation"] is None
        why = workspace.post(f"/agents/{agent}/test", json={**asked, "explain": True}).json()["explanation"]
        assert (why["refusal"], why["threshold"], why["asked"]) == ("below_threshold", 1, asked["message"])
        assert {"coverage", "cosine"} <= {reason["feature"] for reason in why["reasons"]}
        assert all(reason["words"].endswith(".") for reason in why["reasons"])
        assert why["passages"][0]["title"] == "Pricing Page"
        assert {"embed", "vectors", "rank", "compose"} <= why["timings_ms"].keys()

    def test_show_sources_hides_them(self, workspace: Workspace) -> None:
        workspace.ingest(self.TEXT, "pricing.txt")
        agent = workspace.agent(response_config={"confidence_threshold": 0, "show_sources": False})["id"]
        answer = workspace.post(f"/agents/{agent}/test", json={"message": "What does the Pro plan cost?"}).json()
        assert (answer["sources"], answer["answered"]) == ([], True)

    def test_answers_from_its_own_collections_only(self, workspace: Workspace) -> None:
        workspace.ingest(self.TEXT, "pricing.txt")
        empty = workspace.new_collection("Empty")
        agent = workspace.agent(collection_ids=[empty], response_config={"confidence_threshold": 0})["id"]
        answer = workspace.post(f"/agents/{agent}/test", json={"message": "What does the Pro plan cost?"}).json()
        assert (answer["sources"], answer["answered"]) == ([], False)

    def test_answers_from_all_collections_until_some_are_named(self, workspace: Workspace) -> None:
        """The specification's body names none. When the one that was named is gone, it answers from nothing."""
        workspace.ingest(self.TEXT, "pricing.txt")
        named = workspace.new_collection("Named")
        body = {"name": "Bot", "response_config": {"confidence_threshold": 0}}
        agent = workspace.post("/agents", json=body).json()["id"]

        def answered() -> bool:
            question = {"message": "What does the Pro plan cost?"}
            return bool(workspace.post(f"/agents/{agent}/test", json=question).json()["answered"])

        assert answered()
        assert workspace.get(f"/agents/{agent}").json()["all_collections"] is True
        assert workspace.patch(f"/agents/{agent}", json={"collection_ids": [named]}).json()["all_collections"] is False
        assert not answered()
        workspace.delete(f"/collections/{named}")
        assert not answered()
        assert workspace.patch(f"/agents/{agent}", json={"collection_ids": []}).json()["all_collections"] is True
        assert answered()

    def test_runs_the_draft(self, workspace: Workspace) -> None:
        agent = workspace.agent(fallback_message="Old.")["id"]
        workspace.post(f"/agents/{agent}/publish")
        workspace.patch(f"/agents/{agent}", json={"fallback_message": "New."})
        assert workspace.post(f"/agents/{agent}/test", json={"message": "Hi?"}).json()["response"] == "New."

    def test_a_session_goes_on(self, workspace: Workspace) -> None:
        agent = workspace.agent()["id"]
        first = workspace.post(f"/agents/{agent}/test", json={"message": "Hi?", "session_id": "unknown"}).json()
        body = {"message": "And then?", "session_id": first["session_id"]}
        second = workspace.post(f"/agents/{agent}/test", json=body).json()
        assert second["session_id"] == first["session_id"] != "unknown"
        assert second["message_id"] != first["message_id"]
        assert workspace.get(f"/agents/{agent}").json()["stats"]["total_messages"] == 4

    def test_respects_the_length(self, workspace: Workspace) -> None:
        workspace.ingest(" ".join([self.TEXT] * 20), "pricing.txt")
        agent = workspace.agent(response_config={"confidence_threshold": 0, "max_response_length": 40})["id"]
        answer = workspace.post(f"/agents/{agent}/test", json={"message": "What does the Pro plan cost?"}).json()
        assert len(answer["response"]) <= 40

    @pytest.mark.parametrize(
        ("field", "body"),
        [
            ("message", {}), ("message", {"message": "  "}), ("message", {"message": "a\0b"}),
            ("message", {"message": "x" * 100_001}), ("message", {"message": 5}),
            ("history", {"message": "Hi", "history": [{"role": "system", "content": "x"}]}),
            ("session_id", {"message": "Hi", "session_id": "x" * 65}),
        ],
    )  # fmt: skip
    def test_refuses_bad_fields(self, field: str, body: dict[str, object], workspace: Workspace) -> None:
        reply = workspace.post(f"/agents/{workspace.agent()['id']}/test", json=body)
        check_error(reply, 400)
        assert reply.json()["field"].startswith(field)

    def test_an_unknown_agent(self, workspace: Workspace) -> None:
        check_error(workspace.post("/agents/agent_none/test", json={"message": "Hi?"}), 404, "AGENT_NOT_FOUND")
