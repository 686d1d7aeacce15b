"""Voices behind an HTTP request a sentence. What a vendor's requests and answers look like is its dialect's."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.audio.wav import WavError, read_wav
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.net.http1 import Answer
from voice_ai_service.providers.tts.samples import WholeSamples, refuse_what_is_no_pcm
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.sentences import PieceLengths, speak_by_sentence
from voice_ai_service.providers.tts.voice_choice import native_rate_hz
from voice_ai_service.providers.vendor_wire import VendorWire

Sound = tuple[int, bytes]
"""Rate in Hz, and mono L16."""
Decode = Callable[[VendorWire, Answer, int], AsyncGenerator[Sound, None]]
"""Makes sound of an answer; the number is the rate that was asked for."""
_MAX_FILE_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """POST. `path` stands behind the wire's address, with the query."""

    path: str
    body: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, path: str, asked: Mapping[str, Any]) -> SpeechRequest:
        return cls(path, json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode())


class Dialect(Protocol):
    """One vendor's, configured. Pure."""

    @property
    def capabilities(self) -> TtsCapabilities: ...

    @property
    def decode(self) -> Decode: ...

    def request(self, text: str, options: TtsOptions, rate_hz: int) -> SpeechRequest:
        """Raises ProviderRefused for what the vendor cannot do."""
        ...

    def voices(self) -> tuple[Voice, ...]: ...


class HttpVoice:
    """See `seam.TextToSpeech`."""

    def __init__(self, wire: VendorWire, dialect: Dialect, *, lengths: PieceLengths | None = None) -> None:
        self._wire = wire
        self._dialect = dialect
        self._lengths = lengths

    @property
    def capabilities(self) -> TtsCapabilities:
        return self._dialect.capabilities

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncGenerator[bytes, None]:
        """See the seam: one request a sentence, each given on as it comes."""
        resampler: StreamResampler | None = None
        spoken = speak_by_sentence(texts, lambda piece: self.speak(piece, options), self._lengths)
        try:
            async with aclosing(spoken) as sounds:
                async for rate_hz, samples in sounds:
                    if resampler is None or resampler.in_hz != rate_hz:
                        resampler = StreamResampler(rate_hz, options.sample_rate_hz)
                    yield resampler.process(samples)
        except ProviderRefused as error:
            if error.field == "settings.voice" and options.voice is not None:
                error.field = "voice"  # the one that was asked for, not the row's own
            raise

    async def speak(self, text: str, options: TtsOptions) -> AsyncGenerator[Sound, None]:
        """One piece. Raises ProviderError."""
        wire = self._wire
        rate_hz = native_rate_hz(self.capabilities.sample_rates_hz, options.sample_rate_hz)
        asked = self._dialect.request(text, options, rate_hz)
        read_s = max(options.first_byte_timeout_s, wire.timeouts.stall_s)
        answer = await wire.post_bytes(
            asked.path, asked.kind, asked.body, read_s=read_s, headers=asked.headers
        )
        async with aclosing(self._dialect.decode(wire, answer, rate_hz)) as sounds:
            async for sound in sounds:
                yield sound

    async def voices(self) -> tuple[Voice, ...]:
        """Those that the row names; a vendor has more."""
        return self._dialect.voices()

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._wire.aclose()


async def plain_samples(wire: VendorWire, answer: Answer, rate_hz: int) -> AsyncGenerator[Sound, None]:
    """The body is mono L16 at the rate that was asked for."""
    samples = WholeSamples()
    async with aclosing(wire.pieces(answer)) as pieces:
        refuse_what_is_no_pcm(answer.headers, wire.errors)
        async for piece in pieces:
            samples.check_start(piece, wire.errors)
            if whole := samples.take(piece):
                yield rate_hz, whole


async def wav_file(wire: VendorWire, answer: Answer, _rate_hz: int) -> AsyncGenerator[Sound, None]:
    """The body is a WAV file; it says its rate itself."""
    try:
        with wire.errors.mapped():
            content = await answer.body(_MAX_FILE_BYTES)
    finally:
        answer.hang_up()
    yield _of_wav(wire, content)


async def wav_in_json(wire: VendorWire, answer: Answer, _rate_hz: int) -> AsyncGenerator[Sound, None]:
    """`{"audioContent": <base64 of a WAV file>}`."""
    said = await wire.json(answer)
    encoded = said.get("audioContent") if isinstance(said, dict) else None
    if not isinstance(encoded, str):
        raise wire.errors.protocol("It sent no audio.")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise wire.errors.protocol("Its audio is not base64.", error) from error
    yield _of_wav(wire, content)


def _of_wav(wire: VendorWire, content: bytes) -> Sound:
    try:
        audio = read_wav(content)
    except WavError as error:
        raise wire.errors.protocol("It sent something that is no WAV file.", error) from error
    return audio.sample_rate_hz, audio.samples
