"""What a caller hears whom nobody can answer: as much as fits into one answer."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import read_wav
from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.metrics import Metrics
from voice_ai_service.speech.speech import Spoken
from voice_ai_service.tenancy.tenant import PBX_REACH
from voice_ai_service.turn_mode.refuse import Refuse
from voice_ai_service.turn_mode.reply_audio import INLINE_LIMIT_BYTES


class Voice:
    """Sentences of so many milliseconds each, then none."""

    def __init__(self, *lengths_ms: int) -> None:
        self.lengths_ms = list(lengths_ms)
        self.domains: list[UUID] = []

    async def sentence(self, domain_uuid: UUID, _text: str, _language: str) -> Spoken:
        self.domains.append(domain_uuid)
        if not self.lengths_ms:
            raise ProviderUnavailable("away", provider="x")
        return Spoken(PcmAudio(bytes(16 * self.lengths_ms.pop(0)), 8000), "x", 1.0, 1.0)


@pytest.mark.parametrize(
    ("lengths_ms", "heard_ms"),
    [((1000, 2000), 3300), ((4000, 2000), 4000), ((6000, 100), None), ((1000,), 1000), ((), None)],
    ids=["both", "only the first fits", "none fits", "one voice is away", "no voice"],
)
async def test_as_many_sentences_as_fit_into_one_answer(
    lengths_ms: tuple[int, ...], heard_ms: int | None
) -> None:
    parts: Any = SimpleNamespace(speech=Voice(*lengths_ms), metrics=Metrics())
    refused = await Refuse(parts)(uuid4())
    assert len(refused.said) > 20
    assert (refused.decision, refused.action.type) == ("refused", "hangup")
    if heard_ms is None:
        assert refused.audio is None
        return
    assert refused.audio is not None
    wav = base64.b64decode(str(refused.audio.content))
    assert len(wav) == refused.audio.bytes <= INLINE_LIMIT_BYTES
    assert read_wav(wav).duration_ms == refused.audio.duration_ms == heard_ms


async def test_without_a_domain_nobodys_own_voice_speaks() -> None:
    voice = Voice(100, 100)
    parts: Any = SimpleNamespace(speech=voice, metrics=Metrics())
    await Refuse(parts)(None)
    assert set(voice.domains) == {PBX_REACH}
