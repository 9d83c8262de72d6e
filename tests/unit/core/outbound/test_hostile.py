"""The outbound client against hostile URLs and hostile resolvers: nothing but a checked address is ever connected to.

Python's audit events (PEP 578) see every `connect` of this process, whichever library makes it. They stop those that
would leave the machine, and what loopback accepts is counted as well.
"""

import ipaddress
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpcore
import httpx
import pytest

from core.errors import Forbidden
from core.outbound.client import GuardedBackend, guarded_client, system_resolver
from tests.support.certificates import certificate

PUBLIC, PUBLIC6 = "93.184.215.14", "2606:4700::1111"
REFUSED = (Forbidden, httpx.ConnectError, httpx.InvalidURL, httpx.UnsupportedProtocol)


@dataclass
class Wire:
    """What this process asked of the network while it was watched."""

    connected: list[tuple[str, int]] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)


_watched: list[Wire] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if not _watched or not event.startswith("socket."):
        return
    if event == "socket.connect":
        _, address = arguments
        assert isinstance(address, tuple)
        _watched[-1].connected.append(address[:2])
        if not address[0].startswith(("127.", "::1")):
            raise OSError("a test may not leave this machine")
    elif event == "socket.getaddrinfo":
        host = str(arguments[0])
        _watched[-1].resolved.append(host)
        if not is_local(host):
            raise socket.gaierror("a test asks no name server")


def is_local(host: str) -> bool:
    """Whether the system knows its address without a name server."""
    try:
        socket.inet_aton(host)
    except (OSError, ValueError):
        return ":" in host or host.lower() == "localhost"
    return True


@pytest.fixture(scope="session", autouse=True)
def _hook() -> None:
    sys.addaudithook(_audit)  # cannot be removed: it is quiet where nothing is watched


@pytest.fixture
def wire() -> Iterator[Wire]:
    _watched.append(Wire())
    yield _watched[-1]
    _watched.pop()


@dataclass
class Listener:
    """A server on loopback; `answer` is sent to whoever connects."""

    port: int
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    requests: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  # what TLS clients asked for (SNI)
    accepted: int = 0


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Listener]:
    server = socket.create_server(("127.0.0.1", 0))
    listener = Listener(server.getsockname()[1])
    if context is not None:
        context.sni_callback = lambda _socket, name, _context: listener.names.append(name)

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            listener.accepted += 1
            try:
                connection.settimeout(5)
                spoken = context.wrap_socket(connection, server_side=True) if context else connection
                listener.requests.append(spoken.recv(65_536))
                spoken.sendall(listener.answer)
                spoken.close()
            except OSError:  # the client refused the certificate
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def answering(*answers: str) -> Callable[[str, int], Sequence[str]]:
    return lambda _host, _port: answers


HOSTS = [
    # IPv4 as inet_aton reads it: one to four parts, decimal, octal or hexadecimal
    "127.0.0.1", "2130706433", "0x7f000001", "0X7F.0.0.1", "0x7f.1", "017700000001", "0177.0.0.1", "0177.0.0x1",
    "127.1", "127.0.1", "127.000.000.001", "127.65535.1", "00000177.1", "127.0.0.1.", "127.255.255.254",
    "0", "0.0.0.0", "0x0", "00", "0.0", "0000.0000.0000.0000",
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.16689662",
    "169.254.43518", "025177524776", "169.254.169.254.",
    "10.0.0.1", "10.1", "012.0.0.1", "167772161", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.257",
    "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "4294967295", "168.63.129.16@127.0.0.1",
    # names of this machine
    "localhost", "localhost.", "LOCALHOST", "LocalHost", "localhost..", ".localhost",
    # IPv6
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[::ffff:0:127.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
    "[::ffff:0.0.0.0]", "[::ffff:10.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1:7f00:1:0:808:808]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2002:808:808::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2001:0:7f00:1::f7f7:f7f7]", "[fc00::1]", "[fd00:ec2::254]",
    "[fd12:3456:789a::1]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[::1%25lo]", "[::ffff:127.0.0.1%25lo]",
    f"[{PUBLIC6}%25lo]", "[fec0::1]", "[ff02::1]", "[ff0e::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]",
    "[2001:20::1]", "[4000::1]", "[5f00::1]",
    # digits and dots of other scripts, as IDNA maps them
    "１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "ｌｏｃａｌｈｏｓｔ", "localhoſt", "loc\u00adalhost",
    "𝟏𝟐𝟕.0.0.1", "١٢٧.٠.٠.١",
    # percent-encoded, cut, too long, empty
    "%31%32%37.0.0.1", "%6c%6f%63%61lhost", "127.0.0.1%00", "127.0.0.1%2f", "127.0.0.1%20.example.org",
    "a..b", ".", "..", "-", "a" * 64, ".".join(["a" * 63] * 5), "xn--", "xn--a", "xn--\u00fc", "", " ", "%",
    "[::1", "::1", "[]", "[v1.fe80::1]", "[127.0.0.1]",
]  # fmt: skip
URLS = [
    # whose host is another than a hasty reader thinks
    "http://example.org@127.0.0.1:{port}/", "http://example.org:80@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.org/", "http://127.0.0.1:{port}?@example.org/", "http://127.0.0.1:{port}/@example.org",
    "http://example.org\\@127.0.0.1:{port}/", "http://127.0.0.1:{port}\\@example.org/", "http://127.0.0.1:{port}\\.example.org/",
    "http:\\\\127.0.0.1:{port}\\", "http:/127.0.0.1:{port}/", "http:127.0.0.1:{port}/", "//127.0.0.1:{port}/",
    "http:////127.0.0.1:{port}/", "http://1.1.1.1 &@127.0.0.1:{port}# @3.3.3.3/", "http://a@b@127.0.0.1:{port}/",
    "http://[::ffff:127.0.0.1]:{port}:80/", "http://127.0.0.1:{port}:80/", "http://127.0.0.1:0{port}/",
    "http://127.0.0.1:{port}%40example.org/", "http://127.0.0.1:\t{port}/", "http://127.0.0.1\n:{port}/",
    "\thttp://127.0.0.1:{port}/", "http://127.0.0.1\x00.example.org:{port}/", "HTTP://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x",
    "dict://127.0.0.1:{port}/", "ws://127.0.0.1:{port}/", "data:text/html,x", "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "javascript:alert(1)",
    "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:-1/", "http://127.0.0.1:99999999999999999999/",
]  # fmt: skip
ANSWERS = {
    "loopback": ["127.0.0.1"],
    "this network": ["0.0.0.0"],
    "cloud metadata": ["169.254.169.254"],
    "cloud metadata, IPv6": ["fd00:ec2::254"],
    "cloud metadata, Alibaba": ["100.100.100.200"],
    "a public one first": [PUBLIC, "127.0.0.1"],
    "a public one last": ["10.0.0.1", PUBLIC],
    "one among many": [*(f"93.184.215.{n}" for n in range(1, 200)), "192.168.1.1"],
    "IPv4 good, IPv6 bad": [PUBLIC, "::1"],
    "IPv6 good, IPv4 bad": [PUBLIC6, "172.16.0.1"],
    "mapped": ["::ffff:169.254.169.254"],
    "a zone": ["fe80::1%lo"],
    "a zone on a public one": [f"{PUBLIC6}%lo"],
    "a zone on IPv4": [f"{PUBLIC}%lo"],
    "none": [],
    "an empty word": [""],
    "a name": ["localhost"],
    "a name behind a good one": [PUBLIC, "localhost"],
    "no address": ["not an address"],
    "five parts": ["93.184.215.14.1"],
    "octal": ["0177.0.0.1"],
    "hexadecimal": ["0x7f.1"],
    "decimal": ["2130706433"],
    "a port": ["127.0.0.1:80"],
    "a network": ["93.184.215.14/0"],
    "spaces": [" 127.0.0.1"],
    "a line end": [f"{PUBLIC}\n127.0.0.1"],
    "brackets": ["[::1]"],
    "a NUL": [f"{PUBLIC}\0"],
    "a URL": ["http://127.0.0.1/"],
}


class TestUrls:
    @pytest.mark.parametrize("host", HOSTS)
    def test_hosts_as_the_system_and_as_a_name_server_resolve_them(
        self, host: str, listener: Listener, wire: Wire
    ) -> None:
        for resolver in (system_resolver, answering("127.0.0.1")):
            with guarded_client([], timeout_s=3, resolver=resolver) as client, pytest.raises(REFUSED):
                client.get(f"http://{host}:{listener.port}/")
        assert (wire.connected, listener.accepted) == ([], 0)

    @pytest.mark.parametrize("url", URLS)
    def test_urls_that_lead_elsewhere_than_they_seem(self, url: str, listener: Listener, wire: Wire) -> None:
        with guarded_client([], timeout_s=3, resolver=answering("127.0.0.1")) as client, pytest.raises(REFUSED):
            client.get(url.replace("{port}", str(listener.port)))
        assert (wire.connected, listener.accepted) == ([], 0)

    @pytest.mark.parametrize("port", [22, 25, 80, 443, 2375, 5432, 6333, 6379, 11211])
    def test_every_port_of_a_private_host(self, port: int, wire: Wire) -> None:
        with guarded_client([], timeout_s=3) as client, pytest.raises(Forbidden):
            client.get(f"http://127.0.0.1:{port}/")
        assert wire.connected == []


class TestAnswers:
    @pytest.mark.parametrize("case", ANSWERS)
    def test_one_bad_answer_refuses_the_host(self, case: str, listener: Listener, wire: Wire) -> None:
        client = guarded_client([], timeout_s=3, resolver=answering(*ANSWERS[case]))
        with client, pytest.raises((Forbidden, httpx.ConnectError)):
            client.get(f"http://metadata.google.internal:{listener.port}/")
        assert (wire.connected, wire.resolved, listener.accepted) == ([], [], 0)

    @pytest.mark.parametrize("case", ["none", "a name", "no address", "decimal", "a line end", "a zone on IPv4"])
    def test_what_is_no_address_is_not_resolved_again_for_an_allowed_host(self, case: str, wire: Wire) -> None:
        client = guarded_client(["x.example"], timeout_s=3, resolver=answering(*ANSWERS[case]))
        with client, pytest.raises(httpx.ConnectError):
            client.get("http://x.example/")
        assert (wire.connected, wire.resolved) == ([], [])

    @pytest.mark.parametrize("error", [OSError(), socket.gaierror(-2), UnicodeError("label empty"), TimeoutError()])
    def test_a_resolver_that_fails(self, error: Exception, wire: Wire) -> None:
        def failing(*_: object) -> Sequence[str]:
            raise error

        with guarded_client([], timeout_s=3, resolver=failing) as client, pytest.raises(httpx.ConnectError):
            client.get("http://x.example/")
        assert wire.connected == []

    def test_a_second_answer_is_never_asked_for(self, wire: Wire) -> None:
        """Rebinding: the address that was checked is the one that is connected to."""
        asked: list[str] = []

        def rebinding(host: str, _port: int) -> Sequence[str]:
            asked.append(host)
            return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

        with guarded_client([], timeout_s=3, resolver=rebinding) as client, pytest.raises(httpx.ConnectError):
            client.get("http://rebind.example:8080/")
        assert asked == ["rebind.example"]
        assert wire.connected == [(PUBLIC, 8080)]
        assert set(wire.resolved) <= {PUBLIC}

    def test_the_next_request_is_checked_again(self, wire: Wire) -> None:
        answers = iter([[PUBLIC], ["127.0.0.1"]])
        with guarded_client([], timeout_s=3, resolver=lambda *_: next(answers)) as client:
            with pytest.raises(httpx.ConnectError):
                client.get("http://rebind.example/")
            with pytest.raises(httpx.ConnectError):
                client.get("http://rebind.example/")
        assert wire.connected == [(PUBLIC, 80)]


class TestPublic:
    @pytest.mark.parametrize(
        ("url", "answers", "connected"),
        [
            ("http://x.example/", [PUBLIC], (PUBLIC, 80)),
            ("https://x.example/", [PUBLIC], (PUBLIC, 443)),
            ("http://x.example:8080/", [PUBLIC, "8.8.8.8"], (PUBLIC, 8080)),
            ("http://X.EXAMPLE./", [PUBLIC6], (PUBLIC6, 80)),
            ("http://bücher.example/", [PUBLIC], (PUBLIC, 80)),
            ("http://user:secret@x.example/", [PUBLIC], (PUBLIC, 80)),
            ("http://8.8.8.8/", [], ("8.8.8.8", 80)),
            (f"http://[{PUBLIC6}]:81/", [], (PUBLIC6, 81)),
            ("http://x.example/", ["::ffff:8.8.8.8"], ("::ffff:8.8.8.8", 80)),
            ("http://x.example/", ["64:ff9b::8.8.8.8"], ("64:ff9b::808:808", 80)),
        ],
    )
    def test_the_checked_address_is_connected_to(
        self, url: str, answers: list[str], connected: tuple[str, int], wire: Wire
    ) -> None:
        with guarded_client([], timeout_s=3, resolver=answering(*answers)) as client, pytest.raises(httpx.ConnectError):
            client.get(url)
        assert wire.connected == [connected]
        assert {ipaddress.ip_address(host) for host in wire.resolved} <= {ipaddress.ip_address(connected[0])}


class TestAllowed:
    @pytest.mark.parametrize(
        ("allowed", "host"),
        [
            ("wiki.internal", "wiki.internal"),
            ("wiki.internal", "WIKI.Internal"),
            ("Wiki.INTERNAL", "wiki.internal"),
            ("wiki.internal", "wiki.internal."),
            ("wiki.internal.", "wiki.internal"),
            ("bücher.internal", "xn--bcher-kva.internal"),
            ("xn--bcher-kva.internal", "bücher.internal"),
            ("127.0.0.1", "127.0.0.1"),
        ],
    )
    def test_is_reached_though_it_is_private(self, allowed: str, host: str, listener: Listener) -> None:
        with guarded_client([allowed], timeout_s=3, resolver=answering("127.0.0.1")) as client:
            assert client.get(f"http://{host}:{listener.port}/").status_code == 200

    @pytest.mark.parametrize("allowed", ["::1", "[::1]", "0:0:0:0:0:0:0:1"])
    def test_ipv6_in_any_spelling(self, allowed: str, wire: Wire) -> None:
        with guarded_client([allowed], timeout_s=3) as client, pytest.raises(httpx.ConnectError):
            client.get("http://[::1]:9/")
        assert wire.connected == [("::1", 9)]

    @pytest.mark.parametrize(
        ("allowed", "host"),
        [
            ("wiki.internal", "evil.example"),
            ("wiki.internal", "a.wiki.internal"),
            ("wiki.internal", "wiki.internal.evil.example"),
            ("wiki.internal", "wikiinternal"),
            ("internal", "wiki.internal"),
            ("*", "wiki.internal"),
            ("*.internal", "wiki.internal"),
            ("", "wiki.internal"),
            ("wiki.internal", "wiki.internal.."),
            ("127.0.0.1", "localhost"),
            ("localhost", "127.0.0.1"),
            ("127.0.0.1", "[::ffff:127.0.0.1]"),
            ("127.0.0.1", "127.1"),
            ("127.0.0.1", "127.0.0.2"),
            ("\u3000", "wiki.internal"),
        ],
    )
    def test_does_not_allow_another(self, allowed: str, host: str, listener: Listener, wire: Wire) -> None:
        with (
            guarded_client([allowed], timeout_s=3, resolver=answering("127.0.0.1")) as client,
            pytest.raises((Forbidden, httpx.ConnectError)),
        ):
            client.get(f"http://{host}:{listener.port}/")
        assert (wire.connected, listener.accepted) == ([], 0)

    def test_the_name_is_what_the_server_is_told(self, listener: Listener) -> None:
        with guarded_client(["wiki.internal"], timeout_s=3, resolver=answering("127.0.0.1")) as client:
            client.get(f"http://wiki.internal:{listener.port}/page")
        assert f"\r\nHost: wiki.internal:{listener.port}\r\n".encode() in listener.requests[0]


class TestCertificates:
    @pytest.fixture
    def files(self, tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
        """A certificate of `wiki.internal` that nobody signed but itself."""
        path = certificate(tmp_path, "wiki.internal")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return path, context

    def test_a_self_signed_one_is_refused(self, files: tuple[Path, ssl.SSLContext]) -> None:
        with (
            listening(files[1]) as listener,
            guarded_client(["wiki.internal"], timeout_s=3, resolver=answering("127.0.0.1")) as client,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            client.get(f"https://wiki.internal:{listener.port}/", headers={"Authorization": "Bearer secret"})
        assert (listener.names, listener.requests) == (["wiki.internal"], [])

    def test_it_is_the_names_and_not_the_addresss(
        self, files: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An operator's own authority is taken as OpenSSL takes it; another name at the same address is refused."""
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        monkeypatch.setattr("core.outbound.client.tls_context", ssl.create_default_context)
        names = ["wiki.internal", "other.internal"]
        with (
            listening(files[1]) as listener,
            guarded_client(names, timeout_s=3, resolver=answering("127.0.0.1")) as client,
        ):
            assert client.get(f"https://wiki.internal:{listener.port}/").status_code == 200
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                client.get(f"https://other.internal:{listener.port}/")
        assert listener.names == names
        assert len(listener.requests) == 1


class TestRedirects:
    @pytest.mark.parametrize(
        "target",
        [
            "http://127.0.0.1:{port}/", "http://169.254.169.254/latest/meta-data/", "//localhost:{port}/", "file:///etc/passwd",
            "http://[::1]:{port}/", "https://evil.example/", "gopher://127.0.0.1:{port}/", "http://2130706433:{port}/",
        ],
    )  # fmt: skip
    def test_come_back_unfollowed(self, target: str, listener: Listener, wire: Wire) -> None:
        """So a client's credentials go to no other host."""
        location = target.replace("{port}", str(listener.port))
        listener.answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        with guarded_client(["wiki.internal"], timeout_s=3, resolver=answering("127.0.0.1")) as client:
            client.headers["Authorization"] = "Bearer secret"
            reply = client.get(f"http://wiki.internal:{listener.port}/")
        assert (reply.status_code, reply.headers["Location"]) == (302, location)
        assert len(wire.connected) == listener.accepted == 1

    @pytest.mark.parametrize(
        "target", ["http://xn--/", "http://[::1", "http://a:b/", "http://%/", "http://\u00ff\u00ff/"]
    )
    def test_broken_ones_are_errors_of_the_client(self, target: str, listener: Listener) -> None:
        location = target.encode("latin-1")
        listener.answer = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        with guarded_client(["wiki.internal"], timeout_s=3, resolver=answering("127.0.0.1")) as client:
            try:
                reply = client.get(f"http://wiki.internal:{listener.port}/")
            except httpx.HTTPError:
                return
        assert reply.status_code == 302


class TestOtherWays:
    @pytest.mark.parametrize(
        "name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    )
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_the_environments_proxies_are_not_used(
        self, name: str, scheme: str, listener: Listener, wire: Wire, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.port}")
        with guarded_client([], timeout_s=3, resolver=answering(PUBLIC)) as client, pytest.raises(httpx.ConnectError):
            client.get(f"{scheme}://x.example/")
        assert [address for address, _ in wire.connected] == [PUBLIC]
        assert listener.accepted == 0

    def test_the_environments_passwords_are_not_sent(
        self, listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "netrc").write_text("machine wiki.internal login ada password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        with guarded_client(["wiki.internal"], timeout_s=3, resolver=answering("127.0.0.1")) as client:
            client.get(f"http://wiki.internal:{listener.port}/")
        assert b"Authorization" not in listener.requests[0]

    def test_unix_sockets_are_refused(self) -> None:
        with pytest.raises(Forbidden):
            GuardedBackend([]).connect_unix_socket("/var/run/docker.sock")

    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "::1", "fe80::1%lo", "localhost", ""])
    def test_the_backend_itself_connects_nowhere_else(self, host: str, wire: Wire) -> None:
        with pytest.raises((Forbidden, httpcore.ConnectError)):
            GuardedBackend([], answering("::1")).connect_tcp(host, 80)
        assert wire.connected == []
