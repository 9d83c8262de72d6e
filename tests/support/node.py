"""JavaScript run by node: the one that Playwright's package brings along."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.services import module


def run(source: str, **given: Any) -> Any:
    """What `source` assigns to `result`; `given` is there as constants."""
    node = Path(module("playwright").__file__).parent / "driver" / "node"
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in given.items())
    script = f"{constants}let result;\n{source}\nconsole.log(JSON.stringify(result));"
    ran = subprocess.run([str(node), "-e", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
