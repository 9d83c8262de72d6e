"""What a document means by the label of its charset: the WHATWG Encoding Standard's table, then Python's names."""

import codecs

import webencodings

_MAX_LABEL = 64  # characters; Python remembers every name that it does not find
_BLANKS_AND_QUOTES = " \t\r\n\f\"'"
_SUPERSETS = {"gbk": "gb18030"}  # the standard decodes both alike (§10.1.1), Python does not
# The standard decodes “replacement” to nothing, to keep scripts of web pages out of browsers: for text, Python's own
# codec is of more use. “x-user-defined” stands for bytes of any kind.
_NOT_DECODED = frozenset({"replacement", "x-user-defined"})
# Names of codecs that Python has for other ends than the text of documents.
_NOT_CHARSETS = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape"})


def codec_of(label: str) -> str | None:
    """Name of the codec that decodes text of this label; None where the label names no charset."""
    label = label.strip(_BLANKS_AND_QUOTES)
    if len(label) > _MAX_LABEL or not label.isascii():
        return None
    name = _standard(label) or _python(label)
    return None if name in _NOT_CHARSETS else name


def _standard(label: str) -> str | None:
    found = webencodings.lookup(label)
    if found is None or found.name in _NOT_DECODED:
        return None
    name: str = found.codec_info.name
    return _SUPERSETS.get(name, name)


def _python(label: str) -> str | None:
    """A name of Python's own (“latin-1”, “cp437”), which may be another one for a charset of the standard."""
    try:
        name = codecs.lookup(label).name
        b"a".decode(name, "replace")  # refused by codecs that make no text of bytes
    except (LookupError, ValueError):
        return None
    return _standard(name) or _standard(name.replace("_", "-")) or name
