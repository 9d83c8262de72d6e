"""All settings, from the environment (`INSYDR_…`) or a TOML file (`INSYDR_CONFIG`, else `insydr.toml` in the data
folder). Every one has a safe default; `docs/settings.md` lists them and a test keeps that list complete.
"""

import os
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from core.errors import InvalidInput


class Plan(StrEnum):
    FREE = "FREE"
    STARTER = "STARTER"
    PROFESSIONAL = "PROFESSIONAL"
    BUSINESS = "BUSINESS"
    ENTERPRISE = "ENTERPRISE"


REDIS = ("redis://", "rediss://")
DEFAULT_DATA_DIR = Path("~/.insydr")


class Settings(BaseSettings):
    """One process's settings. Secrets are `SecretStr`, so that no log or error prints them."""

    model_config = SettingsConfigDict(env_prefix="INSYDR_", extra="forbid", toml_file=None)

    data_dir: Path = Field(DEFAULT_DATA_DIR, description="Folder of everything the embedded shape stores.")
    host: str = Field("127.0.0.1", description="Address the server binds to.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on; 0 takes a free one.")
    public_url: str | None = Field(None, description="URL under which users reach the service; links use it.")
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        [], description="Addresses whose `X-Forwarded-For` is believed (comma separated)."
    )
    trusted_proxy_hops: int = Field(
        0, ge=0, le=10, description="Proxies before the server, where their addresses are not known."
    )
    head_timeout_s: float = Field(20.0, gt=0, description="A request's head that takes longer is given up (408).")
    body_idle_s: float = Field(30.0, gt=0, description="A body of which nothing comes for so long is given up (408).")
    keep_alive_s: int = Field(65, ge=1, description="How long a connection without requests stays open.")
    max_connections: int = Field(2_000, ge=10, description="Connections at once, event streams too; more are 503.")

    database_url: str | None = Field(None, description="SQL database; default SQLite in the data folder.")
    broker_url: SecretStr | None = Field(None, description="redis:// or amqp://; default workers inside the server.")
    rate_limit_url: SecretStr | None = Field(
        None, description="redis:// where requests are counted; default the broker if it is one, else memory."
    )
    qdrant_url: str | None = Field(None, description="Qdrant server; default Qdrant's engine inside the process.")
    qdrant_api_key: SecretStr | None = Field(None, description="Key of that Qdrant server.")
    qdrant_collection: str = Field("insydr", description="Name of the collection on that Qdrant server.")
    qdrant_shards: int | None = Field(None, ge=1, description="Shards of a new collection there; default Qdrant's.")
    qdrant_replicas: int | None = Field(None, ge=1, description="Copies of each of its shards; default Qdrant's.")
    blob_url: str | None = Field(None, description="file:///folder or s3://bucket/prefix; default the data folder.")
    s3_endpoint_url: str | None = Field(None, description="Endpoint of an S3-compatible store other than AWS.")

    secret_key: SecretStr | None = Field(None, description="Signs tokens and seals secrets; 32 characters or more.")
    vault_keys: Annotated[list[SecretStr], NoDecode] = Field(
        [],
        description="Keys of the secrets that workspaces keep, 32 characters or more each; the first seals, all open "
        "(comma separated); default INSYDR_SECRET_KEY.",
    )
    plan_default: Plan | None = Field(None, description="Plan of new workspaces; ENTERPRISE embedded, else FREE.")
    access_token_minutes: int = Field(720, ge=1, description="Life of an access token (the contract: 12 h).")
    refresh_token_days: int = Field(30, ge=1, description="Life of a refresh token.")

    smtp_url: SecretStr | None = Field(None, description="smtp://user:password@host:587; default an outbox folder.")
    mail_from: str = Field("Insydr <no-reply@localhost>", description="Sender of mails.")

    outbound_allowed_hosts: Annotated[list[str], NoDecode] = Field(
        [], description="Hosts that may be called although their address is private (comma separated)."
    )
    outbound_timeout_s: float = Field(10.0, gt=0, description="Time-out of one outbound request.")

    crawl_contact: str | None = Field(None, description="URL or mail address that crawled sites find in User-Agent.")
    crawl_max_rate: float = Field(10.0, gt=0, le=1_000, description="Requests a second to one host, at most.")
    crawl_places: int = Field(4, ge=1, le=64, description="Requests at once to one site, at most.")
    crawl_at_once: int = Field(2, ge=1, le=64, description="Crawls at once in one worker process.")
    crawl_page_mb: int = Field(25, ge=1, le=512, description="Largest page or file that a crawl takes.")
    crawl_browser: str | None = Field(None, description="Chromium for pages that need JavaScript; default by name.")

    webhook_timeout_s: float = Field(10.0, gt=0, le=60, description="A receiver of events that takes longer failed.")
    webhooks_at_once: int = Field(8, ge=1, le=64, description="Receivers of events at once in one worker process.")
    webhook_places: int = Field(5, ge=1, le=50, description="Requests at once to one receiver of events.")
    webhook_log_days: int = Field(30, ge=1, le=365, description="How long events and their deliveries are kept.")
    webhook_disable_days: float = Field(5.0, gt=0, description="A receiver that failed for so long is turned off.")
    office_threads: int = Field(4, ge=1, le=64, description="Calls, messages and mails at once in one worker process.")
    webhooks_max: int = Field(50, ge=1, le=1_000, description="Webhooks of one workspace, at most.")

    llm_base_url: str | None = Field(None, description="OpenAI-compatible endpoint; default extractive answers.")
    llm_model: str = Field("gpt-4o-mini", description="Model asked for at that endpoint.")
    llm_api_key: SecretStr | None = Field(None, description="Key of that endpoint.")
    llm_timeout_s: float = Field(20.0, gt=0, description="After this the extractive answer is given instead.")

    embedding_model: str = Field("all-minilm-l6-v2", description="Built in, or sentence-transformers:<path or name>.")
    embedding_runtime: str = Field("auto", description="auto, openvino, onnx-fp32, onnx-int8 or exact.")
    embedding_threads: int = Field(0, ge=0, description="Threads of the runtime; 0 takes the machine's cores.")
    reader: str = Field("built-in", description="built-in, none, or a reader.onnx of your own: see docs/reader.md.")

    worker_threads: int = Field(2, ge=1, le=64, description="Batches of documents at once in one worker process.")
    parser_processes: int = Field(2, ge=1, le=64, description="Parsing children of one worker process.")
    parser_wall_s: float = Field(300.0, gt=0, description="A parser that takes longer fails the document.")
    parser_memory_mb: int = Field(2048, ge=256, description="A parser that needs more fails the document.")
    worker_metrics_port: int = Field(0, ge=0, le=65535, description="Port of a worker's /metrics; 0 serves none.")
    reconcile_every_h: float = Field(24.0, ge=0, description="How often SQL, vectors and files are compared; 0 never.")
    lease_s: float = Field(60.0, gt=0, description="A worker silent for so long has lost its documents.")
    sweep_every_s: float = Field(5.0, gt=0, description="How often lost and due work is looked for.")
    max_attempts: int = Field(4, ge=1, description="Tries of one document before it is FAILED.")
    max_upload_mb: int = Field(512, ge=1, le=5_000, description="Largest request body, whatever the plan.")
    max_queued_documents: int = Field(200_000, ge=1, description="More waiting documents of a workspace are 429.")
    min_free_disk_mb: int = Field(500, ge=0, description="With less room for files nothing new is taken (503).")
    version_retention_days: int = Field(30, ge=0, description="How long text of replaced versions is kept.")
    widget_localhost: bool = Field(
        False, description="Public keys work from pages of localhost, too: for development only."
    )
    reasked_per_minute: int = Field(
        300,
        ge=1,
        le=100_000,
        description="Unanswered questions of a workspace that are asked again in a minute, when content changes.",
    )
    conversation_retention_days: int = Field(
        365, ge=0, description="How long conversations are kept after their last message; 0 for ever."
    )
    audit_retention_days: int = Field(0, ge=0, description="How long the audit log is kept; 0 for ever.")
    duplicate_check: bool = Field(True, description="Refuse the same file twice in a collection (409).")

    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_json: bool = Field(True, description="JSON lines; false prints for people.")

    @field_validator("outbound_allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("rate_limit_url")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(REDIS):
            raise ValueError("INSYDR_RATE_LIMIT_URL must begin with redis:// or rediss://")
        return value

    @field_validator("trusted_proxy_hops")
    @classmethod
    def _one_way_through_proxies(cls, value: int, info: ValidationInfo) -> int:
        if value and info.data.get("trusted_proxies"):
            raise ValueError("give INSYDR_TRUSTED_PROXIES or INSYDR_TRUSTED_PROXY_HOPS, not both")
        return value

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("INSYDR_SECRET_KEY needs at least 32 characters")
        return value

    @field_validator("vault_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("vault_keys")
    @classmethod
    def _each_long_enough(cls, value: list[SecretStr]) -> list[SecretStr]:
        if any(len(one.get_secret_value()) < 32 for one in value):
            raise ValueError("each of INSYDR_VAULT_KEYS needs at least 32 characters")
        return value

    @cached_property
    def sql_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'insydr.db'}"

    @property
    def rates_redis_url(self) -> str | None:
        """Where API processes count requests together; None: each counts its own."""
        url = self.rate_limit_url or self.broker_url
        text = url.get_secret_value() if url else ""
        return text if text.startswith(REDIS) else None

    @property
    def embedded(self) -> bool:
        """Whether all state is in the data folder and all work in one process."""
        return self.broker_url is None

    @property
    def plan(self) -> Plan:
        return self.plan_default or (Plan.ENTERPRISE if self.embedded else Plan.FREE)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return (init_settings, env_settings, toml)


def config_file() -> Path:
    """`INSYDR_CONFIG`, else `insydr.toml` in the data folder; it need not exist."""
    named = os.environ.get("INSYDR_CONFIG")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("INSYDR_DATA_DIR") or DEFAULT_DATA_DIR).expanduser() / "insydr.toml"


def load_settings(**overrides: Any) -> Settings:
    """Settings of this process; raises `InvalidInput` with the name of the setting at fault."""
    try:
        return Settings(**overrides)
    except ValueError as error:
        raise InvalidInput(f"A setting is wrong: {_describe(error)}", code="INVALID_SETTING") from None


def _describe(error: ValueError) -> str:
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    return "; ".join(f"INSYDR_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in errors(include_input=False))
