"""One answer while it is made: the dialogue writes, the voice speaks what is written."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from realtime_bridge.providers.cascade_events import Changes, Outlet
from realtime_bridge.providers.seam import ReplyAudio, ReplySaid
from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.turn import ReplyDone, ReplyEvent, ReplyText
from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.speech.voice import Voice


class Script:
    """What the dialogue writes, read ahead of the voice; bounded by the length of a reply (`dialogue.speakable`)."""

    def __init__(self, clock: Clock) -> None:
        self.done: ReplyDone | None = None
        self.first_piece_at: float | None = None
        self._clock = clock
        self._pieces: deque[ReplyText] = deque()
        self._ended = False
        self._news = Changes()

    async def write(self, events: AsyncGenerator[ReplyEvent, None]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, ReplyDone):
                        self.done = event
                    else:
                        if self.first_piece_at is None:
                            self.first_piece_at = self._clock.monotonic()
                        self._pieces.append(event)
                        self._news.notify()
        finally:
            self._ended = True
            self._news.notify()

    @property
    def waiting(self) -> bool:
        """Nothing is left to speak, and more may come."""
        return not self._pieces and not self._ended

    async def next(self) -> ReplyText | None:
        """None: it is complete, or broke off."""
        await self._news.until(lambda: bool(self._pieces) or self._ended)
        return self._pieces.popleft() if self._pieces else None


@dataclass(slots=True)
class Spoken:
    """What the voice made so far. Moments are monotonic seconds."""

    audio_bytes: int = 0
    texts: list[str] = field(default_factory=list)
    provider: str | None = None
    model: str | None = None
    synthesised_chars: int = 0
    first_audio_at: float | None = None


class Answer:
    """
    Args:
        kept: Set once the answer counts; before that only its first piece is spoken.
        on_audio: Called when the first audio is there.
    """

    def __init__(
        self, reply_id: str, outlet: Outlet, voice: Voice, clock: Clock, *, kept: asyncio.Event,
        on_audio: Callable[[], None],
    ) -> None:  # fmt: skip
        self.script = Script(clock)
        self.spoken = Spoken()
        self._reply_id = reply_id
        self._outlet = outlet
        self._voice = voice
        self._clock = clock
        self._kept = kept
        self._on_audio = on_audio

    async def make(self, events: AsyncGenerator[ReplyEvent, None]) -> ReplyDone:
        """All of it, into the outlet.

        Raises:
            ProviderError: No voice is left, or the dialogue broke off.
        """
        writing = asyncio.create_task(self.script.write(events), name="dialogue of a reply")
        try:
            while (piece := await self.script.next()) is not None:
                await self._speak(piece)
                if not self._kept.is_set():
                    await self._kept.wait()
            await writing
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        if self.script.done is None:
            raise ProviderUnavailable("The reply ended without an end", provider="dialogue")
        return self.script.done

    @property
    def starved(self) -> bool:
        """The voice has nothing to say, and waits for the dialogue."""
        return self.script.waiting

    async def _speak(self, piece: ReplyText) -> None:
        spoken = self.spoken
        # A reply that was decided at once is made of phrases that are said again.
        done = self.script.done
        sentence = self._voice.sentence(
            piece.text, piece.language, keep=done is not None and done.provider == "embedded"
        )
        silent = True
        async with aclosing(sentence):
            async for samples in sentence:
                if silent:
                    silent = False
                    self._begin(piece)
                await self._outlet.room()
                spoken.audio_bytes += len(samples)
                self._outlet.put(ReplyAudio(self._reply_id, samples))
                if spoken.first_audio_at is None:
                    spoken.first_audio_at = self._clock.monotonic()
                    self._on_audio()
        if sentence.used is not None:
            spoken.provider, spoken.model = sentence.used.provider, sentence.used.model
            spoken.synthesised_chars += 0 if sentence.used.cached else len(piece.text)

    def _begin(self, piece: ReplyText) -> None:
        text = f" {piece.text}" if self.spoken.texts else piece.text
        self.spoken.texts.append(text)
        at_ms = self.spoken.audio_bytes * 500 // self._voice.sample_rate_hz
        self._outlet.put(ReplySaid(self._reply_id, text, piece.language, at_ms))
