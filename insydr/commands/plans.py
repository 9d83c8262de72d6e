"""`insydr plan`: straight to the database, which works beside a running server too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import InvalidInput
from core.settings import Plan, load_settings
from domain.plans import LIMITS, Limits
from domain.workspaces.service import set_plan
from insydr.output import emit
from insydr.parts import Installation
from insydr.workspaces import pick_workspace


def run_show_plan(workspace: str | None, *, as_json: bool) -> None:
    with _installation() as parts:
        found = pick_workspace(parts, workspace, create=False)
    _say(found.id, found.name, found.plan, as_json=as_json)


def run_set_plan(plan: str, workspace: str | None, *, as_json: bool) -> None:
    if plan.upper() not in LIMITS:
        raise InvalidInput(f"There is no plan {plan!r}. Use one of {', '.join(LIMITS)}.", code="INVALID_PLAN")
    with _installation() as parts:
        found = pick_workspace(parts, workspace, create=False)
        with parts.database.write() as session:
            session.add(found)
            set_plan(session, found, Plan(plan.upper()))
    _say(found.id, found.name, found.plan, as_json=as_json)


@contextmanager
def _installation() -> Iterator[Installation]:
    parts = Installation(load_settings())
    try:
        yield parts
    finally:
        parts.close()


def _say(workspace_id: str, name: str, plan: str, *, as_json: bool) -> None:
    limits = LIMITS[Plan(plan)]
    told = {field: getattr(limits, field) for field in Limits.__dataclass_fields__}
    lines = [f"{field.replace('_', ' '):<14} {_number(value)}" for field, value in told.items()]
    body: dict[str, Any] = {"id": workspace_id, "name": name, "plan": plan, "limits": told}
    emit(body, as_json=as_json, text="\n".join([f"{name} ({workspace_id}) has the plan {plan}.", *lines]))


def _number(value: int | None) -> str:
    return "any number" if value is None else f"{value:,}"
