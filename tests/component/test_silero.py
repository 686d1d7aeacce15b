"""Silero on the real model, where a wheel with its file is installed."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from realtime_bridge.turn import silero
from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.events import EarEvent, Ended, Onset, Pause
from realtime_bridge.turn.silero import SileroDetector
from tests.fakes.signals import from_l16, joined, noise, silence, to_l16, voiced
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.vad import SpeechDetector, VadSettings
from voice_ai_service.calls.secretary import TurnTaking, VoiceDetector
from voice_ai_service.providers.tts import embedded
from voice_ai_service.providers.tts.embedded import EmbeddedTts

MODEL = silero.load()
needs_model = pytest.mark.skipif(MODEL is None, reason="no wheel with Silero's file, or no onnxruntime")


def heard(ear: Ear, audio: PcmAudio) -> list[EarEvent]:
    size = audio.sample_rate_hz // 25
    hiss = noise(audio.duration_ms, audio.sample_rate_hz, dbfs=-60)
    line = to_l16(from_l16(audio.samples)[: len(hiss.samples) // 2] + from_l16(hiss.samples))
    return [
        event for at in range(0, len(line) - size + 1, size) for event in ear.hear(line[at : at + size], None)
    ]


@needs_model
@pytest.mark.skipif(embedded.available() is not None, reason="the local voice is not installed")
@pytest.mark.parametrize("rate_hz", [8000, 16000])
async def test_the_ear_hears_with_it(rate_hz: int) -> None:
    async with aclosing(EmbeddedTts()) as voice:
        sentence = await voice.speak("Bom dia, eu queria marcar uma consulta.", "pt-BR", rate_hz=rate_hz)
    ear = Ear(TurnTaking(detector=VoiceDetector.SILERO), rate_hz)
    events = heard(ear, joined(silence(1000, rate_hz), sentence, silence(1500, rate_hz)))
    assert isinstance(events[0], Onset)
    assert isinstance(events[-1], Ended)
    assert abs(events[0].at_ms - 1000) <= 120
    assert -500 <= events[-1].speech_end_ms - 1000 - sentence.duration_ms <= 60
    assert any(isinstance(event, Pause) for event in events)


@needs_model
def test_no_sample_is_lost_or_seen_twice() -> None:
    assert MODEL is not None
    seen: list[bytes] = []

    class Spy(silero.SileroModel):
        def __init__(self) -> None:
            self.blank = []

        def probability(
            self, samples: silero.Floats, states: list[silero.Floats]
        ) -> tuple[float, list[silero.Floats]]:
            seen.append(to_l16(samples[64:] * 32768))
            return 0.0, states

    detector, audio = SileroDetector(Spy(), 16000, VadSettings()), voiced(1000, 16000)
    for at in range(0, len(audio.samples), 640):
        detector.is_speech(audio.samples[at : at + 640], -20)
    together = b"".join(seen)
    assert audio.samples.startswith(together)
    assert len(audio.samples) - len(together) < 2 * 512


@needs_model
def test_white_noise_is_no_speech() -> None:
    assert heard(Ear(TurnTaking(detector=VoiceDetector.SILERO), 8000), noise(6000, 8000, dbfs=-25)) == []


def test_without_a_model_the_ear_hears_all_the_same() -> None:
    assert isinstance(silero.sense(VoiceDetector.WEBRTC, 8000, VadSettings()), SpeechDetector)
    silero.load.cache_clear()
    try:
        assert isinstance(silero.sense(VoiceDetector.SILERO, 8000, VadSettings()), SpeechDetector)
    finally:
        silero.load()
