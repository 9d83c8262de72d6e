"""Text of page images by the `tesseract` binary, where it is installed.

The image goes in as PGM on stdin and plain text comes back, so neither temporary files nor an imaging library are
needed. One thread a page: the worker's children are the parallelism.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

from ingest.limits import OCR_DOCUMENT_S

DPI = 250
MAX_PIXELS = 25_000_000


@dataclass(frozen=True, slots=True)
class OcrOptions:
    """`languages` as tesseract's -l takes it ("eng+deu"); at most `max_pages` and `document_s` go to one document."""

    languages: str = "eng"
    max_pages: int = 50
    timeout_s: float = 30.0  # of a page
    document_s: float = OCR_DOCUMENT_S


@cache
def tesseract() -> str | None:
    """Path of the binary, None where it is not installed."""
    return shutil.which("tesseract")


def recognise(grey: bytes, width: int, height: int, options: OcrOptions, timeout_s: float) -> str | None:
    """Text of an 8-bit grey image, rows from top to bottom without padding; None when recognition failed."""
    binary = tesseract()
    if binary is None:
        return None
    command = [binary, "stdin", "stdout", "-l", options.languages, "--dpi", str(DPI)]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed binary, arguments are not a document's
            command,
            input=b"P5 %d %d 255\n" % (width, height) + grey,
            capture_output=True,
            timeout=timeout_s,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return done.stdout.decode("utf-8", "replace").replace("\f", "") if done.returncode == 0 else None
