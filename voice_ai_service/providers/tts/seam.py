"""Text to speech, as the dialogue and the bridge see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TtsCapabilities:
    """
    Attributes:
        streaming_input: Speaks while the text is still being written; False: an adapter feeds it sentence by sentence.
        languages: BCP-47 tags, or None for any.
        sample_rates_hz: Rates it can produce by itself; adapters resample to others.
        ssml: Takes SSML; False: it is stripped before.
    """

    streaming_input: bool
    languages: frozenset[str] | None
    sample_rates_hz: tuple[int, ...]
    ssml: bool = False


@dataclass(frozen=True, slots=True)
class TtsOptions:
    """
    Attributes:
        language: BCP-47 tag of the text.
        voice: The engine's name of a voice, or None for its default in that language.
        voice_required: An unknown voice is an error; otherwise the engine's own speaks, since a caller waits.
        sample_rate_hz: What the chunks must have.
        speed: 1.0 is the voice's own.
        first_byte_timeout_s, total_timeout_s: ProviderTimeout when passed.
    """

    language: str
    voice: str | None = None
    voice_required: bool = False
    sample_rate_hz: int = 8000
    speed: float = 1.0
    first_byte_timeout_s: float = 5.0
    total_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Voice:
    name: str
    language: str


class TextToSpeech(Protocol):
    @property
    def capabilities(self) -> TtsCapabilities: ...

    def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncIterator[bytes]:
        """Mono L16 chunks at `options.sample_rate_hz`, the first before the last text is there.

        Chains give texts that are read for the ear already, a whole sentence or clause each; a newline ends all but the
        last. SSML is in them only where `capabilities.ssml` says so.

        Closing the iterator stops the engine. Raises ProviderError.
        """
        ...

    async def voices(self) -> tuple[Voice, ...]: ...

    async def aclose(self) -> None: ...
