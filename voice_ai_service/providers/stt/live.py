"""One utterance over a vendor's WebSocket: time, audio and failures are ours, words are the talk's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.clock import Clock
from voice_ai_service.errors import InvalidInput, ProviderError
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.stt.seam import FinalTranscript, SttEvent, SttOptions
from voice_ai_service.providers.stt.talk import Message, Talk
from voice_ai_service.providers.stt.utterance import Segments
from voice_ai_service.providers.vendor_errors import VendorErrors
from voice_ai_service.providers.wire.line import LineClosed

READY_S = 3.0
"""Where the row sets no limit."""


class LineLike(Protocol):
    """See `wire.line.Line`."""

    async def deliver(self, message: Message) -> None: ...
    async def receive(self) -> Message: ...


class LiveStream:
    """See `seam.SttStream`: partial transcripts are of the whole utterance, and one final one ends it.

    Silence of the vendor is a failure only once the utterance is finished: before that nobody may be speaking, and
    a dead connection is found by the line's pings.

    Args:
        from_hz, to_hz: The audio's rate as it is pushed, and as the vendor takes it.
        language: What is forced.
    """

    def __init__(
        self,
        line: LineLike,
        talk: Talk,
        options: SttOptions,
        timeouts: StageTimeouts,
        errors: VendorErrors,
        *,
        from_hz: int,
        to_hz: int,
        language: str,
        clock: Clock,
    ) -> None:
        self._line = line
        self._talk = talk
        self._timeouts = timeouts
        self._errors = errors
        self._clock = clock
        self._total_s = min(options.timeout_s, timeouts.total_s or options.timeout_s)
        self._resampler = StreamResampler(from_hz, to_hz) if from_hz != to_hz else None
        self._chunk_bytes = 2 * to_hz * talk.chunk_ms // 1000
        self._held = bytearray()
        self._segments = Segments(language)
        self._until: float | None = None
        self._answered = False
        self._waiting: asyncio.Timeout | None = None
        self._sent_at = clock.monotonic()

    async def agree(self) -> None:
        """Until the vendor takes audio. Raises ProviderError."""
        try:
            async with asyncio.timeout(self._timeouts.first_byte_s or READY_S):
                for message in self._talk.opening():
                    await self._line.deliver(message)
                while not self._talk.ready:
                    self._talk.receive(await self._line.receive())
        except TimeoutError as error:
            raise self._errors.timeout("the session was not ready in time") from error
        except LineClosed as error:
            raise self._ended(error) from error

    async def push(self, samples: bytes) -> None:
        """See the seam. Waits while the vendor takes no more. Raises InvalidInput when the utterance was finished."""
        if self._until is not None:
            raise InvalidInput("The utterance is finished.", field="audio")
        self._held += self._resampler.process(samples) if self._resampler is not None else samples
        while len(self._held) >= self._chunk_bytes:
            piece = bytes(self._held[: self._chunk_bytes])
            del self._held[: self._chunk_bytes]
            await self._deliver(self._talk.audio(piece))

    async def finish(self) -> None:
        if self._until is not None:
            return
        self._until = asyncio.get_running_loop().time() + self._total_s
        if self._waiting is not None:
            self._waiting.reschedule(self._limit())
        if rest := self._rest():
            await self._deliver(self._talk.audio(rest))
        self._talk.finished = True
        await self._deliver(self._talk.finish())

    async def events(self) -> AsyncGenerator[SttEvent, None]:
        """See the seam. Raises ProviderError."""
        while not self._talk.done:
            try:
                events = self._talk.receive(await self._next())
            except LineClosed as error:
                if not self._talk.finished or error.code != 1000 or self._talk.closed(1000, error.reason):
                    raise self._ended(error) from error
                break
            for event in events:
                if (partial := self._segments.add(event)) is not None:
                    yield partial
        for event in self._talk.rest():
            self._segments.add(event)
        if not self._talk.finished:
            raise self._errors.cut()
        yield FinalTranscript(self._segments.whole())

    async def keep_alive(self) -> None:
        """Runs beside the stream until it is cancelled, or the connection is no more."""
        every_s = self._talk.keepalive_s
        while every_s is not None and not self._talk.finished:
            left_s = self._sent_at + every_s - self._clock.monotonic()
            if left_s > 0:
                await self._clock.sleep(left_s)
                continue
            try:
                await self._deliver(self._talk.keepalive())
            except ProviderError:
                return  # whoever reads is told

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout_at(self._limit()) as self._waiting:
                message = await self._line.receive()
        except TimeoutError as error:
            raise self._errors.timeout("no final transcript in time") from error
        finally:
            self._waiting = None
        self._answered = self._until is not None
        return message

    def _limit(self) -> float | None:
        """When the vendor's silence becomes a failure, in the loop's time."""
        if self._until is None:
            return None
        wait_s = self._timeouts.stall_s if self._answered else self._timeouts.first_byte_s
        now = asyncio.get_running_loop().time()
        return self._until if wait_s is None else min(self._until, now + wait_s)

    def _rest(self) -> bytes:
        rest, self._held = bytes(self._held[: len(self._held) // 2 * 2]), bytearray()
        if rest and self._talk.whole_chunks:
            rest += bytes(self._chunk_bytes - len(rest))
        return rest

    async def _deliver(self, messages: Sequence[Message]) -> None:
        self._sent_at = self._clock.monotonic()
        try:
            for message in messages:
                await self._line.deliver(message)
        except LineClosed as error:
            raise self._ended(error) from error

    def _ended(self, event: LineClosed) -> ProviderError:
        said = self._talk.closed(event.code, event.reason)
        return said or self._errors.gone(f"closed with {event.code} {event.reason}")
