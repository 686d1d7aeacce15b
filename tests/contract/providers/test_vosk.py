"""Vosk in its real worker process; the package itself is a stand-in, for its models are too big to be made here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.tones import tone
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import InvalidInput, ProviderRefused, ProviderUnavailable
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.providers.stt import vosk
from voice_ai_service.providers.stt.seam import FinalTranscript, SttOptions, Transcript
from voice_ai_service.providers.stt.vosk import VoskSettings, VoskStt

PORTUGUESE = SttOptions(("pt-BR",), timeout_s=20)
SPEECH = PcmAudio(tone(1000, 8000, 300.0), 8000)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProviderContext:
    stand_in = Path(__file__).parents[2] / "fakes" / "vosk_package"
    repository = Path(__file__).parents[3]
    monkeypatch.setenv("PYTHONPATH", f"{stand_in}:{repository}")
    for file in ("am/final.mdl", "conf/mfcc.conf"):
        place = tmp_path / "vosk" / "small-pt" / file
        place.parent.mkdir(parents=True)
        place.write_bytes(b"model")
    return ProviderContext(models_dir=tmp_path)


@pytest.fixture
async def engine(context: ProviderContext) -> AsyncIterator[VoskStt]:
    made = await vosk.build(context, VoskSettings(model="small-pt", language="pt-BR"), None)
    yield made
    await made.aclose()


async def test_an_utterance_is_heard_with_how_sure_it_is(engine: VoskStt) -> None:
    assert await engine.transcribe(SPEECH, PORTUGUESE) == Transcript("quero pagar", "pt-BR", 0.8)


async def test_a_long_utterance_is_one_transcript(engine: VoskStt) -> None:
    heard = await engine.transcribe(PcmAudio(tone(3000, 8000, 300.0), 8000), PORTUGUESE)
    assert heard.text == "quero pagar quero pagar"


async def test_silence_is_silence(engine: VoskStt) -> None:
    assert (await engine.transcribe(PcmAudio(bytes(16000), 8000), PORTUGUESE)).text == ""


async def test_a_stream_is_transcribed_when_it_is_finished(engine: VoskStt) -> None:
    async with engine.stream(8000, PORTUGUESE) as stream:
        await stream.push(SPEECH.samples)
        await stream.finish()
        (event,) = [event async for event in stream.events()]
    assert event == FinalTranscript(Transcript("quero pagar", "pt-BR", 0.8))


async def test_another_language_is_refused(engine: VoskStt) -> None:
    with pytest.raises(ProviderRefused) as caught:
        await engine.transcribe(SPEECH, SttOptions(("ja",)))
    assert caught.value.field == "language"


async def test_an_engine_that_dies_costs_one_utterance(engine: VoskStt) -> None:
    with pytest.raises(ProviderUnavailable):
        await engine.transcribe(PcmAudio(b"DIE!" + bytes(800), 8000), PORTUGUESE)
    assert (await engine.transcribe(SPEECH, PORTUGUESE)).text == "quero pagar"


async def test_a_model_that_is_not_there_is_refused_by_name(context: ProviderContext) -> None:
    with pytest.raises(InvalidInput) as caught:
        await vosk.check(context, VoskSettings(model="big-pt", language="pt-BR"))
    assert caught.value.field == "settings.model"
    assert "small-pt" in (caught.value.fix or "")
