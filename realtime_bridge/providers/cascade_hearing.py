"""What the caller said: one utterance's audio, and the recognisers that make text of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from realtime_bridge.providers.cascade_events import Changes
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.dialogue.turn import Heard
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.chains import LiveTranscription, SttChain
from voice_ai_service.providers.fallback import UsedProvider
from voice_ai_service.providers.stt.seam import PartialTranscript, SttOptions, Transcript
from voice_ai_service.text.words import words

QUEUE_MS: Final = 10_000
"""Of the caller's audio, for a recogniser that is slow; beyond it the oldest goes, counted."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is to be answered.

    Attributes:
        provider, model: Who transcribed it; None for keys and the like.
        failed: The recogniser that failed last, where there was speech and none could make text of it.
    """

    heard: Heard
    provider: str | None = None
    model: str | None = None
    failed: str | None = None

    @property
    def text(self) -> str:
        return self.heard.text

    @property
    def transcript(self) -> Transcript:
        return Transcript(self.heard.text, self.heard.language or "", self.heard.confidence)

    def agrees(self, other: Hearing) -> bool:
        """Both would be answered alike: the same words, whatever their spelling, and the same keys."""
        if self.failed is not None or other.failed is not None:
            return False
        return words(self.text) == words(other.text) and self.heard.digits == other.heard.digits

    def after(self, earlier: Hearing | None) -> Hearing:
        """This, said or pressed while what came before was not answered yet: both are one turn."""
        if earlier is None or not self.says_something or not earlier.says_something:
            return self
        text = f"{earlier.text} {self.text}".strip()
        heard = replace(
            self.heard,
            text=text,
            digits=earlier.heard.digits + self.heard.digits,
            language=self.heard.language or earlier.heard.language,
            audio_ref=self.heard.audio_ref or earlier.heard.audio_ref,
        )
        return replace(self, heard=heard, provider=self.provider or earlier.provider)

    @property
    def says_something(self) -> bool:
        return bool(self.text or self.heard.digits) and not self.heard.instruction


Listen = Callable[[], Awaitable[Hearing]]


def known(hearing: Hearing) -> Listen:
    """For what needs no recogniser."""

    async def listen() -> Hearing:
        return hearing

    return listen


class UtteranceAudio:
    """The samples of one utterance; of one that is too long its beginning counts."""

    def __init__(self, pre_roll: bytes, sample_rate_hz: int, max_ms: int) -> None:
        self._samples = bytearray(pre_roll)
        self._sample_rate_hz = sample_rate_hz
        self._most_bytes = 2 * sample_rate_hz * max_ms // 1000

    def hear(self, frame: bytes) -> None:
        if len(self._samples) < self._most_bytes:
            self._samples += frame

    def until(self, silence_ms: int = 0) -> PcmAudio:
        """What was said so far, without so much of its end."""
        tail = 2 * (self._sample_rate_hz * silence_ms // 1000)
        return PcmAudio(bytes(self._samples[: len(self._samples) - tail]), self._sample_rate_hz)


@dataclass(frozen=True, slots=True)
class Recogniser:
    """The tenant's recognisers with the options of one call."""

    chain: SttChain
    options: SttOptions

    async def transcribe(self, audio: PcmAudio) -> Hearing:
        """Never raises ProviderError: that nobody could hear it is a hearing too."""
        try:
            used = await self.chain.transcribe(audio, self.options)
        except ProviderError as error:
            log.error("utterance not transcribed", code=error.code, provider=error.provider)
            return Hearing(Heard(), failed=error.provider)
        return heard_as(used.value, UsedProvider(used.provider, used.model))


def heard_as(transcript: Transcript, used: UsedProvider) -> Hearing:
    heard = Heard(transcript.text.strip(), transcript.language, transcript.confidence)
    return Hearing(heard, used.provider, used.model)


class LiveUtterance:
    """One utterance on its way through a streaming recogniser.

    Args:
        on_partial: Called for every partial transcript, with whether it is stable.
        on_dropped: Called with the milliseconds of audio that the recogniser was too slow for.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        audio: UtteranceAudio,
        sample_rate_hz: int,
        *,
        on_partial: Callable[[Transcript, bool], None],
        on_dropped: Callable[[int], None],
    ) -> None:
        self._recogniser = recogniser
        self._audio = audio
        self._sample_rate_hz = sample_rate_hz
        self._on_partial = on_partial
        self._on_dropped = on_dropped
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._finished = False
        self._news = Changes()
        self.hear(audio.until().samples)

    def hear(self, samples: bytes) -> None:
        self._waiting.append(samples)
        self._waiting_bytes += len(samples)
        while self._waiting_bytes > 2 * self._sample_rate_hz * QUEUE_MS // 1000 and len(self._waiting) > 1:
            dropped = len(self._waiting.popleft())
            self._waiting_bytes -= dropped
            self._on_dropped(dropped * 500 // self._sample_rate_hz)
        self._news.notify()

    def finish(self) -> None:
        self._finished = True
        self._news.notify()

    async def hearing(self) -> Hearing:
        """The final transcript. A stream that breaks is made up for with the whole utterance, once it is over."""
        try:
            return await self._streamed()
        except* ProviderError as broken:
            log.warning("a live transcription broke off", errors=len(broken.exceptions))
        await self._news.until(lambda: self._finished)
        return await self._recogniser.transcribe(self._audio.until())

    async def _streamed(self) -> Hearing:
        finals: list[Transcript] = []
        recogniser = self._recogniser
        async with (
            recogniser.chain.stream(self._sample_rate_hz, recogniser.options) as live,
            asyncio.TaskGroup() as group,
        ):
            feeding = group.create_task(self._feed(live), name="audio for the recogniser")
            async for event in live.events():
                if isinstance(event, PartialTranscript):
                    self._on_partial(event.transcript, event.stable)
                else:
                    finals.append(event.transcript)
            feeding.cancel()
        text = " ".join(final.text for final in finals if final.text)
        last = finals[-1] if finals else Transcript("", recogniser.options.languages[0])
        return heard_as(Transcript(text, last.language, last.confidence), live.used)

    async def _feed(self, live: LiveTranscription) -> None:
        while True:
            await self._news.until(lambda: bool(self._waiting) or self._finished)
            while self._waiting:
                samples = self._waiting.popleft()
                self._waiting_bytes -= len(samples)
                await live.push(samples)
            if self._finished:
                await live.finish()
                return


@dataclass(slots=True)
class Utterance:
    """What is being said now.

    Attributes:
        may_guess: A message that is being left is never guessed at.
        live, hearing: With a streaming recogniser; `hearing` runs from the utterance's beginning on.
        partial: The last stable transcript.
        guesses: How many were begun.
    """

    audio: UtteranceAudio
    may_guess: bool
    live: LiveUtterance | None = None
    hearing: asyncio.Task[Hearing] | None = None
    partial: Transcript | None = None
    paused: bool = False
    guesses: int = 0

    def hear(self, frame: bytes) -> None:
        self.audio.hear(frame)
        if self.live is not None:
            self.live.hear(frame)

    def close(self) -> None:
        """Nobody wants to know any more."""
        if self.hearing is not None:
            self.hearing.cancel()
