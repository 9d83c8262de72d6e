"""Which origins a public key's domains allow: exact hosts and ports, subdomains, nothing that only looks like one."""

import pytest

from domain.api_keys.origins import is_allowed


@pytest.mark.parametrize(
    ("origin", "domains", "allowed"),
    [
        ("https://example.com", ["example.com"], True), ("http://example.com", ["example.com"], True),
        ("https://EXAMPLE.com", ["example.com"], True), ("https://example.com:443", ["example.com"], True),
        ("http://example.com:80", ["example.com"], True),
        ("https://example.com:80", ["example.com"], False), ("https://example.com:8443", ["example.com"], False),
        ("https://example.com:8443", ["example.com:8443"], True), ("https://example.com", ["example.com:8443"], False),
        ("https://example.com", ["example.com:443"], True), ("http://example.com", ["example.com:443"], False),
        ("https://www.example.com", ["example.com"], False), ("https://evilexample.com", ["example.com"], False),
        ("https://example.com.evil.org", ["example.com"], False), ("https://example.co", ["example.com"], False),
        ("https://www.example.com", ["*.example.com"], True), ("https://a.b.example.com", ["*.example.com"], True),
        ("https://example.com", ["*.example.com"], False), ("https://evilexample.com", ["*.example.com"], False),
        ("https://.example.com", ["*.example.com"], False), ("https://a.example.com:1", ["*.example.com"], False),
        ("https://a.example.com:8443", ["*.example.com:8443"], True),
        ("https://anything.test:1234", ["*"], True), (None, ["*"], True), (None, ["example.com"], False),
        ("null", ["*"], False), ("", ["*"], False), ("file://", ["*"], False), ("https://", ["*"], False),
        ("https://example.com", [], False), ("https://user@example.com", ["example.com"], False),
        ("https://example.com/", ["example.com"], False), ("https://example.com\r\nX: y", ["example.com"], False),
        ("https://example.com https://evil.org", ["example.com"], False), ("example.com", ["example.com"], False),
        ("ftp://example.com", ["example.com"], False), ("https://example.com.", ["example.com"], False),
        ("https://xn--bcher-kva.example", ["xn--bcher-kva.example"], True),
        ("http://localhost:3000", ["example.com"], False), ("http://localhost:3000", ["localhost:3000"], True),
        ("http://127.0.0.1:8000", ["127.0.0.1:8000"], True), ("http://localhost:3001", ["localhost:3000"], False),
    ],
)  # fmt: skip
def test_origins(origin: str | None, domains: list[str], allowed: bool) -> None:
    assert is_allowed(origin, domains) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:3000", True), ("https://127.0.0.1", True), ("http://localhost.evil.org", False),
        ("http://evil-localhost", False),
    ],
)  # fmt: skip
def test_one_s_own_machine_while_developing(origin: str, allowed: bool) -> None:
    assert is_allowed(origin, [], localhost=True) is allowed
