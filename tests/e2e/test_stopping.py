"""An embedded server that is told to stop, or killed, with a document in its hands: nobody waits for its lease."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from evals.faults.load import Client
from evals.faults.rehearse import code_of
from evals.faults.shapes import Shape, embedded
from insydr.lock import LOCK_FILE, find_running
from tests.support.client import until

LEASE_S = 600


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shape]:
    """Slow: a text takes two seconds to embed."""
    settings = {"INSYDR_LEASE_S": str(LEASE_S), "INSYDR_MAX_ATTEMPTS": "2"}
    with embedded(tmp_path_factory.mktemp("stopping"), pace_s=2, settings=settings) as made:
        yield made


@pytest.fixture(scope="module")
def client(shape: Shape) -> Client:
    made = Client(shape.url, 1, shape.up)
    made.sign_up(lambda address: code_of(shape, address))
    return made


def in_work(client: Client, text: str) -> str:
    """Id of a document that is being embedded."""
    made: dict[str, Any] = client.call(
        "POST", "/documents", files={"file": ("a.txt", text.encode())}, data={"collection_id": client.collection}
    )
    until(lambda: client.call("GET", f"/documents/{made['id']}")["stage"], lambda stage: stage == "EMBEDDING")
    return str(made["id"])


def test_sigterm_ends_it_in_order(shape: Shape, client: Client) -> None:
    document = in_work(client, "A word about the harbour.")
    assert find_running(shape.folder / "data") is not None
    shape.server.send(signal.SIGTERM)
    assert shape.server.wait(15) == 0
    assert (shape.folder / "data" / LOCK_FILE).read_bytes() == b""
    assert stored(shape, document) == ("QUEUED", 0)
    shape.up()
    assert ended(client, document) == "COMPLETED"


def test_what_a_killed_one_held_is_taken_over_at_once(shape: Shape, client: Client) -> None:
    document = in_work(client, "A word about the lighthouse.")
    shape.server.kill()
    assert stored(shape, document) == ("PROCESSING", 1)
    shape.up()
    assert ended(client, document) == "COMPLETED"


def stored(shape: Shape, document: str) -> tuple[str, int]:
    """Its state while no server runs, and the tries that it used up."""
    with closing(sqlite3.connect(shape.folder / "data" / "insydr.db")) as database:
        row = database.execute("select status, attempts from documents where id = ?", (document,)).fetchone()
    return str(row[0]), int(row[1])


def ended(client: Client, document: str) -> str:
    found = until(lambda: client.call("GET", f"/documents/{document}"), lambda one: one["status"] != "PROCESSING", 20)
    return str(found["status"])
