"""`voice-ai providers test` and `compare` in a process of their own, against a domain with a fake vendor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.background import BackgroundLoop
from tests.component.api.cloud import HEARD, Cloud, cloud_domain
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.fakes.http_server import Answer
from tests.fakes.openai_server import KEY
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav


@pytest.fixture
def cloud(owner: Owner, pbx: ApiClient, background: BackgroundLoop) -> Iterator[Cloud]:
    with cloud_domain(owner, pbx, background) as cloud:
        yield cloud


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "question.wav").write_bytes(write_wav(PcmAudio(b"\x00\x20\x00\xe0" * 4000, 8000)))
    price = {"kind": "stt", "provider": "openai_compatible", "minute": 60}
    (tmp_path / "prices.json").write_text(json.dumps([price]))
    return tmp_path


def run(platform: Platform, cloud: Cloud, files: Path, *arguments: str) -> tuple[int, str, str]:
    variables = {
        "VOICE_AI_DATABASE_URL": platform.database.service,
        "VOICE_AI_OWNER_DATABASE_URL": platform.database.owner,
        "VOICE_AI_DATA_DIR": str(platform.service.data_dir),
        "VOICE_AI_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
        "VOICE_AI_PRICES_FILE": str(files / "prices.json"),
    }
    command = [sys.executable, "-m", "voice_ai_service.cli.main", "providers", *arguments]
    done = subprocess.run(
        [*command, "--domain", str(cloud.tenant.domain_uuid)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def objects(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text[text.index("[") :])
    return found


def test_each_provider_of_the_domain_is_tested(platform: Platform, cloud: Cloud, files: Path) -> None:
    code, out, err = run(platform, cloud, files, "test", "--json")
    assert code == 0, err
    rows = objects(out)
    assert {row["kind"] for row in rows} == {"stt", "tts", "llm", "embeddings"}
    assert all(row["error"] is None and row["total_ms"] > 0 and row["provider_uuid"] for row in rows)


def test_one_that_fails_is_told_and_is_the_exit_code(platform: Platform, cloud: Cloud, files: Path) -> None:
    body = b'{"error": {"message": "SECRET-OF-THE-PROVIDER"}}'
    cloud.provider.fault = lambda _: Answer(401, {"content-type": "application/json"}, (body,), whole=True)
    code, out, err = run(platform, cloud, files, "test", "--kind", "llm")
    assert code == 1
    assert "provider_refused" in out
    assert "SECRET-OF-THE-PROVIDER" not in out + err
    assert KEY not in out + err


def test_a_recording_through_every_recogniser(platform: Platform, cloud: Cloud, files: Path) -> None:
    code, out, err = run(
        platform, cloud, files, "compare", "--kind", "stt", "--wav", str(files / "question.wav"),
        "--reference", f"{HEARD} agora", "--json",
    )  # fmt: skip
    assert code == 0, err
    theirs = next(row for row in objects(out) if row["provider"] == "openai_compatible")
    assert theirs["outcome"] == HEARD
    assert theirs["word_error_rate"] == 0.2
    assert theirs["cost_cents"] == 1.0
    own = next(row for row in objects(out) if row["provider"] == "embedded")
    assert (own["error"], own["total_ms"]) == (None, None)


def test_a_sentence_through_every_voice(platform: Platform, cloud: Cloud, files: Path) -> None:
    code, out, err = run(platform, cloud, files, "compare", "--kind", "tts", "--text", "Bom dia")
    assert code == 0, err
    assert "openai_compatible" in out
    assert "embedded" in out


def test_what_is_missing_is_said(platform: Platform, cloud: Cloud, files: Path) -> None:
    assert run(platform, cloud, files, "compare", "--kind", "stt")[0] == 2
    for row in cloud.tenant.admin.get("/providers")["providers"]:
        cloud.tenant.admin.send("DELETE", f"/providers/{row['provider_uuid']}")
    assert run(platform, cloud, files, "test", "--kind", "llm")[0] == 3
