"""Providers that die, dawdle or babble in mid-call: the caller gets a sentence, and nothing of the provider's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.background import BackgroundLoop
from tests.component.api.cloud import HEARD, Cloud, cloud_domain
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall, heard_in
from tests.component.api.tenants import CLARA, add_secretary
from tests.component.api.voices import CallerVoice
from tests.fakes.http_server import Answer
from tests.fakes.openai_server import KEY, as_it_is

ASKS_PRICE = "quanto custa a consulta"
BABBLE = b'{"error": {"message": "SECRET-OF-THE-PROVIDER sk-proj-correct /opt/models/llm"}}'


def says(status: int, body: bytes = BABBLE) -> Callable[[Answer], Answer]:
    return lambda _: Answer(status, {"content-type": "application/json"}, (body,), whole=True)


FAULTS: dict[str, Callable[[Answer], Answer]] = {
    "500": says(500),
    "401": says(401),
    "404": says(404),
    "429": says(429),
    "babble": says(200, b"<html>SECRET-OF-THE-PROVIDER</html>"),
    "empty": says(200, b""),
    "silent": lambda answer: replace(answer, silent=True),
    "stalled": lambda answer: replace(answer, stall_after=0),
    "cut": lambda answer: replace(answer, cut_after=0),
}


@pytest.fixture
def cloud(owner: Owner, pbx: ApiClient, background: BackgroundLoop) -> Iterator[Cloud]:
    with cloud_domain(owner, pbx, background) as cloud:
        yield cloud


def test_a_turn_by_the_provider_and_its_measures(cloud: Cloud, caller: CallerVoice) -> None:
    call = cloud.call()
    answer = call.say(caller.says(ASKS_PRICE))
    assert (answer["heard"], answer["said"]) == (HEARD, "Atendemos de segunda a sexta.")
    assert heard_in(answer["audio"]).duration_ms > 500
    assert {"stt", "llm", "llm_first_token", "tts", "tts_first_byte"} <= answer["latency_ms"].keys()
    detail = call.api.get(f"/conversations/{call.end()}")
    assert detail["providers"] == {kind: ["openai_compatible"] for kind in ("stt", "llm", "tts")}
    assert detail["prompt_tokens"] > 0
    assert detail["completion_tokens"] > 0


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_embedded_engines_answer_in_the_same_turn(
    cloud: Cloud, caller: CallerVoice, platform: Platform, fault: Callable[[Answer], Answer]
) -> None:
    call = cloud.call()
    cloud.provider.fault = fault
    answer = call.say(caller.says(ASKS_PRICE))
    assert answer["heard"] == ASKS_PRICE
    assert answer["said"].startswith("A consulta custa")
    assert heard_in(answer["audio"]).duration_ms > 1000
    detail = call.api.get(f"/conversations/{call.end()}")
    assert detail["messages"][-1]["providers"] == {"stt": "embedded", "llm": "embedded", "tts": "embedded"}
    _assert_discreet(platform, call, answer, detail)


def test_a_provider_that_dies_after_the_first_turn(
    cloud: Cloud, caller: CallerVoice, platform: Platform
) -> None:
    call = cloud.call()
    assert call.say(caller.says(ASKS_PRICE))["said"] == "Atendemos de segunda a sexta."
    cloud.provider.fault = FAULTS["cut"]
    assert call.say(caller.says(ASKS_PRICE))["said"].startswith("A consulta custa")
    cloud.provider.fault = as_it_is
    detail = call.api.get(f"/conversations/{call.end()}")
    assert detail["providers"]["stt"] == ["openai_compatible", "embedded"]
    assert detail["turn_count"] == 2


def test_a_voice_that_breaks_off_is_replaced_from_the_beginning(cloud: Cloud, caller: CallerVoice) -> None:
    call = cloud.call()
    cloud.provider.fault = lambda answer: (
        replace(answer, cut_after=2) if answer.headers.get("content-type") == "audio/pcm" else answer
    )
    answer = call.say(caller.says(ASKS_PRICE))
    assert answer["said"] == "Atendemos de segunda a sexta."
    assert answer["action"]["type"] == "continue"
    assert heard_in(answer["audio"]).duration_ms > 1000
    spoken = call.api.get(f"/conversations/{call.end()}")["messages"][-1]
    assert spoken["providers"] == {"stt": "openai_compatible", "llm": "openai_compatible", "tts": "embedded"}


def test_a_greeting_without_its_provider(cloud: Cloud) -> None:
    cloud.provider.fault = FAULTS["500"]
    add_secretary(cloud.tenant, "8001", {**CLARA, "greeting": {"pt-BR": "Outra saudação, bom dia!"}})
    opened = PhoneCall(cloud.tenant.admin, "8001").set_up()
    assert opened["audio"]["duration_ms"] > 1000
    assert opened["apology"]["duration_ms"] > 1000


def test_a_key_that_is_wrong_is_never_shown(cloud: Cloud, caller: CallerVoice, platform: Platform) -> None:
    for row in cloud.tenant.admin.get("/providers")["providers"]:
        changed = {name: row[name] for name in ("kind", "name", "settings")}
        cloud.tenant.admin.put(
            f"/providers/{row['provider_uuid']}", {**changed, "secret": "sk-wrong-9876543210"}
        )
    call = cloud.call()
    assert call.say(caller.says(ASKS_PRICE))["said"].startswith("A consulta custa")
    call.end()
    assert "sk-wrong-9876543210" not in platform.service.log_text()
    assert "sk-wrong" not in json.dumps(cloud.tenant.admin.get("/providers"))


def _assert_discreet(platform: Platform, call: PhoneCall, *answers: object) -> None:
    for text in (json.dumps(answers), platform.service.log_text()):
        for secret in ("SECRET-OF-THE-PROVIDER", KEY, "/opt/models"):
            assert secret not in text
    failures = [
        line
        for line in platform.service.log_lines()
        if line["event"] == "provider failed" and line.get("call_uuid") == str(call.call_uuid)
    ]
    assert {line["kind"] for line in failures} >= {"stt", "tts", "llm"}
