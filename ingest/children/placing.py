"""One task from a quote to its rectangles. Runs in a child."""

from pathlib import Path

from core.errors import DocumentError
from ingest.children.protocol import Failed, Placed, PlaceTask

_NO_TEXT = "The page has no text of its own (a scan, a form), so it is not known where its words stand."
_NOT_FOUND = "The words stand on their page in another way than they were read, so they cannot be marked there."
_UNREADABLE = "The original cannot be opened, so the words cannot be marked in it."


def place(task: PlaceTask) -> Placed | Failed:
    """Every failure is a value."""
    try:
        return _place(task)
    except DocumentError as error:
        return Failed(error.code, error.message, error.retryable)
    except Exception as error:  # as in reading: whatever a hostile file does, it is this quote's failure alone
        return Failed("PLACE_UNREADABLE", f"{_UNREADABLE[:-1]} ({type(error).__name__}).")


def _place(task: PlaceTask) -> Placed:
    import pypdfium2 as pdfium

    from ingest.parsers.pdf.places import find_places

    try:
        document = pdfium.PdfDocument(_source(task))
    except pdfium.PdfiumError:
        raise DocumentError(_UNREADABLE, code="PLACE_UNREADABLE") from None
    try:
        found, has_text = find_places(document, task.pages, task.quote, task.before, task.after)
    finally:
        document.close()
    return Placed(tuple(found), None if found else _NOT_FOUND if has_text else _NO_TEXT)


def _source(task: PlaceTask) -> Path | bytes:
    """The file itself where it is all of the blob: pdfium reads only what the pages need."""
    path = Path(task.path)
    if task.start == 0 and path.stat().st_size == task.length:
        return path
    with path.open("rb") as file:
        file.seek(task.start)
        return file.read(task.length)
