"""Replies as files: inside the call's folder, inline in the answer, or fetched in pieces."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from voice_ai_service.audio.formats import PHONE_RATE_HZ, Encoding, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import NotFound
from voice_ai_service.turn_mode.wire import AudioAnswer, AudioPiece

INLINE_LIMIT_BYTES: Final = 40_000
"""mod_curl cuts an answer at 64,000 bytes; this leaves room for base64 and the other fields."""
_FETCH_TTL_S: Final = 180


class Cache(Protocol):
    async def get(self, key: str) -> bytes | None: ...

    async def set(self, key: str, value: bytes, ttl_s: float) -> None: ...


class CallFolder(Protocol):
    """The call's own folder, which makes the names and refuses any other."""

    async def write(self, domain_uuid: UUID, call_uuid: UUID, name: str, content: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class ReplyAudio:
    """Hands a spoken reply to the PBX in the way that the call asked for."""

    cache: Cache
    folder: CallFolder

    async def hand_over(
        self, call: CallState, ref: str, audio: PcmAudio, *, inline_bytes: int = INLINE_LIMIT_BYTES
    ) -> AudioAnswer | None:
        """Returns None for silence: there is nothing to play.

        Args:
            inline_bytes: What the answer has room for; a larger file is fetched in pieces.

        A shared folder that cannot be written (disk full) falls back to inline, so that the caller still hears it.
        """
        if not audio.samples:
            return None
        wav = write_wav(audio, Encoding.PCMU)
        answer = AudioAnswer(
            ref=ref, sample_rate_hz=PHONE_RATE_HZ, duration_ms=audio.duration_ms, bytes=len(wav)
        )
        written = call.shared_audio and await self.folder.write(
            call.domain_uuid, call.call_uuid, f"{ref}.wav", wav
        )
        if written:
            answer.file = f"{ref}.wav"
            return answer
        if len(wav) <= inline_bytes:
            answer.content = base64.b64encode(wav).decode()
            return answer
        await self.cache.set(_key(call.domain_uuid, call.call_uuid, ref), wav, _FETCH_TTL_S)
        return answer

    async def whole(self, domain_uuid: UUID, call_uuid: UUID, ref: str) -> bytes:
        """The WAV file. Raises NotFound once it was forgotten."""
        wav = await self.cache.get(_key(domain_uuid, call_uuid, ref))
        if wav is None:
            raise NotFound("This reply's audio is not there any more", field="ref")
        return wav

    async def piece(
        self, domain_uuid: UUID, call_uuid: UUID, ref: str, *, offset: int, length: int
    ) -> AudioPiece:
        """At most `length` bytes of the file from `offset`. Raises NotFound as `whole` does."""
        wav = await self.whole(domain_uuid, call_uuid, ref)
        part = wav[offset : offset + min(length, INLINE_LIMIT_BYTES)]
        return AudioPiece(content=base64.b64encode(part).decode(), offset=offset, bytes=len(wav))


def _key(domain_uuid: UUID, call_uuid: UUID, ref: str) -> str:
    # With the domain: another tenant may set up a call under a uuid that it learned.
    return f"reply:{domain_uuid}:{call_uuid}:{ref}"
