"""Formats that pandoc reads best, as HTML: the binary of pypandoc_binary, without access to files or network."""

import subprocess

from core.errors import DocumentError

TIMEOUT_S = 60.0


def to_html(data: bytes, source_format: str) -> str:
    """`data` as an HTML fragment. Raises DocumentError: DOCUMENT_UNREADABLE, PARSE_TIMEOUT (retryable)."""
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--sandbox", "--from", source_format, "--to", "html", "--wrap=none"]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - a fixed binary and format
    except subprocess.TimeoutExpired as error:
        message = f"The document took longer than {TIMEOUT_S:.0f} s to convert. Split it, or save it as DOCX."
        raise DocumentError(message, code="PARSE_TIMEOUT", retryable=True) from error
    if done.returncode != 0:
        raise DocumentError("The document is damaged and could not be converted. Save it as DOCX and upload that.")
    return done.stdout.decode("utf-8", "replace")
