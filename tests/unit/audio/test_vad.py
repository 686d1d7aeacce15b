from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.signals import from_l16, joined, noise, silence, to_l16, voiced
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.vad import LevelGate, SpeechDetector, VadFrame, VadSettings


def over_noise(audio: PcmAudio, dbfs: float) -> PcmAudio:
    hiss = noise(audio.duration_ms, audio.sample_rate_hz, dbfs=dbfs)
    return PcmAudio(to_l16(from_l16(audio.samples) + from_l16(hiss.samples)), audio.sample_rate_hz)


def call(rate_hz: int, dbfs: float = -70) -> PcmAudio:
    return over_noise(joined(silence(1000, rate_hz), voiced(1000, rate_hz), silence(1500, rate_hz)), dbfs)


def speech_ms(frames: list[VadFrame]) -> tuple[int, int]:
    spoken = [frame.start_ms for frame in frames if frame.is_speech]
    return spoken[0], spoken[-1] + 20


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("dbfs", [-90, -60, -45])
def test_speech_is_found_where_it_is(rate_hz: int, dbfs: float) -> None:
    first, last = speech_ms(SpeechDetector(rate_hz).push(call(rate_hz, dbfs).samples))
    assert abs(first - 1000) <= 60
    assert -60 <= last - 2000 <= 240  # WebRTC's detector hangs on for a while


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("dbfs", [-90, -60, -45, -35])
def test_steady_noise_is_no_speech(rate_hz: int, dbfs: float) -> None:
    frames = SpeechDetector(rate_hz).push(noise(5000, rate_hz, dbfs=dbfs).samples)
    assert sum(frame.is_speech for frame in frames) <= 2


def test_noise_that_begins_in_the_call_stops_being_speech() -> None:
    # A fan at -25 dBFS: WebRTC's detector alone would never let go.
    frames = SpeechDetector(8000).push(noise(8000, 8000, dbfs=-25).samples)
    assert not any(frame.is_speech for frame in frames if frame.start_ms > 4000)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2000), max_size=20))
def test_where_the_stream_is_cut_makes_no_difference(cuts: list[int]) -> None:
    whole = call(8000).samples[: 2 * 8000]
    detector, frames, at = SpeechDetector(8000), [], 0
    for size in cuts:
        frames += detector.push(whole[at : at + size])
        at += size
    frames += detector.push(whole[at:])
    assert frames == SpeechDetector(8000).push(whole)


@given(st.lists(st.binary(max_size=900), max_size=20))
def test_no_sample_is_lost_or_counted_twice(chunks: list[bytes]) -> None:
    detector = SpeechDetector(16000)
    frames = [frame for chunk in chunks for frame in detector.push(chunk)]
    assert [frame.start_ms for frame in frames] == list(range(0, 20 * len(frames), 20))
    assert len(frames) == sum(map(len, chunks)) // 640


@given(st.lists(st.floats(-96, 0), min_size=1, max_size=400))
def test_the_gate_never_lets_through_what_is_quieter_than_something_is(levels: list[float]) -> None:
    used = VadSettings()
    gate = LevelGate(used)
    for level in levels:
        if gate.passes(level):
            assert level >= used.quietest_dbfs
            assert level >= gate.floor_dbfs + used.above_floor_db or level == min(levels)


def test_a_quiet_voice_behind_a_loud_one_is_left_out() -> None:
    used = VadSettings(below_peak_db=14)
    gate = LevelGate(used)
    assert gate.passes(-15)
    assert not gate.passes(-35)
    for _ in range(1000):  # 20 s of nobody speaking loudly: the other may be the caller now
        gate.passes(-60)
    assert gate.passes(-35)


def test_other_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        SpeechDetector(44100)


def test_frames_say_how_loud_they_were() -> None:
    frames = SpeechDetector(8000).push(noise(200, 8000, dbfs=-30).samples)
    assert np.mean([frame.level_dbfs for frame in frames]) == pytest.approx(-30, abs=1)
