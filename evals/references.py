"""What should come out of a file, where somebody else wrote it down: the share of its words that ours holds.

Known are the reference Markdown of docling (`<kind>/groundtruth/<name>.md` beside `<kind>/sources`) and of markitdown
(`expected_outputs` beside the files).
"""

import html
import re
import unicodedata
from collections import Counter
from pathlib import Path

# what Markdown adds: comments, images, targets of links, tags, commands of formulas, escapes
_ADDED = re.compile(
    r"<!--.*?-->|!\[[^\]]*\]\([^)]*\)|(?<=\])\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)|</?[a-z][^<>]*>|\\[a-zA-Z]+",
    re.S,
)
_WORD = re.compile(r"\w+")
_RULE = re.compile(r"[|:\s-]+")  # under the header of a table


def reference_of(path: Path) -> Path | None:
    """The file that says what `path` holds, None where there is none."""
    folder = path.parent
    written = path.suffix == ".pdf"  # markitdown's are of the PDF where files share a name
    places = (
        folder.parent / "groundtruth" / f"{path.name}.md",
        folder.parent / "groundtruth" / f"{path.stem}.md",
        *([folder / "expected_outputs" / f"{path.stem}.md"] if written else []),
    )
    return next((place for place in places if place != path and place.is_file()), None)


def is_reference(path: Path) -> bool:
    return path.parent.name in ("groundtruth", "expected_outputs")


def reference_words(path: Path) -> Counter[str]:
    """The words of a reference without its Markdown; what it repeats across merged cells counts once."""
    text = _merged(path.read_text("utf-8"))
    return words(_ADDED.sub(" ", html.unescape(text)).replace("\\", ""))


def _merged(markdown: str) -> str:
    """Tables without cells that only repeat their neighbour to the left or above, as references spell merged cells."""
    lines: list[str] = []
    above: list[str] = []
    for line in markdown.splitlines():
        if not line.startswith("|"):
            above = []
            lines.append(line)
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if _RULE.fullmatch(line):
            continue
        before = ["", *cells[:-1]]
        over = above + [""] * (len(cells) - len(above))
        kept = [cell for cell, left, top in zip(cells, before, over, strict=False) if cell not in (left, top)]
        lines.append(" | ".join(kept))
        above = cells
    return "\n".join(lines)


def words(text: str) -> Counter[str]:
    """Compared are words in compatibility form and lower case; underscores are Markdown's or a blank of a form."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("_", " ").replace("\u00ad", "")
    return Counter(_WORD.findall(folded))


def share_found(wanted: Counter[str], text: str) -> float:
    """Of the reference's words, each as often as it stands there."""
    return (wanted & words(text)).total() / max(wanted.total(), 1)


def missing_words(wanted: Counter[str], text: str) -> Counter[str]:
    return wanted - words(text)
