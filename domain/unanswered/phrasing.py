"""What makes two questions the same words."""

import hashlib
import unicodedata

_ENDS = " ?!.。？！¿¡"


def bare(text: str) -> str:
    """What is embedded, and shown: on one line."""
    return " ".join(text.split())


def digest_of(text: str) -> str:
    """The same for texts that differ in capitals, white space, forms of a character or the marks at their ends."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.sha256((plain.strip(_ENDS) or plain).encode(errors="surrogatepass")).hexdigest()[:32]
