"""The outbound guard: hostile addresses in every form, rebinding, redirects, proxies."""

import http.server
import ipaddress
import threading
from collections.abc import Iterator, Sequence

import httpx
import pytest

from core.errors import Forbidden
from core.outbound.addresses import is_public
from core.outbound.client import guarded_client

HOSTILE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1", "3fff::1", "5f00::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::a00:1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "fec0::1", "2001:10::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::8a", "::ffff:8.8.8.8"]


class TestAddresses:
    @pytest.mark.parametrize("address", HOSTILE)
    def test_special_ones_are_not_public(self, address: str) -> None:
        assert not is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize("address", PUBLIC)
    def test_public_ones_are(self, address: str) -> None:
        assert is_public(ipaddress.ip_address(address))


class Server(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(302 if self.path == "/away" else 200)
        if self.path == "/away":
            self.send_header("Location", "http://169.254.169.254/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


class TestClient:
    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "0"],
    )
    def test_loopback_in_every_form(self, host: str, port: int) -> None:
        Server.asked.clear()
        with guarded_client([], timeout_s=3) as client, pytest.raises((Forbidden, httpx.HTTPError, httpx.InvalidURL)):
            client.get(f"http://{host}:{port}/")
        assert Server.asked == []

    @pytest.mark.parametrize("address", HOSTILE)
    def test_names_that_lead_to_special_addresses(self, address: str) -> None:
        with (
            guarded_client([], timeout_s=3, resolver=lambda *_: [address]) as client,
            pytest.raises(httpx.ConnectError, match=r"evil\.example"),
        ):
            client.get("http://evil.example/")

    @pytest.mark.parametrize("answers", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"]])
    def test_a_name_inside_looks_like_one_that_is_not_there(self, answers: list[str]) -> None:
        """Or whoever may crawl learns which names exist inside."""
        said = []
        for found in ([], answers):
            with guarded_client([], timeout_s=3, resolver=lambda *_, found=found: found) as client:
                with pytest.raises(httpx.ConnectError) as caught:
                    client.get("http://wiki.internal/")
                said.append(str(caught.value))
        assert said[0] == said[1]
        assert answers[0] not in said[1]

    def test_one_bad_answer_among_good_ones(self) -> None:
        answers = ["8.8.8.8", "127.0.0.1"]
        with guarded_client([], timeout_s=3, resolver=lambda *_: answers) as client, pytest.raises(httpx.ConnectError):
            client.get("http://evil.example/")

    def test_a_name_is_resolved_once(self, port: int) -> None:
        """Rebinding: a second, different answer is never asked for."""
        asked: list[str] = []

        def resolver(host: str, _: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

        with guarded_client(["named.example"], timeout_s=3, resolver=resolver) as client:
            assert client.get(f"http://named.example:{port}/once").status_code == 200
        assert asked == ["named.example"]

    def test_allowed_hosts_are_reached(self, port: int) -> None:
        with guarded_client(["127.0.0.1"], timeout_s=3) as client:
            assert client.get(f"http://127.0.0.1:{port}/ok").status_code == 200

    def test_redirects_are_not_followed(self, port: int) -> None:
        with guarded_client(["127.0.0.1"], timeout_s=3) as client:
            assert client.get(f"http://127.0.0.1:{port}/away").status_code == 302

    def test_the_environments_proxy_is_not_used(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        Server.asked.clear()
        with guarded_client([], timeout_s=3) as client, pytest.raises(Forbidden):
            client.get("http://10.0.0.1/")
        assert Server.asked == []

    def test_a_name_that_does_not_resolve(self) -> None:
        def nothing(*_: object) -> Sequence[str]:
            raise OSError

        with guarded_client([], timeout_s=3, resolver=nothing) as client, pytest.raises(httpx.ConnectError):
            client.get("http://nowhere.example/")
