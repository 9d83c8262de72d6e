"""The reports: complete, self-contained, and nothing from outside stands in them unescaped."""

import json
import re
from pathlib import Path

from lxml import html

from evals.quality.report import write_report
from evals.quality.rows import Gold, Row
from evals.quality.run import Plan, Run
from tests.support.evaluation import cited, row

NOTHING: dict[str, list[str]] = {"hybrid": [], "dense": [], "sparse": []}
EVIL = "<script>alert('x')</script>\"&"


def report(folder: Path, rows: list[Row], threshold: float = 0.3) -> str:
    run = Run(Plan("tea", "en", "f", "w", "c", ["hybrid"]), "a", 0.3, EVIL, [EVIL])
    write_report(folder, run, rows, threshold)
    return (folder / "report.html").read_text(encoding="utf-8")


class TestPage:
    def test_what_comes_from_outside_is_escaped(self, tmp_path: Path) -> None:
        sources = [cited("d9", EVIL, title=EVIL, url="javascript:alert(1)"), cited(title=EVIL, url=f"https://a/{EVIL}")]
        rows = [
            row(
                id=EVIL, question=EVIL, answer=EVIL, answers=[EVIL, "x"], cited=sources,
                gold=[Gold("d1", EVIL, None, 1, "n")],
            ),
            row(id="2", question=EVIL, rankings=NOTHING, cited=sources, answerable=False),
        ]  # fmt: skip
        page = report(tmp_path, rows)
        assert EVIL.split(">", maxsplit=1)[0] not in page
        tree = html.fromstring(page)
        assert tree.xpath("//script") == []
        assert {one.get("href") for one in tree.xpath("//a")} == {f"https://a/{EVIL}"}
        assert EVIL in "".join(tree.xpath("//article//h3/text()"))

    def test_it_needs_nothing_else(self, tmp_path: Path) -> None:
        page = report(tmp_path, [row(), row(id="2", confidence=0.1)])
        tree = html.fromstring(page)
        assert tree.xpath("//link | //img | //iframe | //@src") == []
        assert len(tree.xpath("//figure/*[local-name()='svg']")) == 3
        assert not re.search(r"\bnan\b", page)

    def test_the_worst_questions(self, tmp_path: Path) -> None:
        no = {"cited": [cited("d2", "No.", url="https://tea.example/no")], "answer": "No."}
        rows = [
            *(row(id=f"w{n}", question=f"Wrong {n}?", confidence=0.5 + n / 1000, **no) for n in range(60)),
            row(id="r", question="Refused?", confidence=0.2),
            row(id="n", question="Lost?", rankings=NOTHING),
        ]
        tree = html.fromstring(report(tmp_path, rows))
        titles = ["Confidently wrong (60, the first 50)", "Wrongly refused (1)", "Not found (1)"]
        assert tree.xpath("//h2/text()")[-3:] == titles
        asked = tree.xpath("//article/h3/text()")
        assert asked == [*(f"Wrong {n}?" for n in range(59, 9, -1)), "Refused?", "Lost?"]
        assert tree.xpath("//article//a/@href")[0] == "https://tea.example/no"

    def test_without_a_question_that_could_be_judged(self, tmp_path: Path) -> None:
        page = report(tmp_path, [row(gold=[], answers=[])])
        assert "–" in page
        assert "Search</h2>" not in page


class TestJson:
    def test_has_the_figures_and_the_worst(self, tmp_path: Path) -> None:
        report(tmp_path, [row(), row(id="2", confidence=0.1)], threshold=0.4)
        found = json.loads((tmp_path / "report.json").read_text())
        assert found["figures"]["answers"]["right"]["value"] == 1.0
        assert found["figures"]["refusals"]["threshold"] == 0.4
        assert [one["id"] for one in found["worst"]["Wrongly refused"]] == ["2"]

    def test_what_has_no_meaning_is_null(self, tmp_path: Path) -> None:
        report(tmp_path, [row()])
        assert "NaN" not in (tmp_path / "report.json").read_text()
