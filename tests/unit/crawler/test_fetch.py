"""One exchange with servers of every kind: honest, odd, broken and hostile."""

import gzip
import socket
import ssl
import struct
import threading
import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import example, given
from hypothesis import strategies as st

from core.outbound.client import guarded_client
from crawler.fetch import CHUNK, Answer, Credentials, Fetcher, FetchError, unpacked
from crawler.frontier import Validators
from tests.support import site as served
from tests.support.site import Site

NAMES = {name: ["127.0.0.1"] for name in ("a.test", "www.a.test", "b.test", "sub.a.test", "localhost")}
HOSTS = ["127.0.0.1", "127.0.0.2", *NAMES]
MAX_BYTES = 100_000
SECRETS = KEY, PASSWORD, COOKIE = ("s3cret-header", "s3cret-password", "s3cret-cookie")
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress, "deflate": zlib.compress, "raw": partial(zlib.compress, wbits=-15)
}  # fmt: skip
GZIP = gzip.compress(b"", mtime=0)[:10]
PRIVATE = {"x-key", "x-name", "cookie", "authorization"}


def resolve(host: str, port: int) -> list[str]:
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return NAMES[host]


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    running.pages.clear()
    running.forget()
    return running


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with guarded_client(HOSTS, timeout_s=5, resolver=resolve) as client:
        yield client


@pytest.fixture
def fetcher(client: httpx.Client, site: Site) -> Fetcher:
    return Fetcher(client, agent="TestBot/1.0", max_bytes=MAX_BYTES, site=site.url())


@contextmanager
def server(says: bytes = b"", *, reset: bool = False, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of one that says the same to everybody and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk(connection: socket.socket) -> None:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
            connection.recv(65_536)
            connection.sendall(says)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError), connection:
                        talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def failure(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetcher.get(url)
    assert caught.value.message.endswith(".")
    return caught.value


class TestAsking:
    def test_says_who_asks_and_for_what(self, fetcher: Fetcher, site: Site) -> None:
        fetcher.get(site.url("/a?b=c"))
        asked = site.requests[0]
        assert (asked.method, asked.path) == ("GET", "/a?b=c")
        assert asked.headers["user-agent"] == "TestBot/1.0"
        assert asked.headers["accept-encoding"] == "gzip, deflate"
        assert not {"if-none-match", "if-modified-since", "cookie", "authorization"} & set(asked.headers)

    @pytest.mark.parametrize("etag", [None, 'W/"x"'])
    @pytest.mark.parametrize("modified", [None, "yesterday"])
    def test_conditions(self, fetcher: Fetcher, site: Site, etag: str | None, modified: str | None) -> None:
        fetcher.get(site.url(), Validators(etag, modified))
        asked = site.requests[0].headers
        assert (asked.get("if-none-match"), asked.get("if-modified-since")) == (etag, modified)

    def test_what_is_known_is_not_sent_again(self, fetcher: Fetcher, site: Site) -> None:
        site.html("/a", "T", "<p>Text")
        first = fetcher.get(site.url("/a"))
        again = fetcher.get(site.url("/a"), first.validators)
        assert (first.status, again.status, again.body) == (200, 304, b"")
        assert first.body == site.pages["/a"].body

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_redirects_are_not_followed(self, fetcher: Fetcher, site: Site, status: int) -> None:
        site.redirect("/a", "/b", status)
        site.pages["/a"].body = b"moved"
        answer = fetcher.get(site.url("/a"))
        assert (answer.status, answer.headers["location"], answer.body) == (status, "/b", b"")
        assert [request.path for request in site.requests] == ["/a"]

    @pytest.mark.parametrize("to", ["mailto:a@b.test", "javascript:void(0)", "http://[::1", "http://xn--a/"])
    def test_redirects_to_no_address(self, fetcher: Fetcher, site: Site, to: str) -> None:
        site.redirect("/a", to)
        error = failure(fetcher, site.url("/a"))
        assert (error.code, error.lasting) == ("BAD_REDIRECT", True)

    @pytest.mark.parametrize("status", [204, 404, 410, 429, 500, 503])
    def test_every_status_is_an_answer(self, fetcher: Fetcher, site: Site, status: int) -> None:
        site.pages["/a"] = served.Answer(b"" if status == 204 else b"said", status, {"retry-after": "7"})
        answer = fetcher.get(site.url("/a"))
        assert (answer.status, answer.headers["retry-after"], answer.body) == (status, "7", site.pages["/a"].body)

    def test_time_to_the_first_byte(self, fetcher: Fetcher, site: Site) -> None:
        site.pages["/a"] = served.Answer(b"x", delay_s=0.1)
        assert 0.1 <= fetcher.get(site.url("/a")).elapsed_s < 60


class TestAnswer:
    @pytest.mark.parametrize(
        ("content_type", "kind", "charset"),
        [
            (None, "", None), ("", "", None), ("text/html", "text/html", None), ("text/html;;", "text/html", None),
            (" Text/HTML ; Charset=UTF-8 ", "text/html", "UTF-8"), ('text/html; charset="utf-8"', "text/html", "utf-8"),
            ("text/html; charset='latin1'", "text/html", "latin1"), ("text/html; charset=", "text/html", None),
            ("text/html; boundary=x; charset=a; charset=b", "text/html", "a"), ("; charset=utf-8", "", "utf-8"),
            ("text/html; charset", "text/html", None), ("charset=utf-8", "charset=utf-8", None),
        ],
    )  # fmt: skip
    def test_content_type(self, content_type: str | None, kind: str, charset: str | None) -> None:
        headers = {} if content_type is None else {"content-type": content_type}
        answer = Answer("http://a.test/", 200, httpx.Headers(headers), b"", 0)
        assert (answer.content_type, answer.charset) == (kind, charset)

    @pytest.mark.parametrize(("length", "is_kept"), [(500, True), (501, False), (0, False)])
    def test_validators_are_short(self, length: int, is_kept: bool) -> None:
        headers = httpx.Headers({"etag": "e" * length, "last-modified": "m" * length})
        kept = Answer("http://a.test/", 200, headers, b"", 0).validators
        assert kept == (Validators("e" * length, "m" * length) if is_kept else Validators())

    def test_headers_that_come_twice(self, fetcher: Fetcher) -> None:
        said = b"HTTP/1.1 200 OK\r\nX-Robots-Tag: a\r\nx-robots-tag: b, c\r\ncontent-length: 2\r\n\r\nhi"
        with server(said) as at:
            answer = fetcher.get(f"http://{at}/")
        assert answer.all("X-Robots-Tag") == ["a", "b, c"]
        assert answer.content_hash == "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"


class TestUnpacking:
    @pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "raw", "identity", "", "GZIP"])
    @pytest.mark.parametrize("is_chunked", [False, True])
    def test_codings(self, fetcher: Fetcher, site: Site, coding: str, is_chunked: bool) -> None:
        body = b"Text " * 1_000
        packed = CODINGS.get(coding.lower().removeprefix("x-"), bytes)(body)
        stream = [packed[:1], packed[1:5], packed[5:]] if is_chunked else None
        said = {"content-encoding": "deflate" if coding == "raw" else coding}
        site.pages["/a"] = served.Answer(packed, headers=said, stream=stream)
        assert fetcher.get(site.url("/a")).body == body

    @given(st.sampled_from(sorted(CODINGS)), st.binary() | st.integers(0, 3 * CHUNK).map(bytes), st.integers(1, 70_000))
    @example("raw", bytes(CHUNK + 1), 100)  # what a full part leaves behind is in no input any more
    @example("deflate", b"hello", 1)  # the header in two blocks
    def test_every_byte_and_never_too_many_at_once(self, coding: str, body: bytes, size: int) -> None:
        packed = CODINGS[coding](body)
        blocks = (packed[at : at + size] for at in range(0, len(packed), size))
        parts = list(unpacked(blocks, "deflate" if coding == "raw" else coding))
        assert b"".join(parts) == body
        assert max(map(len, parts), default=0) <= CHUNK

    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "x" * 500])
    def test_what_was_not_asked_for(self, fetcher: Fetcher, site: Site, coding: str) -> None:
        site.put("/a", b"\x0b\x02\x80", "text/html").headers["content-encoding"] = coding
        error = failure(fetcher, site.url("/a"))
        assert (error.code, error.lasting, len(error.message) < 150) == ("BAD_ENCODING", True, True)

    @pytest.mark.parametrize("coding", ["gzip", "deflate"])
    def test_damaged(self, fetcher: Fetcher, site: Site, coding: str) -> None:
        packed = CODINGS[coding](bytes(range(256)) * 20)
        damaged = packed[:20] + b"\xff" * 10 + packed[30:]
        site.put("/a", damaged, "text/html").headers["content-encoding"] = coding
        error = failure(fetcher, site.url("/a"))
        assert (error.code, error.lasting) == ("BAD_ENCODING", True)

    def test_what_follows_the_end_is_not_read(self) -> None:
        blocks = iter([gzip.compress(b"whole", mtime=0) + b"more", *[b"x" * 1_000] * 50])
        assert b"".join(unpacked(blocks, "gzip")) == b"whole"
        assert len(list(blocks)) == 49


class TestLimits:
    @pytest.mark.parametrize("is_chunked", [False, True])
    def test_exactly_the_limit(self, fetcher: Fetcher, site: Site, is_chunked: bool) -> None:
        size = MAX_BYTES + 1
        site.pages["/a"] = served.Answer(bytes(size), stream=[b"x"] + [bytes(100)] * 1_000 if is_chunked else None)
        assert failure(fetcher, site.url("/a")).code == "TOO_LARGE"
        assert len(fetcher.get(site.url("/a"), max_bytes=size).body) == size

    def test_a_declared_length_is_believed_before_anything_is_read(self, fetcher: Fetcher) -> None:
        # of what it declares nothing comes: who reads on gets another error
        with server(b"HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n") as at:
            error = failure(fetcher, f"http://{at}/")
        assert (error.code, error.lasting, "100,000 bytes" in error.message) == ("TOO_LARGE", True, True)

    def test_an_endless_body(self, fetcher: Fetcher, site: Site) -> None:
        def endless() -> Iterator[bytes]:
            while True:
                yield b"x" * 1_000

        site.pages["/a"] = served.Answer(stream=endless)
        codes = [failure(fetcher, site.url("/a")).code for _ in range(60)]
        assert set(codes) == {"TOO_LARGE"}  # and the client's 50 connections are free again

    def test_a_bomb_is_noticed_before_it_is_in_memory(self, fetcher: Fetcher, site: Site) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        megabyte = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
        stream = [GZIP + megabyte * 16] + [megabyte * 16] * 63
        site.pages["/a"] = served.Answer(headers={"content-encoding": "gzip"}, stream=stream)
        tracemalloc.start()
        try:
            assert failure(fetcher, site.url("/a")).code == "TOO_LARGE"
            assert tracemalloc.get_traced_memory()[1] < 4 * 2**20  # of one gigabyte
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("coding", ["identity", "gzip"])
    def test_a_body_that_drips_for_ever(self, client: httpx.Client, site: Site, coding: str) -> None:
        over = threading.Event()

        def drip() -> Iterator[bytes]:
            yield GZIP + b"\0\xff\xff\0\0"  # gzip's header, and that of a block as it is
            while not over.wait(0.05):
                yield b"\0"

        site.pages["/a"] = served.Answer(headers={"content-encoding": coding}, stream=drip)
        slow = Fetcher(client, agent="TestBot", max_bytes=MAX_BYTES, wall_s=0.3)
        stop = threading.Timer(3, over.set)
        stop.start()
        error = failure(slow, site.url("/a"))
        assert not over.is_set()
        stop.cancel()
        over.set()
        assert (error.code, error.lasting, "complete" in error.message) == ("TIMEOUT", False, True)


class TestFailures:
    @pytest.mark.parametrize("reset", [False, True])
    @pytest.mark.parametrize(
        "said",
        [b"", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
         b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf",
         b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
    )  # fmt: skip
    def test_broken_off(self, fetcher: Fetcher, said: bytes, reset: bool) -> None:
        with server(said, reset=reset) as at:
            error = failure(fetcher, f"http://{at}/")
        assert (error.code, error.lasting) == ("BAD_ANSWER", False)

    def test_no_answer(self, site: Site) -> None:
        site.pages["/a"] = served.Answer(b"late", delay_s=1)
        with guarded_client(HOSTS, timeout_s=0.1) as hasty:
            error = failure(Fetcher(hasty, agent="TestBot", max_bytes=MAX_BYTES), site.url("/a"))
        assert (error.code, error.lasting) == ("TIMEOUT", False)

    @pytest.mark.parametrize(
        ("code", "lasting", "at"),
        [
            ("CONNECTION_FAILED", False, "http://127.0.0.1:{closed}"), ("TLS_FAILED", True, "https://127.0.0.1:{port}"),
            ("HOST_NOT_FOUND", False, "http://ssl-certificates.test"), ("HOST_NOT_FOUND", True, "http://xn--a"),
            ("ADDRESS_NOT_ALLOWED", True, "http://127.0.0.3:{port}"), ("ADDRESS_NOT_ALLOWED", True, "http://10.0.0.1"),
            ("ADDRESS_NOT_ALLOWED", True, "http://[::1]:{port}"), ("HOST_NOT_FOUND", True, "http://xn--zzzzzzzzzzz.test"),
        ],
    )  # fmt: skip
    def test_no_connection(self, fetcher: Fetcher, site: Site, at: str, code: str, lasting: bool) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = listener.getsockname()[1]
        error = failure(fetcher, f"{at.format(port=site.port, closed=closed)}/")
        assert (error.code, error.lasting) == (code, lasting)
        assert site.requests == []

    def test_a_certificate_of_its_own(self, fetcher: Fetcher, tmp_path: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self_signed(tmp_path / "certificate.pem"))
        with server(tls=context) as at:
            error = failure(fetcher, f"https://{at}/")
        assert (error.code, error.lasting) == ("TLS_FAILED", True)


def self_signed(path: Path) -> Path:
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    certificate = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1)
    ).sign(key, SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path


class TestCookies:
    def test_are_not_sent_back(self, fetcher: Fetcher, site: Site) -> None:
        site.pages["/a"] = served.Answer(b"x", headers={"set-cookie": "id=1; Path=/"})
        assert fetcher.get(site.url("/a")).body == fetcher.get(site.url("/a")).body
        assert ["cookie" in request.headers for request in site.requests] == [False, False]

    def test_not_even_by_another_crawl_while_the_answer_is_read(self, client: httpx.Client, site: Site) -> None:
        one, other = (Fetcher(client, agent=name, max_bytes=MAX_BYTES) for name in ("one", "other"))
        has_begun, go_on = threading.Event(), threading.Event()

        def slow() -> Iterator[bytes]:
            yield b"x"
            go_on.wait(5)

        site.pages["/slow"] = served.Answer(headers={"set-cookie": "id=1; Path=/"}, stream=slow)
        client.event_hooks = {"response": [lambda _: has_begun.set()]}
        thread = threading.Thread(target=one.get, args=(site.url("/slow"),))
        thread.start()
        assert has_begun.wait(5)
        other.get(site.url("/b"))
        go_on.set()
        thread.join(5)
        client.event_hooks = {}
        assert [request.path for request in site.requests if "cookie" not in request.headers] == ["/slow", "/b"]


class TestCredentials:
    GIVEN = Credentials({"X-Key": KEY, "X-Name": "Zoë"}, "user", PASSWORD, {"session": COOKIE, "b": "2"})

    @pytest.fixture
    def known(self, client: httpx.Client, site: Site) -> Fetcher:
        """To the site a.test."""
        url = f"http://a.test:{site.port}/"
        return Fetcher(client, agent="TestBot", max_bytes=MAX_BYTES, site=url, credentials=self.GIVEN)

    @pytest.mark.parametrize("host", ["a.test", "www.a.test"])
    def test_go_to_the_site(self, known: Fetcher, site: Site, host: str) -> None:
        known.get(f"http://{host}:{site.port}/x")
        asked = site.requests[0].headers
        assert (asked["x-key"], asked["x-name"], asked["cookie"]) == (KEY, "Zoë", f"session={COOKIE}; b=2")
        assert asked["authorization"] == "Basic " + b64encode(f"user:{PASSWORD}".encode()).decode()

    @pytest.mark.parametrize("host", ["b.test", "sub.a.test", "127.0.0.1", "localhost"])
    def test_and_to_no_other_host(self, known: Fetcher, site: Site, host: str) -> None:
        known.get(f"http://{host}:{site.port}/x")
        assert not PRIVATE & set(site.requests[0].headers)

    def test_nor_to_another_port_or_address(self, known: Fetcher) -> None:
        with Site() as port, Site("127.0.0.2") as address:
            known.get(port.url().replace("127.0.0.1", "a.test"))
            known.get(address.url())
            for other in (port, address):
                assert not PRIVATE & set(other.requests[0].headers)

    def test_a_user_name_alone(self, client: httpx.Client, site: Site) -> None:
        named = Credentials(username="user")
        Fetcher(client, agent="TestBot", max_bytes=999, site=site.url(), credentials=named).get(site.url())
        assert site.requests[0].headers["authorization"] == "Basic dXNlcjo="

    def test_are_never_shown(self, known: Fetcher, site: Site) -> None:
        shown = [repr(self.GIVEN), str(self.GIVEN), repr(known)]
        site.put("/a", b"", "text/html").headers["content-encoding"] = "br"
        for url in (f"http://a.test:{site.port}/a", f"https://a.test:{site.port}/"):
            error = failure(known, url)
            shown += [repr(error), error.message, repr(error.__cause__)]
        assert not [secret for secret in SECRETS for text in shown if secret in text]
