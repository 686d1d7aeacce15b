"""A stream over an engine that takes whole utterances: it collects, and transcribes at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers.stt.seam import FinalTranscript, SttEvent, Transcript

Transcribe = Callable[[PcmAudio], Awaitable[Transcript]]


class BatchStream:
    """One utterance.

    Args:
        transcribe: Called once, in the task that reads `events`, after `finish`.
        max_ms: More audio than this is not kept; the utterance's beginning is what counts.
    """

    def __init__(self, transcribe: Transcribe, sample_rate_hz: int, *, max_ms: int = 60_000) -> None:
        self._transcribe = transcribe
        self._sample_rate_hz = sample_rate_hz
        self._room = 2 * sample_rate_hz * max_ms // 1000
        self._samples = bytearray()
        self._finished = asyncio.Event()

    async def push(self, samples: bytes) -> None:
        """See the seam. Raises InvalidInput when the utterance was finished."""
        if self._finished.is_set():
            raise InvalidInput("The utterance is finished.", field="audio")
        self._samples += samples[: self._room - len(self._samples)]

    async def finish(self) -> None:
        self._finished.set()

    async def events(self) -> AsyncGenerator[SttEvent, None]:
        await self._finished.wait()
        audio = PcmAudio(bytes(self._samples), self._sample_rate_hz)
        yield FinalTranscript(await self._transcribe(audio))
