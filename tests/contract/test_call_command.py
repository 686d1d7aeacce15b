"""`voice-ai call` from its arguments to its exit code, against a scripted service."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from tests.fakes.turn_service import TOKEN, Reply, TurnService, tone
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.cli.call import call

pytest.importorskip("lupa", reason="the Lua runtime is not installed (extra: embedded)")

TO_2001: dict[str, Any] = {
    "type": "transfer",
    "destination": {"name": "x", "kind": "extension", "number": "2001"},
    "reason": "rule",
}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No token of this machine, no log configuration left behind."""
    monkeypatch.setenv("VOICE_AI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("VOICE_AI_TOKEN", raising=False)
    yield
    structlog.reset_defaults()


@pytest.fixture
def words(tmp_path: Path) -> str:
    path = tmp_path / "words.wav"
    path.write_bytes(write_wav(tone(1200, 500)))
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(call, list(arguments))


def test_a_call_in_json(words: str, tmp_path: Path) -> None:
    recording = tmp_path / "out.wav"
    replies = [Reply(heard="one", said="two"), Reply(audio_ms=1500, said="three", action=TO_2001)]
    with TurnService(replies=replies) as service:
        result = run(
            "--url", service.url, "--token", TOKEN, "--wav", words, "--dtmf", "0", "--json", "--record", str(recording),
            "--caller-number", "+551199",
        )  # fmt: skip
    assert result.exit_code == 0, result.output
    first, second, whole = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["turn"], first["heard"], first["said"], first["action"]) == (1, "one", "two", "continue")
    assert (second["turn"], second["action"]) == (2, "transfer")
    assert {"stt", "llm", "tts", "total", "http", "endpointing", "answer"} == set(first["latency_ms"])
    assert (whole["outcome"], whole["transferred_to"]) == ("transferred", "2001")
    assert (whole["conversation_uuid"], whole["recording"]) == (service.conversation_uuid, str(recording))
    assert [turn.digits for turn in service.turns()] == ["", "0"]
    assert service.received[0][1].caller_number == "+551199"  # type: ignore[attr-defined]
    with wave.open(str(recording)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        assert file.getnframes() / 8 == whole["duration_ms"]


def test_a_call_for_people(words: str) -> None:
    with TurnService(replies=[Reply(heard="bom dia", said="olá", action=TO_2001)]) as service:
        result = run("--url", service.url, "--token", TOKEN, "--wav", words)
    assert "bom dia" in result.stdout
    assert "transferred to 2001" in result.stdout
    assert "turn" in result.stderr


def test_steps_are_done_in_the_order_given(words: str) -> None:
    with TurnService() as service:
        run("--url", service.url, "--token", TOKEN, "--dtmf", "1", "--wav", words, "--dtmf", "2")
    assert [(turn.digits, turn.audio is not None) for turn in service.turns()] == [
        ("1", False),
        ("", True),
        ("2", False),
    ]


def test_the_token_that_up_left_is_used(words: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pbx.token").write_text(TOKEN + "\n")
    with TurnService() as service:
        assert run("--url", service.url, "--hangup-at", "1").exit_code == 0
    assert service.violations == []


def test_without_a_service_it_says_how_to_start_one() -> None:
    with TurnService() as service:
        url = service.url
    for arguments in (("--url", url), ("--url", url, "--token", TOKEN)):
        result = run(*arguments)
        assert result.exit_code == 3
        assert "voice-ai up" in result.stderr


def test_without_a_token_but_a_service_the_arguments_are_wrong() -> None:
    with TurnService() as service:
        result = run("--url", service.url)
    assert result.exit_code == 2
    assert "--token" in result.stderr


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_refused_call_says_why(status: int) -> None:
    body = {
        "error": {
            "code": "x",
            "message": "Nobody answers there",
            "field": "called_number",
            "fix": "Dial 8000",
        }
    }
    with TurnService(greeting=Reply(status=status, raw=json.dumps(body).encode())) as service:
        result = run("--url", service.url, "--token", TOKEN, "--json")
    assert result.exit_code == 4
    assert "Nobody answers there. Dial 8000" in result.stderr
    assert json.loads(result.stdout)["outcome"] == "refused"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dtmf", "x"], ["--wav", "/does/not/exist.wav"], ["--barge-in-at", "100"], ["--silence", "-1"],
        ["--noise", "5"], ["--mode", "telepathy"], ["--speed", "warp"], ["--nonsense"],
    ],
)  # fmt: skip
def test_wrong_arguments_are_told_before_anything_is_dialled(arguments: list[str]) -> None:
    with TurnService() as service:
        result = run("--url", service.url, "--token", TOKEN, *arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.stderr
    assert service.received == []
