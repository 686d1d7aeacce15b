from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.signals import from_l16, noise, silence, snr_db, tone
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.resample import StreamResampler, resample

PAIRS = [
    (8000, 16000),
    (16000, 8000),
    (22050, 8000),
    (24000, 8000),
    (48000, 8000),
    (8000, 48000),
    (44100, 16000),
]


@pytest.mark.parametrize(("in_hz", "out_hz"), PAIRS)
def test_a_tone_stays_the_same_tone_in_the_same_place(in_hz: int, out_hz: int) -> None:
    got = from_l16(resample(tone(1000, 500, in_hz), out_hz).samples)
    wanted = from_l16(tone(1000, 500, out_hz).samples)
    inside = slice(out_hz // 50, -out_hz // 50)  # the filter sees the cut at both ends
    assert len(got) == len(wanted)
    assert snr_db(wanted[inside], got[inside]) > 70


@pytest.mark.parametrize(("in_hz", "out_hz"), [pair for pair in PAIRS if pair[1] < pair[0]])
def test_what_the_lower_rate_cannot_carry_is_taken_out(in_hz: int, out_hz: int) -> None:
    above = tone(min(out_hz * 0.6, in_hz * 0.49), 500, in_hz, amplitude=20_000)
    got = from_l16(resample(above, out_hz).samples)[out_hz // 50 : -out_hz // 50]
    assert np.sqrt(np.mean(got**2)) < 20_000 / 2**0.5 * 10 ** (-60 / 20)


@pytest.mark.parametrize(("in_hz", "out_hz"), PAIRS)
def test_every_live_frame_gives_a_whole_frame_at_once(in_hz: int, out_hz: int) -> None:
    stream = StreamResampler(in_hz, out_hz)
    frame = silence(20, in_hz).samples
    sizes = {len(stream.process(frame)) for _ in range(60)}
    assert sizes == {2 * out_hz // 50}
    assert stream.delay_ms <= 1.5


@pytest.mark.parametrize(("in_hz", "out_hz"), PAIRS)
def test_the_delay_is_what_it_says(in_hz: int, out_hz: int) -> None:
    stream = StreamResampler(in_hz, out_hz)
    late = from_l16(stream.process(tone(700, 300, in_hz).samples))
    delay = 2 * np.pi * 700 * stream.delay_ms / 1000
    wanted = from_l16(tone(700, 300, out_hz, phase=-delay).samples)
    assert snr_db(wanted[out_hz // 50 :], late[out_hz // 50 :]) > 60


@settings(max_examples=40)
@given(st.sampled_from(PAIRS), st.lists(st.integers(0, 700), min_size=1, max_size=12))
def test_where_the_stream_is_cut_makes_no_difference(pair: tuple[int, int], cuts: list[int]) -> None:
    whole = noise(100, pair[0], dbfs=-20).samples
    stream, pieces, at = StreamResampler(*pair), [], 0
    for size in cuts:
        pieces.append(stream.process(whole[at : at + 2 * size]))
        at += 2 * size
    pieces.append(stream.process(whole[at:]))
    assert b"".join(pieces) == StreamResampler(*pair).process(whole)


@given(st.integers(0, 3000), st.sampled_from(PAIRS))
def test_a_recordings_length_is_the_exact_one(count: int, pair: tuple[int, int]) -> None:
    got = resample(PcmAudio(bytes(2 * count), pair[0]), pair[1])
    assert len(got.samples) // 2 == -(-count * pair[1] // pair[0])
    assert got.sample_rate_hz == pair[1]


def test_full_scale_is_clipped_and_never_wraps() -> None:
    square = np.where(np.arange(800) // 8 % 2, 32767, -32768).astype("<i2").tobytes()
    got = from_l16(resample(PcmAudio(square, 8000), 16000).samples)
    assert got.max() == 32767
    assert got.min() == -32768
    assert np.all(np.sign(got[8:-8:16]) == np.sign(from_l16(square)[4:-4:8]))


def test_rates_without_a_small_ratio_are_refused() -> None:
    with pytest.raises(ValueError, match="uneven"):
        StreamResampler(44101, 8000)


def test_the_same_rate_costs_nothing() -> None:
    audio = noise(20, 8000, dbfs=-20)
    assert resample(audio, 8000) is audio
    assert StreamResampler(8000, 8000).process(audio.samples) is audio.samples
