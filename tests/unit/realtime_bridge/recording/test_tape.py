"""A call's recording: as long as the call, each sample in its place, whatever the stream and the disk do."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
import pytest

from realtime_bridge.recording.stereo_file import StereoFile
from realtime_bridge.recording.tape import Tape, TapeDeck
from realtime_bridge.recording.tape_writer import TapeWriter
from tests.fakes.calls import call_state
from voice_ai_service.audio.wav import parse_wav, read_wav
from voice_ai_service.conversations.recordings import Recordings

Samples = npt.NDArray[np.int16]
SILENCE = bytes(320)


class Notes:
    def __init__(self) -> None:
        self.lost_ms = 0
        self.finished: list[tuple[bool, bool]] = []

    def on_lost(self, lost_ms: int) -> None:
        self.lost_ms += lost_ms

    def on_finished(self, *, kept: bool, moved: bool) -> None:
        self.finished.append((kept, moved))


class Hands:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def writer() -> Iterator[TapeWriter]:
    with TapeWriter() as found:
        yield found


def new_tape(folder: Path, writer: TapeWriter, rate_hz: int = 8000) -> tuple[Tape, Hands, Notes, Path]:
    state, hands, notes = call_state(call_uuid=uuid4()), Hands(), Notes()
    deck = TapeDeck(folder, Recordings(folder), writer, notes, hands)
    return deck.tape(state, rate_hz), hands, notes, folder / str(state.domain_uuid) / str(state.call_uuid)


def frame(number: int, sign: int = 1) -> bytes:
    return np.full(160, sign * (number % 30000 + 1), dtype="<i2").tobytes()


def sides(file: Path) -> tuple[Samples, Samples]:
    with wave.open(str(file)) as opened:
        assert opened.getparams()[:3] == (2, 2, 8000)
        both = np.frombuffer(opened.readframes(opened.getnframes()), dtype="<i2").reshape(-1, 2)
    return both[:, 0], both[:, 1]


async def test_the_caller_is_left_and_the_secretary_right(tmp_path: Path, writer: TapeWriter) -> None:
    tape, hands, notes, folder = new_tape(tmp_path, writer)
    for number in range(123):
        tape.frame(frame(number), frame(number, -1))
        hands.now += 0.020
    assert await tape.finish() == "recording.wav"
    left, right = sides(folder / "recording.wav")
    assert left.tobytes() == b"".join(frame(number) for number in range(123))
    assert right.tobytes() == b"".join(frame(number, -1) for number in range(123))
    assert notes.finished == [(True, True)]
    assert (folder / "recording.wav").stat().st_mode & 0o777 == 0o600


async def test_a_quarter_of_an_hour_with_stalls_and_losses_is_as_long_as_the_call(
    tmp_path: Path, writer: TapeWriter
) -> None:
    tape, hands, notes, folder = new_tape(tmp_path, writer)
    began, lost = hands.now, {*range(1000, 1050), *range(20000, 20025), *range(40000, 40350)}
    stalled = dict.fromkeys(range(10000, 10050), 10050)
    for number in range(45000):
        if number in lost:
            continue
        hands.now = began + 0.020 * stalled.get(number, number) + (number % 7) * 0.002
        tape.frame(frame(number), SILENCE)
        if number % 5000 == 0:
            await writer.run(lambda: None)
    await tape.finish()
    left, _ = sides(folder / "recording.wav")
    assert abs(len(left) / 8 - 900_000) < 40
    assert notes.lost_ms == 0
    for number in (500, 5000, 15000, 30000, 44990):
        at = int(np.flatnonzero(left == number % 30000 + 1)[-1 if number >= 30000 else 0])
        assert abs(at / 160 - number) < 2, "each frame is in its place"


async def test_a_long_hold_without_frames_is_silence_of_its_length(
    tmp_path: Path, writer: TapeWriter
) -> None:
    tape, hands, _, folder = new_tape(tmp_path, writer)
    for number in range(60):
        tape.frame(frame(number), SILENCE)
        hands.now += 0.020
    hands.now += 600
    for number in range(60):
        tape.frame(frame(number), SILENCE)
        hands.now += 0.020
    await tape.finish()
    left, _ = sides(folder / "recording.wav")
    assert abs(len(left) / 8000 - 602.4) < 0.05


async def test_a_crash_leaves_a_file_that_plays_up_to_the_last_second(
    tmp_path: Path, writer: TapeWriter
) -> None:
    tape, hands, _, folder = new_tape(tmp_path, writer)
    for number in range(120):
        tape.frame(frame(number), SILENCE)
        hands.now += 0.020
    await writer.run(lambda: None)
    left, _ = sides(folder / "recording.wav")
    assert len(left) == 100 * 160
    assert read_wav((folder / "recording.wav").read_bytes(), "first").samples == left.tobytes()
    await tape.finish()


async def test_a_disk_that_does_not_keep_up_costs_silence_and_no_time(tmp_path: Path) -> None:
    with TapeWriter(jobs=2) as writer:
        tape, hands, notes, folder = new_tape(tmp_path, writer)
        stuck, free = threading.Event(), threading.Event()

        def stand_still() -> None:
            stuck.set()
            free.wait()

        writer.offer(stand_still)
        await asyncio.to_thread(stuck.wait)
        for number in range(500):
            tape.frame(frame(number), SILENCE)
            hands.now += 0.020
        free.set()
        await writer.run(lambda: None)
        for number in range(500, 560):
            tape.frame(frame(number), SILENCE)
            hands.now += 0.020
        assert await tape.finish() == "recording.wav"
        left, _ = sides(folder / "recording.wav")
        assert len(left) == 560 * 160
        assert notes.lost_ms == 8000
        assert (left[: 100 * 160] != 0).all()
        assert (left[100 * 160 : 500 * 160] == 0).all()
        assert left[500 * 160] == 501


async def test_a_disk_that_fails_keeps_what_was_written(
    tmp_path: Path, writer: TapeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape, hands, notes, folder = new_tape(tmp_path, writer)
    for number in range(100):
        tape.frame(frame(number), SILENCE)
        hands.now += 0.020
    await writer.run(lambda: None)
    pwrite = os.pwrite

    def full(descriptor: int, data: bytes, at: int) -> int:
        if at > 40000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(descriptor, data, at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        for number in range(100, 220):
            tape.frame(frame(number), SILENCE)
            hands.now += 0.020
        assert await tape.finish() == "recording.wav"
    left, _ = sides(folder / "recording.wav")
    assert len(left) == 100 * 160
    assert notes.lost_ms == 2400
    assert notes.finished == [(True, False)]


async def test_a_folder_that_cannot_be_made_keeps_nothing_and_says_so(
    tmp_path: Path, writer: TapeWriter
) -> None:
    (tmp_path / "file").write_text("in the way")
    tape, hands, notes, _ = new_tape(tmp_path / "file", writer)
    for number in range(120):
        tape.frame(frame(number), SILENCE)
        hands.now += 0.020
    assert await tape.finish() is None
    assert notes.finished == [(False, False)]
    assert notes.lost_ms == 2400


async def test_a_call_without_a_frame_has_no_recording(tmp_path: Path, writer: TapeWriter) -> None:
    tape, _, notes, folder = new_tape(tmp_path, writer)
    assert await tape.finish() is None
    assert not folder.exists()
    assert notes.finished == [(False, False)]


async def test_a_call_that_another_process_takes_over_gets_a_second_file(
    tmp_path: Path, writer: TapeWriter
) -> None:
    domain, call = uuid4(), uuid4()
    names = []
    for _ in range(3):
        with StereoFile(tmp_path, domain, call, 8000) as file:
            file.add(frame(1), frame(2))
            names.append(file.name)
    assert names == ["recording.wav", "recording-2.wav", "recording-3.wav"]


async def test_wide_band(tmp_path: Path, writer: TapeWriter) -> None:
    tape, hands, _, folder = new_tape(tmp_path, writer, rate_hz=16000)
    for _ in range(10):
        tape.frame(bytes(640), bytes(640))
        hands.now += 0.020
    await tape.finish()
    parsed = parse_wav((folder / "recording.wav").read_bytes())
    assert (parsed.sample_rate_hz, parsed.channels, parsed.frame_count) == (16000, 2, 3200)


def test_a_job_that_fails_does_not_end_the_others(tmp_path: Path) -> None:
    done = threading.Event()
    with TapeWriter() as writer:
        writer.offer(lambda: UUID("no"))  # type: ignore[arg-type]
        writer.offer(done.set)
    assert done.is_set()
