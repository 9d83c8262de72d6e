"""The copy of a shard that is optimized in a child process, and the file that says which shard is current."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.children import ChildFailed, ModuleChild
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


def folder_bytes(folder: Path) -> int:
    """Size of a copy: its files are sparse, the copy's are not."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class OptimizeChild(ModuleChild):
    """Loads, optimizes, flushes and closes a shard."""

    def __init__(self, shard: Path) -> None:
        super().__init__("core.vectors.edge_shadow", str(shard))

    def wait(self, timeout_s: float | None = None) -> None:
        """Raises `Unavailable` when it failed or was stopped."""
        try:
            super().wait(timeout_s)
        except ChildFailed as error:
            message = f"The vector index could not be optimized: {error}"
            raise Unavailable(message, code="VECTORS_UNAVAILABLE") from error


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
