"""Addresses that mod_audio_stream takes; a wrong one stops the start, not the first call."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from voice_ai_service.settings import Settings


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080"),
        ("wss://bridge.example/", "wss://bridge.example"),
        ("ws://bridge-1:8080/", "ws://bridge-1:8080"),
    ],
)
def test_an_address_is_scheme_host_and_port(monkeypatch: pytest.MonkeyPatch, given: str, kept: str) -> None:
    monkeypatch.setenv("VOICE_AI_BRIDGE_URL", given)
    monkeypatch.setenv("VOICE_AI_BRIDGE_OWN_URL", given)
    settings = Settings()
    assert (settings.bridge_public_url, settings.bridge_own_url) == (kept, kept)
    assert Settings(bridge_public_url=given).bridge_public_url == kept
    assert Settings(bridge_public_url="").bridge_public_url is None


@pytest.mark.parametrize(
    "given",
    [
        "http://h:8080",
        "ws://",
        "ws://u:p@h",
        "ws://[::1]:8080",
        "ws://a_b:8080",
        "ws://h:8080/x",
        "ws://h?x=1",
        "ws://h\n",
    ],
)
def test_what_the_module_would_refuse_is_refused_at_start(given: str) -> None:
    with pytest.raises(ValidationError):
        Settings(bridge_public_url=given)
