"""Memory that the allocator holds back: ingestion frees much at once, and an idle server should be small."""

import ctypes
import sys
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Return free heap pages to the kernel, where the C library can (glibc's `malloc_trim`, some milliseconds)."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
