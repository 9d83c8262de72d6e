"""Rows of tables as the stored text has them: `| a | b |`, a pipe inside a cell as `\\|`."""

import re

_CELLS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"^\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?\s*)?$")  # Markdown's line below a header


def is_row(line: str) -> bool:
    """Whether a line is a whole row."""
    line = line.strip()
    return len(line) > 2 and line.startswith("|") and line.endswith("|")


def is_rule(line: str) -> bool:
    """Whether a line only parts the header from the rows below."""
    return _RULE.match(line.strip()) is not None


def cells(line: str) -> list[str]:
    """The cells of a row, of a piece of one too, with single spaces."""
    line = line.strip()
    inner = line[1:] if line.startswith("|") else line
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [" ".join(cell.replace("\\|", "|").split()) for cell in _CELLS.split(inner)]


def column_names(header: str) -> tuple[str, ...]:
    """One name a column; several header rows are joined from the top, without repeats."""
    rows = [cells(line) for line in header.splitlines() if is_row(line) and not is_rule(line)]
    width = max((len(row) for row in rows), default=0)
    stacked = [[row[number] for row in rows if number < len(row) and row[number]] for number in range(width)]
    return tuple(" ".join(dict.fromkeys(names)) for names in stacked)
