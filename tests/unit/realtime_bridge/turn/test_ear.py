from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.events import Discarded, EarEvent, Ended, Onset, Pause, Resumed, UtteranceEnd
from tests.fakes.signals import from_l16, joined, noise, silence, to_l16, voiced
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.level import rms_dbfs
from voice_ai_service.calls.secretary import Sensitivity, TurnTaking

RATES = pytest.mark.parametrize("rate_hz", [8000, 16000])


def frames(audio: PcmAudio) -> list[bytes]:
    size = audio.sample_rate_hz // 25
    return [audio.samples[at : at + size] for at in range(0, len(audio.samples) - size + 1, size)]


def on_a_line(*parts: PcmAudio, dbfs: float = -62) -> PcmAudio:
    audio = joined(*parts)
    hiss = noise(audio.duration_ms, audio.sample_rate_hz, dbfs=dbfs)
    return PcmAudio(to_l16(from_l16(audio.samples) + from_l16(hiss.samples)), audio.sample_rate_hz)


def heard(ear: Ear, audio: PcmAudio) -> list[EarEvent]:
    return [event for frame in frames(audio) for event in ear.hear(frame, None)]


def kinds(events: list[EarEvent]) -> list[type[EarEvent]]:
    return [type(event) for event in events]


@RATES
def test_one_sentence_is_onset_pause_end(rate_hz: int) -> None:
    audio = on_a_line(silence(1000, rate_hz), voiced(1000, rate_hz), silence(1500, rate_hz))
    onset, pause, ended = heard(Ear(TurnTaking(), rate_hz), audio)
    assert isinstance(onset, Onset)
    assert isinstance(pause, Pause)
    assert isinstance(ended, Ended)
    assert abs(onset.at_ms - 1000) <= 60
    assert ended.reason is UtteranceEnd.SILENCE
    assert ended.speech_start_ms == onset.at_ms
    assert ended.speech_end_ms == pause.since_ms
    assert ended.at_ms - ended.speech_end_ms == TurnTaking().end_silence_ms


@RATES
@pytest.mark.parametrize("sensitivity", list(Sensitivity))
def test_an_onset_is_known_early_and_brings_what_was_before_it(
    rate_hz: int, sensitivity: Sensitivity
) -> None:
    ear = Ear(TurnTaking(sensitivity=sensitivity), rate_hz)
    audio = on_a_line(silence(1000, rate_hz), voiced(1000, rate_hz))
    for frame in frames(audio):
        events = ear.hear(frame, None)
        if events:
            break
    onset = events[0]
    assert isinstance(onset, Onset)
    assert ear.now_ms - 1000 <= (220 if sensitivity is Sensitivity.LOW else 160)
    begins = ear.now_ms * rate_hz // 500 - len(onset.pre_roll)
    assert audio.samples[begins:].startswith(onset.pre_roll)
    assert 300 <= onset.at_ms - begins * 500 // rate_hz < 320


def test_pre_roll_at_the_very_beginning_is_what_there_is() -> None:
    ear = Ear(TurnTaking(), 8000)
    audio = on_a_line(silence(120, 8000), voiced(400, 8000))
    onset = heard(ear, audio)[0]
    assert isinstance(onset, Onset)
    assert audio.samples.startswith(onset.pre_roll)


def test_a_short_pause_is_told_and_taken_back() -> None:
    audio = on_a_line(*[voiced(800, 8000), silence(300, 8000)] * 2, silence(900, 8000))
    events = heard(Ear(TurnTaking(), 8000), audio)
    assert kinds(events) == [Onset, Pause, Resumed, Pause, Ended]


def test_a_click_is_nothing() -> None:
    click = noise(40, 8000, dbfs=-12)
    audio = on_a_line(*[silence(700, 8000), click] * 5, silence(700, 8000))
    assert heard(Ear(TurnTaking(), 8000), audio) == []


def test_a_lone_noise_in_a_pause_does_not_prolong_it() -> None:
    settings = TurnTaking()
    words = [silence(500, 8000), voiced(1000, 8000), silence(300, 8000)]
    ended = heard(Ear(settings, 8000), on_a_line(*words, noise(20, 8000, dbfs=-12), silence(800, 8000)))[-1]
    assert isinstance(ended, Ended)
    assert ended.at_ms - ended.speech_end_ms == settings.end_silence_ms
    assert ended.speech_end_ms < 1700


def test_whoever_dictates_has_more_time() -> None:
    ear, pause = after_pause(end_silence_ms=500)
    ear.least_silence_ms = 1500
    assert ear.verdict(1.0, pause.since_ms) == ()
    (ended,) = heard(ear, on_a_line(silence(2000, 8000)))
    assert isinstance(ended, Ended)
    assert ended.at_ms - ended.speech_end_ms == 1500


def test_too_little_speech_is_discarded_unless_there_were_words() -> None:
    settings = TurnTaking(sensitivity=Sensitivity.LOW)
    audio = on_a_line(silence(600, 8000), voiced(150, 8000), silence(1000, 8000), dbfs=-80)
    assert kinds(heard(Ear(settings, 8000), audio)) == [Onset, Pause, Discarded]

    ear, events = Ear(settings, 8000), []
    for frame in frames(audio):
        for event in ear.hear(frame, None):
            events.append(event)
            if isinstance(event, Onset):
                events += ear.words("não", final=False)
    assert kinds(events) == [Onset, Pause, Ended]


def test_speech_without_end_is_ended() -> None:
    events = heard(Ear(TurnTaking(), 8000, max_utterance_ms=3000), voiced(7000, 8000))
    ended = [event for event in events if isinstance(event, Ended)]
    assert [event.reason for event in ended] == [UtteranceEnd.TOO_LONG] * 2
    assert all(event.at_ms - event.speech_start_ms == 3000 for event in ended)


def test_forced_to_end() -> None:
    ear = Ear(TurnTaking(), 8000)
    assert ear.force_end() == ()
    heard(ear, on_a_line(silence(400, 8000), voiced(600, 8000)))
    (ended,) = ear.force_end()
    assert isinstance(ended, Ended)
    assert ended.reason is UtteranceEnd.FORCED
    assert ear.force_end() == ()


def after_pause(**settings: object) -> tuple[Ear, Pause]:
    ear = Ear(TurnTaking.model_validate(settings), 8000)
    events = heard(ear, on_a_line(silence(400, 8000), voiced(900, 8000), silence(200, 8000)))
    assert isinstance(events[-1], Pause)
    return ear, events[-1]


def test_a_complete_sentence_ends_sooner() -> None:
    ear, pause = after_pause(end_silence_ms=800)
    assert ear.verdict(0.99, pause.since_ms) == ()
    (ended,) = heard(ear, on_a_line(silence(900, 8000)))
    assert isinstance(ended, Ended)
    assert ended.reason is UtteranceEnd.MODEL
    assert ended.at_ms - ended.speech_end_ms < 400


def test_a_verdict_that_comes_late_ends_at_once() -> None:
    ear, pause = after_pause(end_silence_ms=800)
    assert heard(ear, on_a_line(silence(300, 8000))) == []
    (ended,) = ear.verdict(0.99, pause.since_ms)
    assert isinstance(ended, Ended)
    assert ended.reason is UtteranceEnd.MODEL


def test_in_the_middle_of_a_sentence_it_waits_longer_but_not_for_ever() -> None:
    ear, pause = after_pause(end_silence_ms=500)
    ear.verdict(0.01, pause.since_ms)
    (ended,) = heard(ear, on_a_line(silence(4000, 8000)))
    assert isinstance(ended, Ended)
    assert ended.reason is UtteranceEnd.SILENCE
    assert 500 < ended.at_ms - ended.speech_end_ms <= 1500


def test_a_verdict_on_another_pause_does_not_count() -> None:
    ear, pause = after_pause(end_silence_ms=800)
    heard(ear, on_a_line(voiced(500, 8000), silence(300, 8000)))
    assert ear.verdict(1.0, pause.since_ms) == ()
    assert ear.listening
    assert Ear(TurnTaking(), 8000).verdict(1.0) == ()


def test_the_model_gets_the_utterance_with_its_beginning_and_no_more_than_8_s() -> None:
    ear = Ear(TurnTaking(), 8000)
    assert ear.utterance() == b""
    audio = on_a_line(silence(2000, 8000), voiced(1000, 8000))
    heard(ear, audio)
    utterance = ear.utterance()
    assert audio.samples.endswith(utterance)
    assert 1200 <= len(utterance) // 16 <= 1400
    heard(ear, on_a_line(voiced(12_000, 8000)))
    assert len(ear.utterance()) == 8 * 16_000


def test_a_fresh_pause_is_shown_to_the_model_as_if_it_had_lasted() -> None:
    ear = Ear(TurnTaking(), 8000)
    audio = on_a_line(silence(400, 8000), voiced(900, 8000), silence(400, 8000))
    for frame in frames(audio):
        (event, *_) = ear.hear(frame, None) or (None,)
        if isinstance(event, Pause):
            break
    assert isinstance(event, Pause)
    utterance, spoken = ear.utterance(), audio.samples[: 16 * event.since_ms]
    pause = utterance.split(spoken[-3200:])[1]
    assert len(pause) == 16 * 200
    assert abs(rms_dbfs(pause[-1600:]) - rms_dbfs(audio.samples[-1600:])) < 2
    heard(ear, on_a_line(silence(200, 8000)))
    assert len(ear.utterance()) > len(utterance)


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="320 bytes"):
        Ear(TurnTaking(), 8000).hear(bytes(640), None)


AFTER: dict[type[EarEvent] | None, set[type[EarEvent]]] = {
    None: {Onset},
    Onset: {Pause, Ended, Discarded},
    Pause: {Resumed, Ended, Discarded},
    Resumed: {Pause, Ended, Discarded},
    Ended: {Onset},
    Discarded: {Onset},
}


def sound(kind: str, duration_ms: int) -> PcmAudio:
    if kind == "n":
        return noise(duration_ms, 8000, dbfs=-20)
    return voiced(duration_ms, 8000) if kind == "v" else silence(duration_ms, 8000)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("vvvsn"), st.integers(20, 700)), max_size=14),
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["verdict", "words", "force"]), st.floats(0, 1))),
    st.sampled_from(list(Sensitivity)),
)
def test_any_sound_makes_events_in_order_and_every_utterance_ends(
    parts: list[tuple[str, int]], calls: list[tuple[int, str, float]], sensitivity: Sensitivity
) -> None:
    audio = joined(*[sound(kind, length) for kind, length in parts], silence(3100, 8000))
    ear, events = Ear(TurnTaking(sensitivity=sensitivity), 8000, max_utterance_ms=5000), list[EarEvent]()
    for index, frame in enumerate(frames(audio)):
        events += ear.hear(frame, None)
        for at, call, value in calls:
            if at == index and call == "verdict":
                events += ear.verdict(value)
            elif at == index and call == "words":
                events += ear.words("alô", final=value > 0.5)
            elif at == index:
                events += ear.force_end()
    for before, event in zip([None, *events], events, strict=False):
        assert type(event) in AFTER[type(before) if before else None]
    assert not ear.listening
    for event in events:
        if isinstance(event, Ended):
            assert event.speech_start_ms < event.speech_end_ms <= event.at_ms
