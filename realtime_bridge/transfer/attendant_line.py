"""The attendant's leg as a conversation: streamed to this process, spoken to through a playout, heard by an ear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog

from realtime_bridge.call_control import CallControl
from realtime_bridge.leg import Leg, LegEnd, LegFormat, WayBack
from realtime_bridge.playout.observer import PlayoutObserver
from realtime_bridge.playout.playout import Playout
from realtime_bridge.playout.scheduler import Scheduler
from realtime_bridge.transfer.seam import AttendantLine, AttendantPressed, AttendantSaid
from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.events import Discarded, Ended, Onset
from voice_ai_service.audio.formats import PHONE_RATE_HZ, PcmAudio
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.dialogue.recognisable import phrases_for
from voice_ai_service.errors import ProviderError, VoiceAiError
from voice_ai_service.providers.chains import SttChain
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.speech.voice import Voice
from voice_ai_service.tenancy.tenant import Tenant

MAX_WAITING: Final = 32
"""Utterances and keys that nobody has read yet; beyond it the oldest goes."""
_LONGEST_ANSWER_MS: Final = 6000
_STT_S: Final = 3.0

log = structlog.get_logger()


class ExpectedLeg(Protocol):
    @property
    def url(self) -> str: ...

    async def arrives(self, timeout_s: float = 3.0) -> Leg:
        """Raises Unavailable."""
        ...

    def cancel(self) -> None: ...


Expect = Callable[[UUID, LegFormat], ExpectedLeg]


class Speakers(Protocol):
    """Who hears and who speaks for a tenant."""

    async def recogniser(self, plan: CallPlan) -> SttChain: ...

    async def voice(self, plan: CallPlan, sample_rate_hz: int) -> Voice: ...


@dataclass(frozen=True, slots=True)
class AttendantLines:
    """Implements `seam.AttendantAudio`.

    Attributes:
        expect: A stream that this process will be asked for; `ingress.server.StreamServer.expect`.
        open_way: The installation's way back to a leg, open. Raises Unavailable.
    """

    control: CallControl
    expect: Expect
    open_way: Callable[[Leg], Awaitable[WayBack]]
    speakers: Speakers
    scheduler: Callable[[], Scheduler]
    observer: PlayoutObserver
    sample_rate_hz: int = PHONE_RATE_HZ

    @asynccontextmanager
    async def line(
        self, channel_uuid: UUID, *, plan: CallPlan, tenant: Tenant, language: str
    ) -> AsyncIterator[AttendantLine]:
        """As `seam.AttendantAudio.line`."""
        recogniser, voice = await asyncio.gather(
            self.speakers.recogniser(plan), self.speakers.voice(plan, self.sample_rate_hz)
        )
        expected = self.expect(channel_uuid, LegFormat(self.sample_rate_hz))
        try:
            await self.control.start_stream(channel_uuid, expected.url, self.sample_rate_hz)
            leg = await expected.arrives()
        except BaseException:
            expected.cancel()
            raise
        try:
            way = await self.open_way(leg)
            playout = Playout(way, leg.format, self.scheduler(), self.observer)
            conversation = _Conversation(
                plan, language, playout, recogniser, voice, leg.format.sample_rate_hz
            )
            leg.listen(conversation)
            try:
                yield conversation
            finally:
                await playout.clear()
                await playout.close()
                await way.close()
        finally:
            await self._let_go(channel_uuid, leg)

    async def _let_go(self, channel_uuid: UUID, leg: Leg) -> None:
        try:
            await self.control.stop_stream(channel_uuid)
        except VoiceAiError as error:
            log.debug("the attendant's stream ends with its channel", code=error.code)
        await leg.close()


class _Conversation:
    """A `LegListener` and an `AttendantLine`."""

    def __init__(
        self,
        plan: CallPlan,
        language: str,
        playout: Playout,
        recogniser: SttChain,
        voice: Voice,
        sample_rate_hz: int,
    ) -> None:
        settings = plan.secretary.settings
        self._options = SttOptions(
            languages=tuple(dict.fromkeys((language, *settings.languages))),
            phrases=phrases_for(plan),
            timeout_s=_STT_S,
        )
        self._playout = playout
        self._recogniser = recogniser
        self._voice = voice
        self._sample_rate_hz = sample_rate_hz
        self._ear = Ear(
            settings.turn_taking, sample_rate_hz, language=language, max_utterance_ms=_LONGEST_ANSWER_MS
        )
        self._utterance: bytearray | None = None
        self._waiting: asyncio.Queue[bytes | str | None] = asyncio.Queue()

    def on_audio(self, frame: bytes) -> None:
        reference = self._playout.reference()
        events = self._ear.hear(frame, reference if self._playout.speaking else None)
        if self._utterance is not None:
            self._utterance += frame
        for event in events:
            if isinstance(event, Onset):
                self._utterance = bytearray(event.pre_roll)
            elif isinstance(event, Discarded):
                self._utterance = None
            elif isinstance(event, Ended):
                self._put(bytes(self._utterance or b""))
                self._utterance = None

    def on_digits(self, digits: str) -> None:
        self._put(digits)

    def on_end(self, end: LegEnd) -> None:
        self._put(None)

    async def say(self, text: str, language: str) -> None:
        playing = self._playout.reply(interruptible=False)
        sentence = self._voice.sentence(text, language)
        try:
            async with aclosing(sentence):
                async for samples in sentence:
                    await playing.room()
                    playing.write(samples)
            playing.finish()
            await playing.done()
        except BaseException:
            playing.finish()
            await self._playout.clear()
            raise

    async def heard(self) -> AsyncGenerator[AttendantSaid | AttendantPressed, None]:
        while (waiting := await self._waiting.get()) is not None:
            if isinstance(waiting, str):
                for digit in waiting:
                    yield AttendantPressed(digit)
            else:
                yield await self._understood(waiting)

    async def _understood(self, samples: bytes) -> AttendantSaid:
        """Speech that nobody could recognise is no yes."""
        try:
            found = await self._recogniser.transcribe(PcmAudio(samples, self._sample_rate_hz), self._options)
        except ProviderError as error:
            log.warning("the attendant's answer was not recognised", code=error.code, provider=error.provider)
            return AttendantSaid("")
        return AttendantSaid(found.value.text, found.value.language)

    def _put(self, item: bytes | str | None) -> None:
        if self._waiting.qsize() >= MAX_WAITING:
            self._waiting.get_nowait()
        self._waiting.put_nowait(item)
