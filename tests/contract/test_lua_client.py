"""The shipped Lua scripts against the service's wire: every ending of a call, every request of the right shape.

The service is a scripted one over real HTTP that holds each request against the shapes of `turn_mode/wire.py`; the
PBX is the simulated one. Nothing here sleeps for longer than a request takes.
"""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.turn_service import TOKEN, Reply, TurnService, tone
from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.g711 import ulaw_to_linear
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.errors import Unavailable
from voice_ai_service.simulated_caller import channel, simulation
from voice_ai_service.simulated_caller.caller import Press, Quiet, Say, Step
from voice_ai_service.simulated_caller.line import CallerRecorder
from voice_ai_service.simulated_caller.simulation import CallOutcome, Dialling, place_call
from voice_ai_service.turn_mode.wire import ActionAnswer, AudioAnswer, CallSetup, RefusedCall

pytest.importorskip("lupa", reason="the Lua runtime is not installed (extra: embedded)")

WORDS = tone(1200, 500)
GOODBYE: dict[str, Any] = {"type": "hangup", "reason": "completed"}
TO_2001: dict[str, Any] = {
    "type": "transfer",
    "destination": {"name": "x", "kind": "extension", "number": "2001"},
    "reason": "rule",
}


def dial(service: TurnService, *steps: Step, **fields: Any) -> CallOutcome:
    defaults: dict[str, Any] = {"domain": str(uuid4()), "report_wait_s": 5.0}
    wanted = {**defaults, **fields}
    outcome = place_call(Dialling(url=service.url, token=TOKEN, extension="8000", steps=steps, **wanted))
    assert service.violations == []
    return outcome


def loud_ms(content: str) -> float:
    """From the first loud sample of a PCMU text to the last."""
    samples = np.frombuffer(ulaw_to_linear(base64.b64decode(content)), dtype="<i2").astype(int)
    loud = np.flatnonzero(np.abs(samples) > 500)
    return float(loud[-1] - loud[0]) / 8


@pytest.fixture
def leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The call's work folder, kept to be looked at."""

    class Kept:
        def __init__(self, **_: object) -> None:
            pass

        def __enter__(self) -> str:
            return str(tmp_path)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(tempfile, "TemporaryDirectory", Kept)
    return tmp_path


class TestEndings:
    def test_the_secretary_hangs_up_after_its_farewell(self) -> None:
        with TurnService(replies=[Reply(), Reply(audio_ms=1500, action=GOODBYE)]) as service:
            call = dial(service, Say(WORDS), Say(WORDS))
        (end,) = service.ends()
        assert (call.hung_up_by, call.hangup_cause, end.reason) == (
            "secretary",
            "NORMAL_CLEARING",
            "secretary_hangup",
        )
        assert end.previous is not None
        assert (end.turn, end.previous.played_ms) == (2, 1500)
        assert [turn.turn for turn in service.turns()] == [1, 2]

    def test_the_secretary_transfers_after_its_words(self) -> None:
        with TurnService(replies=[Reply(audio_ms=1500, action=TO_2001)]) as service:
            call = dial(service, Say(WORDS))
        assert (call.transferred_to, service.ends()[0].reason) == ("2001", "transferred")
        assert call.playouts[-1].ended_ms is not None
        assert call.playouts[-1].ended_ms - call.playouts[-1].started_ms == 1500

    @pytest.mark.parametrize(
        "number", ["2001 XML other", "2001'", "$(id)", "", "2001/x", "é", "1" * 21, 5, None]
    )
    def test_a_destination_that_is_no_number_is_not_dialled(self, number: object) -> None:
        action = {**TO_2001, "destination": {"name": "x", "kind": "extension", "number": number}}
        with TurnService(greeting=Reply(action=action)) as service:
            service.set_up = {"action": action}
            service.unchecked = True
            call = dial(service)
        assert call.transferred_to is None
        assert (call.hung_up_by, service.ends()[0].reason) == ("secretary", "error")

    def test_the_caller_hangs_up_during_the_greeting(self) -> None:
        with TurnService(greeting=Reply(audio_ms=5000)) as service:
            dial(service, hang_up_at_ms=1000)
        (end,) = service.ends()
        assert end.previous is not None
        assert (end.reason, end.turn, end.audio, end.hangup_cause) == (
            "caller_hangup",
            0,
            None,
            "NORMAL_CLEARING",
        )
        assert 900 <= end.previous.played_ms <= 1020
        assert service.turns() == []

    def test_the_caller_hangs_up_while_listened_to(self) -> None:
        with TurnService() as service:
            dial(service, Quiet(9), hang_up_at_ms=3000)
        (end,) = service.ends()
        assert (end.reason, end.turn, end.audio, end.duration_ms) == ("caller_hangup", 0, None, 3020)

    def test_the_caller_hangs_up_in_mid_word_and_the_words_are_not_lost(self) -> None:
        with TurnService() as service:
            dial(service, Say(WORDS), Say(tone(4000, 500), hang_up_after_ms=1500))
        (end,) = service.ends()
        assert (end.reason, end.turn) == ("caller_hangup", 2)
        assert end.audio is not None
        assert end.audio.content is not None
        assert loud_ms(end.audio.content) == pytest.approx(1500, abs=60)

    def test_the_caller_hangs_up_while_the_service_thinks(self) -> None:
        with TurnService(replies=[Reply(delay_s=0.5)]) as service:
            dial(service, Say(WORDS), hang_up_at_ms=3800)
        assert [type(body).__name__ for _, body in service.received][-2:] == ["TurnRequest", "EndRequest"]
        (end,) = service.ends()
        assert end.previous is not None
        assert (end.reason, end.turn, end.previous.played_ms) == ("caller_hangup", 1, 0)

    def test_the_caller_hangs_up_during_a_reply(self) -> None:
        with TurnService(replies=[Reply(audio_ms=4000)]) as service:
            call = dial(service, Say(WORDS), hang_up_at_ms=5500)
        (end,) = service.ends()
        assert end.previous is not None
        heard_ms = 5500 - call.playouts[-1].started_ms
        assert end.turn == 1
        assert heard_ms - 40 <= end.previous.played_ms <= heard_ms + 40

    def test_the_caller_hangs_up_before_the_answer(self) -> None:
        with TurnService(greeting=Reply(delay_s=0.2)) as service:
            outcome = dial(service, hang_up_at_ms=-1)
        assert [end.reason for end in service.ends()] in ([], ["caller_hangup"])
        assert outcome.hung_up_by == "caller"


class TestServiceFaults:
    @pytest.mark.parametrize(
        "fault",
        [
            Reply(status=500),
            Reply(status=400),
            Reply(raw=b"<html>"),
            Reply(raw=b'{"action":'),
            Reply(raw=b"[]"),
            Reply(raw=b""),
        ],
    )
    def test_a_failing_service_is_apologised_for(self, fault: Reply) -> None:
        with TurnService(replies=[fault]) as service:
            call = dial(service, Say(WORDS))
        (end,) = service.ends()
        assert end.previous is not None
        assert (call.hung_up_by, end.reason, end.previous.played_ms) == ("secretary", "fallback", 0)
        assert Path(call.playouts[-1].file).name.endswith("apology.wav")

    @pytest.mark.parametrize("fault", [Reply(fail_first=2), Reply(fail_first=1)])
    def test_a_restarting_service_is_asked_again(self, fault: Reply) -> None:
        with TurnService(replies=[fault]) as service:
            call = dial(service, Say(WORDS))
        assert len(service.turns()) == fault.fail_first + 1
        assert len({turn.model_dump_json() for turn in service.turns()}) == 1
        assert call.hung_up_by == "caller"

    def test_the_fallback_that_the_service_named_is_dialled(self) -> None:
        set_up = {"fallback": TO_2001 | {"reason": "fallback"}}
        with TurnService(replies=[Reply(status=500)], set_up=set_up) as service:
            call = dial(service, Say(WORDS), fallback="3000")
        assert (call.transferred_to, service.ends()[0].reason) == ("2001", "fallback")

    def test_else_the_one_that_the_dialplan_named(self) -> None:
        with TurnService(replies=[Reply(status=500)]) as service:
            call = dial(service, Say(WORDS), fallback="3000")
        assert call.transferred_to == "3000"

    def test_without_an_apology_the_caller_hears_a_tone(self) -> None:
        with TurnService(replies=[Reply(status=500)], set_up={"apology": None}) as service:
            call = dial(service, Say(WORDS))
        heard = np.frombuffer(call.line.sides()[1].samples, dtype="<i2")
        assert np.count_nonzero(np.abs(heard[-8000:].astype(int)) > 100) > 4000

    def test_a_service_too_slow_is_given_up(self) -> None:
        with TurnService(replies=[Reply(delay_s=1.5)]) as service:
            call = dial(service, Say(WORDS), timeout_s=1)
        assert service.ends()[0].reason == "fallback"
        assert Path(call.playouts[-1].file).name.endswith("apology.wav")

    def test_the_end_is_reported_to_a_service_that_comes_back(self) -> None:
        with TurnService(end=Reply(fail_first=2)) as service:
            dial(service, hang_up_at_ms=500)
        assert len(service.ends()) == 1

    def test_words_without_a_voice_are_not_silence(self) -> None:
        with TurnService(replies=[Reply(audio_ms=0, said="hello")]) as service:
            dial(service, Say(WORDS))
        assert service.ends()[0].reason == "fallback"

    def test_a_transfer_without_words_is_made_all_the_same(self) -> None:
        with TurnService(replies=[Reply(audio_ms=0, said="", action=TO_2001)]) as service:
            assert dial(service, Say(WORDS)).transferred_to == "2001"


class TestBrokenDisk:
    @pytest.mark.parametrize(
        "after_ms", [0, 500, 2500, 4500], ids=["at once", "greeting", "listening", "reply"]
    )
    def test_a_recording_that_breaks_off_ends_the_call_with_a_sentence(
        self, monkeypatch: pytest.MonkeyPatch, after_ms: int
    ) -> None:
        class Broken(CallerRecorder):
            written_ms = 0

            def write(self, caller: bytes, secretary: bytes) -> None:
                self.written_ms += 20
                if self.written_ms <= after_ms:
                    super().write(caller, secretary)

        monkeypatch.setattr(channel, "CallerRecorder", Broken)
        with TurnService(replies=[Reply(audio_ms=3000)]) as service:
            call = dial(service, Say(WORDS), Quiet(60), fallback="3000")
        assert ("playback", "apology.wav") in [
            (name, data.rsplit("-", 1)[-1]) for name, data in call.applications
        ]
        assert (call.transferred_to, service.ends()[0].reason) == ("3000", "fallback")
        assert call.line.now_ms() < after_ms + 8000

    def test_a_recorder_that_does_not_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_path: Path) -> CallerRecorder:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(channel, "CallerRecorder", fail)
        with TurnService() as service:
            call = dial(service, Say(WORDS))
        assert (call.hung_up_by, service.ends()[0].reason) == ("secretary", "fallback")
        assert np.any(np.frombuffer(call.line.sides()[1].samples, dtype="<i2"))

    def test_no_room_for_the_files_is_the_dialplans_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(simulation, "_globals", without_work_dir(simulation._globals))
        with TurnService() as service:
            call = dial(service, fallback="3000")
        assert (call.answered, call.transferred_to, service.received) == (False, "3000", [])


def without_work_dir(globals_of: Any) -> Any:
    return lambda *arguments: globals_of(*arguments) | {"voice_ai_work_dir": "/nowhere/to/write"}


class TestSetUp:
    def test_the_caller_is_not_answered_before_the_service_has_answered(self) -> None:
        with TurnService() as service:
            call = dial(service, hang_up_at_ms=500, caller_number="+5511999990000")
        path, asked = service.received[0]
        assert isinstance(asked, CallSetup)
        assert (path, asked.called_number, asked.caller_number) == ("/api/v1/calls", "8000", "+5511999990000")
        assert (asked.audio_transport, call.playouts[0].started_ms) == ("inline", 0)
        assert service.received[1][0].endswith("/events")

    def test_a_domain_known_by_name_is_named_by_uuid_from_then_on(self) -> None:
        with TurnService(greeting=Reply(audio_ms=6000)) as service:
            dial(service, Say(WORDS), domain="demo.local")
        asked = service.received[0][1]
        assert isinstance(asked, CallSetup)
        assert (asked.domain_name, asked.domain_uuid) == ("demo.local", None)
        assert {str(turn.domain_uuid) for turn in service.turns()} == {service.domain_uuid}
        assert str(service.ends()[0].domain_uuid) == service.domain_uuid

    def test_a_long_greeting_is_fetched_whole_before_the_answer(self) -> None:
        with TurnService(greeting=Reply(audio_ms=12_000)) as service:
            call = dial(service, hang_up_at_ms=13_000)
        pieces = [exchange for exchange in call.exchanges if "/audio/" in exchange.path]
        assert len(pieces) == 3
        assert all(piece.sent_at_ms == 0 for piece in pieces)
        assert call.playouts[0].ended_ms == 12_000

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
    def test_a_refused_set_up_goes_to_the_dialplans_number_unanswered(self, status: int) -> None:
        with TurnService(greeting=Reply(status=status)) as service:
            call = dial(service, fallback="3000")
        assert (call.answered, call.transferred_to) == (False, "3000")

    def test_without_one_the_caller_hears_a_tone_and_a_cause(self) -> None:
        with TurnService(greeting=Reply(status=404)) as service:
            call = dial(service)
        assert (call.hung_up_by, call.hangup_cause) == ("secretary", "NORMAL_TEMPORARY_FAILURE")
        assert np.any(np.frombuffer(call.line.sides()[1].samples, dtype="<i2"))

    def test_what_the_service_says_to_somebody_it_refuses_is_heard_on_the_unanswered_line(self) -> None:
        wav = write_wav(tone(1500), Encoding.PCMU)
        audio = AudioAnswer(
            ref="refused",
            sample_rate_hz=8000,
            duration_ms=1500,
            bytes=len(wav),
            content=base64.b64encode(wav).decode(),
        )
        refused = RefusedCall(said="no", audio=audio, action=ActionAnswer(type="hangup", reason="refused"))
        body = {"error": {"code": "not_found", "message": "no"}, **refused.model_dump(mode="json")}
        with TurnService(greeting=Reply(status=404, raw=json.dumps(body).encode())) as service:
            call = dial(service)
            elsewhere = dial(service, fallback="3000")
        assert (call.answered, call.hung_up_by, call.hangup_cause) == (
            False,
            "secretary",
            "NO_ROUTE_DESTINATION",
        )
        assert np.count_nonzero(np.frombuffer(call.line.sides()[1].samples, dtype="<i2")) > 8000
        assert call.line.now_ms() < 2500
        assert elsewhere.transferred_to == "3000"
        assert service.ends() == []

    @pytest.mark.parametrize("fallback", ["3000 XML public", "a", "${x}", "1" * 30])
    def test_a_fallback_that_is_no_number_is_not_dialled(self, fallback: str) -> None:
        with TurnService(greeting=Reply(status=404)) as service:
            assert dial(service, fallback=fallback).transferred_to is None

    def test_nobody_there_is_the_dialplans_number_soon(self) -> None:
        with TurnService() as service:
            url = service.url
        call = place_call(
            Dialling(
                url=url, token=TOKEN, extension="8000", domain="demo.local", fallback="3000", report_wait_s=1
            )
        )
        assert (call.answered, call.transferred_to) == (False, "3000")

    def test_a_channel_that_comes_again_uses_the_name_that_it_is_given(self) -> None:
        again = str(uuid4())
        with TurnService(
            set_up={"call_uuid": again}, greeting=Reply(audio_ms=12_000), replies=[Reply(action=GOODBYE)]
        ) as service:
            call = dial(service, Quiet(14), Say(WORDS))
        assert call.playouts[0].ended_ms == 12_000
        assert [str(turn.call_uuid) for turn in service.turns()] == [again]
        later = [path for path, _ in service.received if path.startswith("/api/v1/calls/")]
        assert len(later) == 2
        assert all(again in path for path in later)

    @pytest.mark.parametrize("decision", ["closed", "busy"])
    def test_what_is_said_outside_hours_is_heard_and_acted_on(self, decision: str) -> None:
        set_up = {"decision": decision, "action": GOODBYE}
        with TurnService(set_up=set_up, greeting=Reply(audio_ms=1500)) as service:
            call = dial(service, Say(WORDS))
        assert (call.hung_up_by, service.ends()[0].reason) == ("secretary", "secretary_hangup")
        assert call.playouts[0].ended_ms == 1500
        assert service.turns() == []

    @pytest.mark.parametrize(("decision", "cause"), [("busy", "USER_BUSY"), ("closed", "CALL_REJECTED")])
    def test_a_call_without_words_is_not_answered(self, decision: str, cause: str) -> None:
        set_up = {"decision": decision, "action": GOODBYE, "audio": None}
        with TurnService(set_up=set_up) as service:
            call = dial(service)
        assert (call.answered, call.hangup_cause) == (False, cause)
        assert len(service.ends()) == 1


class TestListening:
    def test_the_words_arrive_whole_and_at_the_right_level(self) -> None:
        with TurnService() as service:
            dial(service, Say(WORDS))
        audio = service.turns()[0].audio
        assert audio is not None
        assert audio.content is not None
        assert (audio.encoding, audio.sample_rate_hz) == ("PCMU", 8000)
        assert loud_ms(audio.content) == pytest.approx(1200, abs=2)
        samples = np.frombuffer(ulaw_to_linear(base64.b64decode(audio.content)), dtype="<i2").astype(float)
        assert np.abs(samples).max() == pytest.approx(8000, rel=0.05)

    def test_silence_is_told_after_its_time(self) -> None:
        with TurnService(replies=[Reply(), Reply(action=GOODBYE)]) as service:
            call = dial(service, Quiet(30))
        first, second = service.turns()
        assert (first.no_input, first.audio, first.digits) == (True, None, "")
        assert second.no_input
        asked_at = [exchange.sent_at_ms for exchange in call.exchanges if exchange.path.endswith("/turn")]
        assert 5000 <= asked_at[0] <= 5120

    def test_words_that_never_end_are_cut_at_the_limit(self) -> None:
        listening = {"end_silence_ms": 800, "max_utterance_ms": 3000, "no_input_ms": 4000}
        with TurnService(replies=[Reply(action=GOODBYE)], set_up={"listening": listening}) as service:
            dial(service, Say(tone(9000, 500)))
        audio = service.turns()[0].audio
        assert audio is not None
        assert audio.content is not None
        assert len(base64.b64decode(audio.content)) == 3000 * 8

    @pytest.mark.parametrize(
        ("pressed", "digits"),
        [("0", "0"), ("123", "123"), ("12#", "12"), ("#", "#"), ("*", "*"), ("*1#9", "*1")],
    )
    def test_keys_are_a_turn(self, pressed: str, digits: str) -> None:
        with TurnService(replies=[Reply(action=GOODBYE)]) as service:
            dial(service, Press(pressed))
        (turn,) = service.turns()
        assert (turn.digits, turn.audio, turn.no_input) == (digits, None, False)

    def test_a_message_may_be_long_and_have_pauses(self) -> None:
        pause = PcmAudio(bytes(2 * 16 * 1000), 8000)
        message = PcmAudio(WORDS.samples + pause.samples + WORDS.samples, 8000)
        replies = [Reply(action={"type": "record_message", "max_s": 60}), Reply(action=GOODBYE)]
        with TurnService(replies=replies) as service:
            dial(service, Say(WORDS), Say(message))
        audio = service.turns()[1].audio
        assert audio is not None
        assert audio.content is not None
        assert len(base64.b64decode(audio.content)) / 8 > message.duration_ms

    def test_the_service_hears_of_it_when_the_time_is_over(self) -> None:
        set_up = {"limits": {"max_turns": 20, "max_duration_s": 3}}
        with TurnService(replies=[Reply(action=GOODBYE)], set_up=set_up) as service:
            call = dial(service, Quiet(30))
        assert service.turns()[0].no_input
        assert call.hung_up_by == "secretary"

    def test_a_service_that_never_ends_a_call_is_ended(self) -> None:
        set_up = {"limits": {"max_turns": 2, "max_duration_s": 600}}
        with TurnService(set_up=set_up) as service:
            call = dial(service, *(Say(WORDS) for _ in range(9)))
        assert (len(service.turns()), service.ends()[0].reason) == (4, "fallback")
        assert call.hung_up_by == "secretary"


class TestBargeIn:
    def test_speech_stops_the_reply_and_nothing_of_it_is_lost(self) -> None:
        with TurnService(replies=[Reply(audio_ms=5000), Reply(action=GOODBYE)]) as service:
            call = dial(service, Say(WORDS), Say(WORDS, barge_in_at_ms=1000))
        reply = call.playouts[1]
        assert reply.ended_ms is not None
        assert 1200 <= reply.ended_ms - reply.started_ms <= 1300
        previous, audio = service.turns()[1].previous, service.turns()[1].audio
        assert previous is not None
        assert previous.barged_in
        assert abs(previous.played_ms - (reply.ended_ms - reply.started_ms)) <= 20
        assert audio is not None
        assert audio.content is not None
        assert loud_ms(audio.content) == pytest.approx(1200, abs=2)

    def test_a_key_stops_the_reply_at_once(self) -> None:
        with TurnService(greeting=Reply(audio_ms=5000), replies=[Reply(action=GOODBYE)]) as service:
            call = dial(service, Press("1", barge_in_at_ms=1000))
        assert call.playouts[0].ended_ms is not None
        assert 1000 <= call.playouts[0].ended_ms <= 1080
        previous = service.turns()[0].previous
        assert previous is not None
        assert previous.barged_in
        assert service.turns()[0].digits == "1"

    def test_a_farewell_is_heard_out(self) -> None:
        with TurnService(replies=[Reply(audio_ms=4000, action=GOODBYE)]) as service:
            call = dial(service, Say(WORDS), Say(WORDS, barge_in_at_ms=500))
        farewell = call.playouts[1]
        assert farewell.ended_ms is not None
        assert farewell.ended_ms - farewell.started_ms == 4000
        assert len(service.turns()) == 1

    def test_a_reply_heard_to_its_end_says_so(self) -> None:
        with TurnService(replies=[Reply(audio_ms=1340), Reply(action=GOODBYE)]) as service:
            dial(service, Say(WORDS), Say(WORDS))
        assert [turn.previous.played_ms for turn in service.turns() if turn.previous] == [1000, 1340]
        assert not any(turn.previous.barged_in for turn in service.turns() if turn.previous)


def test_without_the_scripts_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        place_call(
            Dialling(url="http://127.0.0.1:9", token=TOKEN, extension="8000", domain="d"), scripts=tmp_path
        )


def test_files_of_a_call_are_gone_when_it_is_reported(leftovers: Path) -> None:
    with TurnService(replies=[Reply(), Reply(action=GOODBYE)]) as service:
        dial(service, Say(WORDS), Say(WORDS))
    assert list(leftovers.iterdir()) == []


def test_a_shared_folder_carries_the_audio_both_ways(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    with TurnService(shared_folder=folder, replies=[Reply(action=GOODBYE)]) as service:
        call = dial(service, Say(WORDS), transport="shared")
    audio = service.turns()[0].audio
    assert audio is not None
    assert (audio.file, audio.content) == ("utterance-0001.wav", None)
    assert (folder / "utterance-0001.wav").stat().st_size > 44 + 1200 * 16
    assert Path(call.playouts[0].file).parent == folder


@pytest.mark.parametrize("name", ["../x.wav", "a b.wav", "/etc/passwd", "x.wav;y", "", "x'.wav"])
def test_a_file_outside_the_shared_folder_is_not_played(tmp_path: Path, name: str) -> None:
    with TurnService(shared_folder=tmp_path) as service:
        service.set_up = {"audio": {"ref": "r", "format": "PCMU", "sample_rate_hz": 8000, "duration_ms": 900,
                                    "bytes": 9, "content": None, "file": name}}  # fmt: skip
        call = dial(service, transport="shared")
    assert all(Path(playout.file).name == "apology.wav" for playout in call.playouts)


HOSTILE = st.text(st.sampled_from("a0' \\\"%;|&$`(){}\n\r\t,=é€😀"), max_size=30)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=HOSTILE, extension=HOSTILE, domain=HOSTILE, said=HOSTILE, file=HOSTILE)
def test_nothing_that_others_wrote_reaches_an_api_command_as_it_is(
    number: str, extension: str, domain: str, said: str, file: str
) -> None:
    """What callers, INVITEs and models say is data: every command keeps its own words."""
    greeting = Reply(
        said=said, action={**TO_2001, "destination": {"name": said, "kind": "x", "number": number}}
    )
    with TurnService(greeting=greeting, set_up={"action": greeting.action, "folder": file}) as service:
        service.unchecked = True
        call = place_call(
            Dialling(url=service.url, token=TOKEN, extension=extension, domain=domain or "d", caller_number=number,
                     report_wait_s=5, fallback=number)
        )  # fmt: skip
    assert call.transferred_to is None or set(call.transferred_to) <= set("0123456789*#+")
    for name, argument in call.commands:
        words = argument.split(b" ")
        if name == "curl":
            assert argument.count(b"'") == argument.count(b"\\") == 0
            assert words[0].startswith(service.url.encode())
            assert len(words) <= 20
        elif name == "luarun":
            assert len(words) == 2
        elif name == "uuid_audio_stream":
            assert argument == b"", "only asked for; this service offers no stream"
        else:
            assert words[0].decode() == str(call.call_uuid)
            assert len(words) <= 5
