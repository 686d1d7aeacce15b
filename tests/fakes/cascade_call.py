"""A call around the shipped cascade: scripted providers behind the shipped chains, and a session's bookkeeping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from realtime_bridge.providers.cascade import CascadeBrain
from realtime_bridge.providers.cascade_parts import CascadeOptions, CascadeParts, Guess
from realtime_bridge.providers.seam import (
    BrainEvent,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
)
from realtime_bridge.session.turn_book import Asked, TurnBook
from tests.fakes.chat_model import ScriptedChatModel
from tests.fakes.providers import Watching, link_to
from tests.fakes.secretaries import MONDAY_NOON, TENANT, call, plan
from tests.fakes.virtual_time import LoopClock
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.dialogue.turn import ToolBox
from voice_ai_service.errors import ProviderError, ProviderUnavailable
from voice_ai_service.providers.chains import ChatChain, SttChain, TtsChain
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.stt.batch import BatchStream
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    PartialTranscript,
    SttCapabilities,
    SttEvent,
    SttOptions,
    SttStream,
    Transcript,
)
from voice_ai_service.providers.tts.cache import PhraseCache
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.tenancy.tenant import Tenant

E = TypeVar("E")

RATE_HZ = 8000
FRAME = bytes([1, 0]) * 160
PER_CHARACTER_MS = 50


class Noon(LoopClock):
    """The loop's time, begun at noon on a Monday, when the secretary is open."""

    def now(self) -> Any:
        return MONDAY_NOON


@dataclass
class Ears:
    """Speech to text that hears what it is told, in order; the last one repeats.

    Attributes:
        heard: Texts, or what to raise.
        live: Partials, as (text, stable), given `live_s` apart as audio comes; the final is the next of `heard`.
    """

    heard: list[str | ProviderError] = field(default_factory=lambda: ["qual o endereço"])
    delay_s: float = 0.1
    live: list[tuple[str, bool]] | None = None
    free_dictation: bool = True
    audio: list[PcmAudio] = field(default_factory=list)
    cancelled: int = 0

    @property
    def capabilities(self) -> SttCapabilities:
        streams = self.live is not None
        return SttCapabilities(streams, streams, self.free_dictation, None, (8000,))

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        self.audio.append(audio)
        try:
            await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self._next()

    def _next(self) -> Transcript:
        text = self.heard[0] if len(self.heard) == 1 else self.heard.pop(0)
        if isinstance(text, ProviderError):
            raise text
        return Transcript(text, "pt-BR", 0.9)

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncIterator[SttStream]:
        if self.live is None:
            yield BatchStream(lambda audio: self.transcribe(audio, options), sample_rate_hz)
        else:
            yield LiveEars(self)

    async def aclose(self) -> None:
        """Nothing is open."""


class LiveEars:
    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self._finished = asyncio.Event()
        self.pushed = bytearray()

    async def push(self, samples: bytes) -> None:
        self.pushed += samples

    async def finish(self) -> None:
        self._finished.set()

    async def events(self) -> AsyncIterator[SttEvent]:
        assert self._ears.live is not None
        for text, stable in self._ears.live:
            await asyncio.sleep(0.05)
            yield PartialTranscript(Transcript(text, "pt-BR"), stable)
        await self._finished.wait()
        self._ears.audio.append(PcmAudio(bytes(self.pushed), RATE_HZ))
        await asyncio.sleep(self._ears.delay_s)
        yield FinalTranscript(self._ears._next())


@dataclass
class Mouth:
    """Text to speech: `PER_CHARACTER_MS` of sound a character, ten times as fast as real time.

    Attributes:
        fails: What the next requests raise, in order: before any sound, or after `break_after` chunks.
    """

    first_byte_s: float = 0.05
    chunk_ms: int = 100
    fails: list[ProviderError] = field(default_factory=list)
    break_after: int = 0
    said: list[str] = field(default_factory=list)
    stopped: int = 0

    @property
    def capabilities(self) -> TtsCapabilities:
        return TtsCapabilities(False, None, (8000,))

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncGenerator[bytes, None]:
        whole = False
        try:
            async for text in texts:
                self.said.append(text)
                await asyncio.sleep(self.first_byte_s)
                failure = self.fails.pop(0) if self.fails else None
                chunks = max(1, len(text) * PER_CHARACTER_MS // self.chunk_ms)
                for number in range(chunks if failure is None else self.break_after):
                    if number:
                        await asyncio.sleep(self.chunk_ms / 10_000)
                    yield bytes([2, 0]) * (options.sample_rate_hz * self.chunk_ms // 1000)
                if failure is not None:
                    raise failure
            whole = True
        finally:
            self.stopped += not whole

    async def voices(self) -> tuple[Voice, ...]:
        return ()

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass
class Rows:
    """The tenant's providers; `ProviderFactory`'s verbs."""

    clock: LoopClock
    ears: Sequence[Any]
    mouths: Sequence[Any]
    model: Any | None = None
    watching: Watching = field(default_factory=Watching)
    asked: int = 0
    failure: Exception | None = None

    async def stt(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> SttChain:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return SttChain(ProviderKind.STT, self._links("ears", self.ears), self.clock, self.watching)

    async def tts(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> TtsChain:
        return TtsChain(ProviderKind.TTS, self._links("mouth", self.mouths), self.clock, self.watching)

    async def llm(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> ChatChain | None:
        if self.model is None:
            return None
        return ChatChain(ProviderKind.LLM, self._links("model", (self.model,)), self.clock, self.watching)

    def _links(self, name: str, providers: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(
            link_to(one, self.clock, f"{name}{number or ''}") for number, one in enumerate(providers)
        )


@dataclass
class Observed:
    guesses: list[Guess] = field(default_factory=list)
    dropped_ms: int = 0

    def on_guess(self, outcome: Guess) -> None:
        self.guesses.append(outcome)

    def on_caller_audio_dropped(self, audio_ms: int) -> None:
        self.dropped_ms += audio_ms


@dataclass
class KeptUtterances:
    kept: list[PcmAudio] = field(default_factory=list)

    async def keep_utterance(
        self, domain_uuid: UUID, call_uuid: UUID, turn: int, audio: PcmAudio
    ) -> str | None:
        self.kept.append(audio)
        return f"utterance-{turn:04d}.wav"


class BookedCall:
    """`CallView` over the shipped turn book."""

    def __init__(self, book: TurnBook, the_plan: CallPlan) -> None:
        self._book = book
        self._plan = the_plan

    @property
    def state(self) -> CallState:
        return self._book.state

    @property
    def turn(self) -> int:
        return self._book.turn

    @property
    def plan(self) -> CallPlan:
        return self._plan

    @property
    def tenant(self) -> Tenant:
        return TENANT


class CascadeCall:
    """Plays the session's part: tells the brain what the caller does and writes down what comes back.

    Attributes:
        events: Everything the brain said, with the loop's time.
        reading: Cleared: the session reads no more events, as one does whose playout is full.
    """

    def __init__(
        self,
        *,
        ears: Ears | None = None,
        mouth: Mouth | None = None,
        model: ScriptedChatModel | None = None,
        more_ears: Sequence[Any] = (),
        more_mouths: Sequence[Any] = (),
        options: CascadeOptions | None = None,
        tools: ToolBox | None = None,
        settings: dict[str, Any] | None = None,
        folder: KeptUtterances | None = None,
        cache_bytes: int = 1_000_000,
        clock: LoopClock | None = None,
        **state: Any,
    ) -> None:
        self.clock = clock or Noon()
        self.ears, self.mouth, self.model = ears or Ears(), mouth or Mouth(), model
        self.rows = Rows(self.clock, (self.ears, *more_ears), (self.mouth, *more_mouths), model)
        self.observed = Observed()
        self.phrases = PhraseCache(cache_bytes)
        self.book = TurnBook(call(mode="realtime", **state), self.clock.now)
        self.brain = CascadeBrain(
            CascadeParts(
                self.rows,
                Dialogue(self.clock),
                self.phrases,
                self.clock,
                folder=folder,
                observer=self.observed,
            ),
            BookedCall(self.book, plan(settings)),
            RATE_HZ,
            options=options,
            tools=tools,
        )
        self.events: list[tuple[float, BrainEvent]] = []
        self.reading = asyncio.Event()
        self.on_event: Callable[[BrainEvent], None] = lambda event: None

    async def __aenter__(self) -> CascadeCall:
        self.reading.set()
        await self.brain.open()
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.brain.close()
        self.reading.set()
        with suppress(asyncio.CancelledError):
            await self._reader
        await self.phrases.aclose()

    async def _read(self) -> None:
        async for event in self.brain.events():
            await self.reading.wait()
            self.events.append((self.clock.monotonic(), event))
            match event:
                case CallerSaid(transcript=transcript, final=True):
                    if self.book.heard(transcript) and not transcript.text:
                        self.book.nothing_asked()
                case ReplyBegan(reply_id=reply_id):
                    self.book.began(reply_id)
                case ReplySaid():
                    self.book.said(event)
                case ReplyFinished():
                    self.book.finished(event)
            self.on_event(event)

    # -- the caller -----------------------------------------------------------------------------------------

    async def speak(self, ms: int) -> None:
        """In real time: frames, one every 20 ms."""
        for _ in range(ms // 20):
            self.brain.hear(FRAME)
            await asyncio.sleep(0.02)

    async def say(self, ms: int = 1000, *, pause_ms: int = 100, end_ms: int = 500) -> None:
        """An utterance from its onset to the decision that it is over."""
        self.brain.began(FRAME * 15)
        await self.speak(ms)
        await self.pause(pause_ms, end_ms)

    async def pause(self, pause_ms: int = 100, end_ms: int = 500, *, speech_ms: int = 1000) -> None:
        await self.speak(pause_ms)
        self.brain.paused(pause_ms)
        await self.speak(end_ms - pause_ms)
        self.end(end_ms, speech_ms)

    def end(self, silence_ms: int = 500, speech_ms: int = 1000) -> None:
        now = self.clock.monotonic()
        self.book.asked(Asked(now - silence_ms / 1000, now, speech_ms))
        self.brain.ended(speech_ms)

    def press(self, digits: str) -> None:
        now = self.clock.monotonic()
        self.book.asked(Asked(now, now, digits=digits))
        self.brain.keys(digits)

    def silent(self) -> None:
        now = self.clock.monotonic()
        self.book.asked(Asked(now, now))
        self.brain.nobody_spoke()

    def hears_all(self, reply_id: str) -> None:
        audio_ms = self.audio_ms(reply_id)
        self.book.played(reply_id, audio_ms, audio_ms, interrupted=False)
        self.brain.heard(reply_id, audio_ms)

    def interrupts(self, reply_id: str, heard_ms: int) -> None:
        self.book.played(reply_id, heard_ms, self.audio_ms(reply_id), interrupted=True)
        reply = self.book.reply(reply_id)
        self.brain.interrupted(reply_id, heard_ms, reply.record.said_heard or "" if reply else "")

    # -- what came back -------------------------------------------------------------------------------------

    def of(self, kind: type[E]) -> list[E]:
        return [event for _, event in self.events if isinstance(event, kind)]

    def said(self, reply_id: str) -> str:
        return "".join(event.text for event in self.of(ReplySaid) if event.reply_id == reply_id)

    def audio_ms(self, reply_id: str) -> int:
        found = (event.samples for event in self.of(ReplyAudio) if event.reply_id == reply_id)
        return sum(map(len, found)) * 500 // RATE_HZ

    @property
    def replies(self) -> list[str]:
        return [event.reply_id for event in self.of(ReplyBegan)]

    @property
    def finished(self) -> list[ReplyFinished]:
        return self.of(ReplyFinished)

    def first_audio_at(self, reply_id: str) -> float:
        return next(
            at for at, event in self.events if isinstance(event, ReplyAudio) and event.reply_id == reply_id
        )

    async def reply(self, number: int = 1) -> ReplyFinished:
        """The end of the reply with this number, waited for."""
        for _ in range(2000):
            if len(self.finished) >= number:
                return self.finished[number - 1]
            await asyncio.sleep(0.02)
        raise AssertionError(f"no reply {number}: {[event for _, event in self.events]}")


def down(name: str = "scripted") -> ProviderError:
    return ProviderUnavailable("It is down.", provider=name)
