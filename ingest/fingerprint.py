"""Fingerprints: of bytes for duplicates, of text for the embedding cache. SHA-256, hexadecimal."""

import hashlib


def content_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
