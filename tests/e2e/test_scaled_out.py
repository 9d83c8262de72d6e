"""The scaled-out shape as users run it: `insydr serve` and two `insydr worker`, PostgreSQL, Redis or RabbitMQ, Qdrant
over HTTP, S3 (moto's server)."""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from evals.faults.load import Client
from evals.faults.rehearse import code_of
from evals.faults.shapes import Shape, scaled
from tests.support.client import until
from tests.support.services import fresh_postgres, fresh_redis, rabbitmq_url

GUIDE = "# Warranty\n\nThe frame is guaranteed for ten years.\n\n# Hours\n\nThe workshop opens at nine on weekdays.\n"


@dataclass(frozen=True)
class Installed:
    shape: Shape
    client: Client

    def batch(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        path = f"/documents/batch?collection_id={self.client.collection}"
        lines = "\n".join(map(json.dumps, records)).encode()
        made: dict[str, Any] = self.client.call("POST", path, content=lines)
        return made

    def upload(self, name: str, text: str) -> dict[str, Any]:
        made: dict[str, Any] = self.client.call(
            "POST", "/documents", files={"file": (name, text.encode())}, data={"collection_id": self.client.collection}
        )
        return made


@pytest.fixture(scope="module", params=["redis", pytest.param("rabbitmq", marks=pytest.mark.long)])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp(request.param)
    with fresh_postgres() as postgres, fresh_redis() as redis_url:
        broker = redis_url if request.param == "redis" else rabbitmq_url()
        with scaled(folder, postgres, broker, program="insydr.cli") as shape:
            client = Client(shape.url, 1, shape.up)
            client.sign_up(lambda address: code_of(shape, address))
            yield Installed(shape, client)


class TestJourney:
    def test_two_workers_are_there(self, installed: Installed) -> None:
        until(lambda: installed.client.call("GET", "/queue")["workers"] == 2, bool)

    def test_a_file_is_answered_from_with_citations(self, installed: Installed) -> None:
        client = installed.client
        document = installed.upload("guide.md", GUIDE)["id"]
        client.settle()
        assert client.call("GET", f"/documents/{document}")["status"] == "COMPLETED"
        agent = client.call("POST", "/agents", json={
            "name": "A", "collection_ids": [client.collection], "response_config": {"confidence_threshold": 0},
        })  # fmt: skip
        answer = client.call("POST", f"/agents/{agent['id']}/test", json={"message": "When does the workshop open?"})
        stored = client.call("GET", f"/documents/{document}/text")["text"]
        assert answer["sources"]
        assert all(source["quote"] == stored[source["char_start"] : source["char_end"]] for source in answer["sources"])

    def test_a_batch_and_its_second_version(self, installed: Installed) -> None:
        records = [{"external_id": str(n), "text": f"Item number{n} is blue."} for n in range(60)]
        installed.batch(records)
        installed.client.settle()
        records[7]["text"] = "Item number7 is now green."
        job = installed.batch(records)["id"]
        installed.client.settle()
        job = installed.client.call("GET", f"/jobs/{job}")
        assert (job["status"], job["completed"], job["failed"]) == ("COMPLETED", 60, 0)
        assert "green" in installed.client.finds("number7")[0]["content"]

    def test_a_worker_that_is_killed_costs_nothing(self, installed: Installed) -> None:
        job = installed.batch([{"external_id": f"k{n}", "text": f"Killed word{n}."} for n in range(160)])["id"]
        victim = installed.shape.workers[0]
        victim.send(signal.SIGKILL)
        installed.client.settle()
        installed.shape.up()
        job = installed.client.call("GET", f"/jobs/{job}")
        assert (job["completed"], job["failed"]) == (160, 0)

    def test_deleting_leaves_nothing(self, installed: Installed) -> None:
        made = installed.upload("gone.txt", "The quagga is gone.")["id"]
        installed.client.settle()
        assert installed.client.finds("quagga")
        installed.client.call("DELETE", f"/documents/{made}")
        assert installed.client.finds("quagga") == []
        installed.client.settle()
        assert installed.client.reconcile() == {}

    def test_processes_stop_when_asked(self, installed: Installed) -> None:
        for process in (installed.shape.workers[1], installed.shape.server):
            process.send(signal.SIGTERM)
            assert process.wait(15) == 0
        installed.shape.up()
