"""Rows as they are kept: whole, or not at all."""

from pathlib import Path

from evals.quality.rows import ROWS, appended, read_rows
from tests.support.evaluation import cited, row


class TestRows:
    def test_come_back_as_they_were(self, tmp_path: Path) -> None:
        rows = [row(pages=[("d1", 3)], answer="a\u2028b\nc", cited=[cited(page=3)]), row(id="2")]
        with appended(tmp_path) as add:
            add(rows[0])
            assert read_rows(tmp_path) == rows[:1]
            add(rows[1])
        assert read_rows(tmp_path) == rows

    def test_none_before_the_first(self, tmp_path: Path) -> None:
        assert read_rows(tmp_path) == []
        (tmp_path / ROWS).touch()
        assert read_rows(tmp_path) == []

    def test_what_a_killed_run_left_of_a_line_is_cut_off(self, tmp_path: Path) -> None:
        with appended(tmp_path) as add:
            add(row())
        with (tmp_path / ROWS).open("a") as file:
            file.write('{"id": "2", "ques')
        assert read_rows(tmp_path) == [row()]
        with appended(tmp_path) as add:
            add(row(id="2"))
        assert [one.id for one in read_rows(tmp_path)] == ["q1", "2"]
