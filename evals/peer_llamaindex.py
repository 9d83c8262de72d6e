"""LlamaIndex's standard pipeline on the same files, as most people would write it (extra `bench`).

SimpleDirectoryReader (its PDF reader is pypdf's `extract_text` a page), SentenceSplitter with its defaults,
HuggingFaceEmbedding with the same weights, QdrantVectorStore on a path. Prints one JSON line.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from core.embedding.package import model_folder
from core.embedding.tokenizer import WordPieceTokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, help="A text file with a path a line.")
    paths = parser.parse_args().files.read_text().split("\n")
    started = time.perf_counter()
    documents = _read(paths)
    read_s = time.perf_counter() - started
    nodes = _index(documents)
    wall_s = time.perf_counter() - started
    tokenizer = WordPieceTokenizer()
    counts = tokenizer.count([node.get_content() for node in nodes])
    embedded = sum(min(count, tokenizer.max_tokens - 2) for count in counts)
    result = {
        "read_s": round(read_s, 1), "wall_s": round(wall_s, 1), "nodes": len(nodes), "tokens": sum(counts),
        "embedded_tokens": embedded, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    print(json.dumps(result))


def _read(paths: list[str]) -> list[Any]:
    from llama_index.core import Document, SimpleDirectoryReader
    from llama_index.core.readers.base import BaseReader

    class PdfReader(BaseReader):
        """What llama-index-readers-file does, which cannot be installed beside pypdf 7."""

        def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[Document]:
            from pypdf import PdfReader as Pages

            pages = Pages(str(file)).pages
            return [Document(text=page.extract_text(), metadata=extra_info or {}) for page in pages]

    class DocxReader(BaseReader):
        def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[Document]:
            from docx import Document as Word

            text = "\n".join(paragraph.text for paragraph in Word(str(file)).paragraphs)
            return [Document(text=text, metadata=extra_info or {})]

    extractors: dict[str, BaseReader] = {".pdf": PdfReader(), ".docx": DocxReader()}
    reader = SimpleDirectoryReader(input_files=paths, file_extractor=extractors, raise_on_error=False)
    return list(reader.load_data())


def _index(documents: list[Any]) -> list[Any]:
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient

    with tempfile.TemporaryDirectory() as folder:
        store = QdrantVectorStore(client=QdrantClient(path=folder), collection_name="peer")
        steps = [SentenceSplitter(), HuggingFaceEmbedding(model_name=str(model_folder()))]
        return list(IngestionPipeline(transformations=steps, vector_store=store).run(documents=documents))


if __name__ == "__main__":
    main()
