"""A recogniser that is built from several parts and closed with all of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.providers.entry import Closing
from voice_ai_service.providers.stt.seam import (
    SpeechToText,
    SttCapabilities,
    SttOptions,
    SttStream,
    Transcript,
)


class SttWithItsParts:
    """Closes `parts` in their order, each also when the one before could not be closed."""

    def __init__(self, engine: SpeechToText, parts: Sequence[Closing]) -> None:
        self._engine = engine
        self._parts = parts

    @property
    def capabilities(self) -> SttCapabilities:
        return self._engine.capabilities

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See the seam."""
        return await self._engine.transcribe(audio, options)

    def stream(self, sample_rate_hz: int, options: SttOptions) -> AbstractAsyncContextManager[SttStream]:
        """See the seam."""
        return self._engine.stream(sample_rate_hz, options)

    async def aclose(self) -> None:
        async with AsyncExitStack() as stack:
            for part in reversed(self._parts):
                stack.push_async_callback(part.aclose)
