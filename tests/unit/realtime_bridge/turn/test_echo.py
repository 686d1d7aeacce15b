from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.echo import EchoBound, EchoRemoval
from realtime_bridge.turn.echo_filter import EchoFilter, Pace
from realtime_bridge.turn.events import Onset
from tests.fakes.signals import from_l16, noise, to_l16, voiced
from voice_ai_service.calls.secretary import TurnTaking

RATE_HZ = 8000
FRAME = 160
AUDIBLE = 32768 * 10 ** (-32 / 20)
"""RMS of a caller who speaks quietly; -32 dBFS."""


def secretary(seconds: int, seed: int = 5) -> np.ndarray:
    """Words of 300-900 ms with another pitch each, and gaps between them; -20 dBFS or so."""
    rng = np.random.default_rng(seed)
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < seconds * RATE_HZ:
        word = from_l16(voiced(int(rng.integers(300, 900)), RATE_HZ, amplitude=9000).samples)
        pitch = rng.uniform(0.8, 1.3)
        stretched = np.interp(np.arange(0, len(word), pitch), np.arange(len(word)), word)
        parts += [stretched, np.zeros(8 * int(rng.integers(60, 500)))]
    return np.concatenate(parts)[: seconds * RATE_HZ]


def echo(played: np.ndarray, delay_ms: int, gain_db: float) -> np.ndarray:
    """A line's: later, quieter, and blurred over a few milliseconds."""
    blur = np.random.default_rng(2).normal(size=60) * np.exp(-np.arange(60) / 12)
    blur[0] += 1.5
    back = np.convolve(played, blur)[: len(played)]
    back *= 10 ** (gain_db / 20) * np.std(played) / np.std(back)
    return np.concatenate([np.zeros(8 * delay_ms), back])[: len(played)]


def with_hiss(line: np.ndarray) -> bytes:
    hiss = from_l16(noise(len(line) // 8, RATE_HZ, dbfs=-62).samples)
    return to_l16(line + hiss)


def onsets(line: np.ndarray, played: np.ndarray) -> list[int]:
    """When speech was decided to have begun, in ms."""
    ear, heard, reference = Ear(TurnTaking(), RATE_HZ), with_hiss(line), to_l16(played)
    found = []
    for at in range(0, len(heard) - 319, 320):
        events = ear.hear(heard[at : at + 320], reference[at : at + 320])
        found += [ear.now_ms for event in events if isinstance(event, Onset)]
    return found


@pytest.mark.parametrize("delay_ms", [100, 217, 300])
@pytest.mark.parametrize("gain_db", [-6, -15, -25])
def test_its_own_echo_never_interrupts_the_secretary(delay_ms: int, gain_db: float) -> None:
    played = secretary(20)
    assert onsets(echo(played, delay_ms, gain_db), played) == []


@pytest.mark.parametrize("delay_ms", [100, 300])
@pytest.mark.parametrize("gain_db", [-6, -25])
@pytest.mark.parametrize("louder_db", [3, 12])
def test_who_speaks_over_the_echo_is_heard(delay_ms: int, gain_db: float, louder_db: float) -> None:
    played = secretary(12)
    line = echo(played, delay_ms, gain_db)
    caller = from_l16(voiced(1500, RATE_HZ).samples)
    at = 8 * 9000
    loud = max(np.std(line) * 10 ** (louder_db / 20), AUDIBLE)
    line[at : at + len(caller)] += caller * loud / np.std(caller)
    (heard_ms,) = onsets(line, played)
    assert 9000 < heard_ms <= 9400


def test_on_a_line_without_echo_a_quiet_caller_is_heard_while_it_speaks() -> None:
    played = secretary(6)
    line = np.zeros(len(played))
    caller = from_l16(voiced(1000, RATE_HZ).samples)
    caller *= AUDIBLE / np.std(caller)
    line[8 * 4000 : 8 * 4000 + len(caller)] += caller
    (heard_ms,) = onsets(line, played)
    assert 4000 < heard_ms <= 4200


def test_an_echo_that_moves_does_not_interrupt_for_long() -> None:
    # A jitter buffer that grows by a frame: the filter must find the echo again.
    played = secretary(20)
    line = np.concatenate([echo(played, 120, -12)[: 8 * 8000], echo(played, 160, -12)[8 * 8000 :]])
    assert len(onsets(line, played)) <= 1
    assert not [at for at in onsets(line, played) if at > 10_000]


def test_what_is_passed_on_has_the_caller_and_hardly_the_echo() -> None:
    played = secretary(10)
    heard, reference = with_hiss(echo(played, 140, -10)), to_l16(played)
    removal, out = EchoRemoval(RATE_HZ), []
    for at in range(0, len(heard) - 319, 320):
        removal.hear(heard[at : at + 320], reference[at : at + 320], in_utterance=False)
        out.append(removal.frame)
    late = slice(8 * 6000, None)
    before, after = from_l16(heard)[late], from_l16(b"".join(out))[late]
    assert np.std(after) < np.std(before) / 20


def test_nothing_played_is_nothing_done() -> None:
    removal, frame = EchoRemoval(RATE_HZ), noise(20, RATE_HZ, dbfs=-30).samples
    assert removal.hear(frame, None, in_utterance=False) is frame
    assert removal.frame is frame
    assert removal.callers


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.binary(min_size=320, max_size=320), st.sampled_from("-rz")), max_size=60))
def test_any_sound_stays_a_frame(sounds: list[tuple[bytes, str]]) -> None:
    removal = EchoRemoval(RATE_HZ)
    for sound, kind in sounds:
        reference = {"-": None, "r": sound[::-1], "z": bytes(320)}[kind]
        assert len(removal.hear(sound, reference, in_utterance=kind == "z")) == 320
        assert len(removal.frame) == 320
        assert -96 <= removal.level_dbfs <= 0.1


@pytest.mark.parametrize("pace", [Pace.FAST, Pace.CAREFUL])
def test_the_filter_takes_away_what_was_played_and_never_adds(pace: Pace) -> None:
    played = secretary(12)
    heard = echo(played, 130, -8).astype(np.float32)
    echo_filter, before, after = EchoFilter(FRAME), 0.0, 0.0
    for at in range(0, len(heard) - FRAME + 1, FRAME):
        done = echo_filter.process(heard[at : at + FRAME], played[at : at + FRAME].astype(np.float32), pace)
        assert done.left <= done.heard
        if at > len(heard) // 2:
            before, after = before + done.heard, after + done.left
    assert after < before / (30 if pace is Pace.FAST else 2)


def test_a_line_is_trusted_only_after_it_was_heard() -> None:
    bound = EchoBound()
    assert not bound.exceeded(0.3, 1.0, doubtful=False)
    for _ in range(100):
        bound.learn(1e2, 1e7)
    assert bound.exceeded(1e4, 1e7, doubtful=False)
    assert bound.line_is_silent
    bound.learn(1e6, 1e7)
    assert not bound.exceeded(1e6, 1e7, doubtful=True)
    assert not bound.line_is_silent
