"""Every recogniser over a vendor's wire in one shape: a fake of the vendor, and the adapter that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.contract.providers.wires import LOOPBACK, PATIENT
from tests.fakes import (
    assemblyai_server,
    azure_recogniser_server,
    deepgram_server,
    gladia_server,
    google_recogniser_server,
    scribe_server,
    transcribe_server,
    vosk_ws_server,
)
from tests.fakes.http_server import Answer, Received, serving
from tests.fakes.recogniser_vendor import Manners
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.providers.entry import ProviderContext, StageTimeouts
from voice_ai_service.providers.stt import (
    assemblyai,
    aws_transcribe,
    azure,
    deepgram,
    gladia,
    google,
    scribe,
    vosk_server,
)
from voice_ai_service.providers.stt.live_stt import LiveStt
from voice_ai_service.providers.stt.seam import Phrase, SttEvent, SttOptions

OPTIONS = SttOptions(
    ("pt-BR", "en-US"), (Phrase("segunda via do boleto", "pt-BR"), Phrase("Ana Lima", "pt-BR"))
)
SAID = "Quero pagar minha conta."


@dataclass(frozen=True)
class LiveWire:
    """
    Attributes:
        name: The registry's.
        nonsense: Messages that its contract does not allow.
        partials: It gives results before the end.
        settings: What a row must say besides.
    """

    name: str
    key: str
    fake: Callable[[Manners | None], AbstractAsyncContextManager[Any]]
    build: Callable[..., Awaitable[LiveStt]]
    model: Callable[..., Any]
    settings: dict[str, Any] = field(default_factory=dict)
    nonsense: tuple[str | bytes, ...] = ("no json", "[1, 2]", "{}", b"\xff\xfe")
    partials: bool = True

    @asynccontextmanager
    async def open(
        self,
        manners: Manners | None = None,
        *,
        key: str | None = None,
        timeouts: StageTimeouts = PATIENT,
        context: ProviderContext = LOOPBACK,
        base_url: str | None = None,
        **more: Any,
    ) -> AsyncIterator[tuple[Any, LiveStt]]:
        """The fake, and an adapter that talks to it."""
        async with self.fake(manners) as server:
            chosen = {"base_url": base_url or server.base_url, "timeouts": timeouts, **self.settings, **more}
            async with aclosing(await self.build(context, self.model(**chosen), key or self.key)) as provider:
                yield server, provider


@dataclass(frozen=True)
class WholeWire:
    """A request for a whole utterance. `answer`: the vendor's, for a text; `error`: its way to refuse."""

    name: str
    key: str
    answer: Callable[[Received, str], Answer]
    error: Callable[..., Answer]
    build: Callable[..., Awaitable[Any]]
    model: Callable[..., Any]
    settings: dict[str, Any] = field(default_factory=dict)

    @asynccontextmanager
    async def open(
        self,
        fault: Callable[[Answer], Answer] = lambda answer: answer,
        *,
        key: str | None = None,
        timeouts: StageTimeouts = PATIENT,
        context: ProviderContext = LOOPBACK,
        **more: Any,
    ) -> AsyncIterator[tuple[list[Received], Any]]:
        requests: list[Received] = []

        async def respond(request: Received) -> Answer:
            requests.append(request)
            return fault(self.answer(request, SAID))

        async with serving(respond) as address:
            chosen = {"base_url": address, "timeouts": timeouts, **self.settings, **more}
            async with aclosing(await self.build(context, self.model(**chosen), key or self.key)) as provider:
                yield requests, provider


async def utter(
    provider: LiveStt, audio: PcmAudio, options: SttOptions = OPTIONS, *, piece_ms: int = 20
) -> list[SttEvent]:
    """Everything that comes of one utterance, pushed as a telephone would."""
    async with provider.stream(audio.sample_rate_hz, options) as stream:
        size = 2 * audio.sample_rate_hz * piece_ms // 1000
        for at in range(0, len(audio.samples), size):
            await stream.push(audio.samples[at : at + size])
        await stream.finish()
        return [event async for event in stream.events()]


DEEPGRAM = LiveWire(
    "deepgram", deepgram_server.KEY, deepgram_server.fake_deepgram, deepgram.build, deepgram.DeepgramSettings
)
DEEPGRAM_WHOLE = WholeWire(
    "deepgram",
    deepgram_server.KEY,
    deepgram_server.listened,
    deepgram_server.error,
    deepgram.build,
    deepgram.DeepgramSettings,
)

ASSEMBLYAI = LiveWire(
    "assemblyai",
    assemblyai_server.KEY,
    assemblyai_server.fake_assemblyai,
    assemblyai.build,
    assemblyai.AssemblyAiSettings,
)
ASSEMBLYAI_WHOLE = WholeWire(
    "assemblyai",
    assemblyai_server.KEY,
    assemblyai_server.transcribed,
    assemblyai_server.error,
    assemblyai.build,
    assemblyai.AssemblyAiSettings,
)
SCRIBE = LiveWire(
    "elevenlabs", scribe_server.KEY, scribe_server.fake_scribe, scribe.build, scribe.ScribeSettings
)
SCRIBE_WHOLE = WholeWire(
    "elevenlabs",
    scribe_server.KEY,
    scribe_server.converted,
    scribe_server.error,
    scribe.build,
    scribe.ScribeSettings,
)
GLADIA = LiveWire("gladia", gladia_server.KEY, gladia_server.fake_gladia, gladia.build, gladia.GladiaSettings)

AZURE = LiveWire(
    "azure",
    azure_recogniser_server.KEY,
    azure_recogniser_server.fake_azure,
    azure.build,
    azure.AzureSttSettings,
    nonsense=(
        "no json",
        "[1, 2]",
        "Path:speech.phrase\r\n\r\nno json",
        "Path:speech.phrase\r\n\r\n{}",
        b"\xff\xfe",
    ),
)
AZURE_WHOLE = WholeWire(
    "azure",
    azure_recogniser_server.KEY,
    azure_recogniser_server.recognised,
    azure_recogniser_server.error,
    azure.build,
    azure.AzureSttSettings,
)
GOOGLE_WHOLE = WholeWire(
    "google",
    google_recogniser_server.KEY,
    google_recogniser_server.recognised,
    google_recogniser_server.error,
    google.build,
    google.GoogleSttSettings,
    {"project": "secretary-1"},
)
TRANSCRIBE = LiveWire(
    "transcribe",
    transcribe_server.KEY,
    transcribe_server.fake_transcribe,
    aws_transcribe.build,
    aws_transcribe.TranscribeSettings,
    nonsense=(
        "no json",
        b"\xff\xfe",
        b"",
        transcribe_server.message(b"no json"),
        transcribe_server.message(b"{}"),
    ),
)
VOSK = LiveWire(
    "vosk_server",
    "",
    vosk_ws_server.fake_vosk,
    vosk_server.build,
    vosk_server.VoskServerSettings,
    {"language": "pt-BR"},
)

LIVE = (DEEPGRAM, ASSEMBLYAI, SCRIBE, GLADIA, AZURE, TRANSCRIBE, VOSK)
WHOLE = (DEEPGRAM_WHOLE, ASSEMBLYAI_WHOLE, SCRIBE_WHOLE, AZURE_WHOLE, GOOGLE_WHOLE)
