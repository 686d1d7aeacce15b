from __future__ import annotations

import pytest

from tests.fakes.signals import from_l16, joined, noise, silence, to_l16, tone, voiced
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.trim import cut, speech_span


def with_hiss(audio: PcmAudio, dbfs: float) -> PcmAudio:
    hiss = noise(audio.duration_ms, audio.sample_rate_hz, dbfs=dbfs)
    mixed = from_l16(audio.samples)[: len(hiss.samples) // 2] + from_l16(hiss.samples)
    return PcmAudio(to_l16(mixed), audio.sample_rate_hz)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050])
@pytest.mark.parametrize("dbfs", [-80, -45, -35])
def test_the_utterance_is_found_in_a_noisy_recording(rate_hz: int, dbfs: float) -> None:
    recording = joined(silence(800, rate_hz), voiced(1200, rate_hz), silence(1500, rate_hz))
    span = speech_span(with_hiss(recording, dbfs))
    assert span is not None
    assert 620 <= span[0] <= 800
    assert 2000 <= span[1] <= 2300


@pytest.mark.parametrize(
    "recording",
    [
        silence(2000, 8000),
        noise(2000, 8000, dbfs=-60),
        noise(2000, 8000, dbfs=-30),
        tone(425, 2000, 8000),
        joined(silence(900, 8000), noise(40, 8000, dbfs=-10), silence(900, 8000)),
        PcmAudio(b"", 8000),
        PcmAudio(b"\0\0", 8000),
    ],
    ids=["silence", "hiss", "loud hiss", "dial tone", "a click", "nothing", "one sample"],
)
def test_what_nobody_said_is_no_speech(recording: PcmAudio) -> None:
    assert speech_span(recording) is None


def test_pauses_inside_an_utterance_belong_to_it() -> None:
    recording = joined(
        silence(500, 8000), voiced(400, 8000), silence(900, 8000), voiced(400, 8000), silence(500, 8000)
    )
    span = speech_span(with_hiss(recording, -70))
    assert span is not None
    assert span[0] < 500
    assert 2200 <= span[1] <= 2700


@pytest.mark.parametrize("duration_ms", [200, 350, 900, 2000])
def test_a_recording_that_was_cut_close_is_all_speech(duration_ms: int) -> None:
    span = speech_span(voiced(duration_ms, 8000))
    assert span is not None
    assert span[0] == 0
    assert abs(span[1] - duration_ms) < 100


def test_a_piece_is_cut_on_whole_samples() -> None:
    audio = tone(100, 100, 11025)
    piece = cut(audio, 33, 66)
    assert len(piece.samples) % 2 == 0
    assert abs(piece.duration_ms - 33) <= 1
    assert audio.samples.find(piece.samples) == 2 * (11025 * 33 // 1000)
