"""One suite for every reader of documents; and what only child processes can promise."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.children.inline import InlineParser
from ingest.children.pool import ParsePool
from ingest.children.protocol import Failed, Parsed, Parser, ParseTask, Placed, PlaceTask

SAMPLES = Path(__file__).resolve().parents[2] / "insydr" / "demo_files"


def task(path: Path, **options: object) -> ParseTask:
    return ParseTask(str(path), 0, path.stat().st_size, path.name, **options)  # type: ignore[arg-type]


@pytest.fixture
def pool() -> Iterator[ParsePool]:
    pool = ParsePool(2, wall_s=20, cpu_s=20, memory_bytes=2**31, max_tasks=100)
    yield pool
    pool.close()


@pytest.fixture(params=["inline", "pool"])
def parser(request: pytest.FixtureRequest) -> Parser:
    made: Parser = InlineParser() if request.param == "inline" else request.getfixturevalue("pool")
    return made


class TestRun:
    def test_results_keep_the_order_and_a_bad_file_fails_alone(self, parser: Parser, tmp_path: Path) -> None:
        broken = tmp_path / "broken.pdf"
        broken.write_bytes(b"%PDF-1.7 nothing")
        good = SAMPLES / "faq.md"
        first, second, third = parser.run([task(good), task(broken), task(good)])
        assert isinstance(first, Parsed)
        assert isinstance(third, Parsed)
        assert isinstance(second, Failed)
        assert second.message.endswith(".")

    def test_a_slice_of_a_batch_is_read(self, parser: Parser, tmp_path: Path) -> None:
        lines = [b'{"text": "first record"}\n', b'{"text": "second record"}\n']
        path = tmp_path / "batch.jsonl"
        path.write_bytes(b"".join(lines))
        (result,) = parser.run([ParseTask(str(path), len(lines[0]), len(lines[1]), "x", is_record=True)])
        assert isinstance(result, Parsed)
        assert result.document.text == "second record"

    def test_a_missing_original_is_an_error_of_that_task(self, parser: Parser, tmp_path: Path) -> None:
        (result,) = parser.run([ParseTask(str(tmp_path / "gone"), 0, 5, "gone.txt")])
        assert isinstance(result, Failed)

    def test_title_and_language_given_by_a_person_hold(self, parser: Parser) -> None:
        (result,) = parser.run([task(SAMPLES / "faq.md", title="Mine", language="de")])
        assert isinstance(result, Parsed)
        assert (result.title, result.language) == ("Mine", "de")
        assert all(text.startswith("Mine") for text in result.embedding_texts)
        assert len(result.hashes) == len(result.chunks) == len(result.embedding_texts)


class TestPlace:
    def test_words_are_found_on_their_page(self, parser: Parser) -> None:
        path = SAMPLES / "size-chart.pdf"
        (parsed,) = parser.run([task(path)])
        assert isinstance(parsed, Parsed)
        word = parsed.document.text.split()[0]
        placed = parser.place(PlaceTask(str(path), 0, path.stat().st_size, (1,), word, "", ""))
        assert isinstance(placed, Placed)
        assert [one.page for one in placed.rectangles] == [1]

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7 nothing", b"words"])
    def test_what_is_no_pdf_is_a_value(self, content: bytes, parser: Parser, tmp_path: Path) -> None:
        path = tmp_path / "a.pdf"
        path.write_bytes(content)
        failed = parser.place(PlaceTask(str(path), 0, len(content), (1,), "words", "", ""))
        assert isinstance(failed, Failed)
        assert failed.message.endswith(".")

    def test_a_hanging_one_ends_and_the_next_is_answered(self, tmp_path: Path) -> None:
        fifo, path = tmp_path / "never-ends.pdf", SAMPLES / "size-chart.pdf"
        os.mkfifo(fifo)
        pool = ParsePool(1, wall_s=4, cpu_s=60, memory_bytes=2**31, max_tasks=100)
        try:
            hanging = pool.place(PlaceTask(str(fifo), 0, 5, (1,), "words", "", ""))
            after = pool.place(PlaceTask(str(path), 0, path.stat().st_size, (1,), "no such words", "", ""))
        finally:
            pool.close()
        assert isinstance(hanging, Failed)
        assert hanging.code == "PARSER_TIMEOUT"
        assert isinstance(after, Placed)
        assert (after.rectangles, bool(after.notice)) == ((), True)


class TestChildren:
    def test_a_killed_child_fails_its_document_and_is_replaced(self, pool: ParsePool, tmp_path: Path) -> None:
        fifo = tmp_path / "never-ends.txt"
        os.mkfifo(fifo)  # opening it blocks the child until somebody writes
        results: list[Parsed | Failed] = []
        asked = [ParseTask(str(fifo), 0, 5, "x.txt"), task(SAMPLES / "faq.md")]
        thread = threading.Thread(target=lambda: results.extend(pool.run(asked)))
        thread.start()
        busy = _wait_for_child(pool)
        os.kill(busy, signal.SIGKILL)
        thread.join(30)
        assert isinstance(results[0], Failed)
        assert isinstance(results[1], Parsed)

    def test_a_hanging_parser_is_stopped_by_the_wall_clock(self, tmp_path: Path) -> None:
        fifo = tmp_path / "never-ends.txt"
        os.mkfifo(fifo)
        pool = ParsePool(1, wall_s=8, cpu_s=60, memory_bytes=2**31, max_tasks=100)
        try:
            hanging, after = pool.run([ParseTask(str(fifo), 0, 5, "x.txt"), task(SAMPLES / "faq.md")])
        finally:
            pool.close()
        assert isinstance(hanging, Failed)
        assert hanging.code == "PARSER_TIMEOUT"
        assert isinstance(after, Parsed)

    def test_memory_beyond_the_limit_fails_the_document(self, tmp_path: Path) -> None:
        large = tmp_path / "large.txt"
        large.write_bytes(b"word and another word\n" * 6_000_000)
        pool = ParsePool(1, wall_s=60, cpu_s=60, memory_bytes=400 * 2**20, max_tasks=100)
        try:
            too_large, after = pool.run([task(large), task(SAMPLES / "faq.md")])
        finally:
            pool.close()
        assert isinstance(too_large, Failed)
        assert too_large.code == "PARSER_MEMORY"
        assert isinstance(after, Parsed)

    def test_a_busy_child_dies_with_a_killed_parent(self, tmp_path: Path) -> None:
        fifo = tmp_path / "never-ends.txt"
        os.mkfifo(fifo)
        program = tmp_path / "parent.py"
        program.write_text(_PARENT.format(fifo=str(fifo)))
        environment = {**os.environ, "PYTHONPATH": str(SAMPLES.parents[1])}
        parent = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, env=environment)
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait(10)
        deadline = time.monotonic() + 20
        while _runs(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        alive = _runs(child)
        if alive:
            os.kill(child, signal.SIGKILL)
        assert not alive

    def test_children_are_recycled_and_reaped(self, tmp_path: Path) -> None:
        pool = ParsePool(1, wall_s=20, cpu_s=20, memory_bytes=2**31, max_tasks=1)
        try:
            assert all(isinstance(result, Parsed) for result in pool.run([task(SAMPLES / "faq.md")] * 3))
            assert _children(pool) == []
        finally:
            pool.close()

    def test_closing_while_a_file_is_read_blames_no_document(self, pool: ParsePool, tmp_path: Path) -> None:
        fifo = tmp_path / "never-ends.txt"
        os.mkfifo(fifo)
        results: list[Parsed | Failed] = []
        asked = [ParseTask(str(fifo), 0, 5, "x.txt"), task(SAMPLES / "faq.md")]
        thread = threading.Thread(target=lambda: results.extend(pool.run(asked)))
        thread.start()
        _wait_for_child(pool)
        pool.close()
        thread.join(30)
        assert [(one.code, one.retryable) for one in results if isinstance(one, Failed)] == [
            ("PARSER_STOPPED", True)
        ] * 2
        assert _children(pool) == []

    def test_calls_run_side_by_side(self, pool: ParsePool) -> None:
        results: list[Parsed | Failed] = []
        threads = [
            threading.Thread(target=lambda: results.extend(pool.run([task(SAMPLES / "faq.md")] * 5))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(results) == 20
        assert all(isinstance(result, Parsed) for result in results)


_PARENT = """
import threading, time
from ingest.children.pool import ParsePool
from ingest.children.protocol import ParseTask

if __name__ == "__main__":
    pool = ParsePool(1, wall_s=60, cpu_s=60, memory_bytes=2**31, max_tasks=100)
    threading.Thread(target=lambda: pool.run([ParseTask({fifo!r}, 0, 5, "x.txt")]), daemon=True).start()
    while pool._all[0]._process is None or pool._all[0]._process.pid is None:
        time.sleep(0.02)
    time.sleep(1)  # the task is sent; nobody ever writes, so the child stays in open(2)
    print(pool._all[0]._process.pid, flush=True)
    time.sleep(60)
"""


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _children(pool: ParsePool) -> list[int]:
    processes = [slot._process for slot in pool._all]
    return [process.pid for process in processes if process is not None and process.pid is not None]


def _wait_for_child(pool: ParsePool) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if running := _children(pool):
            time.sleep(0.5)  # it is alive; give it the moment it needs to open the pipe, whatever it does then
            return running[0]
        time.sleep(0.02)
    raise AssertionError("no child was started")
