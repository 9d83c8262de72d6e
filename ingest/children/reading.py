"""One task from bytes to embedding texts. Runs in a child; imports nothing of embedding runtimes."""

import json
from pathlib import Path

from core.embedding.tokenizers import load_tokenizer
from core.errors import DocumentError
from ingest.children.protocol import Failed, Parsed, ParseTask
from ingest.chunking import ChunkBudget, chunk_document, embedding_texts
from ingest.detect import Format
from ingest.elements import ParsedDocument
from ingest.fingerprint import text_hash
from ingest.language import detect_language
from ingest.parse import parse
from ingest.parsers.text import read_text

UNKNOWN_LANGUAGE = "en"


def read(task: ParseTask) -> Parsed | Failed:
    """Parse and chunk; every failure is a value."""
    try:
        return _read(task)
    except DocumentError as error:
        return Failed(error.code, error.message, error.retryable)
    except MemoryError:
        return Failed("PARSER_MEMORY", "The file needs more memory than allowed: split it into smaller ones.")
    except RecursionError:
        return Failed("DOCUMENT_TOO_DEEP", "The file is nested too deeply to be read.")
    except Exception as error:  # parsers are third parties' code on hostile input: any error fails this file alone
        return Failed("DOCUMENT_UNREADABLE", f"The file cannot be read ({type(error).__name__}). Save it again.")


def _read(task: ParseTask) -> Parsed:
    with Path(task.path).open("rb") as file:
        file.seek(task.start)
        data = file.read(task.length)
    if len(data) != task.length:
        raise DocumentError("The stored original is incomplete: upload it again.", code="ORIGINAL_GONE")
    found, document = _record(data) if task.is_record else parse(data, task.name)
    title = task.title or document.title or task.name
    language = task.language or document.language or detect_language(document.text) or UNKNOWN_LANGUAGE
    tokenizer = load_tokenizer(task.tokenizer)
    budget = ChunkBudget.of(tokenizer)
    chunks = chunk_document(document, tokenizer, budget)
    texts = embedding_texts(document.text, chunks, title, tokenizer, budget)
    return Parsed(found, document, title, language, chunks, texts, [text_hash(text) for text in texts])


def _record(line: bytes) -> tuple[Format, ParsedDocument]:
    record = json.loads(line)
    document = read_text(record["text"])
    if not document.text:
        raise DocumentError("The record's text is empty.", code="EMPTY_DOCUMENT")
    return Format.JSONL, document
