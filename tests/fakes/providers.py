"""Providers that do what a test's script says. They implement the seams; what is tested is who asks them and
when.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from pydantic import Field

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError, ProviderUnavailable, Unavailable
from voice_ai_service.providers.breaker import Breaker, BreakerPolicy
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.entry import (
    Closing,
    ProviderContext,
    ProviderEntry,
    ProviderKind,
    ProviderSettings,
    StageTimeouts,
)
from voice_ai_service.providers.factory import ProviderRow
from voice_ai_service.providers.fallback import Link
from voice_ai_service.providers.instances import Instance
from voice_ai_service.providers.llm.seam import (
    ChatCapabilities,
    ChatDone,
    ChatEvent,
    ChatMessage,
    ChatOptions,
    TextDelta,
    ToolSpec,
)
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    SttCapabilities,
    SttEvent,
    SttOptions,
    Transcript,
)
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice


@dataclass
class Script:
    """What a scripted provider does: wait, give pieces, then fail or end.

    Attributes:
        delay_s: Before the first piece.
        between_s: Before every later piece.
        pieces: Given one by one.
        error: Raised after the pieces.
    """

    delay_s: float = 0.0
    between_s: float = 0.0
    pieces: tuple[Any, ...] = ()
    error: BaseException | None = None


class ScriptedProvider:
    """All seams' verbs from one script, with a record of what happened to it."""

    model = "scripted"
    dimension = 2

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.requests = 0
        self.closed = 0
        self.stopped_early = 0
        self.read: list[str] = []

    @property
    def capabilities(self) -> Any:
        return SttCapabilities(True, False, True, None, (8000,))

    async def aclose(self) -> None:
        self.closed += 1

    async def _pieces(self) -> AsyncGenerator[Any, None]:
        self.requests += 1
        whole = False
        try:
            await asyncio.sleep(self.script.delay_s)
            for number, piece in enumerate(self.script.pieces):
                if number:
                    await asyncio.sleep(self.script.between_s)
                yield piece
            if self.script.error is not None:
                raise self.script.error
            whole = True
        finally:
            self.stopped_early += not whole and self.script.error is None

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        async for text in self._pieces():
            return Transcript(text, options.languages[0])
        raise AssertionError("a script for speech to text needs a piece or an error")

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncIterator[ScriptedStt]:
        if self.script.error is not None and not self.script.pieces:
            self.requests += 1
            raise self.script.error
        yield ScriptedStt(self)

    async def embed(self, texts: Sequence[str], purpose: Purpose = Purpose.PASSAGE) -> list[list[float]]:
        async for vectors in self._pieces():
            return list(vectors)
        raise AssertionError("a script for embeddings needs a piece or an error")


class ScriptedStt:
    def __init__(self, provider: ScriptedProvider) -> None:
        self._provider = provider
        self.pushed: list[bytes] = []

    async def push(self, samples: bytes) -> None:
        self.pushed.append(samples)

    async def finish(self) -> None:
        return None

    async def events(self) -> AsyncIterator[SttEvent]:
        async for text in self._provider._pieces():
            yield FinalTranscript(Transcript(text, "en"))


class ScriptedTts(ScriptedProvider):
    """Reads every text, then gives its pieces; `eager` gives one piece a text as it comes."""

    def __init__(self, script: Script | None = None, *, eager: bool = False) -> None:
        super().__init__(script)
        self._eager = eager

    @property
    def capabilities(self) -> TtsCapabilities:
        return TtsCapabilities(True, None, (8000,))

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncIterator[bytes]:  # type: ignore[override]
        async with aclosing(self._pieces()) as pieces:
            async for text in texts:
                self.read.append(text)
                if self._eager:
                    yield await anext(pieces)
            async for piece in pieces:
                yield piece

    async def voices(self) -> tuple[Voice, ...]:
        return ()


class ScriptedChat(ScriptedProvider):
    @property
    def capabilities(self) -> ChatCapabilities:
        return ChatCapabilities()

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncIterator[ChatEvent]:
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                yield piece


def said(*texts: str) -> Script:
    return Script(pieces=(*(TextDelta(text) for text in texts), ChatDone("stop")))


def down(name: str = "scripted") -> ProviderError:
    return ProviderUnavailable("It is down.", provider=name)


def link_to(
    provider: Any,
    clock: Clock,
    name: str = "first",
    *,
    timeouts: StageTimeouts | None = None,
    model: str | None = None,
) -> Link[Any]:
    """A link whose instance is that very object."""

    async def build() -> Any:
        return provider

    return Link(
        name,
        model,
        Instance(name, build),
        Breaker(clock, BreakerPolicy()),
        timeouts or StageTimeouts(),
    )


@dataclass
class Watching:
    """Remembers what the chains reported."""

    results: list[tuple[str, str, str]] = field(default_factory=list)

    def on_result(self, kind: str, name: str, outcome: str, seconds: float) -> None:
        self.results.append((kind, name, outcome))


class ScriptedSettings(ProviderSettings):
    model: str = "one"
    level: int = Field(1, ge=1, le=9)
    base_url: str | None = None


class Workshop:
    """A `build` that counts what it made."""

    def __init__(self, make: Callable[[], Any] = ScriptedProvider) -> None:
        self.built: list[Any] = []
        self.secrets: list[str | None] = []
        self.load_s = 0.0
        self.failure: Exception | None = None
        self._make = make

    async def __call__(self, context: ProviderContext, settings: Any, secret: str | None) -> Closing:
        await asyncio.sleep(self.load_s)
        if self.failure is not None:
            raise self.failure
        self.secrets.append(secret)
        self.built.append(self._make())
        made: Closing = self.built[-1]
        return made


def entry(
    build: Callable[[ProviderContext, Any, str | None], Awaitable[Closing]],
    name: str = "scripted",
    kind: ProviderKind = ProviderKind.STT,
    **more: Any,
) -> ProviderEntry:
    return ProviderEntry(kind, name, ScriptedSettings, build, **more)


def row(name: str = "scripted", settings: Mapping[str, Any] | None = None, **more: Any) -> ProviderRow:
    return ProviderRow(more.pop("provider_uuid", None) or uuid4(), name, name.title(), settings or {}, **more)


class RowsInMemory:
    """`ProviderRows` over a dict; `down` makes the database not answer."""

    def __init__(self) -> None:
        self.rows: dict[tuple[UUID, ProviderKind], list[ProviderRow]] = {}
        self.reads = 0
        self.down = False

    async def rows_of(self, domain_uuid: UUID) -> Mapping[ProviderKind, Sequence[ProviderRow]]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable("The database does not answer.")
        return {kind: tuple(rows) for (domain, kind), rows in self.rows.items() if domain == domain_uuid}


class PlainSealer:
    """Opens `sealed:…`; anything else was sealed with a key that is lost."""

    def open(self, sealed: str) -> str:
        if not sealed.startswith("sealed:"):
            raise Unavailable("The secret cannot be opened.")
        return sealed.removeprefix("sealed:")
