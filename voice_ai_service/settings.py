"""All settings of a process, read once. Nothing else reads the environment.

Per-domain settings in `v_voice_settings` override what a tenant may decide for itself.
"""

from __future__ import annotations

import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_STREAM_ADDRESS = re.compile(r"wss?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?/?")


class Settings(BaseSettings):
    """`VOICE_AI_*` in the environment, or in the file that `VOICE_AI_ENV_FILE` names."""

    model_config = SettingsConfigDict(env_prefix="VOICE_AI_", frozen=True, extra="ignore")

    data_dir: Path = Path("var")
    """Everything this installation keeps: embedded database, keys, calls' audio, recordings."""

    database_url: SecretStr | None = None
    """PostgreSQL 15 or later, as the service's own role (not the tables' owner). None: the embedded one."""
    owner_database_url: SecretStr | None = None
    """The same database as the tables' owner, for `voice-ai migrate`. On FusionPBX: FusionPBX's own role."""
    database_pool_size: int = Field(10, ge=1, le=200)

    redis_url: SecretStr | None = None
    """Shared limits and session cache for several processes. None: inside the process."""

    host: str = "127.0.0.1"
    port: int = Field(8100, ge=0, le=65535)
    request_timeout_s: float = Field(30.0, gt=0, le=600)
    """How long a client may take to send the head of a request, and then its body."""
    bridge_host: str = "127.0.0.1"
    bridge_port: int = Field(8080, ge=0, le=65535)
    bridge_public_url: str | None = Field(
        None, validation_alias=AliasChoices("VOICE_AI_BRIDGE_URL", "bridge_public_url")
    )
    """`ws://` or `wss://`, host and port under which PBXs reach the bridge's audio socket; a balancer's, where there
    are several. None: every call is in turn mode."""
    bridge_own_url: str | None = None
    """This bridge process's own address, for streams that it asks for itself. None: `bridge_public_url`."""
    bridge_tls_certificate: Path | None = None
    bridge_tls_key: Path | None = None
    """PEM. With both the audio socket understands nothing but TLS."""
    bridge_health_host: str = "127.0.0.1"
    bridge_health_port: int = Field(8081, ge=0, le=65535)
    """The bridge's own health, figures (without a credential) and, where enabled, test phone."""
    bridge_max_calls: int = Field(150, ge=1, le=2000)
    """Calls in one bridge process; the one above hears that all lines are busy."""
    bridge_drain_s: float = Field(600.0, ge=0, le=7200)
    """At SIGTERM: how long live calls may go on before they are asked to end."""
    bridge_playout: Literal["auto", "socket", "playback", "unicast"] = "auto"
    """The way back to the caller on this installation; docs/realtime.md says which fits which module."""
    bridge_unicast_host: str = "127.0.0.1"
    """For `unicast`: this machine's IPv4 address, as FreeSWITCH reaches it."""
    bridge_unicast_pbx_host: str = "127.0.0.1"
    """For `unicast`: an IPv4 address of FreeSWITCH's machine."""
    bridge_unicast_first_port: int = Field(40000, ge=1024, le=65535)
    bridge_unicast_last_port: int = Field(40999, ge=1024, le=65535)
    phone: bool = False
    """Serve the test phone at the bridge's health port, under /phone/. Who uses it needs a token of the domain."""
    service_url: str = "http://127.0.0.1:8100"
    """Where the bridge reaches the service, for the test phone's set-up."""

    esl_host: str | None = None
    """FreeSWITCH's event socket. None: no PBX; only clients that play PBX themselves can be served."""
    esl_port: int = Field(8021, ge=1, le=65535)
    esl_password: SecretStr = SecretStr("ClueCon")

    service_token: SecretStr | None = None
    """A PBX token fixed by the operator. None: one is made at first start, printed once, stored hashed."""
    master_key: SecretStr | None = None
    """Base64 of the 32-byte private key that opens sealed secrets. None: `data_dir/keys/master.key`, made once."""
    previous_master_keys: SecretStr | None = None
    """Comma-separated older keys, still tried for opening while secrets are being rotated."""

    jwt_jwks_url: str | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    jwt_domain_claim: str = "domain_uuid"

    shared_audio_dir: Path | None = None
    """A folder that FreeSWITCH sees under the same path. Calls that ask for `shared` audio use it."""

    allowed_private_networks: str = ""
    """Comma-separated networks that webhooks and providers may reach although private, such as 10.1.0.0/16."""

    recordings_bucket: str | None = None
    """Where the bridge's recordings of calls go, in an S3-compatible store. None: `data_dir/recordings`."""
    recordings_prefix: str = "recordings"
    recordings_endpoint_url: str | None = None
    """The store's address where it is not AWS."""
    recordings_region: str = "us-east-1"
    recordings_access_key: SecretStr | None = None
    """None, and the next one: where boto3 finds credentials by itself (the machine's role, `AWS_*`)."""
    recordings_secret_key: SecretStr | None = None

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"
    tracing_endpoint: str | None = None
    """OTLP/HTTP endpoint for spans; None: none are made."""

    prices_file: Path | None = None
    """What providers cost here: a JSON array over the shipped list prices; docs/providers.md says how."""
    vector_store: Literal["database", "faiss", "chroma"] = "database"
    """Where documents' vectors are compared: in PostgreSQL (pgvector, or arrays where it has none), in this process by
    FAISS, or by a Chroma server. They stand in the database all the same."""
    chroma_url: str | None = None
    chroma_token: SecretStr | None = None
    moderation_url: str | None = None
    """A server that speaks OpenAI's moderation API, with the version: `https://api.openai.com/v1`. Domains that set
    `moderated` have every sentence judged there. None: nobody judges, and such a domain's calls say nothing."""
    moderation_key: SecretStr | None = None
    moderation_model: str = "omni-moderation-latest"
    speech_processes: int = Field(1, ge=1, le=32)
    """Processes of the embedded recogniser."""
    tts_cache_bytes: int = Field(64 * 1024 * 1024, ge=0)
    abandoned_call_s: int = Field(900, ge=60)
    """A live call nobody has heard of for so long is closed and stored."""
    retention_days: int = Field(90, ge=1)
    webhook_timeout_s: float = Field(10.0, gt=0, le=60)

    openai_api_key: SecretStr | None = Field(None, validation_alias="OPENAI_API_KEY")
    anthropic_api_key: SecretStr | None = Field(None, validation_alias="ANTHROPIC_API_KEY")
    elevenlabs_api_key: SecretStr | None = Field(None, validation_alias="ELEVENLABS_API_KEY")
    gemini_api_key: SecretStr | None = Field(None, validation_alias="GEMINI_API_KEY")
    groq_api_key: SecretStr | None = Field(None, validation_alias="GROQ_API_KEY")
    xai_api_key: SecretStr | None = Field(None, validation_alias="XAI_API_KEY")
    mistral_api_key: SecretStr | None = Field(None, validation_alias="MISTRAL_API_KEY")
    openrouter_api_key: SecretStr | None = Field(None, validation_alias="OPENROUTER_API_KEY")
    cohere_api_key: SecretStr | None = Field(None, validation_alias="COHERE_API_KEY")
    voyage_api_key: SecretStr | None = Field(None, validation_alias="VOYAGE_API_KEY")

    @field_validator("allowed_private_networks")
    @classmethod
    def _networks_parse(cls, value: str) -> str:
        for part in filter(None, (item.strip() for item in value.split(","))):
            ip_network(part, strict=False)
        return value

    @field_validator("bridge_public_url", "bridge_own_url")
    @classmethod
    def _addresses_stream(cls, value: str | None) -> str | None:
        """mod_audio_stream takes no user, no IPv6 address, no underscore."""
        if not value:  # compose files pass on what is not set as empty
            return None
        if _STREAM_ADDRESS.fullmatch(value) is None:
            raise ValueError(
                "ws:// or wss://, a host's name or IPv4 address, and a port if it is not the usual one"
            )
        return value.rstrip("/")

    @cached_property
    def private_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        parts = (item.strip() for item in self.allowed_private_networks.split(","))
        return tuple(ip_network(part, strict=False) for part in parts if part)

    @property
    def token_file(self) -> Path:
        """Where the first start leaves the PBX's token, for what runs on this machine."""
        return self.data_dir / "pbx.token"

    @property
    def calls_dir(self) -> Path:
        """One folder a live call: its utterances and replies."""
        return self.shared_audio_dir or self.data_dir / "calls"
