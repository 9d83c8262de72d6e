"""A model's tokenizer without the model: for parsing children, which load no runtime."""

from functools import lru_cache
from pathlib import Path

from core.embedding.protocol import Tokenizer


@lru_cache(maxsize=4)
def load_tokenizer(setting: str) -> Tokenizer:
    """The tokenizer of the model that `INSYDR_EMBEDDING_MODEL` names (see `core.embedding.factory.load_model`)."""
    if setting == "fake":
        from core.embedding.fake import WordTokenizer

        return WordTokenizer()
    if setting.startswith("sentence-transformers:"):
        return _of_transformer(setting.removeprefix("sentence-transformers:"))
    from core.embedding.tokenizer import WordPieceTokenizer

    return WordPieceTokenizer()


def _of_transformer(source: str) -> Tokenizer:
    """From the folder's `tokenizer.json` and `sentence_bert_config.json`; transformers finds those of a hub's name."""
    import json

    from transformers import AutoTokenizer

    from core.embedding.sentence_transformers import TransformerTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
    config = Path(source) / "sentence_bert_config.json"
    limit = json.loads(config.read_text()).get("max_seq_length") if config.is_file() else None
    return TransformerTokenizer(tokenizer, int(limit or min(tokenizer.model_max_length, 512)))
