"""The command line, as a person types it: an installation of its own, with the deterministic model."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from insydr.cli import app
from tests.support.installation import configure_test_logs

ROOT = Path(__file__).resolve().parents[2]


class Terminal:
    def __init__(self, folder: Path) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("INSYDR_")}
        self.environment = {
            **plain, "INSYDR_DATA_DIR": str(folder / "data"), "INSYDR_EMBEDDING_MODEL": "fake", "PYTHONPATH": str(ROOT),
            "INSYDR_CONFIG": os.devnull, "INSYDR_LOG_LEVEL": "ERROR", "INSYDR_OUTBOUND_ALLOWED_HOSTS": "127.0.0.1",
        }  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "insydr.cli", *arguments]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)

    def run(self, *arguments: str, status: int = 0) -> str:
        return self._result(*arguments, status=status).output

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self._result(*arguments, "--json", status=status).stdout)

    def _result(self, *arguments: str, status: int) -> Result:
        """In this process, which has paid for the imports already."""
        try:
            done = CliRunner().invoke(app, arguments, env=self.environment)
        finally:
            configure_test_logs()  # a command's logs go to its own stderr, which is closed now
        assert done.exit_code == status, done.output
        return done
