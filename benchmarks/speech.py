"""What the callers say: sentences spoken by the local voice, cut to length, through a telephone line."""

from __future__ import annotations

import base64
from contextlib import aclosing
from typing import Final

import numpy as np

from benchmarks.figures import BenchmarkError
from voice_ai_service.audio.formats import PHONE_RATE_HZ, Encoding, PcmAudio
from voice_ai_service.audio.g711 import encode
from voice_ai_service.audio.trim import speech_span
from voice_ai_service.providers.tts.embedded import EmbeddedTts
from voice_ai_service.simulated_caller.caller import over_the_phone

UTTERANCE_MS: Final = 2000
_SENTENCES: Final = (
    "bom dia, vocês aceitam o meu convênio",
    "qual seria o melhor dia para uma consulta",
    "preciso levar algum exame anterior",
    "tem estacionamento perto da clínica",
)
_LEAD_MS: Final = 150
_NOISE_DBFS: Final = -58.0


async def utterances() -> tuple[str, ...]:
    """Base64 of PCMU, two seconds each. Raises BenchmarkError where the service would hear no speech in one."""
    async with aclosing(EmbeddedTts()) as voice:
        spoken = [over_the_phone(await voice.speak(text, "pt-BR")) for text in _SENTENCES]
    return tuple(base64.b64encode(_on_the_line(audio)).decode() for audio in spoken)


def _on_the_line(audio: PcmAudio) -> bytes:
    samples = np.zeros(PHONE_RATE_HZ * UTTERANCE_MS // 1000)
    at = PHONE_RATE_HZ * _LEAD_MS // 1000
    voice = np.frombuffer(audio.samples, dtype="<i2")[: len(samples) - at]
    samples[at : at + len(voice)] = voice
    noise = np.random.default_rng(1).normal(0.0, 32768 * 10 ** (_NOISE_DBFS / 20), len(samples))
    line = PcmAudio(np.clip(samples + noise, -32768, 32767).astype("<i2").tobytes(), PHONE_RATE_HZ)
    if speech_span(line) is None:
        raise BenchmarkError("the service's voice detection hears nothing in an utterance")
    return encode(line.samples, Encoding.PCMU)
