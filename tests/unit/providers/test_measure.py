from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.providers import (
    Script,
    ScriptedChat,
    ScriptedProvider,
    ScriptedTts,
    Watching,
    down,
    link_to,
)
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers.chains import ChatChain, EmbeddingChain, RealtimeChain, SttChain, TtsChain
from voice_ai_service.providers.cost import PriceList
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.llm.seam import ChatDone, TextDelta, Usage
from voice_ai_service.providers.measure import Measuring, Sample
from voice_ai_service.providers.stt.seam import SttCapabilities

CLOCK = LoopClock()
PRICES = PriceList.parse(
    json.dumps(
        [
            {"kind": "stt", "provider": "first", "minute": 60},
            {"kind": "tts", "provider": "first", "thousand_characters": 100},
            {"kind": "llm", "provider": "first", "million_prompt_tokens": 1_000_000},
        ]
    )
)
SAMPLE = Sample("Bom dia", "pt-BR", PcmAudio(bytes(16_000), 8000), "vocês abrem no sábado")
MEASURING = Measuring(PRICES, CLOCK)


class Batch(ScriptedProvider):
    @property
    def capabilities(self) -> SttCapabilities:
        return SttCapabilities(False, False, True, None, (8000,))


def chain(kind: Any, provider: Any, of: ProviderKind) -> Any:
    return kind(of, (link_to(provider, CLOCK),), CLOCK, Watching())


@virtual_time
async def test_a_recogniser_of_whole_utterances() -> None:
    stt = chain(SttChain, Batch(Script(delay_s=0.5, pieces=("vocês abrem sábado",))), ProviderKind.STT)
    measured = await MEASURING.measure(stt, SAMPLE)
    assert (measured.first_ms, measured.total_ms) == (500, 500)
    assert measured.cost_cents == Decimal(1)
    assert measured.word_error_rate == 0.25
    assert measured.outcome == "vocês abrem sábado"
    assert measured.error is None


@virtual_time
async def test_a_recogniser_that_listens_meanwhile_is_counted_from_the_end_of_speech() -> None:
    stt = chain(SttChain, ScriptedProvider(Script(delay_s=1.25, pieces=("sim",))), ProviderKind.STT)
    measured = await MEASURING.measure(stt, SAMPLE)
    assert measured.first_ms == 1250
    assert measured.total_ms == pytest.approx(250, abs=1)


@virtual_time
async def test_a_recogniser_that_never_answers_is_a_timeout() -> None:
    stt = chain(SttChain, ScriptedProvider(Script(delay_s=600, pieces=("sim",))), ProviderKind.STT)
    assert (await MEASURING.measure(stt, SAMPLE)).error == "provider_timeout"


@virtual_time
async def test_a_live_recogniser_that_fails_says_how() -> None:
    stt = chain(SttChain, ScriptedProvider(Script(error=down("first"))), ProviderKind.STT)
    measured = await MEASURING.measure(stt, SAMPLE)
    assert (measured.error, measured.total_ms, measured.cost_cents) == ("provider_unavailable", None, None)


@virtual_time
async def test_a_voice() -> None:
    script = Script(delay_s=0.2, between_s=0.3, pieces=(bytes(1600), bytes(1600)))
    measured = await MEASURING.measure(chain(TtsChain, ScriptedTts(script), ProviderKind.TTS), SAMPLE)
    assert (measured.first_ms, measured.total_ms) == (200, 500)
    assert measured.cost_cents == Decimal("0.7")
    assert measured.outcome == "200 ms of audio"


@virtual_time
async def test_a_model() -> None:
    pieces = (TextDelta("Bom"), TextDelta(" dia"), ChatDone("stop", Usage(12, 2)))
    model = ScriptedChat(Script(delay_s=0.4, between_s=0.1, pieces=pieces))
    measured = await MEASURING.measure(chain(ChatChain, model, ProviderKind.LLM), SAMPLE)
    assert (measured.first_ms, measured.total_ms, measured.outcome) == (400, 600, "Bom dia")
    assert measured.cost_cents == Decimal(12)


@virtual_time
async def test_embeddings_without_a_price() -> None:
    provider = ScriptedProvider(Script(delay_s=0.1, pieces=([[0.0, 1.0]],)))
    measured = await MEASURING.measure(chain(EmbeddingChain, provider, ProviderKind.EMBEDDINGS), SAMPLE)
    assert (measured.outcome, measured.cost_cents, measured.total_ms) == ("2 numbers", None, 100)


@virtual_time
async def test_what_cannot_be_measured_here() -> None:
    with pytest.raises(InvalidInput):
        await MEASURING.measure(chain(RealtimeChain, object(), ProviderKind.REALTIME), SAMPLE)
    with pytest.raises(InvalidInput):
        await MEASURING.measure(chain(SttChain, Batch(), ProviderKind.STT), Sample("oi", "pt-BR"))
