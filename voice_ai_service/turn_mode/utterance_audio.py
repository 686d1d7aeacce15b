"""The caller's audio as it reached us, made into speech or into nothing."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from voice_ai_service.audio.decode import Declared, decode_upload
from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.trim import speech_span
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import InvalidInput
from voice_ai_service.turn_mode.wire import UtteranceAudio

_INLINE_DECODE_BYTES: Final = 200_000
"""Above this, decoding and voice detection leave the event loop; below, a thread costs more than it saves."""


class CallFolder(Protocol):
    async def read(self, domain_uuid: UUID, call_uuid: UUID, name: str, max_bytes: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Utterance:
    """
    Attributes:
        audio: The speech, without the silence around it; empty when nobody spoke.
        received_ms: Length of what came, silence included.
    """

    audio: PcmAudio
    received_ms: int

    @property
    def has_speech(self) -> bool:
        return bool(self.audio.samples)


@dataclass(frozen=True, slots=True)
class UtteranceReader:
    folder: CallFolder
    max_bytes: int

    async def read(self, call: CallState, sent: UtteranceAudio, max_ms: int) -> Utterance:
        """Raises InvalidInput, UnsupportedMedia or TooLarge, naming the field under `audio`."""
        content = await self._content(call, sent)
        declared: Declared = _declared(sent)
        return await decode_in_thread(content, declared, sent.sample_rate_hz, max_ms)

    async def _content(self, call: CallState, sent: UtteranceAudio) -> bytes:
        if sent.file is not None:
            return await self.folder.read(call.domain_uuid, call.call_uuid, sent.file, self.max_bytes)
        text = sent.content or ""
        if len(text) <= _INLINE_DECODE_BYTES:
            return _from_base64(text)
        return await asyncio.to_thread(_from_base64, text)


async def decode_in_thread(content: bytes, declared: Declared, sample_rate_hz: int, max_ms: int) -> Utterance:
    """`decode_utterance`, away from the event loop unless the audio is short."""
    if len(content) <= _INLINE_DECODE_BYTES:
        return decode_utterance(content, declared, sample_rate_hz, max_ms)
    return await asyncio.to_thread(decode_utterance, content, declared, sample_rate_hz, max_ms)


def decode_utterance(content: bytes, declared: Declared, sample_rate_hz: int, max_ms: int) -> Utterance:
    """Decodes, finds the speech and cuts the rest away. Pure, and CPU work."""
    audio = decode_upload(
        content, declared=declared, sample_rate_hz=sample_rate_hz, max_duration_s=max_ms / 1000
    )
    span = speech_span(audio)
    if span is None:
        return Utterance(PcmAudio(b"", audio.sample_rate_hz), audio.duration_ms)
    start_ms, end_ms = span
    per_ms = audio.sample_rate_hz * 2 // 1000
    samples = audio.samples[start_ms * per_ms : end_ms * per_ms]
    return Utterance(PcmAudio(samples, audio.sample_rate_hz), audio.duration_ms)


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error, and what is not even ASCII
        raise InvalidInput(
            "The audio is not base64", field="audio.content", fix="Encode the file with standard base64"
        ) from error


def _declared(sent: UtteranceAudio) -> Declared:
    if sent.file is not None:
        return "WAV" if sent.file.endswith(".wav") else Encoding.L16
    return "WAV" if sent.encoding == "WAV" else Encoding(sent.encoding)
