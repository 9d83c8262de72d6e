"""A data folder that cannot be used: every command says so in a sentence, and what to do."""

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.settings import Settings
from insydr.cli import app
from insydr.data_folder import data_folder
from tests.support.installation import configure_test_logs

COMMANDS = (
    ("serve", "--port", "0"), ("ask", "Who?"), ("search", "x"), ("documents",), ("ingest", "README.md"), ("queue",),
    ("users", "create", "--email", "a@example.com", "--password", "correct horse"), ("doctor",), ("reconcile",),
    ("backup", "nowhere.tar"), ("dead-letters",),
)  # fmt: skip


def told(folder: Path, *arguments: str) -> str:
    """What the command says; it must fail, and without a traceback."""
    environment = {"INSYDR_DATA_DIR": str(folder), "INSYDR_EMBEDDING_MODEL": "fake", "INSYDR_CONFIG": os.devnull}
    try:
        done = CliRunner().invoke(app, arguments, env=environment)
    finally:
        configure_test_logs()
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output
    return done.output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
class TestEveryCommand:
    def test_a_folder_that_is_a_file(self, tmp_path: Path, command: tuple[str, ...]) -> None:
        path = tmp_path / "file"
        path.write_text("x")
        assert "cannot be used" in told(path, *command)

    def test_a_folder_that_cannot_be_written(self, command: tuple[str, ...]) -> None:
        assert "cannot be used" in told(Path("/proc/insydr"), *command)

    def test_a_damaged_database(self, tmp_path: Path, command: tuple[str, ...]) -> None:
        (tmp_path / "insydr.db").write_bytes(b"not a database " * 1_000)
        output = told(tmp_path, *command)
        assert "database file is damaged" in output
        assert "insydr restore" in output

    def test_an_unreadable_secret(self, tmp_path: Path, command: tuple[str, ...]) -> None:
        (tmp_path / "secret.key").mkdir()  # root may read any file
        if command[0] in ("serve", "ask", "users", "doctor"):
            assert "secret.key" in told(tmp_path, *command)


class TestPermissions:
    def test_an_open_folder_is_closed(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        (folder / "insydr.db").touch()
        data_folder(Settings(data_dir=folder))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_one_that_holds_other_things_stays(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder of the system's, set by mistake: to close it would break the machine. What is ours is closed."""
        tmp_path.chmod(0o755)
        (tmp_path / "somebody-elses").touch()
        (tmp_path / "insydr.db").touch(0o644)
        configure_test_logs()
        data_folder(Settings(data_dir=tmp_path))
        configure_test_logs()
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
        assert stat.S_IMODE((tmp_path / "insydr.db").stat().st_mode) == 0o600
        assert "data_folder_open_to_others" in capsys.readouterr().err
