"""The folder of assembled graphs: each is written once, whole or not at all, and only loaded afterwards."""

import tempfile
from pathlib import Path

from core.embedding.graph import GRAPH_VERSION, GraphBuilder, Variant
from core.embedding.package import model_folder
from core.embedding.weights import WEIGHTS_SHA256, Weights
from core.errors import Unavailable


def graph_path(cache_dir: Path, variant: Variant) -> Path:
    """Where the graph of this version, of these weights, lies or will lie."""
    return cache_dir / f"all-minilm-l6-v2-g{GRAPH_VERSION}-{WEIGHTS_SHA256[:8]}-{variant}" / "model.onnx"


def ensure_graph(cache_dir: Path, variant: Variant) -> Path:
    """Path of the graph, written first where it is absent (about a second, 90 MB or 60 MB).

    Raises `Unavailable` when weights are missing or damaged, or the folder cannot be written.
    """
    path = graph_path(cache_dir, variant)
    if path.is_file():
        return path
    weights = Weights(model_folder() / "model.safetensors")
    try:
        _write(weights, variant, path)
    except OSError as error:
        raise Unavailable(
            f"The model could not be prepared in {cache_dir}: {error.strerror or error}. Free space, fix permissions.",
            code="MODEL_CACHE_UNWRITABLE",
        ) from error
    return path


def _write(weights: Weights, variant: Variant, path: Path) -> None:
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent.parent, prefix=".building-") as temporary:
        folder = Path(temporary) / "model"
        folder.mkdir()
        GraphBuilder(weights, variant).save(folder / path.name)
        try:
            folder.rename(path.parent)
        except OSError:
            # another process was first: its graph is the same
            if not path.is_file():
                raise
