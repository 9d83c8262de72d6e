"""The copy of a shard that is optimized in a child process, and the file that says which shard is current."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import Unavailable

_POINTER = "current.json"
_NICE = 10  # the machine is for searches first


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which shard is current, and its dense vectors (name to dimension)."""

    shard: str
    dense: dict[str, int]


def read_pointer(folder: Path) -> Pointer | None:
    """The stored pointer; None before the first shard is complete."""
    try:
        return Pointer(**json.loads((folder / _POINTER).read_text()))
    except FileNotFoundError:
        return None


def write_pointer(folder: Path, pointer: Pointer) -> None:
    """Make `pointer` current, whole or not at all."""
    temporary = folder / f".{_POINTER}"
    with temporary.open("w") as file:
        json.dump(asdict(pointer), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / _POINTER)


def successor(name: str | None) -> str:
    """The next shard's folder name."""
    return f"shard-{int(name.rsplit('-', 1)[1]) + 1 if name else 1}"


def copy_shard(folder: Path, old: str, new: str) -> None:
    """Copy all files. Nothing may write to `old` meanwhile."""
    shutil.rmtree(folder / new, ignore_errors=True)
    shutil.copytree(folder / old, folder / new)


class OptimizeChild:
    """Loads, optimizes, flushes and closes a shard in a process of its own, which `stop` ends."""

    def __init__(self, shard: Path) -> None:
        root = str(Path(__file__).resolve().parents[2])
        paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", "core.vectors.edge_shadow", str(shard)],
            env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def wait(self) -> None:
        """Raises `Unavailable` when it failed or was stopped."""
        _, told = self._process.communicate()
        if self._process.returncode != 0:
            last = told.strip().splitlines()[-1:] or [f"exit status {self._process.returncode}"]
            raise Unavailable(f"The vector index could not be optimized: {last[0]}", code="VECTORS_UNAVAILABLE")

    def stop(self) -> None:
        self._process.kill()


def main(arguments: Sequence[str]) -> int:
    """The child."""
    from core.vectors.edge_engine import load_shard

    os.nice(_NICE)
    shard = load_shard(Path(arguments[0]))
    shard.optimize()
    shard.flush()
    shard.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
