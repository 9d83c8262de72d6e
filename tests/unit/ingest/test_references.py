"""How the share of a reference's words is counted."""

from pathlib import Path

from evals.references import reference_words, share_found


def test_merged_cells_of_a_reference_count_once(tmp_path: Path) -> None:
    """References repeat a merged cell in each column and row that it covers; a parser gives it once."""
    reference = tmp_path / "a.md"
    reference.write_text("Before\n\n| Year | Year | Sum |\n| - | - | - |\n| Q1 | Q2 | 7 |\n| Q1 | Q3 | 8 |\n\nAfter")
    wanted = reference_words(reference)
    assert dict(wanted) == {"before": 1, "year": 1, "sum": 1, "q1": 1, "q2": 1, "q3": 1, "7": 1, "8": 1, "after": 1}
    assert share_found(wanted, "before year sum q1 q2 7 q3 8") == 8 / 9
