"""Every speech-to-speech adapter brought to one shape: a fake of the vendor, the brain, a caller who speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from realtime_bridge.providers.brain_limits import BrainLimits
from realtime_bridge.providers.realtime_brains import brain_of
from realtime_bridge.providers.seam import BrainEvent, ReplyAudio, ReplySaid
from realtime_bridge.providers.speech_to_speech import SpeechToSpeech
from realtime_bridge.providers.vendor import Briefing
from tests.fakes import elevenlabs_server, gemini_server, openai_realtime_server
from tests.fakes.elevenlabs_server import fake_elevenlabs
from tests.fakes.gemini_server import fake_gemini
from tests.fakes.openai_realtime_server import fake_openai_realtime
from tests.fakes.tones import tone
from tests.fakes.websocket_vendor import FakeVendor, Talk, until
from voice_ai_service.clock import SystemClock
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings, StageTimeouts
from voice_ai_service.providers.llm.seam import ToolSpec
from voice_ai_service.providers.realtime.elevenlabs import ElevenLabsAgentSettings
from voice_ai_service.providers.realtime.gemini import GeminiLiveSettings
from voice_ai_service.providers.realtime.openai import CompatibleRealtimeSettings
from voice_ai_service.providers.realtime.seam import RealtimeAccess

LOOPBACK = ProviderContext(allowed_networks=(ip_network("127.0.0.0/8"),), clock=SystemClock())
PATIENT = StageTimeouts(connect_s=2, first_byte_s=4, stall_s=4)
HASTY = StageTimeouts(connect_s=1, first_byte_s=0.4, stall_s=0.4)
QUICK = BrainLimits(tick_s=0.02, again_within_s=2.0)
CALLER_HZ = 440.0
TOOL = ToolSpec(
    "transfer_call",
    "Put the caller through.",
    {"type": "object", "properties": {"destination": {"type": "string"}}, "required": ["destination"]},
)
INSTRUCTIONS = "You are Clara of the dentist's."


def briefing(rate_hz: int = 8000, **more: Any) -> Briefing:
    return Briefing(**{"instructions": INSTRUCTIONS, "tools": (TOOL,), "sample_rate_hz": rate_hz, **more})


@dataclass
class Counts:
    """`BrainObserver`."""

    oddities: dict[str, int] = field(default_factory=dict)
    connections: list[str] = field(default_factory=list)

    def on_oddity(self, provider: str, name: str, count: int = 1) -> None:
        self.oddities[name] = self.oddities.get(name, 0) + count

    def on_connection(self, provider: str, reason: str) -> None:
        self.connections.append(reason)


class Session:
    """What a call does with a brain: frames in, events out."""

    def __init__(self, brain: SpeechToSpeech, rate_hz: int, counts: Counts) -> None:
        self.brain = brain
        self.rate_hz = rate_hz
        self.counts = counts
        self.events: list[BrainEvent] = []

    async def read(self) -> None:
        async for event in self.brain.events():
            self.events.append(event)

    async def until(self, holds: Callable[[], bool], within_s: float = 5.0) -> None:
        await until(holds, within_s)

    async def next(self, kind: type, count: int = 1) -> Any:
        """The `count`th event of a kind, once it is there."""
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def audio(self, reply_id: str) -> bytes:
        return b"".join(one.samples for one in self.of(ReplyAudio) if one.reply_id == reply_id)

    def text(self, reply_id: str) -> str:
        return "".join(one.text for one in self.of(ReplySaid) if one.reply_id == reply_id).strip()

    def frames(self, samples: bytes) -> list[bytes]:
        size = 2 * self.rate_hz // 50
        return [samples[at : at + size] for at in range(0, len(samples), size)]

    def silence(self, ms: int = 300) -> None:
        for frame in self.frames(bytes(2 * self.rate_hz * ms // 1000)):
            self.brain.hear(frame)

    def begin(self, ms: int = 300) -> None:
        """The caller begins to speak, and the ear notices after 60 ms."""
        frames = self.frames(tone(ms, self.rate_hz, CALLER_HZ))
        for number, frame in enumerate(frames):
            self.brain.hear(frame)
            if number == 2:
                self.brain.began(b"".join(frames[:3]))

    def end(self, ms: int = 300) -> None:
        self.silence(ms)
        self.brain.ended(ms)

    def speak(self, ms: int = 600) -> None:
        """A whole utterance, with the silence that ends it for whoever owns the turns."""
        self.begin(ms)
        self.end()


@dataclass(frozen=True)
class BrainWire:
    """
    Attributes:
        settings: From the fake's address and the time-outs.
        ours: The secretary's ear owns the turns.
        resumes: The vendor keeps the conversation over connections.
    """

    name: str
    provider: str
    key: str
    fake: Callable[..., AbstractAsyncContextManager[Any]]
    settings: Callable[..., ProviderSettings]
    rate_hz: int = 8000
    ours: bool = True
    resumes: bool = False
    fake_options: dict[str, Any] = field(default_factory=dict)

    @asynccontextmanager
    async def vendor(self, **more: Any) -> AsyncIterator[Any]:
        async with self.fake(**{**self.fake_options, **more}) as fake:
            yield fake

    def brain(
        self,
        base_url: str,
        *,
        key: str | None = None,
        timeouts: StageTimeouts = PATIENT,
        context: ProviderContext = LOOPBACK,
        limits: BrainLimits = QUICK,
        counts: Counts | None = None,
        told: Briefing | None = None,
        **settings: Any,
    ) -> SpeechToSpeech:
        wanted = self.settings(base_url=base_url, timeouts=timeouts, **settings)
        access = RealtimeAccess(self.provider, wanted, key or self.key, context)
        return brain_of(access, told or briefing(self.rate_hz), observer=counts, limits=limits)

    @asynccontextmanager
    async def call(
        self, *, vendor: dict[str, Any] | None = None, **more: Any
    ) -> AsyncIterator[tuple[Any, Session]]:
        """A vendor and an open brain; everything is closed, and nothing is left running."""
        before = asyncio.all_tasks()
        async with self.vendor(**(vendor or {})) as fake:
            counts = Counts()
            brain = self.brain(fake.base_url, counts=counts, **more)
            await brain.open()
            session = Session(brain, self.rate_hz, counts)
            reading = asyncio.create_task(session.read(), name="the session")
            try:
                yield fake, session
            finally:
                await brain.close()
                async with asyncio.timeout(5):
                    await reading
        assert not {task.get_name() for task in asyncio.all_tasks() - before if "brain" in task.get_name()}


def _openai(**more: Any) -> CompatibleRealtimeSettings:
    base: dict[str, Any] = {
        "model": openai_realtime_server.MODEL,
        "voice": "marin",
        "transcription_model": "gpt-transcribe",
    }
    return CompatibleRealtimeSettings(**{**base, **more})


def _openai_vad(**more: Any) -> CompatibleRealtimeSettings:
    return _openai(turn_detection="server_vad", **more)


def _elevenlabs(**more: Any) -> ElevenLabsAgentSettings:
    return ElevenLabsAgentSettings(**{"agent_id": elevenlabs_server.AGENT, "quiet_ms": 200, **more})


def _gemini(**more: Any) -> GeminiLiveSettings:
    return GeminiLiveSettings(**more)


def _gemini_automatic(**more: Any) -> GeminiLiveSettings:
    return GeminiLiveSettings(turn_detection="automatic", **more)


OPENAI = BrainWire("openai", "openai_compatible", openai_realtime_server.KEY, fake_openai_realtime, _openai)
OPENAI_WIDE = BrainWire(
    "openai 16 kHz", "openai_compatible", openai_realtime_server.KEY, fake_openai_realtime, _openai, 16000
)
ELEVENLABS = BrainWire(
    "elevenlabs", "elevenlabs", elevenlabs_server.KEY, fake_elevenlabs, _elevenlabs, ours=False
)
ELEVENLABS_WIDE = BrainWire(
    "elevenlabs 44.1 kHz", "elevenlabs", elevenlabs_server.KEY, fake_elevenlabs, _elevenlabs, 16000, ours=False,
    fake_options={"formats": ("pcm_16000", "pcm_44100"), "announces_end": False},
)  # fmt: skip
GEMINI = BrainWire("gemini", "gemini", gemini_server.KEY, fake_gemini, _gemini, resumes=True)
GEMINI_AUTOMATIC = BrainWire(
    "gemini automatic", "gemini", gemini_server.KEY, fake_gemini, _gemini_automatic, 16000, ours=False,
    resumes=True,
)  # fmt: skip

WIRES = (OPENAI, OPENAI_WIDE, ELEVENLABS, ELEVENLABS_WIDE, GEMINI, GEMINI_AUTOMATIC)
VENDORS = (OPENAI, ELEVENLABS, GEMINI)


def told_in_words(fake: FakeVendor, talk: Talk) -> str:
    """Everything that a connection was told, as one text."""
    return " ".join(str(message) for message in talk.received)
