from __future__ import annotations

import numpy as np
import pytest

from benchmarks.turn_taking_echo import (
    NO_ECHO_DB,
    Line,
    Voices,
    interruption_delays,
    returned,
    self_interruptions,
)
from benchmarks.turn_taking_set import Labelled, Noise
from benchmarks.turn_taking_trial import heard
from realtime_bridge.turn.ear import Ear
from tests.fakes.signals import from_l16, joined, noise, silence, to_l16, voiced
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.calls.secretary import TurnTaking


def caller(pause_ms: int, *, before_ms: int = 1000) -> Labelled:
    """Two clauses of a second."""
    clean = joined(
        silence(before_ms, 8000),
        voiced(1000, 8000),
        silence(pause_ms, 8000),
        voiced(1000, 8000),
        silence(2500, 8000),
    )
    hiss = noise(clean.duration_ms, 8000, dbfs=-62)
    audio = PcmAudio(to_l16(from_l16(clean.samples) + from_l16(hiss.samples)), 8000)
    second_ms = before_ms + 1000 + pause_ms
    return Labelled(
        "en", 1, Noise("hiss"), audio, ((before_ms, before_ms + 1000), (second_ms, second_ms + 1000))
    )


@pytest.mark.parametrize(("pause_ms", "cut_off"), [(300, 0), (900, 1)])
def test_an_end_in_the_middle_is_a_cut_off(pause_ms: int, cut_off: int) -> None:
    outcome = heard(Ear(TurnTaking(end_silence_ms=500), 8000), caller(pause_ms))
    assert outcome.cut_off == cut_off
    assert outcome.onset_delay_ms is not None
    assert 0 < outcome.onset_delay_ms <= 160
    assert outcome.end_delay_ms is not None
    assert abs(outcome.end_delay_ms - 500) <= 100
    assert not outcome.false_onset


def test_a_model_that_knows_is_seen_to_help() -> None:
    one = caller(900)
    lengths_ms = iter([0.0, 1.0])  # the first pause is none, the second is the end
    ear = Ear(TurnTaking(end_silence_ms=500), 8000, language="en")
    outcome = heard(ear, one, lambda _: next(lengths_ms))
    assert outcome.cut_off == 0
    assert outcome.verdicts == [(0.0, False), (1.0, True)]
    assert outcome.end_delay_ms is not None
    assert outcome.end_delay_ms < 400


def test_an_onset_before_anybody_spoke_is_false() -> None:
    one = caller(300)
    late = Labelled(one.language, one.index, one.noise, one.audio, ((2200, 2900), one.parts_ms[1]))
    assert heard(Ear(TurnTaking(), 8000), late).false_onset


def test_the_line_sends_back_what_it_says() -> None:
    rng = np.random.default_rng(1)
    played = np.where(np.arange(8000) < 4000, rng.normal(0, 3000, 8000), 0.0)
    for gain_db in (-6.0, -20.0):
        back = from_l16(returned(Line(200, gain_db), played))
        assert np.std(back[:1600]) < 40
        echo = back[1700:5600]
        assert 20 * np.log10(np.std(echo) / 3000) == pytest.approx(gain_db, abs=2)
    assert np.std(from_l16(returned(Line(200, NO_ECHO_DB), played))) < 40


def test_a_secretary_alone_does_not_interrupt_itself_and_a_caller_does() -> None:
    word = from_l16(voiced(1200, 8000).samples)
    voices = Voices((np.concatenate([word, np.zeros(1200), word[::2]]),), (word,))
    assert self_interruptions(Line(160, -12.0), voices, 15) == 0
    delays = interruption_delays(Line(160, NO_ECHO_DB), voices, 0.0, 2)
    assert all(delay is not None and delay <= 400 for delay in delays)
