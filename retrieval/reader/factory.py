"""The reader that a setting names."""

from pathlib import Path

from core.errors import InvalidInput
from retrieval.reader.protocol import Reader
from retrieval.reader.runtime import OnnxReader

BUILT_IN, NONE = "built-in", "none"
WEIGHTS = Path(__file__).with_name("weights") / "reader.onnx"


def open_reader(setting: str, threads: int = 0) -> Reader | None:
    """`built-in`, `none`, or the path of a `reader.onnx` with its `reader.json` beside it. `threads`: 0 takes the
    machine's cores."""
    if setting == NONE:
        return None
    path = WEIGHTS if setting == BUILT_IN else Path(setting).expanduser()
    if not path.is_file():
        raise InvalidInput(
            f"INSYDR_READER is {setting!r}, and {path} is no file. Give {BUILT_IN}, {NONE} "
            "or the path of a reader.onnx.",
            code="READER_NOT_FOUND",
        )
    return OnnxReader(path, threads)
