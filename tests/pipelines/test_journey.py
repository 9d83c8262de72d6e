"""The main journey, on both shapes: upload → searchable → answered with citations."""

from tests.support.client import Workspace

TEXT = """# Warranty

The frame is guaranteed for ten years. The battery is guaranteed for two years or 500 full charges.

# Opening hours

The workshop opens at nine and closes at six on weekdays. On Saturdays it closes at two.
"""


class TestJourney:
    def test_an_uploaded_document_is_found(self, shaped: Workspace) -> None:
        document = shaped.ingest(TEXT, "guide.md")
        found = shaped.search("How long is the battery guaranteed?")
        assert found["results"][0]["document_id"] == document["id"]
        assert "battery" in found["results"][0]["content"]

    def test_every_quote_stands_in_the_text(self, shaped: Workspace) -> None:
        shaped.ingest(TEXT, "guide.md")
        agent = shaped.agent(response_config={"confidence_threshold": 0})
        reply = shaped.post(f"/agents/{agent['id']}/test", json={"message": "How long is the battery guaranteed?"})
        assert reply.status_code == 200, reply.text
        sources = reply.json()["sources"]
        assert sources
        for source in sources:
            stored = shaped.get(f"/documents/{source['document_id']}/text", params={"version": source["version"]})
            assert stored.json()["text"][source["char_start"] : source["char_end"]] == source["quote"]
