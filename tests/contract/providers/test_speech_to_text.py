"""Transcription over OpenAI's wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import numpy as np
import pytest

from tests.contract.providers.wires import LOOPBACK, stt_settings
from tests.fakes.openai_server import KEY, FakeOpenAi, fake_openai, verbose_transcript
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import read_wav
from voice_ai_service.providers.stt import openai as stt
from voice_ai_service.providers.stt.seam import FinalTranscript, Phrase, SttOptions, Transcript

TONE = PcmAudio((np.sin(np.arange(8000) * 0.3) * 9000).astype("<i2").tobytes(), 8000)
PHRASES = (
    Phrase("talk to sales", "en"),
    Phrase("segunda via do boleto", "pt-BR"),
    Phrase("falar com a Ana", "pt-BR"),
)


@asynccontextmanager
async def transcriber(
    said: dict[str, Any], **settings: Any
) -> AsyncIterator[tuple[FakeOpenAi, stt.OpenAiStt]]:
    async with fake_openai(transcript=said) as server:
        made = stt_settings(base_url=server.base_url, **settings)
        async with aclosing(await stt.build(LOOPBACK, made, KEY)) as provider:
            yield server, provider


async def test_the_audio_goes_as_wav_and_comes_back_as_text() -> None:
    async with transcriber({"text": " Quero pagar. "}) as (server, provider):
        heard = await provider.transcribe(TONE, SttOptions(("pt-BR",)))
        form = server.forms[0]
    assert heard == Transcript("Quero pagar.", "pt-BR")
    assert read_wav(form["file"][0]) == TONE


async def test_one_language_is_forced_and_phrases_are_the_prompt() -> None:
    async with transcriber({"text": "sim"}) as (server, provider):
        await provider.transcribe(TONE, SttOptions(("pt-BR", "en"), PHRASES))
        form = server.forms[0]
    assert form["language"] == [b"pt"]
    assert form["prompt"] == [b"segunda via do boleto, falar com a Ana, talk to sales"]
    assert form["temperature"] == [b"0.0"]


async def test_newer_models_take_all_languages_and_key_words() -> None:
    answer = {"text": "talk to sales", "languages": [{"code": "en"}]}
    async with transcriber(answer, model="gpt-transcribe", hints="keywords", answer="json") as (
        server,
        provider,
    ):
        heard = await provider.transcribe(TONE, SttOptions(("pt-BR", "en"), PHRASES))
        form = server.forms[0]
    assert heard.language == "en"
    assert form["languages[]"] == [b"pt", b"en"]
    assert form["keywords[]"] == [b"segunda via do boleto", b"falar com a Ana", b"talk to sales"]
    assert "language" not in form
    assert "prompt" not in form


async def test_how_sure_the_model_is() -> None:
    async with transcriber(verbose_transcript({"text": " Sim."}), answer="verbose_json") as (_, provider):
        heard = await provider.transcribe(TONE, SttOptions(("pt-BR",)))
    assert heard.confidence == pytest.approx(0.819, abs=0.001)


async def test_another_language_than_the_allowed_is_not_believed() -> None:
    async with transcriber(
        verbose_transcript({"text": " Sim."}, language="japanese"), answer="verbose_json"
    ) as (
        _,
        provider,
    ):
        heard = await provider.transcribe(TONE, SttOptions(("pt-BR", "en")))
    assert heard.language == "pt-BR"


async def test_what_nobody_said_is_dropped_and_the_rest_kept() -> None:
    answer = verbose_transcript(
        {"text": " Quero falar com a Ana."},
        {"text": " Legendas pela comunidade Amara.org"},
        {"text": " e", "no_speech_prob": 0.9, "avg_logprob": -1.4},
    )
    async with transcriber(answer, answer="verbose_json") as (_, provider):
        heard = await provider.transcribe(TONE, SttOptions(("pt-BR",)))
    assert heard.text == "Quero falar com a Ana."


async def test_only_invented_words_are_silence() -> None:
    async with transcriber({"text": "Obrigado por assistir!"}) as (_, provider):
        heard = await provider.transcribe(TONE, SttOptions(("pt-BR",)))
    assert heard == Transcript("", "pt-BR")


async def test_a_stream_is_transcribed_when_it_is_finished() -> None:
    async with (
        transcriber({"text": "sim"}) as (server, provider),
        provider.stream(8000, SttOptions(("pt-BR",))) as stream,
    ):
        await stream.push(TONE.samples[:8000])
        await stream.push(TONE.samples[8000:])
        await stream.finish()
        events = [event async for event in stream.events()]
        assert events == [FinalTranscript(Transcript("sim", "pt-BR"))]
        assert read_wav(server.forms[0]["file"][0]) == TONE
