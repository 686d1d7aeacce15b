"""Speech and dialogue outside a call: what integrators use, and admins try a secretary with."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.component.api.api_client import assert_error
from tests.component.api.phone_call import inline
from tests.component.api.tenants import ADDRESS, TenantSetUp
from tests.component.api.voices import CallerVoice, silence
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.level import rms_dbfs
from voice_ai_service.audio.wav import parse_wav, read_wav, write_wav

ASKS_PRICE = "quanto custa a consulta"
FORMAT_CODES = {"L16": 1, "PCMU": 7, "PCMA": 6}


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("encoding", FORMAT_CODES)
def test_text_becomes_a_telephone_file(clinic: TenantSetUp, encoding: str, rate_hz: int) -> None:
    asked = {"text": "Bom dia! Como posso ajudar?", "encoding": encoding, "sample_rate_hz": rate_hz}
    response = clinic.admin.send("POST", "/synthesize", json=asked)
    assert response.headers["content-type"] == "audio/wav"
    file = parse_wav(response.content)
    assert (file.code, file.sample_rate_hz, file.channels) == (FORMAT_CODES[encoding], rate_hz, 1)
    audio = read_wav(response.content)
    assert 1000 < audio.duration_ms < 6000
    assert rms_dbfs(audio.samples) > -40


def test_the_speed_is_heard(clinic: TenantSetUp) -> None:
    def spoken(**more: Any) -> int:
        body = {"text": "21 23 25 27 29", **more}
        return read_wav(clinic.admin.send("POST", "/synthesize", json=body).content).duration_ms

    plain = spoken(language="en")
    assert spoken(language="en") == pytest.approx(plain, rel=0.02)
    assert spoken(language="en", voice="en-us+f3") == pytest.approx(plain, rel=0.2)
    assert spoken(language="en", speed=2.0) < plain * 0.7


def test_markup_is_spoken_and_not_obeyed(clinic: TenantSetUp) -> None:
    marked = {"text": '<speak><audio src="file:///etc/passwd"/><break time="60s"/>oi</speak>'}
    audio = read_wav(clinic.admin.send("POST", "/synthesize", json=marked).content)
    assert audio.duration_ms < 30_000


@pytest.mark.parametrize("encoding", ["WAV", "L16", "PCMU", "PCMA"])
def test_what_callers_say_to_a_secretary_is_recognised(
    clinic: TenantSetUp, caller: CallerVoice, encoding: str
) -> None:
    content = base64.b64decode(inline(caller.says(ASKS_PRICE), encoding)["content"])
    form = {"extension": "8000", "encoding": encoding, "languages": "pt-BR"}
    response = clinic.admin.send("POST", "/transcribe", files={"audio": ("a", content)}, data=form)
    answer = response.json()
    assert (answer["text"], answer["language"], answer["speech"]) == (ASKS_PRICE, "pt-BR", True)
    assert answer["provider"] == "embedded"
    assert 0 < answer["confidence"] <= 1
    assert answer["duration_ms"] == pytest.approx(caller.says(ASKS_PRICE).duration_ms, abs=2)


def test_silence_costs_no_recogniser(clinic: TenantSetUp) -> None:
    content = write_wav(PcmAudio(silence(500), 8000))
    answer = clinic.admin.send("POST", "/transcribe", files={"audio": ("a", content)}).json()
    assert (answer["speech"], answer["provider"], answer["latency_ms"]) == (False, None, 0.0)


def test_a_conversation_in_text(clinic: TenantSetUp) -> None:
    def says(text: str, **more: Any) -> dict[str, Any]:
        answered: dict[str, Any] = clinic.admin.post("/chat", {"extension": "8000", "text": text, **more})
        return answered

    assert says("qual é o endereço de vocês?")["said"] == ADDRESS
    english = says("where are you located?", language="en")
    assert (english["language"], english["said"]) == ("en", "We are at one thousand Paulista Avenue.")
    moved = says("quero falar com o financeiro")
    assert moved["action"]["destination"] == {"name": "financeiro", "kind": "extension", "number": "2001"}
    by_rule = says("preciso da segunda via do boleto")
    assert by_rule["action"]["destination"]["number"] == "2001"
    history = [{"heard": "quanto custa", "said": "A consulta custa duzentos e cinquenta reais."}] * 20
    assert says("tchau", history=history)["action"]["type"] in ("hangup", "transfer")
    assert says("blá blá blá xpto")["action"]["type"] == "continue"


def test_words_that_only_contain_a_command_are_none(clinic: TenantSetUp) -> None:
    for text in ("transferência bancária", "não quero falar com o financeiro", "o financeiramente falando"):
        answer = clinic.admin.post("/chat", {"extension": "8000", "text": text})
        assert answer["action"]["type"] == "continue", text


def test_rules_can_be_tried(clinic: TenantSetUp) -> None:
    tried = clinic.admin.post("/transfer-rules/try", {"text": "a SEGUNDA via do boleto, por favor"})
    assert tried["rule"]["destination"] == "financeiro"
    assert clinic.admin.post("/transfer-rules/try", {"text": "boleto"})["rule"] is None


def test_a_secretary_that_is_not_there(clinic: TenantSetUp) -> None:
    form = {"extension": "4321"}
    content = write_wav(PcmAudio(bytes(16_000), 8000))
    assert (
        clinic.admin.send("POST", "/transcribe", files={"audio": ("a", content)}, data=form).status_code
        == 200
    )
    response = clinic.admin.send("POST", "/chat", json={"extension": "4321", "text": "oi"})
    assert_error(response, 404, field="called_number")
