"""A vendor's live recognition as the seam has it: streams over connections of their own, whole utterances as it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Final

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError
from voice_ai_service.net.addresses import Network
from voice_ai_service.providers.stt.languages import forced
from voice_ai_service.providers.stt.live import LiveStream
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    SttCapabilities,
    SttOptions,
    SttStream,
    Transcript,
)
from voice_ai_service.providers.stt.talk import LiveVendor
from voice_ai_service.providers.vendor_errors import VendorErrors
from voice_ai_service.providers.wire.line import Line, LineLimits, Lines

_HEARTBEAT_S: Final = 4.0
"""Between pings; a connection without a pong for as long again is dead."""


class LiveStt:
    """See `seam.SpeechToText`."""

    def __init__(
        self,
        vendor: LiveVendor,
        clock: Clock,
        allowed_networks: Collection[Network] = (),
        *,
        heartbeat_s: float = _HEARTBEAT_S,
    ) -> None:
        self._vendor = vendor
        self._clock = clock
        self._lines = Lines(vendor.name, clock, allowed_networks)
        self._errors = VendorErrors(vendor.name, clock)
        self._heartbeat_s = heartbeat_s
        self._goodbyes: set[asyncio.Task[None]] = set()

    @property
    def capabilities(self) -> SttCapabilities:
        return self._vendor.capabilities

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See the seam. Over a stream where the vendor has no request for whole utterances."""
        at_rate = resample(audio, self._rate_hz(audio.sample_rate_hz))
        whole = await self._vendor.transcribe(at_rate, options)
        return await self._streamed(at_rate, options) if whole is None else whole

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncGenerator[SttStream, None]:
        """See the seam. Raises ProviderError when the vendor does not take the utterance."""
        rate_hz = self._rate_hz(sample_rate_hz)
        language = forced(options.languages, self.capabilities.languages, self._vendor.name)
        call = await self._vendor.call(rate_hz, options)
        limits = LineLimits(self._vendor.timeouts.connect_s, self._heartbeat_s)
        line = await self._lines.open(call.address, limits)
        stream = LiveStream(
            line,
            call.talk,
            options,
            self._vendor.timeouts,
            self._errors,
            from_hz=sample_rate_hz,
            to_hz=rate_hz,
            language=language,
            clock=self._clock,
        )
        keeping: asyncio.Task[None] | None = None
        try:
            await stream.agree()
            if call.talk.keepalive_s is not None:
                keeping = asyncio.create_task(
                    stream.keep_alive(), name=f"keeps {self._vendor.name} listening"
                )
            yield stream
        finally:
            if keeping is not None:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)
            self._leave(line, politely=call.talk.done)

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._vendor.warm()

    async def aclose(self) -> None:
        await asyncio.gather(*self._goodbyes, return_exceptions=True)
        await self._vendor.aclose()

    def _rate_hz(self, wanted_hz: int) -> int:
        """The audio's own where the vendor takes it, else the next higher one, else the best."""
        rates = self.capabilities.sample_rates_hz
        if wanted_hz in rates:
            return wanted_hz
        return min((rate for rate in rates if rate > wanted_hz), default=rates[0])

    def _leave(self, line: Line, *, politely: bool) -> None:
        """Nobody waits for a goodbye: the caller's words are there, or nobody wants them any more."""
        if not politely:
            line.abort()
        goodbye = asyncio.create_task(line.aclose(), name=f"goodbye to {self._vendor.name}")
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)

    async def _streamed(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        heard: Transcript | None = None
        try:
            async with (
                self.stream(audio.sample_rate_hz, options) as stream,
                asyncio.TaskGroup() as group,
            ):
                group.create_task(_feed(stream, audio), name=f"an utterance for {self._vendor.name}")
                async for event in stream.events():
                    if isinstance(event, FinalTranscript):
                        heard = event.transcript
        except BaseExceptionGroup as several:
            failed, others = several.split(ProviderError)
            if failed is None or others is not None:
                raise
            raise _first(failed) from several
        if heard is None:
            raise self._errors.cut()
        return heard


async def _feed(stream: SttStream, audio: PcmAudio) -> None:
    await stream.push(audio.samples)
    await stream.finish()


def _first(group: BaseExceptionGroup[ProviderError]) -> ProviderError:
    one = group.exceptions[0]
    return _first(one) if isinstance(one, BaseExceptionGroup) else one
