"""A module of ours that runs as a program in a process of its own: what must not hold the global lock, or may crash."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[1])


class ChildFailed(Exception):
    """The child failed, was stopped or took too long; the message is the last line it wrote, or says which."""


class ModuleChild:
    """`python -m module arguments…`, started at once; what it writes to stdout is dropped."""

    def __init__(self, module: str, *arguments: str) -> None:
        paths = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def wait(self, timeout_s: float | None = None) -> None:
        """Until it has ended well. Raises `ChildFailed`; one that takes longer than `timeout_s` is stopped."""
        try:
            _, told = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise ChildFailed(f"it took more than {timeout_s:g} s") from None
        finally:
            if self._process.poll() is None:  # nobody waits for it any more, also after Ctrl-C
                self.stop()
                self._process.wait()
        if self._process.returncode != 0:
            last = told.strip().splitlines()[-1:] or [f"exit status {self._process.returncode}"]
            raise ChildFailed(last[0])

    def stop(self) -> None:
        """It ends at once, wherever it is."""
        self._process.kill()
