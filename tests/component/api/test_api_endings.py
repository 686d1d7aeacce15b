"""Every ending of a call is stored once, with its reason: by voice, by key, by silence, by limits, in mid-sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall, inline
from tests.component.api.tenants import TenantSetUp, add_secretary, make_tenant
from tests.component.api.voices import CallerVoice, silence
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import read_wav

ASKS_PRICE = "quanto custa a consulta"
ASKS_FINANCE = "quero falar com o financeiro"


def stored(call: PhoneCall, conversation_uuid: str) -> dict[str, Any]:
    detail: dict[str, Any] = call.api.get(f"/conversations/{conversation_uuid}")
    assert detail["call_uuid"] == str(call.call_uuid)
    return detail


def outcome(detail: dict[str, Any]) -> tuple[str, str]:
    return detail["resolution"], detail["end_reason"]


def test_the_caller_hangs_up_after_an_answer(call: PhoneCall, caller: CallerVoice) -> None:
    call.answer().say(caller.says(ASKS_PRICE))
    detail = stored(call, call.end(previous={"played_ms": 2500}))
    assert outcome(detail) == ("completed", "caller_hangup")
    assert (detail["hangup_cause"], detail["duration_ms"]) == ("NORMAL_CLEARING", 12_345)


def test_the_caller_hangs_up_before_the_call_was_answered(call: PhoneCall) -> None:
    call.set_up()
    detail = stored(call, call.end(hangup_cause="ORIGINATOR_CANCEL", duration_ms=0))
    assert outcome(detail) == ("abandoned", "caller_hangup")
    assert (detail["answered_at"], detail["turn_count"]) == (None, 0)


def test_the_caller_hangs_up_during_the_greeting(call: PhoneCall) -> None:
    detail = stored(call.answer(), call.end(previous={"played_ms": 700}))
    assert outcome(detail) == ("abandoned", "caller_hangup")
    (greeting,) = detail["messages"]
    assert greeting["played_ms"] == 700
    assert len(greeting["heard_text"]) < len(greeting["text"])
    assert greeting["text"].startswith(greeting["heard_text"].rstrip("…"))


def test_what_the_caller_had_begun_to_say_is_not_lost(call: PhoneCall, caller: CallerVoice) -> None:
    call.answer()
    last = inline(caller.says(ASKS_PRICE))
    detail = stored(call, call.end(turn=1, audio=last, previous={"played_ms": 2000}))
    assert detail["resolution"] == "abandoned"
    spoken = detail["messages"][-1]
    assert (spoken["speaker"], spoken["text"], spoken["turn"]) == ("caller", ASKS_PRICE, 1)


@pytest.mark.parametrize(
    "audio", [inline(PcmAudio(silence(1000), 8000)), {"content": "!", "encoding": "PCMU"}]
)
def test_a_last_fragment_that_is_nothing_does_not_keep_the_call_from_being_stored(
    call: PhoneCall, audio: dict[str, Any]
) -> None:
    detail = stored(call.answer(), call.end(turn=1, audio=audio))
    assert [one["speaker"] for one in detail["messages"]] == ["secretary"]


def test_a_transfer(call: PhoneCall, caller: CallerVoice) -> None:
    call.answer().say(caller.says(ASKS_FINANCE))
    detail = stored(call, call.end("transferred", previous={"played_ms": 2000}))
    assert outcome(detail) == ("transferred", "transferred")
    assert detail["transferred_to"] == "financeiro"


def test_the_caller_hangs_up_while_being_transferred(call: PhoneCall, caller: CallerVoice) -> None:
    call.answer().say(caller.says(ASKS_FINANCE))
    detail = stored(call, call.end("caller_hangup", previous={"played_ms": 300}))
    assert detail["resolution"] == "abandoned"
    assert detail["transferred_to"] is None


def test_a_failed_transfer_and_then_the_end(call: PhoneCall) -> None:
    call.answer().press("0")
    call.event({"type": "transfer_failed", "cause": "USER_BUSY"})
    detail = stored(call, call.end())
    assert detail["transferred_to"] is None
    assert [one["intent"] for one in detail["messages"] if one["speaker"] == "secretary"][
        -1
    ] == "transfer_failed"


def test_the_caller_says_goodbye_with_a_key_for_a_message(call: PhoneCall, caller: CallerVoice) -> None:
    asked = call.answer().press("9")
    assert asked["action"]["type"] == "record_message"
    assert asked["action"]["max_s"] > 0
    taken = call.say(caller.says("meu nome é maria por favor me ligue amanhã"))
    assert taken["action"] == {
        "type": "hangup",
        "destination": None,
        "reason": "message_taken",
        "max_s": None,
    }
    detail = stored(call, call.end("secretary_hangup"))
    assert outcome(detail) == ("message", "message_taken")


def test_a_message_is_kept_as_audio_whatever_was_understood(
    call: PhoneCall, caller: CallerVoice, platform: Platform, clinic: TenantSetUp
) -> None:
    call.answer().press("9")
    spoken = caller.says("xpto blablabla")
    call.say(spoken)
    detail = stored(call, call.end("secretary_hangup"))
    name = detail["message_audio_ref"]
    folder = platform.service.data_dir / "recordings"
    (kept,) = [path for path in folder.rglob(Path(name).name) if str(call.call_uuid) in str(path)]
    assert str(clinic.domain_uuid) in str(kept)
    assert read_wav(kept.read_bytes()).duration_ms == pytest.approx(spoken.duration_ms - 900, abs=400)


def test_a_message_that_the_line_cut_off_is_kept_too(
    call: PhoneCall, caller: CallerVoice, platform: Platform
) -> None:
    call.answer().press("9")
    begun = inline(caller.says("meu nome é maria e eu queria"))
    detail = stored(call, call.end(turn=2, audio=begun))
    assert detail["resolution"] == "message"
    name = detail["message_audio_ref"]
    assert [
        path
        for path in (platform.service.data_dir / "recordings").rglob(name)
        if str(call.call_uuid) in str(path)
    ]


def test_a_caller_who_never_speaks(call: PhoneCall) -> None:
    call.answer()
    asked_again = [call.stay_silent() for _ in range(2)]
    given_up = call.stay_silent()
    assert [one["action"]["type"] for one in asked_again] == ["continue", "continue"]
    assert (given_up["action"]["type"], given_up["action"]["reason"]) == ("transfer", "fallback")
    detail = stored(call, call.end("transferred"))
    assert outcome(detail) == ("transferred", "transferred")
    assert detail["transferred_to"] == "recepção"


def test_the_last_turn_that_is_allowed(clinic: TenantSetUp) -> None:
    call = PhoneCall(clinic.admin, "8001").answer()
    assert call.opened["limits"]["max_turns"] == 2
    assert [call.press("1")["action"]["type"] for _ in range(2)] == ["continue", "continue"]
    over = call.press("1")
    assert (over["action"]["type"], over["action"]["destination"]["number"]) == ("transfer", "2000")
    detail = stored(call, call.end("fallback"))
    assert detail["resolution"] == "transferred"


def test_a_secretary_outside_its_hours(clinic: TenantSetUp) -> None:
    call = PhoneCall(clinic.admin, "8002")
    opened = call.set_up()
    assert (opened["decision"], opened["action"]["type"]) == ("closed", "hangup")
    assert opened["audio"]["duration_ms"] > 1000
    detail = stored(call, call.end("secretary_hangup"))
    assert outcome(detail) == ("closed", "closed")


def test_a_secretary_that_takes_messages_outside_its_hours(clinic: TenantSetUp, caller: CallerVoice) -> None:
    call = PhoneCall(clinic.admin, "8003").answer()
    assert (call.opened["decision"], call.opened["action"]["type"]) == ("answer", "record_message")
    assert call.say(caller.says("me ligue amanhã"))["action"]["type"] == "hangup"
    assert stored(call, call.end("secretary_hangup"))["resolution"] == "message"


def test_no_room_for_another_call(owner: Owner, pbx: ApiClient) -> None:
    small = make_tenant(owner, pbx, "small.example", max_concurrent_calls=1)
    add_secretary(small, "8000", {"languages": ["en"], "hours": {"always_open": True}})
    first, second, third = (PhoneCall(small.admin) for _ in range(3))
    assert first.set_up()["decision"] == "answer"
    assert first.set_up()["decision"] == "answer", "a PBX that asks again keeps its place"
    turned_away = second.set_up()
    assert (turned_away["decision"], turned_away["action"]["type"]) == ("busy", "hangup")
    assert turned_away["audio"]["duration_ms"] > 1000
    assert outcome(stored(second, second.end("secretary_hangup"))) == ("busy", "busy")
    first.end()
    assert third.set_up()["decision"] == "answer"
    third.end()


@pytest.mark.parametrize(("reason", "resolution"), [("error", "failed"), ("fallback", "failed")])
def test_a_pbx_that_lost_the_service_or_failed(call: PhoneCall, reason: str, resolution: str) -> None:
    call.answer().press("1")
    assert outcome(stored(call, call.end(reason))) == (resolution, reason)


def test_a_call_goes_on_with_the_version_that_it_began_with(clinic: TenantSetUp, caller: CallerVoice) -> None:
    made = add_secretary(
        clinic, "8020", {"languages": ["pt-BR"], "hours": {"always_open": True}}, name="Antes"
    )
    call = PhoneCall(clinic.admin, "8020").answer()
    draft = {"name": "Depois", "extension": "8020", "settings": {"languages": ["en"]}}
    clinic.admin.put(f"/secretaries/{made}", draft)
    clinic.admin.post(f"/secretaries/{made}/publish", {})
    assert call.stay_silent()["said"].startswith("Desculpe")
    clinic.admin.ok("DELETE", f"/secretaries/{made}")
    detail = stored(call, call.end())
    assert (detail["secretary_version"], detail["turn_count"]) == (1, 1)
    assert detail["secretary_uuid"] is None
