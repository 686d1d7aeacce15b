"""When the caller speaks, and when they have finished: on synthetic audio, to the frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

LISTENING = {"end_silence_ms": 800, "max_utterance_ms": 5000, "no_input_ms": 4000}


def noise(ms: int, dbfs: float, seed: int = 1) -> bytes:
    samples = np.random.default_rng(seed).normal(0, 32768 * 10 ** (dbfs / 20), 8 * ms)
    return bytes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())


def silence(ms: int) -> bytes:
    return bytes(16 * ms)


def speech(ms: int, dbfs: float = -20) -> bytes:
    return noise(ms, dbfs, seed=2)


class Ear:
    def __init__(self, lua: Any) -> None:
        self.detector = lua.module("endpointing")[b"new"]()
        self.runtime = lua.runtime

    def set(self, mode: str, **options: int) -> None:
        table = self.runtime.table()
        for name, value in {**LISTENING, **options}.items():
            table[name.encode()] = value
        self.detector[mode.encode()](self.detector, table)

    def hear(self, audio: bytes, chunk: int = 320) -> list[tuple[str, int]]:
        """Verdicts and when they came."""
        verdicts = []
        for at in range(0, len(audio), chunk):
            piece = audio[at : at + chunk]
            while (verdict := self.detector[b"feed"](self.detector, piece)) is not None:
                verdicts.append((verdict.decode(), int(self.detector[b"now_ms"](self.detector))))
                if verdict in (b"ended", b"no_input"):
                    return verdicts
                piece = b""
        return verdicts

    @property
    def utterance(self) -> tuple[int, int]:
        return int(self.detector[b"utterance_start_ms"]), int(self.detector[b"utterance_end_ms"])


@pytest.fixture
def ear(lua: Any) -> Ear:
    return Ear(lua)


def test_silence_is_no_input_after_exactly_its_time(ear: Ear) -> None:
    ear.set("listen")
    assert ear.hear(silence(10_000)) == [("no_input", 4000)]


@pytest.mark.parametrize("dbfs", [-70, -60, -55, -52])
def test_comfort_noise_does_not_put_off_no_input(ear: Ear, dbfs: float) -> None:
    ear.set("listen")
    assert ear.hear(noise(10_000, dbfs)) == [("no_input", 4000)]


def test_loud_steady_noise_becomes_background(ear: Ear) -> None:
    ear.set("idle")
    ear.hear(noise(3000, -38))
    ear.set("listen")
    assert ear.hear(noise(10_000, -38, seed=3)) == [("no_input", 7000)]


def test_speech_over_noise_is_heard(ear: Ear) -> None:
    ear.set("idle")
    ear.hear(noise(3000, -45))
    ear.set("listen")
    verdicts = ear.hear(noise(1000, -45, seed=3) + speech(1000) + noise(2000, -45, seed=4))
    assert [name for name, _ in verdicts] == ["started", "ended"]
    start, end = ear.utterance
    assert start == 3700
    assert 5000 <= end <= 5400


def test_an_utterance_keeps_what_came_before_and_after_it(ear: Ear) -> None:
    ear.set("listen")
    verdicts = ear.hear(silence(1000) + speech(1500) + silence(2000))
    assert verdicts == [("started", 1100), ("ended", 3300)]
    assert ear.utterance == (700, 2800)


def test_a_pause_shorter_than_the_end_silence_does_not_end_it(ear: Ear) -> None:
    ear.set("listen")
    verdicts = ear.hear(silence(500) + speech(600) + silence(700) + speech(600) + silence(2000))
    assert verdicts == [("started", 600), ("ended", 3200)]


@pytest.mark.parametrize("length_ms", [20, 60, 80])
def test_a_click_is_not_speech(ear: Ear, length_ms: int) -> None:
    ear.set("listen")
    assert ear.hear(silence(1000) + speech(length_ms, -6) + silence(8000)) == [("no_input", 4000)]


def test_a_cough_starts_and_is_let_go_and_the_wait_goes_on(ear: Ear) -> None:
    ear.set("listen")
    verdicts = ear.hear(silence(1000) + speech(120) + silence(8000))
    assert verdicts == [("started", 1100), ("no_input", 4000)]


def test_a_click_in_the_pause_does_not_keep_the_caller_waiting(ear: Ear) -> None:
    ear.set("listen")
    verdicts = ear.hear(silence(500) + speech(1000) + silence(400) + speech(20, -6) + silence(2000))
    assert verdicts == [("started", 600), ("ended", 2300)]


def test_endless_speech_is_cut_at_its_limit(ear: Ear) -> None:
    ear.set("listen", max_utterance_ms=3000)
    assert ear.hear(silence(1000) + speech(9000))[-1] == ("ended", 3700)
    assert ear.utterance == (700, 3700)


def test_what_was_taken_is_not_taken_again(ear: Ear) -> None:
    ear.set("listen", max_utterance_ms=3000)
    ear.hear(silence(1000) + speech(2700))
    ear.detector[b"take"](ear.detector)
    ear.set("listen")
    assert ear.hear(speech(500) + silence(2000))[0][0] == "started"
    assert ear.utterance[0] == 3700


def test_while_a_reply_plays_its_echo_is_not_the_caller(ear: Ear) -> None:
    ear.set("guard")
    assert ear.hear(silence(500) + speech(3000, -38)) == []


def test_while_a_reply_plays_two_words_are_needed(ear: Ear) -> None:
    ear.set("guard")
    assert ear.hear(silence(500) + speech(160) + silence(1000)) == []
    assert ear.hear(speech(1000)) == [("started", 1860)]


def test_a_barge_in_goes_on_as_the_utterance(ear: Ear) -> None:
    ear.set("guard")
    assert ear.hear(silence(500) + speech(300)) == [("started", 700)]
    ear.set("listen")
    assert ear.hear(speech(500) + silence(2000)) == [("ended", 2100)]
    assert ear.utterance == (200, 1600)


def test_words_begun_while_the_service_thought_are_kept_whole(ear: Ear) -> None:
    ear.set("idle")
    ear.hear(silence(1000) + speech(600))
    ear.set("guard")
    assert ear.hear(speech(600))[0][0] == "started"
    ear.set("listen")
    ear.hear(silence(2000))
    assert ear.utterance[0] == 700


@settings(max_examples=15, deadline=None)
@given(
    chunk=st.integers(1, 4000),
    parts=st.lists(st.tuples(st.sampled_from(["silence", "speech"]), st.integers(1, 40)), max_size=6),
)
def test_verdicts_do_not_depend_on_how_the_audio_is_cut(
    lua: Any, chunk: int, parts: list[tuple[str, int]]
) -> None:
    audio = b"".join((silence if kind == "silence" else speech)(frames * 20) for kind, frames in parts)
    whole, cut = Ear(lua), Ear(lua)
    whole.set("listen")
    cut.set("listen")
    assert whole.hear(audio, len(audio) or 1) == cut.hear(audio, chunk)


def test_nothing_is_decided_sooner_than_it_said(ear: Ear) -> None:
    ear.set("listen")
    ear.hear(silence(200) + speech(500) + silence(100))
    assert int(ear.detector[b"quiet_ms"](ear.detector)) == 700
    assert ear.hear(silence(680)) == []
    assert ear.hear(silence(20)) == [("ended", 1500)]
