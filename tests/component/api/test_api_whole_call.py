"""A call from ring to reply, through the API, with the embedded engines: understood and answered."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.conftest import Platform
from tests.component.api.phone_call import PhoneCall, heard_in
from tests.component.api.tenants import TenantSetUp
from tests.component.api.voices import CallerVoice
from voice_ai_service.audio.level import rms_dbfs
from voice_ai_service.audio.wav import parse_wav, read_wav, write_wav

PRICE = "A consulta custa duzentos e cinquenta reais."
ASKS_PRICE = "quanto custa a consulta"
MU_LAW = 7  # the format code of G.711 mu-law in a WAV file (RFC 2361)
ASKS_FINANCE = "quero falar com o financeiro"


def test_a_set_up_answers_with_everything_that_the_pbx_needs(call: PhoneCall, clinic: TenantSetUp) -> None:
    opened = call.set_up()
    assert (opened["decision"], opened["domain_uuid"]) == ("answer", str(clinic.domain_uuid))
    assert opened["secretary"]["name"] == "Clara"
    assert opened["said"].startswith("Clínica Horizonte, bom dia!")
    assert opened["action"]["type"] == "continue"
    assert opened["listening"] == {"end_silence_ms": 1200, "max_utterance_ms": 30_000, "no_input_ms": 8000}
    assert opened["limits"] == {"max_turns": 20, "max_duration_s": 600}
    assert opened["fallback"]["destination"] == {"name": "recepção", "kind": "extension", "number": "2000"}
    assert (opened["folder"], opened["record_call"]) == (None, False)
    for spoken in (opened["audio"], opened["apology"]):
        assert (spoken["format"], spoken["sample_rate_hz"]) == ("PCMU", 8000)


def test_greeting_and_apology_are_telephone_audio_that_can_be_heard(
    call: PhoneCall, clinic: TenantSetUp
) -> None:
    opened = call.set_up()
    for spoken in (opened["audio"], opened["apology"]):
        audio = call.hears(spoken)
        assert audio.duration_ms == spoken["duration_ms"] > 1000
        assert rms_dbfs(audio.samples) > -40


def test_the_greeting_was_synthesised_before_anybody_called(call: PhoneCall, clinic: TenantSetUp) -> None:
    before = _cache_lookups(clinic.admin, "miss")
    call.set_up()
    assert _cache_lookups(clinic.admin, "miss") == before


@pytest.mark.parametrize("encoding", ["L16", "PCMU", "PCMA", "WAV"])
def test_a_question_is_understood_in_every_encoding(
    call: PhoneCall, caller: CallerVoice, encoding: str
) -> None:
    answer = call.answer().say(caller.says(ASKS_PRICE), encoding)
    assert (answer["heard"], answer["heard_language"]) == (ASKS_PRICE, "pt-BR")
    assert answer["said"].startswith(PRICE)
    assert heard_in(answer["audio"]).duration_ms == answer["audio"]["duration_ms"] > 1500


@pytest.mark.parametrize("encoding", ["L16", "WAV"])
def test_wide_band_audio_is_understood_too(call: PhoneCall, caller: CallerVoice, encoding: str) -> None:
    answer = call.answer().say(caller.says(ASKS_PRICE, rate_hz=16_000), encoding)
    assert answer["heard"] == ASKS_PRICE


def test_three_turns_end_with_the_right_extension(call: PhoneCall, caller: CallerVoice) -> None:
    call.answer()
    first = call.say(caller.says(ASKS_PRICE), previous={"played_ms": 3000})
    second = call.press("1")
    third = call.say(caller.says(ASKS_FINANCE), previous={"played_ms": 2000})
    assert [one["action"]["type"] for one in (first, second, third)] == ["continue", "continue", "transfer"]
    assert third["action"]["destination"] == {"name": "financeiro", "kind": "extension", "number": "2001"}
    assert third["action"]["reason"] == "caller_asked"
    assert "financeiro" in third["said"]


def test_a_key_transfers_without_a_word(call: PhoneCall) -> None:
    answer = call.answer().press("0")
    assert (answer["action"]["type"], answer["action"]["reason"]) == ("transfer", "dtmf")
    assert answer["action"]["destination"]["number"] == "2000"
    assert answer["heard"] == ""


def test_a_reply_can_be_heard_again(call: PhoneCall, caller: CallerVoice) -> None:
    said = call.answer().say(caller.says(ASKS_PRICE))["said"]
    assert call.press("*")["said"].startswith(said[:30])


def test_the_stages_of_a_turn_add_up_to_its_total(call: PhoneCall, caller: CallerVoice) -> None:
    latency = call.answer().say(caller.says(ASKS_PRICE))["latency_ms"]
    within = {"total", "tts_first_byte", "llm_first_token"}
    assert {"stt", "llm", "tts", "other"} <= latency.keys()
    stages = sum(value for stage, value in latency.items() if stage not in within)
    assert stages == pytest.approx(latency["total"], rel=0.05)
    assert latency["stt"] > 0


def test_a_transfer_that_nobody_takes_brings_the_caller_back(call: PhoneCall, caller: CallerVoice) -> None:
    call.answer().say(caller.says(ASKS_FINANCE))
    back = call.event({"type": "transfer_failed", "cause": "NO_ANSWER"})
    assert "financeiro" in back["said"]
    assert back["action"]["type"] == "continue"
    assert heard_in(back["audio"]).duration_ms > 1000
    assert call.press("2")["action"]["type"] == "continue"
    assert call.press("0")["action"]["destination"]["number"] == "2000"


def test_audio_in_a_folder_that_the_pbx_shares(
    clinic: TenantSetUp, caller: CallerVoice, platform: Platform
) -> None:
    call = PhoneCall(clinic.admin, transport="shared").answer()
    folder = Path(call.opened["folder"])
    assert folder.is_relative_to(platform.shared_audio)
    assert call.opened["audio"]["content"] is None
    greeting = read_wav((folder / call.opened["audio"]["file"]).read_bytes())
    assert greeting.duration_ms == call.opened["audio"]["duration_ms"]
    (folder / "utterance-0001.wav").write_bytes(write_wav(caller.says(ASKS_PRICE)))
    answer = call.next_turn(audio={"file": "utterance-0001.wav"})
    assert answer["heard"] == ASKS_PRICE
    reply = (folder / answer["audio"]["file"]).read_bytes()
    assert parse_wav(reply).code == MU_LAW
    assert read_wav(reply).duration_ms == answer["audio"]["duration_ms"]
    call.end()
    assert not folder.exists()


def test_a_reply_too_long_for_one_answer_is_fetched_in_pieces_or_whole(
    call: PhoneCall, clinic: TenantSetUp
) -> None:
    audio = call.answer().press("7")["audio"]
    assert audio["content"] is None
    assert audio["bytes"] > 40_000
    path = f"/calls/{call.call_uuid}/audio/{audio['ref']}"
    whole = clinic.admin.send("GET", path, headers={"Accept": "audio/wav"})
    assert whole.headers["content-type"] == "audio/wav"
    assert len(whole.content) == audio["bytes"]
    assert call.hears(audio) == read_wav(whole.content)
    beyond = clinic.admin.get(path, offset=audio["bytes"] + 1)
    assert (beyond["content"], beyond["bytes"]) == ("", audio["bytes"])
    assert_error(clinic.admin.send("GET", path, params={"length": 40_001}), 400, field="length")
    assert_error(clinic.admin.send("GET", path + "x"), 404, field="ref")


def test_the_call_is_listed_while_it_lives(call: PhoneCall, clinic: TenantSetUp) -> None:
    call.answer().press("1")
    # The list is the journal's, which is written behind the turn.
    deadline = time.monotonic() + 10
    while str(call.call_uuid) not in {one["call_uuid"] for one in clinic.admin.get("/calls")["calls"]}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    call.end()
    assert str(call.call_uuid) not in {one["call_uuid"] for one in clinic.admin.get("/calls")["calls"]}


def _cache_lookups(api: ApiClient, outcome: str) -> float:
    text = api.http.get("/metrics", headers={"Authorization": f"Bearer {api.token}"}).text
    wanted = f'voice_ai_tts_cache_total{{outcome="{outcome}"}} '
    return sum(float(line.removeprefix(wanted)) for line in text.splitlines() if line.startswith(wanted))
