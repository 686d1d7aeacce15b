"""Uploads that are no speech: an error that names the field, or an honest "nobody spoke"; the call goes on."""

from __future__ import annotations

import base64
import struct
from typing import Any

import numpy as np
import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.phone_call import PhoneCall, inline
from tests.component.api.tenants import TenantSetUp
from tests.component.api.voices import CallerVoice, silence
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav

ASKS_PRICE = "quanto custa a consulta"
SILENT = write_wav(PcmAudio(silence(2000), 8000))
TEN_MINUTES = write_wav(PcmAudio(silence(600_000), 8000))
HEADER = SILENT[:44]


def header(**fields: int) -> bytes:
    """A WAV file of a second's silence whose header says something else."""
    told = {"code": 1, "channels": 1, "rate": 8000, "bits": 16, "data": 16_000, **fields}
    align = told["channels"] * told["bits"] // 8
    form = struct.pack(
        "<HHIIHH", told["code"], told["channels"], told["rate"], told["rate"] * align, align, told["bits"]
    )
    body = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", told["data"]) + bytes(16_000)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


NOT_AUDIO = {
    "empty": b"",
    "a text": b"hello, this is not audio at all" * 100,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(5000),
    "an mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" * 500,
    "a zip": b"PK\x03\x04" + bytes(5000),
    "half a header": HEADER[:20],
    "no data": HEADER[:36],
    "no channels": header(channels=0),
    "forty channels": header(channels=40),
    "no rate": header(rate=0),
    "seven bits": header(bits=7),
    "adpcm": header(code=2, bits=4),
}


def transcribe(api: ApiClient, content: bytes, **form: str) -> Any:
    return api.send("POST", "/transcribe", files={"audio": ("a.wav", content, "audio/wav")}, data=form)


@pytest.mark.parametrize("content", NOT_AUDIO.values(), ids=NOT_AUDIO.keys())
def test_what_is_no_audio_is_refused_by_name(clinic: TenantSetUp, content: bytes) -> None:
    response = transcribe(clinic.admin, content)
    assert response.status_code in (400, 415), response.text
    assert_error(response, response.status_code, field="audio")


@pytest.mark.parametrize("content", NOT_AUDIO.values(), ids=NOT_AUDIO.keys())
def test_a_call_survives_it(call: PhoneCall, content: bytes) -> None:
    call.answer()
    audio = {"content": base64.b64encode(content).decode(), "encoding": "WAV"}
    response = call.send_turn(1, audio=audio)
    assert response.status_code in (400, 415), response.text
    field = assert_error(response, response.status_code)["field"]
    assert field.split(".")[0] == "audio"
    assert call.press("1")["turn"] == 1


@pytest.mark.parametrize("encoding", ["L16", "PCMU", "PCMA"])
def test_raw_audio_has_no_form_and_is_what_it_is_said_to_be(clinic: TenantSetUp, encoding: str) -> None:
    assert_error(transcribe(clinic.admin, b"", encoding=encoding), 400, field="audio")
    answer = transcribe(clinic.admin, bytes(np.random.default_rng(1).bytes(16_000)), encoding=encoding)
    assert answer.status_code == 200


def test_half_a_sample_is_refused(clinic: TenantSetUp) -> None:
    assert_error(transcribe(clinic.admin, b"\0" * 1001, encoding="L16"), 400, field="audio")


def test_nobody_spoke(clinic: TenantSetUp, call: PhoneCall) -> None:
    answer = transcribe(clinic.admin, SILENT).json()
    assert (answer["speech"], answer["text"], answer["duration_ms"]) == (False, "", 2000)
    turn = call.answer().next_turn(audio=inline(PcmAudio(silence(2000), 8000)))
    assert turn["heard"] == ""
    assert turn["said"].startswith("Desculpe, não ouvi você")


@pytest.mark.parametrize("loudness", [1, 40])
def test_noise_and_clipped_noise_are_not_taken_for_words(call: PhoneCall, loudness: int) -> None:
    noise = np.random.default_rng(7).normal(0, 3000 * loudness, 16_000)
    audio = PcmAudio(np.clip(noise, -32768, 32767).astype("<i2").tobytes(), 8000)
    answer = call.answer().say(audio)
    assert answer["action"]["type"] == "continue"
    assert answer["audio"] is not None


def test_a_clipped_voice_is_still_understood(call: PhoneCall, caller: CallerVoice) -> None:
    spoken = np.frombuffer(caller.says(ASKS_PRICE).samples, dtype="<i2").astype(np.int32)
    audio = PcmAudio(np.clip(spoken * 6, -32768, 32767).astype("<i2").tobytes(), 8000)
    answer = call.answer().say(audio)
    assert answer["audio"]["duration_ms"] > 500
    assert answer["action"]["type"] == "continue"


def test_a_cut_recording_is_heard_as_far_as_it_goes(clinic: TenantSetUp, caller: CallerVoice) -> None:
    whole = write_wav(caller.says(ASKS_PRICE))
    answer = transcribe(clinic.admin, whole[:-3001], extension="8000").json()
    assert answer["speech"] is True


def test_stereo_is_mixed(clinic: TenantSetUp) -> None:
    answer = transcribe(clinic.admin, header(channels=2)).json()
    assert (answer["speech"], answer["duration_ms"]) == (False, 500)


def test_ten_minutes_are_too_long(clinic: TenantSetUp, call: PhoneCall) -> None:
    assert_error(transcribe(clinic.admin, TEN_MINUTES), 413, field="audio")
    call.answer()
    audio = {"content": base64.b64encode(TEN_MINUTES).decode(), "encoding": "WAV"}
    response = call.send_turn(1, audio=audio)
    assert_error(response, 413)
    assert call.press("1")["turn"] == 1


def test_a_domain_may_be_allowed_less(clinic: TenantSetUp, rival: TenantSetUp) -> None:
    rival.operator.put("/settings/max_upload_bytes", {"value": 20_000})
    try:
        assert_error(transcribe(rival.admin, SILENT), 413, field="audio")
        assert transcribe(clinic.admin, SILENT).status_code == 200
    finally:
        rival.operator.put("/settings/max_upload_bytes", {"value": 20 * 1024 * 1024})


@pytest.mark.parametrize(
    ("audio", "field"),
    [
        ({"content": "%%%", "encoding": "PCMU"}, "audio.content"),
        ({"content": "é", "encoding": "PCMU"}, "audio.content"),
        ({"content": "AAAA", "encoding": "OPUS"}, "audio.encoding"),
        ({"content": "AAAA", "encoding": "L16", "sample_rate_hz": 44100}, "audio.sample_rate_hz"),
        ({"content": "AAAA", "file": "utterance-0001.wav"}, "audio"),
        ({}, "audio"),
        ({"file": "../../../etc/passwd"}, "audio.file"),
        ({"file": "utterance-0001.wav\n"}, "audio.file"),
        ({"content": 5}, "audio.content"),
    ],
)
def test_a_malformed_utterance_is_named(call: PhoneCall, audio: dict[str, Any], field: str) -> None:
    call.answer()
    assert_error(call.send_turn(1, audio=audio), 400, field=field)
    assert call.press("1")["turn"] == 1


def test_a_file_that_is_not_in_the_calls_folder(clinic: TenantSetUp) -> None:
    call = PhoneCall(clinic.admin, transport="shared").answer()
    assert_error(call.send_turn(1, audio={"file": "utterance-0009.wav"}), 404)
    assert call.press("1")["turn"] == 1
    call.end()
