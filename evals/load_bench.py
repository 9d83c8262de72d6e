"""Everything at once, on loopback, for a minute: what one kind of load does to everybody else.

    python -m evals.load_bench [--lines 100000]

Twenty clients ask (one question a second each), a batch is accepted and cancelled, forty people log in at once with
wrong passwords, forty previews read sites that send a byte a second. Meanwhile two processes look how long `/livez`
and another tenant's writes take. What the clients themselves need of the two cores is part of the figures.
"""

import argparse
import json
import multiprocessing
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from evals.service import Service, running_service

ASKING, LOGINS, PREVIEWS = 20, 40, 40
DOCUMENTS = 300
QUIET_S = 3.0  # alone, before the load
WORDS = "battery warranty invoice dealer frame brake saddle carrier lamp bell spoke chain pedal gear tyre pump".split()
LIVEZ_EVERY_S, WRITE_EVERY_S = 0.05, 0.1
CALLER_S = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    arguments = parser.parse_args()
    settings = {"INSYDR_OUTBOUND_ALLOWED_HOSTS": "127.0.0.1", "INSYDR_PLAN_DEFAULT": "ENTERPRISE"}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        running_service(settings) as service,
        dripping() as site,
        Progress(*columns, console=Console(stderr=True)) as bar,
    ):
        task = bar.add_task("documents to ask about")
        _fill(service)
        other = service.other_workspace()
        written = other.base + "/collections/" + other.call("POST", "/collections", json={"name": "n"})["id"]
        headers, base = dict(service.http.headers), str(service.http.base_url)
        with probing(base, "GET", "/livez", headers, LIVEZ_EVERY_S) as livez, probing(
            base, "PATCH", written, headers, WRITE_EVERY_S
        ) as writes:  # fmt: skip
            bar.update(task, description="alone")
            time.sleep(QUIET_S)
            began = time.time()
            bar.update(task, description="everything at once")
            alone_mb = round(service.tree_mb())
            found = _load(service, site, arguments.lines) | {"tree_alone_mb": alone_mb}
            ended = time.time()
        found |= {"livez_ms": _told(livez, began, ended), "write_ms": _told(writes, began, ended)}
    print(json.dumps(found, indent=2))


def _load(service: Service, site: str, lines: int) -> dict[str, Any]:
    ends = threading.Event()
    peak = [0.0]
    with ThreadPoolExecutor(ASKING + LOGINS + PREVIEWS + 2) as pool:
        pool.submit(_watch_memory, service, ends, peak)
        asking = [pool.submit(_ask, service, number, ends) for number in range(ASKING)]
        batch = pool.submit(_batch, service, lines)
        time.sleep(1)
        logins = [pool.submit(_log_in, service, number) for number in range(LOGINS)]
        previews = [pool.submit(_preview, service, site) for _ in range(PREVIEWS)]
        told = {"logins": _statuses(logins), "previews": _statuses(previews), **batch.result()}
        ends.set()
        asked = [took for one in asking for took in one.result()]
    return {"lines": lines, **told, "answers": len(asked), "answer_ms": _percentiles(asked), "tree_mb": round(peak[0])}


def _fill(service: Service) -> None:
    collection = service.call("POST", "/collections", json={"name": "asked"})["id"]
    texts = (
        f"{WORDS[n % 16]} {WORDS[n // 16 % 16]} {n}: the {WORDS[n * 7 % 16]} is checked every {n % 11 + 2} months."
        for n in range(DOCUMENTS)
    )
    service.wait(_send(service, collection, "\n".join(json.dumps({"text": text}) for text in texts)))


def _send(service: Service, collection: str, body: str) -> Any:
    headers = {"Content-Type": "application/x-ndjson"}
    return service.call(
        "POST", f"/documents/batch?collection_id={collection}", content=body.encode(), headers=headers, timeout=CALLER_S
    )


def _batch(service: Service, lines: int) -> dict[str, Any]:
    """Accepted, cancelled, and all of it stopped: the seconds of each."""
    collection = service.call("POST", "/collections", json={"name": "many"})["id"]
    body = "\n".join(f'{{"text":"Line {number} of many."}}' for number in range(lines))
    started = time.perf_counter()
    job = _send(service, collection, body)
    accepted = time.perf_counter()
    service.call("POST", f"/jobs/{job['id']}/cancel", timeout=CALLER_S)
    cancelled = time.perf_counter()
    while service.call("GET", f"/jobs/{job['id']}")["queued"]:
        time.sleep(0.2)
    seconds = {
        "accept_s": accepted - started,
        "cancel_s": cancelled - accepted,
        "stopped_s": time.perf_counter() - cancelled,
    }
    return {name: round(value, 2) for name, value in seconds.items()}


def _ask(service: Service, number: int, ends: threading.Event) -> list[float]:
    took: list[float] = []
    while not ends.is_set():
        query = f"{WORDS[(number + len(took)) % 16]} {WORDS[len(took) * 3 % 16]} months"
        started = time.perf_counter()
        service.call("POST", "/search", json={"query": query}, timeout=CALLER_S)
        took.append((time.perf_counter() - started) * 1000)
        ends.wait(1.0)
    return took


def _log_in(service: Service, number: int) -> int:
    body = {"email": f"nobody-{number}@example.com", "password": "a wrong one"}
    return _status(service, "/api/v1/auth/login", body)


def _preview(service: Service, site: str) -> int:
    return _status(service, f"{service.base}/crawls/preview", {"url": site})


def _status(service: Service, path: str, body: dict[str, Any]) -> int:
    return service.http.post(path, json=body, timeout=CALLER_S).status_code


def _statuses(asked: list["Future[int]"]) -> dict[str, int]:
    return {str(status): count for status, count in sorted(Counter(one.result() for one in asked).items())}


def _watch_memory(service: Service, ends: threading.Event, peak: list[float]) -> None:
    while not ends.wait(0.5):
        peak[0] = max(peak[0], service.tree_mb())


@contextmanager
def dripping() -> Iterator[str]:
    """A site whose every answer comes a byte a second."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    threading.Thread(target=_accept, args=(listener,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.close()


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:  # closed
            return
        threading.Thread(target=_drip, args=(peer,), daemon=True).start()


def _drip(peer: socket.socket) -> None:
    with peer:
        try:
            for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"x" * 600:
                peer.sendall(bytes([byte]))
                time.sleep(1)
        except OSError:  # it hung up
            return


@contextmanager
def probing(
    base: str, method: str, path: str, headers: dict[str, str], every_s: float
) -> Iterator[list[tuple[float, float]]]:
    """Ask in a process of its own until the block ends; then when, and how many milliseconds it took, each time."""
    context = multiprocessing.get_context("spawn")
    found: list[tuple[float, float]] = []
    ours, theirs = context.Pipe()
    process = context.Process(target=_probe, args=(theirs, base, method, path, headers, every_s), daemon=True)
    process.start()
    try:
        yield found
    finally:
        ours.send("end")
        found += ours.recv()
        process.join(10)


def _probe(pipe: Any, base: str, method: str, path: str, headers: dict[str, str], every_s: float) -> None:
    took: list[tuple[float, float]] = []
    with httpx.Client(base_url=base, headers=headers, timeout=CALLER_S, trust_env=False) as http:
        while not pipe.poll(every_s):
            at, started = time.time(), time.perf_counter()
            body = {"name": f"n {len(took)}"} if method == "PATCH" else None
            http.request(method, path, json=body).raise_for_status()
            took.append((at, (time.perf_counter() - started) * 1000))
    pipe.send(took)


def _told(probes: list[tuple[float, float]], began: float, ended: float) -> dict[str, Any]:
    alone = [ms for at, ms in probes if at < began]
    loaded = [ms for at, ms in probes if began <= at <= ended]
    return {"alone": _percentiles(alone), "loaded": _percentiles(loaded), "worst": round(max(loaded, default=0.0), 1)}


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(values, share)), 1) for share in (50, 95)} if values else {}


if __name__ == "__main__":
    main()
