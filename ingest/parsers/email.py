"""EML (RFC 5322, MIME RFC 2045) by the standard library; the best body part, and what is attached named."""

import email.policy
from email.message import EmailMessage
from email.parser import BytesParser

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.parsers.markup import add_markup

_HEADERS = {"From": "from", "To": "to", "Cc": "cc", "Date": "date", "Message-ID": "message_id"}
_MAX_NAMED = 20  # attachments
_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_MIN_PLAIN_SHARE = 0.5  # a plain part with less text than this next to HTML is a stub ("Please enable HTML")


def parse_email(data: bytes, _name: str) -> ParsedDocument:
    """Subject as title and heading, the headers as first paragraph, then the body.

    Raises DocumentError: EMAIL_BROKEN, EMPTY_DOCUMENT.
    """
    builder = DocumentBuilder()
    message = BytesParser(policy=email.policy.default).parsebytes(data)
    if not any(_header(message, name) for name in _SHOWN):
        raise DocumentError("This is not an e-mail: it has no sender, date or subject.", code="EMAIL_BROKEN")
    subject = _header(message, "Subject")
    builder.title = subject or None
    builder.metadata.update({key: _header(message, name) for name, key in _HEADERS.items() if _header(message, name)})
    builder.heading(subject, 1)
    builder.paragraph("\n".join(f"{name}: {_header(message, name)}" for name in _SHOWN if _header(message, name)))
    _add_body(builder, message)
    _note_attachments(builder, message)
    if builder.length == 0:
        raise DocumentError("This e-mail holds no text.", code="EMPTY_DOCUMENT")
    return builder.build()


def web_page(data: bytes) -> str:
    """The page of a web archive (MHTML, RFC 2557), which is a mail without a sender."""
    return _content(BytesParser(policy=email.policy.default).parsebytes(data), "html")


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    # The header parser of Python trips over malformed addresses in many ways (IndexError, AttributeError, …).
    except Exception:
        return ""


def _add_body(builder: DocumentBuilder, message: EmailMessage) -> None:
    plain, markup = (_content(message, kind) for kind in ("plain", "html"))
    written = DocumentBuilder()
    if markup:
        add_markup(written, markup)
    if plain.strip() and len(plain) >= _MIN_PLAIN_SHARE * written.length:
        for paragraph in plain.replace("\r\n", "\n").split("\n\n"):
            builder.paragraph(paragraph)
    elif markup:
        add_markup(builder, markup)


def _content(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError, AssertionError):  # an unknown charset
        raw = part.get_payload(decode=True)
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def _note_attachments(builder: DocumentBuilder, message: EmailMessage) -> None:
    try:
        names = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    except (AttributeError, TypeError, KeyError):  # a body that claims to be multipart and is not
        names = []
    if names:
        named = ", ".join(names[:_MAX_NAMED]) + (f" and {len(names) - _MAX_NAMED:,} more" if names[_MAX_NAMED:] else "")
        builder.notes.append(f"Attachments were not read: {named}. Upload them as files of their own.")
