"""`compose.yaml` names only settings, commands and services that there are, and no secret of its own."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose["services"].items() if "build" in service}


class TestCompose:
    def test_both_processes_are_there(self, compose: dict[str, Any]) -> None:
        assert {tuple(service["command"]) for service in ours(compose).values()} == {
            ("insydr", "serve"),
            ("insydr", "worker"),
        }

    def test_every_setting_is_one(self, compose: dict[str, Any]) -> None:
        for service in ours(compose).values():
            for name in service["environment"]:
                if name.startswith("INSYDR_"):
                    assert name.removeprefix("INSYDR_").lower() in Settings.model_fields

    def test_the_settings_make_a_scaled_out_installation(self, compose: dict[str, Any]) -> None:
        environment = ours(compose)["worker"]["environment"]
        values = {
            name.removeprefix("INSYDR_").lower(): re.sub(r"\$\{[^}]*\}", "x" * 40, value)
            for name, value in environment.items()
            if name.startswith("INSYDR_") and name != "INSYDR_PLAN_DEFAULT"
        }
        settings = Settings(**values)
        assert not settings.embedded
        assert settings.database_url
        assert settings.qdrant_url

    def test_no_secret_has_a_default(self, compose: dict[str, Any]) -> None:
        text = (ROOT / "compose.yaml").read_text()
        for name in ("INSYDR_SECRET_KEY", "POSTGRES_PASSWORD", "QDRANT_API_KEY"):
            uses = re.findall(rf"\$\{{{name}[^}}]*\}}", text)
            assert uses
            assert all(":?" in use for use in uses)

    def test_volumes_and_dependencies_exist(self, compose: dict[str, Any]) -> None:
        for service in compose["services"].values():
            for volume in service.get("volumes", []):
                assert volume.split(":")[0] in compose["volumes"]
            assert set(service.get("depends_on", {})) <= set(compose["services"])

    def test_only_loopback_is_published(self, compose: dict[str, Any]) -> None:
        ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
        assert ports == ["127.0.0.1:8000:8000"]
