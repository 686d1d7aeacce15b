"""When the simulated caller acts, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.simulated_caller.caller import Caller, Press, Quiet, Say, Spoken, Step, over_the_phone
from voice_ai_service.simulated_caller.line import SILENCE, LineView, Playout
from voice_ai_service.simulated_caller.recording import stereo_wav

WORDS = PcmAudio(b"\x00\x10" * 160 * 5, 8000)
"""100 ms."""


class Conversation:
    """The caller against a secretary whose replies come when the test says."""

    def __init__(self, *steps: Step, hang_up_at_ms: int | None = None) -> None:
        self.caller = Caller(steps, hang_up_at_ms=hang_up_at_ms)
        self.line = LineView()
        self.sound: list[int] = []

    def pass_ms(self, ms: int) -> None:
        for _ in range(ms // 20):
            if self.caller.next_frame(self.line) != SILENCE:
                self.sound.append(self.line.now_ms)
            self.line.now_ms += 20

    def reply(self, ms: int, *, cut: bool = False) -> None:
        self.line.playouts.append(Playout("r", b"", self.line.now_ms))
        self.pass_ms(ms)
        if not cut:
            self.line.playouts[-1].ended_ms = self.line.now_ms


def test_the_caller_speaks_600_ms_after_the_reply_ended() -> None:
    talk = Conversation(Say(WORDS))
    talk.pass_ms(1000)
    talk.reply(2000)
    talk.pass_ms(1000)
    assert (talk.sound[0], talk.sound[-1]) == (3600, 3680)
    assert talk.caller.spoken == [Spoken(3600, 3700)]


def test_each_step_waits_for_a_reply_of_its_own() -> None:
    talk = Conversation(Say(WORDS), Say(WORDS))
    talk.reply(1000)
    talk.pass_ms(5000)
    assert len(talk.caller.spoken) == 1
    talk.reply(1000)
    talk.pass_ms(1000)
    assert talk.caller.spoken[1].started_ms == 7600


def test_a_caller_without_any_reply_goes_on_after_a_while() -> None:
    talk = Conversation(Say(WORDS))
    talk.pass_ms(21_000)
    assert talk.caller.spoken[0].started_ms == 20_000


def test_barging_in_begins_so_far_into_the_reply() -> None:
    talk = Conversation(Say(WORDS, barge_in_at_ms=400))
    talk.pass_ms(500)
    talk.reply(2000)
    assert talk.caller.spoken == [Spoken(900, 1000)]


def test_keys_come_one_after_the_other() -> None:
    talk = Conversation(Press("12#"))
    talk.reply(1000)
    talk.pass_ms(620)
    assert talk.caller.keys == ["1"]
    talk.pass_ms(500)
    assert talk.caller.keys == ["1", "2", "#"]
    assert talk.sound == []


def test_after_staying_quiet_the_caller_speaks_without_another_reply() -> None:
    talk = Conversation(Quiet(2), Say(WORDS))
    talk.reply(1000)
    talk.pass_ms(4000)
    assert talk.caller.spoken[0].started_ms == 1600 + 2000 + 20 + 600


def test_with_nothing_left_to_say_the_caller_hangs_up_after_the_last_reply() -> None:
    talk = Conversation(Say(WORDS))
    talk.reply(1000)
    talk.pass_ms(3000)
    assert not talk.caller.hung_up
    talk.reply(1000)
    talk.pass_ms(1480)
    assert not talk.caller.hung_up
    talk.pass_ms(40)
    assert talk.caller.hung_up


def test_hanging_up_at_a_time_needs_no_reason() -> None:
    talk = Conversation(hang_up_at_ms=500)
    talk.pass_ms(500)
    assert not talk.caller.hung_up
    talk.pass_ms(20)
    assert talk.caller.hung_up


def test_hanging_up_in_the_middle_of_a_word() -> None:
    talk = Conversation(Say(WORDS, hang_up_after_ms=40))
    talk.reply(1000)
    talk.pass_ms(660)
    assert talk.caller.hung_up
    assert talk.caller.spoken == []


def test_the_telephone_leaves_the_band_of_g712() -> None:
    at = np.arange(16000)
    voice = np.asarray(sum(2000 * np.sin(2 * np.pi * hz * at / 16000) for hz in (50, 300, 1000, 3300, 3900)))
    heard = over_the_phone(PcmAudio(voice.astype("<i2").tobytes(), 16000))
    levels_db = 20 * np.log10(np.abs(np.fft.rfft(np.frombuffer(heard.samples, dtype="<i2"))) / (2000 * 4000))
    assert heard.duration_ms == 1000
    assert [levels_db[hz] for hz in (300, 1000, 3300)] == [pytest.approx(0, abs=1)] * 3
    assert levels_db[50] < -20
    assert levels_db[3900] < -8


def test_a_silent_file_passes_the_telephone() -> None:
    assert over_the_phone(PcmAudio(b"", 16000)).samples == b""


def test_both_sides_stand_beside_each_other() -> None:
    content = stereo_wav(b"\x01\x00", b"\x02\x00\x03\x00", 8000)
    assert content[-8:] == b"\x01\x00\x02\x00\x00\x00\x03\x00"
