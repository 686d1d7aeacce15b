"""What a provider tells about itself: its name, its settings, how it is built. Data, no registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from voice_ai_service.clock import Clock, SystemClock
from voice_ai_service.errors import InvalidInput
from voice_ai_service.net.addresses import Network
from voice_ai_service.providers.llm.seam import ChatCapabilities
from voice_ai_service.providers.realtime.capabilities import RealtimeCapabilities
from voice_ai_service.providers.stt.seam import SttCapabilities
from voice_ai_service.providers.tts.seam import TtsCapabilities
from voice_ai_service.tenancy.tenant import Tier


class ProviderKind(StrEnum):
    STT = "stt"
    TTS = "tts"
    LLM = "llm"
    EMBEDDINGS = "embeddings"
    REALTIME = "realtime"


class Closing(Protocol):
    """What every provider has in common. The factory that built it closes it."""

    async def aclose(self) -> None: ...


BaseUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(lambda url: url.rstrip("/")),
]
"""Where an address may lead is the registry's check, not this type's."""
ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class StageTimeouts(BaseModel):
    """How long one provider may take, in seconds. None: what the request's own options say; both: the
    shorter.

    Attributes:
        connect_s: Until the connection stands.
        first_byte_s: Until the first byte of audio or the first token; for one-answer calls until the answer.
        stall_s: Between two pieces of a stream.
        total_s: All waiting for one request together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    connect_s: float = Field(3.0, gt=0, le=60)
    first_byte_s: float | None = Field(None, gt=0, le=120)
    stall_s: float = Field(5.0, gt=0, le=120)
    total_s: float | None = Field(None, gt=0, le=600)


class ProviderSettings(BaseModel):
    """Base of every provider's settings: what a row of `v_voice_providers` may hold, never a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    timeouts: StageTimeouts = StageTimeouts()
    tiers: frozenset[Tier] = Field(
        default=frozenset(), description="Only for domains of these tiers; none named: for all"
    )


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What the process gives to whatever is built.

    Attributes:
        models_dir: Where the operator puts model folders; settings name them relative to it.
        allowed_networks: What a `base_url` may reach although private; see `net.guard`.
        default_secrets: Registry name to the operator's own key, for rows without one.
        processes: Worker processes of a local engine.
    """

    models_dir: Path = Path("var/models")
    allowed_networks: tuple[Network, ...] = ()
    clock: Clock = field(default_factory=SystemClock)
    default_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    processes: int = 1


Capabilities = SttCapabilities | TtsCapabilities | ChatCapabilities | RealtimeCapabilities


Build = Callable[[ProviderContext, Any, str | None], Awaitable[Closing]]


def _can_run() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """One provider of one kind, as our catalogue or a plug-in offers it.

    Attributes:
        name: What rows, metrics and conversations call it; lower case, digits and underscores.
        settings_model: Validates a row's settings. A field called `base_url` is checked against the address
            policy, a field called `model` is what conversations and prices name.
        build: Makes the object of the kind's seam from the context, the validated settings and one secret.
            It may take long and may raise ProviderError; it must not block the event loop.
        secret_required: A row without a secret is refused.
        secret_is_one_text: The secret may have several lines (a service account's JSON). Otherwise every line
            is a key of its own, and the next is tried when one is refused or busy.
        available: Why it cannot run here (a missing package and how to install it), or None.
        local: Runs on this machine: one instance per settings for all domains, and no secret.
        check: Deeper validation of settings when they are saved; raises InvalidInput.
        capabilities: What it can do, where that does not depend on settings; for lists.
    """

    kind: ProviderKind
    name: str
    settings_model: type[ProviderSettings]
    build: Build
    secret_required: bool = False
    secret_is_one_text: bool = False
    available: Callable[[], str | None] = _can_run
    local: bool = False
    check: Callable[[ProviderContext, Any], Awaitable[None]] | None = None
    capabilities: Capabilities | None = None

    def keys(self, secret: str | None) -> tuple[str, ...]:
        """The keys in a secret, each once. Raises InvalidInput for one that could not travel in a header."""
        if not secret or not secret.strip():
            return ()
        if self.secret_is_one_text:
            return (secret,)
        keys = tuple(dict.fromkeys(line.strip() for line in secret.splitlines() if line.strip()))
        if not all(key.isascii() and key.isprintable() and " " not in key for key in keys):
            raise InvalidInput(
                "A key has characters that no key has.",
                field="secret",
                fix="Send each key on a line of its own, without spaces or accents.",
            )
        return keys
