"""A call that nobody here can take: the caller hears a sentence all the same, and not silence."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from voice_ai_service.audio.formats import PHONE_RATE_HZ, Encoding, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.calls.secretary import LANGUAGES
from voice_ai_service.dialogue.phrases import texts
from voice_ai_service.errors import ProviderError
from voice_ai_service.tenancy.tenant import PBX_REACH
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.reply_audio import INLINE_LIMIT_BYTES
from voice_ai_service.turn_mode.wire import ActionAnswer, AudioAnswer, RefusedCall

log = structlog.get_logger()

_PAUSE: Final = bytes(2 * PHONE_RATE_HZ * 300 // 1000)


@dataclass(frozen=True, slots=True)
class Refuse:
    """In every language that is spoken here: nobody knows which one the caller understands."""

    parts: TurnModeParts

    async def __call__(self, domain_uuid: UUID | None) -> RefusedCall:
        """
        Args:
            domain_uuid: Whose voice says it; None: there is no such domain, and the embedded voice does.
        """
        said = [texts(language).refused for language in LANGUAGES]
        spoken: list[PcmAudio] = []
        try:
            for text, language in zip(said, LANGUAGES, strict=True):
                sentence = await self.parts.speech.sentence(domain_uuid or PBX_REACH, text, language)
                spoken.append(sentence.audio)
        except ProviderError as error:
            log.error("refusal not spoken", code=error.code, provider=error.provider)
        self.parts.metrics.calls_started.labels("turn", "refused").inc()
        return RefusedCall(
            said=" ".join(said),
            audio=_inline(spoken),
            action=ActionAnswer(type="hangup", reason="refused"),
        )


def _inline(spoken: Sequence[PcmAudio]) -> AudioAnswer | None:
    """As many of the sentences as fit into one answer: no call lives from which the rest could be fetched."""
    for count in range(len(spoken), 0, -1):
        audio = PcmAudio(_PAUSE.join(one.samples for one in spoken[:count]), PHONE_RATE_HZ)
        wav = write_wav(audio, Encoding.PCMU)
        if len(wav) <= INLINE_LIMIT_BYTES:
            return AudioAnswer(
                ref="refused",
                sample_rate_hz=PHONE_RATE_HZ,
                duration_ms=audio.duration_ms,
                bytes=len(wav),
                content=base64.b64encode(wav).decode(),
            )
    return None
