"""Files that change, vanish or cannot be read while they are uploaded."""

import os
import shutil
from pathlib import Path
from typing import IO, Any

import pytest

from core.errors import InvalidInput
from insydr.snapshot import snapshot


def changing(path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Another program writes to the file during the first `times` copies."""
    plain, left = shutil.copyfileobj, [times]

    def copy(source: IO[bytes], target: IO[bytes]) -> Any:
        plain(source, target)
        if left[0]:
            left[0] -= 1
            path.write_bytes(path.read_bytes() + b" more")
            os.utime(path, ns=(0, left[0]))

    monkeypatch.setattr(shutil, "copyfileobj", copy)


class TestSnapshot:
    def test_is_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"x" * 3_000_000)
        with snapshot(tmp_path / "a") as copy:
            assert copy.read() == b"x" * 3_000_000

    def test_one_that_changes_once_is_read_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a").write_bytes(b"long and longer")
        changing(tmp_path / "a", monkeypatch, 1)
        with snapshot(tmp_path / "a") as copy:
            assert copy.read() == b"long and longer more"

    def test_one_that_changes_all_the_time_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a").write_bytes(b"text")
        changing(tmp_path / "a", monkeypatch, 100)
        with pytest.raises(InvalidInput) as caught, snapshot(tmp_path / "a"):
            pass
        assert caught.value.code == "FILE_CHANGING"

    def test_one_that_is_gone(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput) as caught, snapshot(tmp_path / "a"):
            pass
        assert caught.value.code == "FILE_UNREADABLE"
