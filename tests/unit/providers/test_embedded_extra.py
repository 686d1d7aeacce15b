from __future__ import annotations

from collections.abc import Sequence

import pytest

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.embedded_speech import extra
from voice_ai_service.providers.stt import embedded as stt
from voice_ai_service.providers.tts import embedded as tts


class NoWords:
    async def pronounce(self, words: Sequence[str], language: str) -> tuple[str, ...]:
        return tuple("" for _ in words)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the `embedded` extra."""
    monkeypatch.setattr(extra, "find_spec", lambda name: None)


@pytest.mark.usefixtures("bare")
def test_without_the_extra_both_say_what_to_install() -> None:
    for reason in (stt.available(), tts.available()):
        assert reason is not None
        assert "pip install 'voice-ai[embedded]'" in reason


@pytest.mark.usefixtures("bare")
def test_without_the_extra_neither_can_be_made() -> None:
    with pytest.raises(ProviderRefused, match="espeakng_loader") as caught:
        tts.EmbeddedTts()
    assert caught.value.fix == "pip install 'voice-ai[embedded]'"
    with pytest.raises(ProviderRefused, match="pocketsphinx"):
        stt.EmbeddedStt(1, NoWords())


def test_a_package_that_is_there_needs_no_words() -> None:
    assert extra.missing("json") is None
    extra.require("json", "embedded")
