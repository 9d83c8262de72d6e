"""Page numbers in words."""

from collections.abc import Sequence

MAX_SPANS = 20  # that are named


def spans(pages: Sequence[int]) -> list[str]:
    """Ascending page numbers as “page 7” and “pages 9 to 99,999”: a file may claim any number of pages."""
    found: list[list[int]] = []
    for page in pages:
        if found and page == found[-1][1] + 1:
            found[-1][1] = page
        else:
            found.append([page, page])
    named = [f"page {a:,}" if a == b else f"pages {a:,} to {b:,}" for a, b in found[:MAX_SPANS]]
    return named + ([f"{len(found) - MAX_SPANS:,} more spans of pages"] if len(found) > MAX_SPANS else [])
