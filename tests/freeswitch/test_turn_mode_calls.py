"""Turn mode on a real FreeSWITCH: SIP, RTP, mod_lua, mod_curl; the service is the scripted one."""

from __future__ import annotations

import base64
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.turn_service import Reply, TurnService, tone
from tests.freeswitch.conftest import FALLBACK, TONE, FreeSwitch, Heard
from tests.freeswitch.sip import call_with_from
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.g711 import ulaw_to_linear

pytestmark = pytest.mark.freeswitch

GOODBYE: dict[str, Any] = {"type": "hangup", "reason": "completed"}
TO_TONE: dict[str, Any] = {
    "type": "transfer",
    "destination": {"name": "x", "kind": "extension", "number": TONE},
    "reason": "rule",
}


def talk(*parts: int) -> PcmAudio:
    """Silence and a 500 Hz tone in turns, in ms, silence first."""
    samples = b"".join(
        bytes(16 * ms) if index % 2 == 0 else tone(ms, 500).samples for index, ms in enumerate(parts)
    )
    return PcmAudio(samples, 8000)


def sent_audio(service: TurnService, turn: int = 1) -> Any:
    audio = service.turns()[turn - 1].audio
    assert audio is not None
    assert audio.content is not None
    return np.frombuffer(ulaw_to_linear(base64.b64decode(audio.content)), dtype="<i2")


def loud_ms(samples: Any) -> float:
    at = np.flatnonzero(np.abs(samples.astype(int)) > 500)
    return float(at[-1] - at[0]) / 8


def assert_nothing_left(service: TurnService) -> None:
    assert service.violations == []
    left = Path("/tmp").glob(f"voice-secretary-{service.received[0][1].call_uuid}-*")  # type: ignore[attr-defined]
    assert list(left) == []


def wait_for_end(service: TurnService, seconds: float = 5) -> Any:
    deadline = time.monotonic() + seconds
    while not service.ends():
        assert time.monotonic() < deadline, "no end was reported"
        time.sleep(0.05)
    time.sleep(0.2)
    (end,) = service.ends()
    return end


class TestConversation:
    def test_three_turns_and_a_transfer(self, freeswitch: FreeSwitch) -> None:
        replies = [Reply(), Reply(), Reply(audio_ms=1500, action=TO_TONE)]
        with TurnService(replies=replies) as service:
            caller = freeswitch.dial(service.url, talk(1600, 1200, 3000, 1200, 3000, 1200, 7000))
            call = caller.wait()
            end = wait_for_end(service)
        assert caller.answer.startswith("+OK")
        assert (end.reason, end.turn, end.previous.played_ms) == ("transferred", 3, 1500)
        greeting, first, second, last = call.loud(call.heard)
        assert greeting[0] <= 200
        assert [end_ms - start for start, end_ms in (greeting, first, second)] == [
            pytest.approx(1000, abs=60)
        ] * 3
        farewell_ends = last[0] + 1500
        assert call.pitch_hz(call.heard, farewell_ends - 500, farewell_ends - 20) == pytest.approx(440, abs=5)
        assert call.pitch_hz(call.heard, farewell_ends + 200, farewell_ends + 900) == pytest.approx(
            1000, abs=5
        )
        assert [loud_ms(sent_audio(service, turn)) for turn in (1, 2, 3)] == [pytest.approx(1200, abs=25)] * 3
        assert_nothing_left(service)

    def test_a_long_greeting_plays_whole(self, freeswitch: FreeSwitch) -> None:
        with TurnService(greeting=Reply(audio_ms=11_000), replies=[Reply(action=GOODBYE)]) as service:
            call = freeswitch.dial(service.url, talk(11_600, 1200, 4000)).wait()
            wait_for_end(service)
        start, end_ms = call.loud(call.heard)[0]
        assert end_ms - start == pytest.approx(11_000, abs=40)
        assert_nothing_left(service)

    @pytest.mark.parametrize("codec", ["PCMA", "G722", "opus@48000h"])
    def test_other_codecs_keep_pitch_and_time(self, freeswitch: FreeSwitch, codec: str) -> None:
        with TurnService(replies=[Reply(audio_ms=1500, action=GOODBYE)]) as service:
            caller = freeswitch.dial(service.url, talk(1600, 1200, 5000), absolute_codec_string=codec)
            call = caller.wait()
            wait_for_end(service)
        if not caller.answer.startswith("+OK"):
            pytest.skip(f"{codec} is not there: {caller.answer}")
        samples = sent_audio(service)
        assert loud_ms(samples) == pytest.approx(1200, abs=40)
        assert Heard(samples, samples).pitch_hz(samples, 500, 1200) == pytest.approx(500, abs=5)
        start, end_ms = call.loud(call.heard)[-1]
        assert end_ms - start == pytest.approx(1500, abs=60)
        assert call.pitch_hz(call.heard, start + 300, start + 1000) == pytest.approx(440, abs=5)

    def test_a_shared_folder(self, freeswitch: FreeSwitch, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        with TurnService(shared_folder=tmp_path, replies=[Reply(action=GOODBYE)]) as service:
            call = freeswitch.dial(
                service.url, talk(1600, 1200, 4000), **{"sip_h_X-Transport": "shared"}
            ).wait()
            wait_for_end(service)
        assert len(call.loud(call.heard)) == 2
        audio = service.turns()[0].audio
        assert audio is not None
        assert audio.file == "utterance-0001.wav"
        assert (tmp_path / "utterance-0001.wav").stat().st_size > 1200 * 16

    def test_a_kept_call_has_both_sides(self, freeswitch: FreeSwitch, tmp_path: Path) -> None:
        set_up = {"record_call": True}
        tmp_path.chmod(0o755)
        with TurnService(shared_folder=tmp_path, set_up=set_up, replies=[Reply(action=GOODBYE)]) as service:
            freeswitch.dial(service.url, talk(1600, 1200, 4000), **{"sip_h_X-Transport": "shared"}).wait()
            end = wait_for_end(service)
        assert end.recording_file == "call.wav"
        with wave.open(str(tmp_path / "call.wav")) as file:
            assert file.getnchannels() == 2
            both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
        call = Heard(heard=both[:, 1], said=both[:, 0])
        assert len(call.loud(call.said)) == 1
        assert len(call.loud(call.heard)) == 2


class TestBargeIn:
    def test_by_speech(self, freeswitch: FreeSwitch) -> None:
        with TurnService(greeting=Reply(audio_ms=6000), replies=[Reply(action=GOODBYE)]) as service:
            call = freeswitch.dial(service.url, talk(2000, 1200, 4000)).wait()
            wait_for_end(service)
        (said,) = call.loud(call.said)
        greeting = call.loud(call.heard)[0]
        previous = service.turns()[0].previous
        assert previous is not None
        assert previous.barged_in
        assert greeting[1] - said[0] <= 450
        assert previous.played_ms == pytest.approx(greeting[1] - greeting[0], abs=60)
        assert loud_ms(sent_audio(service)) == pytest.approx(1200, abs=25)

    def test_by_key(self, freeswitch: FreeSwitch) -> None:
        with TurnService(greeting=Reply(audio_ms=6000), replies=[Reply(action=GOODBYE)]) as service:
            caller = freeswitch.dial(service.url, talk(9000))
            time.sleep(1.5)
            caller.press("5")
            call = caller.wait()
            wait_for_end(service)
        (turn,) = service.turns()
        start, end_ms = call.loud(call.heard)[0]
        assert (turn.digits, turn.audio) == ("5", None)
        assert end_ms - start < 2500

    def test_a_farewell_is_heard_out(self, freeswitch: FreeSwitch) -> None:
        with TurnService(replies=[Reply(audio_ms=4000, action=GOODBYE)]) as service:
            call = freeswitch.dial(service.url, talk(1600, 1200, 1500, 2500, 6000)).wait()
            wait_for_end(service)
        start, end_ms = call.loud(call.heard)[1]
        assert end_ms - start == pytest.approx(4000, abs=40)
        assert len(service.turns()) == 1


class TestKeys:
    @pytest.mark.parametrize(("keys", "digits"), [("0", "0"), ("12#", "12"), ("*", "*"), ("#", "#")])
    def test_while_listened_to(self, freeswitch: FreeSwitch, keys: str, digits: str) -> None:
        with TurnService(replies=[Reply(action=GOODBYE)]) as service:
            caller = freeswitch.dial(service.url, talk(12_000))
            time.sleep(2)
            caller.press(keys)
            caller.wait()
            wait_for_end(service)
        assert service.turns()[0].digits == digits


class TestEndings:
    def test_the_secretary_hangs_up(self, freeswitch: FreeSwitch) -> None:
        with TurnService(replies=[Reply(audio_ms=1500, action=GOODBYE)]) as service:
            call = freeswitch.dial(service.url, talk(1600, 1200, 30_000)).wait(15)
            end = wait_for_end(service)
        assert end.reason == "secretary_hangup"
        start, end_ms = call.loud(call.heard)[1]
        assert end_ms - start == pytest.approx(1500, abs=40)

    @pytest.mark.parametrize(
        ("after_s", "turn", "has_audio"),
        [(0.6, 0, False), (1.5, 0, False), (2.6, 1, True), (4.0, 1, False), (5.6, 1, False)],
        ids=["greeting", "listening", "mid-word", "thinking", "replying"],
    )
    def test_the_caller_hangs_up(
        self, freeswitch: FreeSwitch, after_s: float, turn: int, has_audio: bool
    ) -> None:
        with TurnService(replies=[Reply(audio_ms=3000, delay_s=1.5)]) as service:
            caller = freeswitch.dial(service.url, talk(1800, 1200, 9000))
            time.sleep(after_s)
            caller.hang_up()
            end = wait_for_end(service)
        assert (end.reason, end.turn, end.audio is not None) == ("caller_hangup", turn, has_audio)
        assert end.hangup_cause == "NORMAL_CLEARING"
        assert end.duration_ms == pytest.approx(after_s * 1000, abs=250)
        assert_nothing_left(service)

    def test_the_caller_gives_up_while_it_rings(self, freeswitch: FreeSwitch) -> None:
        with TurnService(greeting=Reply(delay_s=3)) as service:
            caller = freeswitch.dial(service.url, talk(1000), originate_timeout="1")
            end = wait_for_end(service)
        assert not caller.answer.startswith("+OK")
        assert (end.reason, end.hangup_cause) == ("caller_hangup", "ORIGINATOR_CANCEL")


class TestFaults:
    def test_a_recording_that_somebody_stops(self, freeswitch: FreeSwitch) -> None:
        with TurnService() as service:
            caller = freeswitch.dial(service.url, talk(30_000))
            time.sleep(2)
            uuid = service.received[0][1].call_uuid  # type: ignore[attr-defined]
            (recording,) = Path("/tmp").glob(f"voice-secretary-{uuid}-*caller.r8")
            assert freeswitch.esl.api(f"uuid_record {uuid} stop {recording}").startswith("+OK")
            call = caller.wait(15)
            end = wait_for_end(service)
        start, end_ms = call.loud(call.heard)[1]
        assert end.reason == "fallback"
        assert end_ms - start == pytest.approx(1500, abs=60)

    def test_nobody_there_rings_the_dialplans_number(self, freeswitch: FreeSwitch) -> None:
        with TurnService() as service:
            url = service.url
        call = freeswitch.dial(url, talk(3000), **{"sip_h_X-Fallback": FALLBACK}).wait()
        start, end_ms = call.loud(call.heard)[0]
        assert call.pitch_hz(call.heard, start + 200, end_ms - 200) == pytest.approx(1000, abs=5)

    def test_nobody_there_and_no_number_ends_with_a_cause(self, freeswitch: FreeSwitch) -> None:
        with TurnService() as service:
            url = service.url
        caller = freeswitch.dial(url, talk(3000))
        assert caller.answer == "-ERR NORMAL_TEMPORARY_FAILURE"

    def test_a_dying_service_is_apologised_for(self, freeswitch: FreeSwitch) -> None:
        with TurnService(replies=[Reply(status=500)]) as service:
            call = freeswitch.dial(service.url, talk(1600, 1200, 30_000)).wait(20)
            end = wait_for_end(service)
        assert end.reason == "fallback"
        start, end_ms = call.loud(call.heard)[1]
        assert end_ms - start == pytest.approx(1500, abs=40)

    def test_a_service_that_answers_after_a_restart(self, freeswitch: FreeSwitch) -> None:
        with TurnService(replies=[Reply(fail_first=2, action=GOODBYE)]) as service:
            freeswitch.dial(service.url, talk(1600, 1200, 9000)).wait()
            end = wait_for_end(service)
        assert (end.reason, len(service.turns())) == ("secretary_hangup", 3)


def test_ten_calls_at_once(freeswitch: FreeSwitch) -> None:
    with TurnService(replies=[Reply(action=GOODBYE)]) as service:
        legs = [freeswitch.dial(service.url, talk(1600, 1200, 9000)) for _ in range(10)]
        calls = [leg.wait() for leg in legs]
        deadline = time.monotonic() + 5
        while len(service.ends()) < 10 and time.monotonic() < deadline:
            time.sleep(0.1)
    assert len(service.ends()) == 10
    assert {end.reason for end in service.ends()} == {"secretary_hangup"}
    assert all(call.loud(call.heard)[0][0] <= 200 for call in calls)
    assert service.violations == []


@pytest.mark.parametrize(
    "user",
    [
        "1'%20append_headers%20X-Admin:1%20post%20x",
        "1%27%20XML%20public",
        "%24%7Bsystem(id)%7D",
        "a;b%00c",
        "%C3%A9%5Cn",
    ],
)
def test_what_an_invite_says_is_data(freeswitch: FreeSwitch, user: str) -> None:
    with TurnService() as service:
        freeswitch.esl.api(f"global_setvar voice_ai_url={service.url}")
        status = call_with_from("8120", user, "x' ${uuid} `id`", 1.0, ("127.0.0.1", 5060))
        end = wait_for_end(service)
        freeswitch.esl.api("global_setvar voice_ai_url=")
    assert (status, end.reason) == (200, "caller_hangup")
    assert service.violations == []
