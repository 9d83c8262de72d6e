"""Search by one branch or by both. What a search finds of documents and tenants stands with those."""

import pytest

from tests.support.client import Workspace, check_error


@pytest.fixture
def lamps(workspace: Workspace) -> Workspace:
    workspace.ingest("The zanzibar lever opens the vault.", "vault.txt")
    workspace.ingest("Lamps are sold in three colours.", "lamps.txt")
    return workspace


class TestMode:
    def test_each_branch_alone(self, lamps: Workspace) -> None:
        def branches(mode: str) -> tuple[bool, bool]:
            hits = lamps.search("zanzibar lever", mode=mode, explain=True)["results"]
            assert "zanzibar" in hits[0]["content"]
            assert hits[0]["score"] == 1.0
            told = hits[0]["explanation"]
            return told["cosine"] is not None, told["bm25"] is not None

        assert branches("dense") == (True, False)
        assert branches("sparse") == (False, True)
        assert branches("hybrid") == (True, True)

    def test_words_alone_find_only_what_has_them(self, lamps: Workspace) -> None:
        assert len(lamps.search("zanzibar", mode="sparse")["results"]) == 1
        assert lamps.search("qwertz", mode="sparse")["results"] == []
        assert len(lamps.search("zanzibar", mode="dense")["results"]) == 2

    def test_both_by_default(self, lamps: Workspace) -> None:
        assert lamps.search("zanzibar")["results"] == lamps.search("zanzibar", mode="hybrid")["results"]

    @pytest.mark.parametrize("mode", ["bm25", "", None, 1])
    def test_refuses_others(self, mode: object, workspace: Workspace) -> None:
        reply = workspace.post("/search", json={"query": "zanzibar", "mode": mode})
        check_error(reply, 400, "VALIDATION_ERROR", "mode")
