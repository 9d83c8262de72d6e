"""The OpenAPI document: valid, complete, as committed; and no generated request, good or bad, crashes the service."""

import re
from typing import Any

import hypothesis
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import openapi_of
from api.event_page import main as event_page
from api.frontdesk.surface import FRONTDESK
from api.insydr.surface import INSYDR
from api.openapi_snapshot import main as snapshot
from api.surface import Surface
from api.voxforge.surface import VOXFORGE
from domain.events.catalogue import EVENTS
from tests.support.analytics import settle
from tests.support.client import Shape, Workspace
from tests.support.installation import quick_settings, running
from tests.support.site import Site
from tests.support.surface_routes import MAKERS, Things

SEED_NAMES = {
    INSYDR: {"workspace_id", "key_id", "agent_id", "document_id"},
    VOXFORGE: {"agentId", "callId", "campaignId", "appointmentId"},
    FRONTDESK: {"callId", "leadId", "appointmentId", "webhookId", "secretId"},
}
OUR_NAMES = {"collection_id", "job_id", "crawl_id", "run_id", "conversation_id", "message_id"}
OUR_NAMES |= {"webhook_id", "delivery_id", "user_id", "invitation_id", "session_id", "unanswered_id"}
ADDED_NAMES = {INSYDR: OUR_NAMES, VOXFORGE: {"contactId"}, FRONTDESK: {"smsId", "emailId", "attachmentId"}}
SURFACES = list(SEED_NAMES)


@pytest.fixture(scope="module", params=SURFACES, ids=lambda surface: surface.name)
def surface(request: pytest.FixtureRequest) -> Surface:
    found: Surface = request.param
    return found


@pytest.fixture(scope="module")
def document(surface: Surface) -> dict[str, Any]:
    return openapi_of(surface)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(m, path, operation) for path, one in document["paths"].items() for m, operation in one.items()]


class TestEvents:
    def test_every_event_is_a_webhook(self, surface: Surface, document: dict[str, Any]) -> None:
        named = {event.name for event in EVENTS if surface.dialect in (None, event.dialect)}
        assert set(document["webhooks"]) == named

    def test_the_page_lists_them(self) -> None:
        assert event_page(["--check"]) == 0, "run python -m api.event_page"


class TestDocument:
    def test_is_valid_3_1(self, document: dict[str, Any]) -> None:
        assert document["openapi"].startswith("3.1")
        OpenAPIV31SpecValidator(document).validate()

    def test_those_committed_are_todays(self) -> None:
        assert snapshot(["--check"]) == 0, "run python -m api.openapi_snapshot"

    def test_is_served(self, embedded: Shape, surface: Surface, document: dict[str, Any]) -> None:
        assert embedded.http.get(str(surface.openapi_path)).json() == document

    def test_docs_need_no_other_host(self, embedded: Shape, surface: Surface) -> None:
        page = embedded.http.get(str(surface.docs_path))
        assert str(surface.openapi_path) in page.text
        assert page.status_code == 200
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
        for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
            assert embedded.http.get(asset).status_code == 200

    def test_names_of_path_parameters_are_the_seeds(self, surface: Surface, document: dict[str, Any]) -> None:
        names = {name for path in document["paths"] for name in re.findall(r"{(\w+)}", path)}
        assert names == SEED_NAMES[surface] | ADDED_NAMES[surface]

    def test_operations_have_distinct_ids(self, document: dict[str, Any]) -> None:
        ids = [operation["operationId"] for _, _, operation in operations(document)]
        assert len(ids) == len(set(ids))

    def test_every_operation_states_its_errors(self, document: dict[str, Any]) -> None:
        for method, path, operation in operations(document):
            statuses = {status for status in operation["responses"] if status[0] in "45"}
            assert "400" in statuses, (method, path)
            if operation.get("security"):
                assert {"401", "403", "404"} <= statuses, (method, path)
            for status in statuses:
                told = operation["responses"][status]
                assert told == {"$ref": f"#/components/responses/{status}"}, (method, path, status)
                schema = document["components"]["responses"][status]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}, status


# what ends the session or the workspace that the run works in
ENDS = re.compile(r"^(POST /api/v1/auth/logout|DELETE /api/v1/workspaces/{workspace_id})$")
EXAMPLES = hypothesis.settings.default.max_examples // 15  # of each operation, good and bad: 1, or with `thorough` 20


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An installation of its own, with one workspace."""
    with running("fuzzed", quick_settings(tmp_path_factory.mktemp("fuzzed"))) as shape:
        workspace: Workspace = shape.sign_up("Fuzz").workspace()
        ids = {"workspace_id": workspace.id, "collection_id": workspace.collection}
        ids |= {"document_id": workspace.ingest("Some text.")["id"], "agent_id": workspace.agent()["id"]}
        workspace.patch(f"/agents/{ids['agent_id']}", json={"response_config": {"confidence_threshold": 1.0}})
        asked = workspace.post(f"/agents/{ids['agent_id']}/test", json={"message": "Some?"}).json()
        settle(workspace)
        ids["unanswered_id"] = workspace.get("/analytics/unanswered").json()["unanswered"][0]["id"]
        ids |= {"conversation_id": asked["session_id"], "message_id": asked["message_id"]}
        ids["job_id"] = workspace.batch('{"text": "x"}').json()["id"]
        ids["key_id"] = workspace.post("/api-keys", json={"name": "k"}).json()["id"]
        guest = {"email": "guest@example.com", "role": "VIEWER"}
        ids["invitation_id"] = workspace.post("/invitations", json=guest).json()["id"]
        ids |= {"user_id": workspace.account.user_id, "session_id": "sid_ghost"}  # the last owner cannot be removed
        with Site() as site:
            hook = {"name": "w", "url": site.url("/hook"), "event_types": ["MEMBER_JOINED"]}
            ids["webhook_id"] = workspace.post("/webhooks", json=hook).json()["id"]
            ids["delivery_id"] = workspace.post(f"/webhooks/{ids['webhook_id']}/test").json()["id"]
            site.html("/", "Start", "<p>One page.</p>")
            ids |= {
                name: str(value)
                for name, value in workspace.crawl(site.url()).items()
                if name in ("crawl_id", "run_id")
            }
            things = Things(workspace)
            ids |= {name: things.id_of(name) for name in MAKERS}
            yield workspace, ids


class Caller:
    """Of a surface that counts requests a new key now and then, or all that is generated would be one too many."""

    def __init__(self, workspace: Workspace, surface: Surface) -> None:
        self._workspace, self._keyed = workspace, not surface.workspace_in_path
        self._key, self._left = workspace.token, 0

    def headers(self) -> dict[str, str]:
        if self._keyed and self._left == 0:
            body = {"name": "k", "kind": "secret"}
            self._key, self._left = self._workspace.post("/api-keys", json=body).json()["key"], 50
        self._left -= 1
        return {"Authorization": f"Bearer {self._key}"}


class TestGeneratedRequests:
    @pytest.mark.timeout(900)
    def test_nothing_crashes(
        self, target: tuple[Workspace, dict[str, str]], surface: Surface, document: dict[str, Any]
    ) -> None:
        """Positive and negative data for every operation, with ids that are there: never a 5xx."""
        import schemathesis

        workspace, ids = target
        schema = schemathesis.openapi.from_dict(document)
        crashed: list[str] = []
        answered: set[int] = set()
        caller = Caller(workspace, surface)

        def probe(case: Any) -> None:
            case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
            reply = case.call(base_url=str(workspace.shape.http.base_url), headers=caller.headers(), timeout=30)
            answered.add(reply.status_code)
            told = document["paths"][case.path][case.method.lower()]["responses"]
            if not {str(reply.status_code), f"{reply.status_code // 100}XX"} & set(told):
                crashed.append(f"{case.method} {case.path}: {reply.status_code} is not documented")
            if reply.status_code >= 500 and reply.status_code != 503:
                crashed.append(f"{case.method} {case.path}: {reply.status_code} {case.body!r} {case.query!r}")

        limits = hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        for found in schema.get_all_operations():
            operation = found.ok()
            if ENDS.match(f"{operation.method.upper()} {operation.path}"):
                continue
            for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
                strategy = operation.as_strategy(generation_mode=mode)
                try:
                    limits(hypothesis.given(strategy)(probe))()
                except Exception as error:  # an operation without parameters has no negative data
                    if type(error).__name__ not in ("Unsatisfiable", "SkipTest", "InvalidArgument"):
                        raise
        assert crashed == []
        assert {200, 201, 400} <= answered  # it did reach the service, with good and with bad data
