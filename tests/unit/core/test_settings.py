"""Settings, secrets, crypto, ids."""

import io
import json
import logging
import re
import stat
import uuid
from pathlib import Path

import pytest
import structlog
from cryptography.exceptions import InvalidTag

from core.clock import iso, utc_now
from core.crypto import Keyring, new_otp, new_token, same
from core.errors import InvalidInput
from core.ids import Prefix, new_id, point_id
from core.logs import configure_logs, drop_secrets
from core.secrets import KEY_FILE, secret_key
from core.settings import Plan, Settings, load_settings
from tests.support.installation import configure_test_logs

DOCUMENTED = Path(__file__).resolve().parents[3] / "docs" / "settings.md"
LONG = "x" * 32


class TestPage:
    def test_every_setting_has_a_line_and_every_line_a_setting(self) -> None:
        listed = re.findall(r"^\| `INSYDR_(\w+)` \| (.+?) \| (.+?) \|$", DOCUMENTED.read_text(), re.MULTILINE)
        described = {name.lower(): meaning for name, _, meaning in listed}
        assert described == {name: field.description for name, field in Settings.model_fields.items()}


class TestLoad:
    def test_environment_over_file_over_defaults(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "insydr.toml"
        file.write_text('port = 8100\nworker_threads = 7\noutbound_allowed_hosts = ["a.example"]\n')
        monkeypatch.setenv("INSYDR_CONFIG", str(file))
        monkeypatch.setenv("INSYDR_PORT", "8200")
        settings = load_settings()
        assert (settings.port, settings.worker_threads, settings.lease_s) == (8200, 7, 60.0)
        assert settings.outbound_allowed_hosts == ["a.example"]

    def test_lists_are_comma_separated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INSYDR_OUTBOUND_ALLOWED_HOSTS", "a.example, b.example,")
        assert load_settings().outbound_allowed_hosts == ["a.example", "b.example"]

    @pytest.mark.parametrize(
        ("name", "value"), [("PORT", "70000"), ("WORKER_THREADS", "0"), ("PLAN_DEFAULT", "GOLD"), ("LEASE_S", "soon"),
         ("RATE_LIMIT_URL", "amqp://h"), ("TRUSTED_PROXY_HOPS", "11")],
    )  # fmt: skip
    def test_a_wrong_one_is_named(self, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(f"INSYDR_{name}", value)
        with pytest.raises(InvalidInput, match=f"INSYDR_{name}"):
            load_settings()

    def test_proxies_are_named_or_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INSYDR_TRUSTED_PROXIES", "10.0.0.1")
        monkeypatch.setenv("INSYDR_TRUSTED_PROXY_HOPS", "1")
        with pytest.raises(InvalidInput, match=r"INSYDR_TRUSTED_PROXY_HOPS.*not both"):
            load_settings()

    def test_requests_are_counted_in_redis_where_there_is_one(self) -> None:
        assert Settings().rates_redis_url is None
        assert Settings(broker_url="redis://h").rates_redis_url == "redis://h"
        assert Settings(broker_url="amqp://h").rates_redis_url is None
        assert Settings(broker_url="amqp://h", rate_limit_url="rediss://r").rates_redis_url == "rediss://r"

    def test_a_short_secret_is_refused_and_not_repeated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INSYDR_SECRET_KEY", "hunter2")
        with pytest.raises(InvalidInput, match="INSYDR_SECRET_KEY") as raised:
            load_settings()
        assert "hunter2" not in raised.value.message

    def test_secrets_are_not_printed(self) -> None:
        url = "redis://:hunter2@h"
        settings = Settings(
            secret_key="hunter2" * 5, broker_url=url, smtp_url="smtp://u:hunter2@h", llm_api_key="hunter2"
        )
        assert "hunter2" not in repr(settings) + str(settings.model_dump())

    def test_plans_by_shape(self) -> None:
        assert Settings().plan is Plan.ENTERPRISE
        assert Settings(broker_url="redis://h").plan is Plan.FREE
        assert Settings(plan_default="STARTER").plan is Plan.STARTER


class TestSecretKey:
    def test_is_made_once_for_its_owner_only(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path / "data")
        key = secret_key(settings)
        assert len(key) >= 32
        assert secret_key(settings) == key
        file = tmp_path / "data" / KEY_FILE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700

    def test_a_damaged_one_is_said(self, tmp_path: Path) -> None:
        (tmp_path / KEY_FILE).write_text("short")
        with pytest.raises(InvalidInput, match="damaged"):
            secret_key(Settings(data_dir=tmp_path))

    def test_scaled_out_it_must_be_given(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="INSYDR_SECRET_KEY"):
            secret_key(Settings(data_dir=tmp_path, broker_url="redis://h"))
        assert secret_key(Settings(broker_url="redis://h", secret_key=LONG)) == LONG


class TestCrypto:
    def test_purposes_have_keys_of_their_own(self) -> None:
        keys = Keyring(LONG)
        assert keys.derive("a") == Keyring(LONG).derive("a") != keys.derive("b")
        assert keys.digest("a", "value") != keys.digest("b", "value")
        assert Keyring("y" * 32).derive("a") != keys.derive("a")

    def test_hkdf_is_rfc_5869(self) -> None:
        """Extract and expand by hand, one block."""
        import hashlib
        import hmac

        extracted = hmac.new(b"\0" * 32, LONG.encode(), hashlib.sha256).digest()
        expanded = hmac.new(extracted, b"insydr/a\x01", hashlib.sha256).digest()
        assert Keyring(LONG).derive("a") == expanded

    def test_sealed_values_stay_with_their_row(self) -> None:
        keys = Keyring(LONG)
        sealed = keys.seal("p", "row-1", b"secret")
        assert b"secret" not in sealed
        assert keys.seal("p", "row-1", b"secret") != sealed
        assert keys.unseal("p", "row-1", sealed) == b"secret"
        for purpose, row, value in (("p", "row-2", sealed), ("q", "row-1", sealed), ("p", "row-1", sealed[:-1] + b"x")):
            with pytest.raises(InvalidTag):
                keys.unseal(purpose, row, value)

    def test_tokens_and_codes(self) -> None:
        assert len({new_token("rt_") for _ in range(100)}) == 100
        assert all(re.fullmatch(r"\d{6}", new_otp()) for _ in range(100))
        assert same("grün", "grün")
        assert not same("a", "ab")


class TestIds:
    def test_are_prefixed_and_sort_by_creation(self) -> None:
        ids = [new_id(Prefix.DOCUMENT) for _ in range(1_000)]
        assert ids == sorted(ids)
        assert len(set(ids)) == 1_000
        assert re.fullmatch(r"doc_[0-9a-f]{32}", ids[0])
        assert uuid.UUID(ids[0][4:]).version == 7

    def test_points_have_one_id_each(self) -> None:
        assert point_id("w", "d", 1, 0) == point_id("w", "d", 1, 0)
        assert len({point_id("w", "d", v, n) for v in (1, 2) for n in (0, 1)} | {point_id("v", "d", 1, 0)}) == 5

    def test_times_are_as_in_the_seeds(self) -> None:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", iso(utc_now()))


class TestLogs:
    def test_secrets_are_dropped_by_name(self) -> None:
        event = {"password": "x", "access_token": "x", "Authorization": "x", "otp_code": "x", "path": "/a"}
        assert {name for name, value in drop_secrets(None, "", event).items() if value == "x"} == set()
        assert event["path"] == "/a"

    def test_what_libraries_log_is_json_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logs("INFO", as_json=True)
        try:
            logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
            line = json.loads(capsys.readouterr().err)
        finally:
            configure_test_logs()
        assert (line["event"], line["level"]) == ("Invalid HTTP request received.", "warning")
        assert (line["logger"], "timestamp" in line) == ("uvicorn.error", True)

    def test_a_full_disk_under_the_log_harms_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        full = io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True)
        with monkeypatch.context() as patch:
            patch.setattr("sys.stderr", full)
            configure_logs("INFO", as_json=True)
        try:
            structlog.get_logger().warning("nobody reads this")
        finally:
            configure_test_logs()
