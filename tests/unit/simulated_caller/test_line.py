"""The line: what both sides hear, frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.simulated_caller.line import FRAME_BYTES, CallerRecorder, Line, LineView


class Talking:
    """A caller who says a constant."""

    def __init__(self, level: int = 0) -> None:
        self.frame = np.full(FRAME_BYTES // 2, level, dtype="<i2").tobytes()

    def next_frame(self, line: LineView) -> bytes:
        return self.frame


def line(level: int = 0, noise_dbfs: float | None = None) -> Line:
    return Line(Talking(level), noise_dbfs=noise_dbfs, pace=lambda _now_ms: None)


@pytest.fixture
def reply(tmp_path: Path) -> str:
    """100 ms of a constant."""
    path = tmp_path / "reply.wav"
    path.write_bytes(write_wav(PcmAudio(np.full(800, 8031, dtype="<i2").tobytes(), 8000), Encoding.PCMU))
    return str(path)


def test_a_reply_is_heard_from_the_next_frame_to_its_end(reply: str) -> None:
    call = line()
    call.step()
    assert call.displace(reply)
    for _ in range(7):
        call.step()
    heard = np.frombuffer(call.sides()[1].samples, dtype="<i2")
    assert np.flatnonzero(heard).tolist() == list(range(160, 960))
    playout = call.view.playouts[0]
    assert (playout.started_ms, playout.ended_ms) == (20, 120)


def test_a_stopped_reply_is_heard_no_more(reply: str) -> None:
    call = line()
    call.displace(reply)
    call.step()
    assert call.stop_displacing(reply)
    call.step()
    assert np.flatnonzero(np.frombuffer(call.sides()[1].samples, dtype="<i2")).max() == 159
    assert not call.stop_displacing(reply)


def test_a_file_plays_once_at_a_time_and_may_play_again(reply: str) -> None:
    call = line()
    assert call.displace(reply)
    assert not call.displace(reply)
    call.stop_displacing(reply)
    assert call.displace(reply)


def test_what_is_no_wav_file_cannot_be_played(tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF....")
    assert not line().displace(str(bad))
    assert not line().displace(str(tmp_path / "missing.wav"))


def test_the_recorder_has_the_callers_side_while_the_call_goes_on(tmp_path: Path) -> None:
    call, path = line(8031), tmp_path / "caller.r8"
    call.step()
    call.recorders["x"] = CallerRecorder(path)
    for count in (1, 2, 3):
        call.step()
        assert path.stat().st_size == count * FRAME_BYTES
    call.close()
    assert set(np.frombuffer(path.read_bytes(), dtype="<i2").tolist()) == {7932}


def test_the_same_noise_in_every_run() -> None:
    first, second = line(noise_dbfs=-40), line(noise_dbfs=-40)
    for call in (first, second):
        for _ in range(50):
            call.step()
    samples = np.frombuffer(first.sides()[0].samples, dtype="<i2").astype(float)
    assert first.sides() == second.sides()
    assert 20 * np.log10(samples.std() / 32768) == pytest.approx(-40, abs=1)


def test_a_tone_is_heard_in_the_foreground() -> None:
    call = line()
    call.play_tone(0.1)
    assert call.now_ms() == 100
    assert np.any(np.frombuffer(call.sides()[1].samples, dtype="<i2"))
