from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.signals import joined, noise, silence, voiced
from voice_ai_service.audio.endpointing import (
    EndpointEvent,
    Endpointing,
    EndpointingSettings,
    EndReason,
    SpeechStarted,
    UtteranceDetector,
    UtteranceEnded,
)
from voice_ai_service.audio.vad import VadFrame


def run(pattern: str, settings: EndpointingSettings) -> list[EndpointEvent]:
    """`#` is 20 ms of speech, `.` 20 ms of none."""
    endpointing = Endpointing(settings)
    frames = (VadFrame(20 * at, mark == "#", -20.0) for at, mark in enumerate(pattern))
    return [event for frame in frames if (event := endpointing.push(frame)) is not None]


SHORT = EndpointingSettings(end_silence_ms=100, max_utterance_ms=400, no_input_ms=300)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("." * 5 + "###", [SpeechStarted(100)]),
        ("#.#.#", [SpeechStarted(0)]),
        ("#..#..#..#..", []),
        ("." * 15, [UtteranceEnded(EndReason.NO_INPUT, None, 300)]),
        (
            "." * 12 + "###" + "." * 5,
            [SpeechStarted(240), UtteranceEnded(EndReason.SILENCE, (240, 300), 400)],
        ),
        ("####....###.....", [SpeechStarted(0), UtteranceEnded(EndReason.SILENCE, (0, 220), 320)]),
        ("#" * 40, [SpeechStarted(0), UtteranceEnded(EndReason.TOO_LONG, (0, 400), 400)]),
        (
            "###" + "." * 5 + "####" + "." * 30,
            [SpeechStarted(0), UtteranceEnded(EndReason.SILENCE, (0, 60), 160)],
        ),
    ],
)
def test_the_order_of_speech_and_silence_decides(pattern: str, expected: list[EndpointEvent]) -> None:
    assert run(pattern, SHORT) == expected


def test_without_a_limit_nobody_is_told_to_speak() -> None:
    assert run("." * 5000, EndpointingSettings()) == []


@given(
    st.text("#.", max_size=200),
    st.builds(
        EndpointingSettings,
        start_speech_ms=st.integers(1, 100),
        start_window_ms=st.integers(100, 300),
        end_silence_ms=st.integers(1, 1000),
        max_utterance_ms=st.integers(1, 2000),
        no_input_ms=st.one_of(st.none(), st.integers(1, 2000)),
    ),
)
def test_one_start_then_one_end_and_both_in_bounds(pattern: str, limits: EndpointingSettings) -> None:
    events = run(pattern, limits)
    kinds = [type(event) for event in events]
    assert kinds in ([], [SpeechStarted], [SpeechStarted, UtteranceEnded], [UtteranceEnded])
    for event in events:
        if not isinstance(event, UtteranceEnded):
            continue
        if event.speech_ms is None:
            assert kinds == [UtteranceEnded]
            assert event.reason is EndReason.NO_INPUT
            assert limits.no_input_ms is not None
            assert event.at_ms >= limits.no_input_ms
        else:
            start_ms, end_ms = event.speech_ms
            assert events[0] == SpeechStarted(start_ms)
            assert start_ms < end_ms <= event.at_ms
            assert event.at_ms - start_ms < max(limits.max_utterance_ms, limits.start_window_ms) + 60
            assert pattern[start_ms // 20] == "#"
            assert pattern[end_ms // 20 - 1] == "#"


@given(st.text("#.", min_size=1, max_size=60))
def test_an_utterance_is_over_in_time_whatever_is_heard(tail: str) -> None:
    events = run("###" + (tail * 40)[:40], SHORT)
    assert isinstance(events[-1], UtteranceEnded)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 3000), max_size=20))
def test_where_the_audio_is_cut_makes_no_difference(cuts: list[int]) -> None:
    whole = joined(silence(300, 8000), voiced(500, 8000), noise(900, 8000, dbfs=-70)).samples
    limits = EndpointingSettings(end_silence_ms=400)
    detector, events, at = UtteranceDetector(8000, limits), [], 0
    for size in cuts:
        events += detector.push(whole[at : at + size])
        at += size
    events += detector.push(whole[at:])
    assert events == UtteranceDetector(8000, limits).push(whole)
    assert detector.ended
    assert [type(event) for event in events] == [SpeechStarted, UtteranceEnded]


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_speech_ms": 0},
        {"start_speech_ms": 120, "start_window_ms": 100},
        {"end_silence_ms": 0},
        {"max_utterance_ms": -1},
    ],
)
def test_settings_that_contradict_themselves_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        EndpointingSettings(**wrong)
