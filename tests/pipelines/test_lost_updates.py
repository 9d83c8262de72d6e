"""Two editors with the same state: the slower one is told, on both databases."""

import pytest

from core.errors import PreconditionFailed
from domain.models import Collection
from tests.support.client import Shape


class TestSameRevision:
    def test_the_second_of_two_simultaneous_edits_is_refused(self, shape: Shape) -> None:
        workspace = shape.sign_up().workspace()
        collection_id = workspace.call("POST", "/collections", json={"name": "one"}).json()["id"]
        database = shape.parts.database
        with database.read() as session:
            stale = session.get(Collection, collection_id)
        assert stale is not None
        workspace.call("PATCH", f"/collections/{collection_id}", json={"name": "two"})
        with pytest.raises(PreconditionFailed), database.write() as session:  # noqa: PT012
            session.add(stale)
            stale.name, stale.revision = "three", stale.revision + 1
