"""A campaign of the sandbox, on loopback: whether everybody is called once while processes are killed, and how fast.

    python -m evals.campaign_bench faults [--shape scaled|embedded|both] [--contacts 5000] [--at-once 50] [--kills 10]
    python -m evals.campaign_bench csv [--contacts 200000]

`faults`: `scaled` is PostgreSQL, Redis, a server and two workers, of whom one is killed (-9) at random, again and
again, and started again at once; `embedded` SQLite and one server, which is killed. Every eleventh contact is in a zone
where the call window is closed, and must not be called. What happened is read from the calls. `csv`: a file of
contacts, every fiftieth row of which is broken, is posted to a server, while another workspace writes.
"""

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from rich.progress import Progress

from core.clock import utc_now
from core.database import Database
from core.database.schema import ensure_schema
from domain.agents.live import LiveAgents
from domain.agents.service import NewAgent
from domain.calls.repository import Wanted
from domain.calls.service import CallService
from domain.campaigns.contacts import NewContact
from domain.campaigns.intake import ContactIntake
from domain.campaigns.service import CampaignService, NewCampaign
from domain.campaigns.service import Progress as SoFar
from domain.campaigns.window import CallWindow
from domain.models import ContactStatus, User
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.workspaces.service import NewWorkspace, create_workspace
from evals.faults.processes import Child
from evals.faults.services import fresh_postgres, fresh_redis
from evals.faults.shapes import embedded, scaled
from evals.service import Service, running_service

# numbers without their last seven digits, by the zone that they tell
PLACES = {"Europe/London": "+44207", "America/Los_Angeles": "+1415", "Asia/Calcutta": "+91112", "Asia/Tokyo": "+8133"}
HALF = timedelta(hours=2)
SCRIPT = {"ring_s": 0.2, "talk_s": 0.5}
PATIENCE_S = 900.0
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["faults", "csv"])
    parser.add_argument("--shape", choices=["scaled", "embedded", "both"], default="both")
    parser.add_argument("--contacts", type=int, help="5,000 by default; 200,000 of a CSV.")
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--kills", type=int, default=10)
    asked = parser.parse_args()
    asked.contacts = asked.contacts or (5_000 if asked.what == "faults" else 200_000)
    if asked.what == "csv":
        with running_service({"INSYDR_PLAN_DEFAULT": "ENTERPRISE"}) as service:
            print(json.dumps(post_csv(service, asked.contacts), indent=2))
        return
    for shape in ("embedded", "scaled") if asked.shape == "both" else (asked.shape,):
        with running(shape) as (database, victims):
            print(json.dumps({"shape": shape} | rehearse(database, victims, asked), indent=2))


@contextmanager
def running(shape: str) -> Iterator[tuple[Database, list[Child]]]:
    """Its database, and the processes that dial."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if shape == "scaled":
            sql, broker = stack.enter_context(fresh_postgres()), stack.enter_context(fresh_redis())
            victims = stack.enter_context(scaled(folder, sql, broker, program="insydr.cli")).workers
        else:
            victims = [stack.enter_context(embedded(folder)).server]
            sql = f"sqlite:///{folder / 'data' / 'insydr.db'}"
        database = Database(sql)
        stack.callback(database.close)
        ensure_schema(database)
        yield database, victims


def rehearse(database: Database, victims: list[Child], asked: argparse.Namespace) -> dict[str, Any]:
    who, (zone, window) = _owner(database), _now_open()
    campaign_id = _campaign(database, who, zone, window, asked)
    chance, began, killed = random.Random(SEED), time.monotonic(), 0
    with Progress() as bar:
        task = bar.add_task("called", total=asked.contacts)
        while (done := _so_far(database, who, campaign_id).done) < asked.contacts:
            bar.update(task, completed=done)
            if time.monotonic() - began > PATIENCE_S:
                break
            if killed < asked.kills and done >= asked.contacts * (killed + 1) // (asked.kills + 1):
                child = chance.choice(victims)
                child.kill()
                child.start()
                killed += 1
            time.sleep(chance.uniform(0.1, 0.5))
    took_s = time.monotonic() - began
    return {"contacts": asked.contacts, "killed": killed, "took_s": round(took_s, 1)} | _told(
        database, who, campaign_id
    )


def post_csv(service: Service, contacts: int) -> dict[str, Any]:
    text = "firstName,lastName,phone,email\n" + "".join(
        f"Person,{row},{'+1415' if row % 50 else 'x'}{2_000_000 + row},p{row}@example.com\n" for row in range(contacts)
    )
    headers = {"X-Workspace-Id": service.base.rpartition("/")[2]}

    def call(method: str, path: str, **options: Any) -> Any:
        reply = service.http.request(method, f"/api/v1{path}", headers=headers | options.pop("headers", {}), **options)
        reply.raise_for_status()
        return reply.json()

    agent = call("POST", "/agents", json={"name": "Sarah"})["id"]
    body = {"name": "Outreach", "agentId": agent, "scheduledStart": "2099-01-01T00:00:00Z"}
    path = f"/campaigns/{call('POST', '/campaigns', json=body)['id']}"
    other, stop, waits = service.other_workspace(), threading.Event(), list[float]()

    def write() -> None:
        while not stop.is_set():
            began = time.monotonic()
            other.call("PATCH", "", json={"name": f"W {len(waits)}"})
            waits.append(1000 * (time.monotonic() - began))
            stop.wait(0.05)

    writer, before, began = threading.Thread(target=write), service.tree_mb(), time.monotonic()
    writer.start()
    report = call("POST", f"{path}/contacts", content=text.encode(), headers={"Content-Type": "text/csv"})
    took_s, after = time.monotonic() - began, service.tree_mb()
    stop.set()
    writer.join()
    began = time.monotonic()
    counted = call("GET", path)["callsTotal"]
    return {
        "bytes": len(text), "took_s": round(took_s, 1), "added": report["added"], "failed": report["failed"],
        "told_row_by_row": len(report["errors"]), "others_writes_p95_ms": round(float(np.percentile(waits, 95)), 1),
        "memory_mb": [round(before), round(after)], "counted": counted,
        "progress_ms": round(1000 * (time.monotonic() - began), 1),
    }  # fmt: skip


def _owner(database: Database) -> Principal:
    with database.write() as session:
        session.add(User(id="user_bench", email="b@example.com", full_name="B", password_hash="x"))
        workspace = create_workspace(session, "user_bench", NewWorkspace("W"), "ENTERPRISE")
    return Principal(workspace.id, "user_bench", ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)


def _now_open() -> tuple[str, CallWindow]:
    """A zone and a window about its present time that crosses no midnight."""
    for zone in PLACES:
        here = utc_now().astimezone(ZoneInfo(zone))
        if (here - HALF).date() == (here + HALF).date():
            return zone, CallWindow(f"{here - HALF:%H:%M}", f"{here + HALF:%H:%M}")
    raise RuntimeError("one of the zones has day")


def _campaign(database: Database, who: Principal, zone: str, window: CallWindow, asked: argparse.Namespace) -> str:
    with database.write() as session:
        agent = LiveAgents(session, who).create(NewAgent("Sarah"), active=True)
        new = NewCampaign(
            "Outreach", agent.id, timezone=zone, window=window, max_concurrent=asked.at_once, script=SCRIPT
        )
        campaign_id = CampaignService(session, who).create(new).campaign.id
    away = next(prefix for other, prefix in PLACES.items() if not window.is_open(utc_now(), ZoneInfo(other)))
    contacts = [*_people(away, asked.contacts // 10), *_people(PLACES[zone], asked.contacts)]
    report = ContactIntake(database, who, campaign_id).add(contacts)
    assert not report.failed, report.problems[:3]
    return campaign_id


def _people(prefix: str, count: int) -> list[NewContact]:
    return [NewContact(row, f"{prefix}{2_000_000 + row}") for row in range(1, count + 1)]


def _so_far(database: Database, who: Principal, campaign_id: str) -> SoFar:
    with database.read() as session:
        return CampaignService(session, who).get(campaign_id)


def _told(database: Database, who: Principal, campaign_id: str) -> dict[str, Any]:
    with database.read() as session:
        service, everybody = CampaignService(session, who), 10**6
        people, _ = service.contacts(campaign_id, None, everybody, 0)
        rows, _ = CallService(session, who).page(Wanted(campaign_id=campaign_id), everybody, 0, said=False)
        campaign = service.get(campaign_id)
    zones = {one.to_number: ZoneInfo(one.timezone) for one in people}
    calls = [(one.to_number, one.started_at, one.ended_at or utc_now()) for one in rows if one.started_at is not None]
    window = CallWindow(campaign.campaign.window_start, campaign.campaign.window_end)
    begun = sorted(one for _, one, _ in calls)
    seconds = (begun[-1] - begun[0]).total_seconds() if calls else 0.0
    return {
        "calls": len(calls), "called_more_than_once": len(calls) - len({number for number, _, _ in calls}),
        "most_at_once": _most_at_once([(since, until) for _, since, until in calls]),
        "outside_the_window": sum(not window.is_open(since, zones[number]) for number, since, _ in calls),
        "completed": campaign.counts.get(ContactStatus.COMPLETED, 0),
        "still_waiting": campaign.counts.get(ContactStatus.PENDING, 0),
        "calls_a_second": round(len(calls) / seconds, 1),
    }  # fmt: skip


def _most_at_once(spans: list[tuple[datetime, datetime]]) -> int:
    moments = sorted([(since, 1) for since, _ in spans] + [(until, -1) for _, until in spans])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


if __name__ == "__main__":
    main()
