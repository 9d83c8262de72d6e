"""Bytes to text: byte-order marks, UTF-8, declared encodings, shape of UTF-16/32, statistics."""

import codecs
import re

from core.charsets import codec_of
from core.errors import DocumentError
from ingest.codepages import guess
from ingest.sevenbit import seven_bit

SAMPLE_BYTES = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_JAPANESE = ("cp932", "euc_jp", "iso2022_jp")
_GOOD_PER_BAD = 8  # valid sequences for each stray byte make a text damaged UTF-8: by chance there is none
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x80-\x9f]")


def decode(data: bytes, declared: str | None = None) -> str:
    """Text of `data`; `declared` is what the document says of itself. Raises `DocumentError` for binary data."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    if (wide := _wide(data)) is not None:
        return data.decode(wide, "replace")
    if (hidden := seven_bit(data, declared)) is not None:
        return hidden
    for name in filter(None, ("utf-8", declared)):
        text = _strict(data, name)
        if text is not None:
            return text
        if name == "utf-8" and (text := _mended(data)) is not None:
            return text
    return _guessed(data)


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: zero bytes in a fixed place (RFC 4627 §3)."""
    sample = data[: SAMPLE_BYTES & ~3]
    if len(sample) < 4 or 0 not in sample:
        return None
    zeros = [sum(byte == 0 for byte in sample[offset::4]) / (len(sample) / 4) for offset in range(4)]
    if min(zeros[2], zeros[3]) > 0.9 and zeros[0] < 0.5:
        return "utf-32-le"
    if min(zeros[0], zeros[1]) > 0.9 and zeros[3] < 0.5:
        return "utf-32-be"
    if min(zeros[1], zeros[3]) > 0.3 and max(zeros[0], zeros[2]) < 0.1:
        return "utf-16-le"
    if min(zeros[0], zeros[2]) > 0.3 and max(zeros[1], zeros[3]) < 0.1:
        return "utf-16-be"
    return None


def _strict(data: bytes, label: str) -> str | None:
    name = codec_of(label)
    if name is None or name.startswith(("utf-16", "utf-32")):  # who could read the declaration did not read these
        return None
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return None
    return text if _plausible(text) else None


def _mended(data: bytes) -> str | None:
    """UTF-8 with a few bytes of Windows-1252 between, as pages have that were put together from two sources."""
    sample = data[:SAMPLE_BYTES]
    good = sum(character > "\x7f" for character in sample.decode("utf-8", "ignore"))
    bad = sample.decode("utf-8", "replace").count("\ufffd")
    if good <= _GOOD_PER_BAD * max(bad, 1):
        return None
    text = data.decode("utf-8", "insydr.stray")
    return text if _plausible(text) else None


def _stray(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.start + 1].decode("cp1252", "replace"), error.start + 1


codecs.register_error("insydr.stray", _stray)


def _guessed(data: bytes) -> str:
    sample = data[:SAMPLE_BYTES]
    if (known := _japanese(sample) or _mainframe(sample) or guess(sample)) is not None:
        text = data.decode(known, "replace")
        if _plausible(text):
            return text
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is not None:
        text = data.decode(best.encoding, "replace")
        if _plausible(text):
            return text
    text = data.decode("cp1252", "replace")
    if not _plausible(text):
        raise DocumentError("This is not text in any known encoding: save it as UTF-8.", code="UNKNOWN_ENCODING")
    return text


def _japanese(sample: bytes) -> str | None:
    """Kana decide: statistics take short Shift-JIS for Chinese or Cyrillic."""
    for name in _JAPANESE:
        try:
            text = codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue
        kana = sum("\u3041" <= character <= "\u30ff" for character in text)
        wide = sum(character > "\u007f" for character in text)
        if wide and kana / wide > 0.15 and not any("\uff61" <= character <= "\uff9f" for character in text):
            return name
    return None


def _mainframe(sample: bytes) -> str | None:
    """EBCDIC: its blank is 0x40, its letters stand above 0x80, so that nothing else reads as plain words."""
    if sample.count(0x40) < len(sample) / 20:
        return None
    text = sample.decode("cp500", "replace")
    plain = sum(character.isascii() and (character.isalnum() or character in " \n\r\x85.,;:-") for character in text)
    return "cp500" if plain > 0.9 * len(text) else None


def _plausible(text: str) -> bool:
    """Little enough of what text never holds."""
    sample = text[:SAMPLE_BYTES]
    strange = len(_CONTROL.findall(sample)) + sample.count("\ufffd")
    return strange <= 0.02 * len(sample)
