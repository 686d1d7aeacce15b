"""Voices that speak over a WebSocket while their text is still being written; one connection a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing
from typing import Final

from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError, ProviderRefused
from voice_ai_service.net.addresses import Network
from voice_ai_service.providers.patience import Patience
from voice_ai_service.providers.tts.samples import WholeSamples
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.sentences import pieces_of
from voice_ai_service.providers.tts.talk import SpeechCall, SpeechTalk, SpeechVendor
from voice_ai_service.providers.wire.line import Address, Line, LineClosed, LineLimits, Lines

_HEARTBEAT_S: Final = 4.0
"""Between pings; a connection without a pong for as long again is dead."""
_SPARE_S: Final = 10.0
"""How long a connection that was opened ahead is used; vendors close idle ones after twenty seconds."""


class LiveVoice:
    """See `seam.TextToSpeech`."""

    def __init__(
        self, vendor: SpeechVendor, clock: Clock, allowed_networks: Collection[Network] = ()
    ) -> None:
        self._vendor = vendor
        self._clock = clock
        self._lines = Lines(vendor.name, clock, allowed_networks)
        self._limits = LineLimits(vendor.timeouts.connect_s, _HEARTBEAT_S)
        self._usual: Address | None = None
        self._spare: tuple[Address, Line, float] | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()

    @property
    def capabilities(self) -> TtsCapabilities:
        return self._vendor.capabilities

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncGenerator[bytes, None]:
        """See the seam. Nothing is connected before there is something to say."""
        async with aclosing(pieces_of(texts)) as pieces:
            first = await anext(pieces, None)
            if first is None:
                return
            call = self._vendor.call(options)
            resampler = StreamResampler(call.rate_hz, options.sample_rate_hz)
            try:
                async with aclosing(self._speak(call, first, pieces, options)) as sounds:
                    async for samples in sounds:
                        yield resampler.process(samples)
            except ProviderRefused as error:
                if error.field == "settings.voice" and options.voice is not None:
                    error.field = "voice"  # the one that was asked for, not the row's own
                raise

    async def voices(self) -> tuple[Voice, ...]:
        """Those that the row names; a vendor has more."""
        return self._vendor.voices()

    async def warm(self) -> None:
        """A connection like the last one, for a stream that is about to come. See `Chain.warm`."""
        if self._usual is None or self._has_spare(self._usual):
            return
        line = await self._lines.open(self._usual, self._limits)
        self._drop_spare()
        self._spare = (self._usual, line, self._clock.monotonic())

    async def aclose(self) -> None:
        self._drop_spare()
        await asyncio.gather(*self._goodbyes, return_exceptions=True)

    async def _speak(
        self, call: SpeechCall, first: str, pieces: AsyncIterator[str], options: TtsOptions
    ) -> AsyncGenerator[bytes, None]:
        line, talk = await self._line(call.address), call.talk
        timeouts = self._vendor.timeouts
        patience = Patience(
            self._vendor.name,
            first_s=min(options.first_byte_timeout_s, timeouts.first_byte_s or options.first_byte_timeout_s),
            stall_s=timeouts.stall_s,
            total_s=min(options.total_timeout_s, timeouts.total_s or options.total_timeout_s),
        )
        writer = asyncio.create_task(
            _write(line, talk, first, pieces, patience), name=f"text for {self._vendor.name}"
        )
        writer.add_done_callback(lambda task: _hang_up_on_failure(task, line))
        polite = True
        heard = _hear(line, talk)
        try:
            async with aclosing(heard):
                while True:
                    try:
                        samples = await patience.next(heard)
                    except StopAsyncIteration:
                        return
                    if samples:
                        yield samples
        except (ProviderError, LineClosed) as error:
            polite = False
            if writer.done() and not writer.cancelled() and (cause := writer.exception()) is not None:
                raise cause from error
            if isinstance(error, LineClosed):
                raise talk.closed(error.code, error.reason) from error
            raise
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self._leave(line, () if talk.done else talk.cancel(), polite=polite)

    async def _line(self, address: Address) -> Line:
        self._usual = address
        if self._has_spare(address) and self._spare is not None:
            _, line, _ = self._spare
            self._spare = None
            return line
        return await self._lines.open(address, self._limits)

    def _has_spare(self, address: Address) -> bool:
        if self._spare is None:
            return False
        its_address, line, opened_at = self._spare
        if its_address == address and line.alive and self._clock.monotonic() - opened_at < _SPARE_S:
            return True
        self._drop_spare()
        return False

    def _drop_spare(self) -> None:
        if self._spare is not None:
            _, line, _ = self._spare
            self._spare = None
            self._leave(line, ())

    def _leave(self, line: Line, last_words: Sequence[str], *, polite: bool = True) -> None:
        """Nobody waits for a goodbye; a connection that failed gets none."""
        if not polite:
            line.abort()
        goodbye = asyncio.create_task(_goodbye(line, last_words), name=f"goodbye to {self._vendor.name}")
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)


async def _write(
    line: Line, talk: SpeechTalk, first: str, pieces: AsyncIterator[str], patience: Patience
) -> None:
    """Raises what the source of the text raises; a connection that is gone is told to whoever reads."""
    try:
        for message in (*talk.opening(), *talk.text(first)):
            await line.deliver(message)
        while True:
            patience.pause()
            try:
                piece = await anext(pieces, None)
            finally:
                patience.resume()
            if piece is None:
                break
            for message in talk.text(piece):
                await line.deliver(message)
        for message in talk.finish():
            await line.deliver(message)
        if talk.done:
            line.abort()  # all was heard before it was known that no more text comes; whoever reads is woken
    except LineClosed:
        return


async def _hear(line: Line, talk: SpeechTalk) -> AsyncGenerator[bytes, None]:
    samples = WholeSamples()
    while not _is_over(talk):
        try:
            message = await line.receive()
        except LineClosed:
            if _is_over(talk):
                return
            raise
        yield samples.take(talk.receive(message))


def _is_over(talk: SpeechTalk) -> bool:
    """It may be so after every wait: whoever writes finishes too."""
    return talk.done


def _hang_up_on_failure(task: asyncio.Task[None], line: Line) -> None:
    if not task.cancelled() and task.exception() is not None:
        line.abort()


async def _goodbye(line: Line, last_words: Sequence[str]) -> None:
    try:
        for message in last_words:
            await line.deliver(message)
    except LineClosed:
        pass  # it is gone already
    finally:
        await line.aclose()
