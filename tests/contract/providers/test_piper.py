"""Piper's real code in its real worker process, on a voice that this suite makes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.models.tiny_piper import RATE_HZ, SPEAKER_STEP, phonemes_in, write_tone_voice
from voice_ai_service.errors import InvalidInput, ProviderRefused, ProviderUnavailable
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.providers.tts import piper
from voice_ai_service.providers.tts.piper import PiperSettings, PiperTts
from voice_ai_service.providers.tts.seam import TtsOptions, Voice

pytest.importorskip("piper")

OPTIONS = TtsOptions("pt-BR", sample_rate_hz=RATE_HZ)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ProviderContext:
    models = tmp_path_factory.mktemp("models")
    write_tone_voice(models / "piper")
    write_tone_voice(models / "piper", "choir", speakers=("ana", "rui", "eva"))
    return ProviderContext(models_dir=models)


@asynccontextmanager
async def voice(
    context: ProviderContext, model: str = "tones", speaker: str | None = None
) -> AsyncIterator[PiperTts]:
    engine = await piper.build(context, PiperSettings(model=model, speaker=speaker), None)
    try:
        yield engine
    finally:
        await engine.aclose()


async def texts(*given: str) -> AsyncIterator[str]:
    for text in given:
        yield text


async def speak(engine: PiperTts, *given: str, options: TtsOptions = OPTIONS) -> bytes:
    return b"".join([chunk async for chunk in engine.stream(texts(*given), options)])


def expected(text: str) -> list[int]:
    """Piper's own phonemes and their numbers, asked in a process of its own: it is GPL."""
    code = (
        "import sys; from piper.phonemize_espeak import EspeakPhonemizer; from piper.voice import ESPEAK_DATA_DIR;"
        "from piper.phoneme_ids import phonemes_to_ids;"
        "p = EspeakPhonemizer(ESPEAK_DATA_DIR).phonemize('pt-br', sys.argv[1]);"
        "print(*[n for s in p for n in phonemes_to_ids(s)])"
    )
    asked = subprocess.run([sys.executable, "-c", code, text], capture_output=True, text=True, check=True)
    return [int(number) for number in asked.stdout.split()]


async def test_it_says_the_text_phoneme_by_phoneme(context: ProviderContext) -> None:
    async with voice(context) as engine:
        sound = await speak(engine, "Bom dia, Maria.")
    assert phonemes_in(sound, RATE_HZ) == expected("Bom dia, Maria.")


@pytest.mark.parametrize("rate_hz", [8000, 16000])
async def test_at_the_rate_that_was_asked(context: ProviderContext, rate_hz: int) -> None:
    async with voice(context) as engine:
        sound = await speak(engine, "Bom dia.", options=TtsOptions("pt-BR", sample_rate_hz=rate_hz))
    assert len(sound) // 2 == pytest.approx(len(expected("Bom dia.")) * rate_hz * 0.02, rel=0.01)


async def test_faster_is_shorter(context: ProviderContext) -> None:
    async with voice(context) as engine:
        usual = await speak(engine, "Um momento, por favor.")
        fast = await speak(
            engine, "Um momento, por favor.", options=TtsOptions("pt-BR", speed=2.0, sample_rate_hz=RATE_HZ)
        )
    assert len(fast) == pytest.approx(len(usual) / 2, rel=0.01)


async def test_the_first_sentence_sounds_before_the_text_is_complete(context: ProviderContext) -> None:
    more = asyncio.Event()

    async def slow() -> AsyncIterator[str]:
        yield "Bom dia, Maria. C"
        await more.wait()
        yield "omo vai?"

    async with voice(context) as engine:
        stream = engine.stream(slow(), OPTIONS)
        first = await anext(stream)
        assert phonemes_in(first, RATE_HZ) == expected("Bom dia, Maria.")
        more.set()
        rest = b"".join([chunk async for chunk in stream])
    assert phonemes_in(rest, RATE_HZ) == expected("Como vai?")


async def test_speakers(context: ProviderContext) -> None:
    async with voice(context, "choir", "rui") as engine:
        rui = phonemes_in(await speak(engine, "Sim, claro."), RATE_HZ)
        eva = phonemes_in(
            await speak(
                engine, "Sim, claro.", options=TtsOptions("pt-BR", voice="eva", sample_rate_hz=RATE_HZ)
            ),
            RATE_HZ,
        )
        assert await engine.voices() == tuple(Voice(name, "pt-BR") for name in ("ana", "eva", "rui"))
        with pytest.raises(ProviderRefused) as caught:
            await speak(
                engine, "Sim, claro.", options=TtsOptions("pt-BR", voice="zé", sample_rate_hz=RATE_HZ)
            )
    assert [number - SPEAKER_STEP for number in eva] == rui
    assert caught.value.field == "voice"
    assert "ana, eva, rui" in (caught.value.fix or "")


async def test_many_calls_at_once(context: ProviderContext) -> None:
    async with voice(context) as engine:
        sounds = await asyncio.gather(*(speak(engine, text) for text in ("Sim, pode.", "Não, obrigada.") * 5))
    assert [phonemes_in(sound, RATE_HZ) for sound in sounds[:2]] == [
        expected("Sim, pode."),
        expected("Não, obrigada."),
    ]
    assert sounds[::2] == [sounds[0]] * 5


async def test_whoever_stops_listening_does_not_hold_up_the_next(context: ProviderContext) -> None:
    async with voice(context) as engine:
        stream = engine.stream(texts("Esta frase é bem comprida. " * 40), OPTIONS)
        await anext(stream)
        await stream.aclose()
        assert await speak(engine, "Sim, pode.")


async def test_a_killed_process_fails_its_request_and_the_next_one_works(context: ProviderContext) -> None:
    async with voice(context) as engine:
        stream = engine.stream(texts("Esta frase é bem comprida. " * 40), OPTIONS)
        await anext(stream)
        assert engine._worker.pid is not None
        os.kill(engine._worker.pid, signal.SIGKILL)
        with pytest.raises(ProviderUnavailable):
            _ = [chunk async for chunk in stream]
        assert await speak(engine, "Sim, pode.")


async def test_what_is_missing_is_named_when_it_is_saved(context: ProviderContext, tmp_path: Path) -> None:
    for settings, field, tells in (
        (PiperSettings(model="none"), "settings.model", "choir, tones"),
        (PiperSettings(model="choir", speaker="zé"), "settings.speaker", "ana, eva, rui"),
        (PiperSettings(model="tones", speaker="zé"), "settings.speaker", "single speaker"),
    ):
        with pytest.raises(InvalidInput) as caught:
            await piper.check(context, settings)
        assert caught.value.field == field
        assert tells in (caught.value.fix or "")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"audio": {"sample_rate": "x"}}'])
async def test_a_voices_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    write_tone_voice(tmp_path / "piper")
    (tmp_path / "piper" / "tones.onnx.json").write_text(content)
    with pytest.raises(InvalidInput) as caught:
        await piper.check(ProviderContext(models_dir=tmp_path), PiperSettings(model="tones"))
    assert caught.value.field == "settings.model"


async def test_a_broken_voice_fails_to_start(tmp_path: Path) -> None:
    write_tone_voice(tmp_path / "piper")
    (tmp_path / "piper" / "tones.onnx").write_bytes(b"not a voice")
    with pytest.raises(ProviderUnavailable):
        await piper.build(ProviderContext(models_dir=tmp_path), PiperSettings(model="tones"), None)


def test_the_service_itself_never_loads_the_gpl_voice() -> None:
    code = (
        "import sys, voice_ai_service.providers.tts.piper as p, voice_ai_service.providers.catalogue as c;"
        "c.builtin_entries(); print('piper' in sys.modules, 'espeakng_loader' in sys.modules)"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout.split() == ["False", "False"]
