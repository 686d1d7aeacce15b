"""`voice-ai call --mode realtime` against the shipped processes: what a newcomer types."""

from __future__ import annotations

import json
import os
import subprocess
import time
import wave
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.component.api.service_process import COMMAND
from tests.component.realtime_platform.conftest import RealtimePlatform

pytestmark = pytest.mark.timeout(180)
WAY = (
    "endpointing",
    "stt",
    "retrieval",
    "llm_first_token",
    "first_sentence",
    "tts_first_byte",
    "playout",
)
"""The stages between the caller's last sound and our first."""


def _dial(platform: RealtimePlatform, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    _until_ready(platform)
    done = subprocess.run(
        [
            COMMAND, "call", "--mode", "realtime", "--url", platform.service.url, "--token", platform.token,
            "--json", *arguments,
        ],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "VOICE_AI_LOG_LEVEL": "error"},
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def _until_ready(platform: RealtimePlatform) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{platform.health_url}/ready", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail("the bridge was not ready in 40 s")


def test_a_question_an_interruption_and_a_transfer(
    realtime_platform: RealtimePlatform, tmp_path: Path
) -> None:
    recording = tmp_path / "call.wav"
    status, lines = _dial(
        realtime_platform,
        "--extension", "8000", "--record", str(recording),
        "--say", "Qual o horário de funcionamento?",
        "--barge-in-at", "1500", "--say", "Qual é o endereço?",
        "--dtmf", "0",
    )  # fmt: skip
    *turns, call = lines
    assert status == 0
    assert call["outcome"] == "transferred"
    assert call["transferred_to"] == "recepção"
    assert call["conversation_uuid"]
    answered = [turn for turn in turns if turn["turn"] > 0 and not turn["digits"]]
    assert [turn["heard"] for turn in answered] == ["qual o horário de funcionamento", "qual é o endereço"]
    first, second = answered
    assert first["barged_in"]
    assert 0 < first["heard_ms"] < first["audio_ms"]
    assert first["said"].startswith(first["said_heard"])
    assert len(first["said_heard"]) < len(first["said"])
    assert not second["barged_in"]
    for turn in answered:
        latency = turn["latency_ms"]
        way = sum(latency.get(stage, 0.0) for stage in WAY) - latency.get("speculated", 0.0)
        assert latency["total"] == pytest.approx(way + latency["other"], rel=0.05)
    with wave.open(str(recording)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        assert file.getnframes() / 8 == pytest.approx(call["duration_ms"], abs=20)


def test_the_conversation_is_stored_as_it_was_heard(realtime_platform: RealtimePlatform) -> None:
    _, lines = _dial(realtime_platform, "--extension", "8000", "--say", "Qual é o endereço?")
    call = lines[-1]
    headers = {"Authorization": f"Bearer {realtime_platform.token}"}
    with httpx.Client(base_url=realtime_platform.service.url, headers=headers, trust_env=False) as service:
        domains = service.get("/api/v1/domains").json()["domains"]
        where = {"X-Domain-UUID": domains[0]["domain_uuid"]}
        stored = service.get(f"/api/v1/conversations/{call['conversation_uuid']}", headers=where).json()
    assert stored["mode"] == "realtime"
    assert [message["speaker"] for message in stored["messages"]] == ["secretary", "caller", "secretary"]


def test_a_secretary_that_is_not_there_is_refused(realtime_platform: RealtimePlatform) -> None:
    status, lines = _dial(realtime_platform, "--extension", "4321")
    assert status == 4
    assert lines[-1]["outcome"] == "refused"
    assert lines[-1]["problem"]
