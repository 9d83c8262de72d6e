"""Memory that the allocator holds back: ingestion frees much at once, and an idle server should be small."""

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache

_ARENA_MAX = -8  # malloc.h


def give_back() -> None:
    """Return free heap pages to the kernel, where the C library can (glibc's `malloc_trim`, some milliseconds)."""
    trim = _trim()
    if trim is not None:
        trim(0)


def use_few_arenas() -> None:
    """Few heaps, here and in child processes, before there are threads: glibc makes up to eight a core,
    each of which keeps what its threads once needed (mallopt(3), M_ARENA_MAX). A quarter less for a busy server."""
    arenas = str(2 if (cores := os.cpu_count() or 1) <= 2 else min(cores, 8))
    if sys.platform.startswith("linux") and "MALLOC_ARENA_MAX" not in os.environ:
        os.environ["MALLOC_ARENA_MAX"] = arenas
        set_option = getattr(ctypes.CDLL(None), "mallopt", None)
        if set_option is not None:
            set_option(_ARENA_MAX, int(arenas))


@cache
def _trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
