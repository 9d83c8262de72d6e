"""The one form in which a crawl knows an address (RFC 3986 §6.2; the WHATWG URL standard where browsers differ).

Links that differ only in case, escapes, tracking or session parameters lead to one page; whoever compares URLs
compares their normal forms. Pure text: nothing here resolves or opens anything.
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import unquote

import idna

MAX_URL = 2_048  # characters, in normal form
_MAX_RAW = 4 * MAX_URL  # escapes make text longer, tracking parameters are dropped: generous, but bounded
_MAX_HOST = 253  # RFC 1035 §2.3.4
_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(.*)", re.S)
_ENDS = "".join(map(chr, range(0x21))) + "\x7f\u00a0\u200b\ufeff"
_TO_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?]")  # RFC 3986 §3.3, §3.4
_LABELS = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PORT = re.compile(r"0*([0-9]{1,5})")
_NORMAL = re.compile(r"(https?)://([^/?#]+)(/[^?#]*)?(\?[^#]*)?")
_JSESSION = re.compile(r";jsessionid=[^/;]*", re.I)
_SESSION_ID = re.compile(r"[0-9A-Za-z]{16,}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_SESSIONS = frozenset(
    "phpsessid jsessionid sessionid session_id session sessid sess_id sid s_id asp.net_sessionid aspsessionid "
    "cfid cftoken zenid oscsid osclid xtcsid plsid".split()
)
# Set by advertisers, mailers and social networks; no server makes a page depend on them.
_TRACKING = frozenset(
    "gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid fbclid fb_action_ids fb_action_types fb_source "
    "msclkid twclid ttclid li_fat_id igshid igsh epik rdt_cid mc_cid mc_eid mkt_tok _hsenc _hsmi __hssc __hstc __hsfp "
    "hsctatracking vero_id vero_conv oly_enc_id oly_anon_id rb_clickid ml_subscriber ml_subscriber_hash wickedid "
    "yclid ysclid _openstat ref_src ref_url _ga _gl _gac _ke spm s_kwcid ef_id cvid ncid wt_mc wt.mc_id".split()
)
_TRACKING_PREFIXES = ("utm_", "hsa_", "pk_campaign", "pk_kwd", "pk_source", "pk_medium", "piwik_", "mtm_", "matomo_")
_ABSOLUTE = "Give a full address that begins with https:// or http://."


class UrlError(ValueError):
    """Not an address that can be crawled; `reason` says why, and what to do, in a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def normal_form(url: str, base: str | None = None) -> str:
    """The absolute http(s) URL in normal form, relative ones resolved against `base`.

    Raises UrlError for what is empty, of another scheme, without a usable host or port, with a user name, or longer
    than 2,048 characters.
    """
    text = _cleaned(url)
    scheme, authority, path, query = _resolved(text, base)
    host, port = _host_and_port(authority)
    at = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    path = _without_dots(_JSESSION.sub("", escaped(path)))
    query = _kept_parameters(escaped(query))
    result = f"{scheme}://{at}{path}?{query}" if query else f"{scheme}://{at}{path}"
    if len(result) > MAX_URL:
        raise UrlError(f"The address is longer than {MAX_URL:,} characters. Give a shorter one.")
    return result


def page_key(url: str) -> str:
    """What makes a page the same page: a normal form without scheme and without one last slash of the path."""
    path, mark, query = url.partition("://")[2].partition("?")
    return f"{path.removesuffix('/')}{mark}{query}"


def host_of(url: str) -> str:
    """Host, with the port where it is not the scheme's own, of a URL in normal form."""
    return _parts(url)[1]


def origin_of(url: str) -> str:
    """Scheme, host and port (RFC 6454 §6.2) of a URL in normal form."""
    scheme, at, _, _ = _parts(url)
    return f"{scheme}://{at}"


def path_of(url: str) -> str:
    """The path and “?query” of a URL in normal form."""
    _, _, path, query = _parts(url)
    return path + query


def same_site(url: str, root: str, *, subdomains: bool = False) -> bool:
    """Whether both normal forms are of one site; a leading “www.” is none of its own, nor is http beside https."""
    host, port = _bare(url)
    root_host, root_port = _bare(root)
    if port != root_port:
        return False
    return host == root_host or (subdomains and host.endswith(f".{root_host}"))


def escaped(text: str) -> str:
    """Path or query with RFC 3986's escapes and no others: unreserved characters bare, hex in capitals (§6.2.2)."""
    return _TO_ESCAPE.sub(_escape, text)


def host_form(host: str) -> str:
    """A host in small ASCII letters (UTS 46, WHATWG §3.5), numeric ones as dotted IPv4; raises UrlError."""
    if host.startswith("["):
        return _ipv6(host)
    text = unquote(host, errors="strict") if host.isascii() and "%" in host else unquote(host)
    if not text.isascii() and len(text) <= _MAX_HOST:
        text = idna.encode(text, uts46=True).decode("ascii")
    text = text.lower().removesuffix(".")
    if len(text) > _MAX_HOST or not _LABELS.fullmatch(text):
        raise ValueError(text)
    return _ipv4(text) if _NUMBER.fullmatch(text.rpartition(".")[2]) else text


def _cleaned(url: str) -> str:
    """Without what browsers drop: blanks around, line breaks and tabs inside (WHATWG §4.4)."""
    text = url.strip(_ENDS)
    if len(text) > _MAX_RAW:
        raise UrlError(f"The address is longer than {MAX_URL:,} characters. Give a shorter one.")
    for char in "\t\n\r":
        text = text.replace(char, "")
    if not text:
        raise UrlError(f"The address is empty. {_ABSOLUTE}")
    return text


def _resolved(text: str, base: str | None) -> tuple[str, str, str, str]:
    """Scheme, authority, path, query (RFC 3986 §5.2), each as written."""
    scheme, text = _scheme_of(text)
    text = text.partition("#")[0]
    path, mark, query = text.partition("?")
    path = path.replace("\\", "/")
    if path.startswith("//") and (scheme or base is not None):
        authority, slash, rest = path[2:].partition("/")
        return scheme or _split(base or "")[0], authority, slash + rest, query
    if base is None or scheme not in ("", _split(base)[0]):
        raise UrlError(f"The address names no host. {_ABSOLUTE}")
    scheme, authority, base_path, base_query = _split(base)
    if not path:
        return scheme, authority, base_path, query if mark else base_query
    return scheme, authority, path if path.startswith("/") else base_path.rpartition("/")[0] + "/" + path, query


def _scheme_of(text: str) -> tuple[str, str]:
    match = _SCHEME.fullmatch(text)
    if match is None:
        return "", text
    scheme = match[1].lower()
    if scheme not in _PORTS:
        raise UrlError(f"Addresses that begin with “{scheme[:40]}:” cannot be crawled. {_ABSOLUTE}")
    return scheme, match[2]


@lru_cache(maxsize=256)
def _split(base: str) -> tuple[str, str, str, str]:
    """A base's parts; cached, for all links of a page share it."""
    scheme, at, path, query = _parts(normal_form(base))
    return scheme, at, path, query[1:]


def _parts(url: str) -> tuple[str, str, str, str]:
    match = _NORMAL.match(url)
    if match is None:
        raise UrlError(f"The address is not in normal form. {_ABSOLUTE}")
    return match[1], match[2], match[3] or "/", match[4] or ""


def _bare(url: str) -> tuple[str, int]:
    """Host without “www.”, and the port, 0 for both schemes' own."""
    scheme, at, _, _ = _parts(url)
    host, port = at, ""
    if not at.endswith("]") and ":" in at:
        host, _, port = at.rpartition(":")
    bare = host.removeprefix("www.")
    number = int(port) if port.isdigit() else _PORTS[scheme]
    # “www.com” is a site of its own: bare, it would be a suffix of others'
    return bare if "." in bare else host, 0 if number in _PORTS.values() else number


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise UrlError("The address holds a user name or password. Leave it out and give credentials separately.")
    end = authority.rfind("]") + 1
    host, colon, port = authority[end:].partition(":")
    host = authority[:end] + host
    if not host:
        raise UrlError(f"The address names no host. {_ABSOLUTE}")
    try:
        form = host_form(host)
    except (ValueError, UnicodeError):
        raise UrlError(f"“{_shown(host)}” is no host name. Correct the address.") from None
    return form, _port(port) if colon else None


def _port(text: str) -> int | None:
    if not text:
        return None
    match = _PORT.fullmatch(text)
    if match is None or not 0 < int(match[1]) < 65_536:
        raise UrlError(f"“{_shown(text)}” is no port. Give a number from 1 to 65535, or none.")
    return int(match[1])


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in text[:80])


def _ipv6(host: str) -> str:
    """RFC 5952; zones (RFC 6874) are a machine's own business and refused."""
    if not host.endswith("]") or "%" in host:
        raise ValueError(host)
    return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"


def _ipv4(host: str) -> str:
    """“127.1”, “0x7f.0.0.1”, “2130706433” as browsers read them (WHATWG §3.5, “IPv4 parser”)."""
    numbers = [_ipv4_number(part) for part in host.split(".")]
    *high, last = numbers
    if len(numbers) > 4 or any(part > 255 for part in high) or last >= 256 ** (5 - len(numbers)):
        raise ValueError(host)
    return str(ipaddress.IPv4Address(sum(part << 8 * (3 - i) for i, part in enumerate(high)) + last))


def _ipv4_number(part: str) -> int:
    if len(part) > 40:
        raise ValueError(part)
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") and len(part) > 1 else int(part)


def _escape(match: re.Match[str]) -> str:
    text = match[0]
    if len(text) == 3:
        char = chr(int(text[1:], 16))
        return char if char in _UNRESERVED else text.upper()
    if "\ud800" <= text <= "\udfff":
        text = "\ufffd"  # a lone surrogate has no UTF-8
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4; empty segments stay, for servers may tell them apart."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _kept_parameters(query: str) -> str:
    return "&".join(piece for piece in query.split("&") if piece and not _is_noise(piece))


def _is_noise(piece: str) -> bool:
    """A parameter of trackers, or a session's id: a visitor's, not the page's."""
    name, _, value = piece.partition("=")
    name = name.lower()
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES):
        return True
    return name in _SESSIONS and _SESSION_ID.fullmatch(value) is not None
