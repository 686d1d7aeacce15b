"""faster-whisper's real code in its real worker process, on a model that this suite makes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.models.tiny_whisper import INVENTED, write_tone_model
from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.wav import read_wav, write_wav
from voice_ai_service.errors import InvalidInput, ProviderBusy, ProviderTimeout, ProviderUnavailable
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.worker import WorkerLimits
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.providers.stt import faster_whisper
from voice_ai_service.providers.stt.faster_whisper import FasterWhisperSettings, FasterWhisperStt
from voice_ai_service.providers.stt.seam import FinalTranscript, Phrase, SttOptions

pytest.importorskip("faster_whisper")

PORTUGUESE = SttOptions(("pt-BR",), timeout_s=30)
BOTH = SttOptions(("pt-BR", "en"), timeout_s=30)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ProviderContext:
    models = tmp_path_factory.mktemp("models")
    write_tone_model(models / "whisper" / "tones")
    return ProviderContext(models_dir=models)


@pytest.fixture
async def whisper(context: ProviderContext) -> AsyncIterator[FasterWhisperStt]:
    engine = await faster_whisper.build(
        context, FasterWhisperSettings(model="tones", vad=False, cpu_threads=1), None
    )
    yield engine
    await engine.aclose()


def tone(hz: float, rate_hz: int = 16000, seconds: float = 1.0) -> PcmAudio:
    """With a little silence around it, as an utterance has."""
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    quiet = np.zeros(rate_hz // 5)
    wave = np.concatenate([quiet, np.sin(2 * np.pi * hz * at) * 9000, quiet])
    return PcmAudio(wave.astype("<i2").tobytes(), rate_hz)


def noise(seconds: float = 1.0) -> PcmAudio:
    wave = np.random.default_rng(7).normal(0, 800, int(16000 * seconds))
    return PcmAudio(wave.astype("<i2").tobytes(), 16000)


@pytest.mark.parametrize(
    ("hz", "text"), [(500, "quero pagar minha conta"), (1000, "falar com atendente"), (1700, "não")]
)
@pytest.mark.parametrize("rate_hz", [8000, 16000])
async def test_it_hears_what_was_said_at_either_rate(
    whisper: FasterWhisperStt, hz: float, text: str, rate_hz: int
) -> None:
    heard = await whisper.transcribe(tone(hz, rate_hz), PORTUGUESE)
    assert (heard.text, heard.language) == (text, "pt-BR")
    assert heard.confidence is not None
    assert heard.confidence > 0.9


async def test_it_hears_through_the_telephone(whisper: FasterWhisperStt) -> None:
    phone = read_wav(write_wav(tone(1000, 8000), Encoding.PCMU))
    assert (await whisper.transcribe(phone, PORTUGUESE)).text == "falar com atendente"


async def test_the_language_is_one_of_the_allowed_ones(whisper: FasterWhisperStt) -> None:
    assert (await whisper.transcribe(tone(2600), BOTH)).language == "en"
    assert (await whisper.transcribe(tone(500), BOTH)).language == "pt-BR"
    # Forced: the model's own opinion is not asked for.
    assert (await whisper.transcribe(tone(2600), PORTUGUESE)).language == "pt-BR"


async def test_phrases_are_taken_as_hot_words(whisper: FasterWhisperStt) -> None:
    phrases = tuple(Phrase(f"falar com a pessoa número {number}", "pt-BR") for number in range(200))
    heard = await whisper.transcribe(tone(500), SttOptions(("pt-BR",), phrases, timeout_s=30))
    assert heard.text == "quero pagar minha conta"


async def test_what_the_model_invents_over_noise_is_silence(whisper: FasterWhisperStt) -> None:
    asked = messages.Transcribe(16000, ["pt"], "", noise().samples)
    answer = await whisper._worker.ask_once(asked, timeout_s=30)
    assert isinstance(answer, messages.Transcribed)
    assert [segment[0].strip() for segment in answer.segments] == [INVENTED]
    assert (await whisper.transcribe(noise(), PORTUGUESE)).text == ""


async def test_silence_is_cut_away_before_the_model(context: ProviderContext) -> None:
    engine = await faster_whisper.build(context, FasterWhisperSettings(model="tones", cpu_threads=1), None)
    try:
        silence = PcmAudio(bytes(32000), 16000)
        assert (await engine.transcribe(silence, PORTUGUESE)).text == ""
        assert (await engine.transcribe(PcmAudio(b"", 16000), PORTUGUESE)).text == ""
    finally:
        await engine.aclose()


async def test_a_stream_is_transcribed_when_it_is_finished(whisper: FasterWhisperStt) -> None:
    audio = tone(1700, 8000)
    async with whisper.stream(8000, PORTUGUESE) as stream:
        for at in range(0, len(audio.samples), 320):
            await stream.push(audio.samples[at : at + 320])
        await stream.finish()
        (event,) = [event async for event in stream.events()]
    assert isinstance(event, FinalTranscript)
    assert event.transcript.text == "não"


async def test_many_at_once_each_get_their_own(whisper: FasterWhisperStt) -> None:
    tones = [500, 1000, 1700] * 4
    heard = await asyncio.gather(*(whisper.transcribe(tone(hz), PORTUGUESE) for hz in tones))
    assert [one.text for one in heard] == ["quero pagar minha conta", "falar com atendente", "não"] * 4


async def test_the_loop_goes_on_while_the_model_works(whisper: FasterWhisperStt) -> None:
    """The model is in another process: other calls' tasks run in between."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await whisper.transcribe(tone(500, seconds=5), PORTUGUESE)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert turns > 10


async def test_too_many_waiting_is_busy(context: ProviderContext) -> None:
    settings = FasterWhisperSettings(model="tones", vad=False, cpu_threads=1)
    engine = FasterWhisperStt(
        context.models_dir / "whisper" / "tones", settings, limits=WorkerLimits(max_pending=2)
    )
    await engine.start()
    try:
        results = await asyncio.gather(
            *(engine.transcribe(tone(500), PORTUGUESE) for _ in range(4)), return_exceptions=True
        )
    finally:
        await engine.aclose()
    assert [type(result).__name__ for result in results].count("ProviderBusy") == 2
    assert any(isinstance(result, ProviderBusy) for result in results)


async def test_a_timeout_ends_the_wait_and_not_the_model(whisper: FasterWhisperStt) -> None:
    pid = whisper._worker.pid
    with pytest.raises(ProviderTimeout):
        await whisper.transcribe(tone(500, seconds=20), SttOptions(("pt-BR",), timeout_s=0.001))
    assert (await whisper.transcribe(tone(500), PORTUGUESE)).text == "quero pagar minha conta"
    assert whisper._worker.pid == pid


async def test_a_killed_process_fails_its_request_and_the_next_one_works(whisper: FasterWhisperStt) -> None:
    asking = asyncio.create_task(whisper.transcribe(tone(500, seconds=25), PORTUGUESE))
    await asyncio.sleep(0)
    assert whisper._worker.pid is not None
    os.kill(whisper._worker.pid, signal.SIGSTOP)
    os.kill(whisper._worker.pid, signal.SIGKILL)
    with pytest.raises(ProviderUnavailable):
        await asking
    assert (await whisper.transcribe(tone(1000), PORTUGUESE)).text == "falar com atendente"


@pytest.mark.parametrize("missing", ["model.bin", "tokenizer.json"])
async def test_a_model_that_is_not_whole_is_refused_when_it_is_saved(tmp_path: Path, missing: str) -> None:
    folder = write_tone_model(tmp_path / "whisper" / "half")
    (folder / missing).unlink()
    with pytest.raises(InvalidInput) as caught:
        await faster_whisper.check(ProviderContext(models_dir=tmp_path), FasterWhisperSettings(model="half"))
    assert caught.value.field == "settings.model"
    assert missing in (caught.value.fix or "")


async def test_an_unknown_model_tells_the_known_ones(context: ProviderContext) -> None:
    with pytest.raises(InvalidInput) as caught:
        await faster_whisper.check(context, FasterWhisperSettings(model="base"))
    assert "tones" in (caught.value.fix or "")


@pytest.mark.parametrize("name", ["../tones", "a/b", ".hidden", "", "x" * 200])
def test_a_model_is_named_and_never_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="model"):
        FasterWhisperSettings(model=name)


async def test_a_broken_model_fails_to_start(tmp_path: Path) -> None:
    folder = write_tone_model(tmp_path / "whisper" / "broken")
    (folder / "model.bin").write_bytes(b"not a model")
    settings: Any = FasterWhisperSettings(model="broken")
    with pytest.raises(ProviderUnavailable):
        await faster_whisper.build(ProviderContext(models_dir=tmp_path), settings, None)
