"""The local voice as it runs: espeak-ng in its own process."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.signals import from_l16
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.level import clipped_share, rms_dbfs
from voice_ai_service.audio.trim import speech_span
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.tts import embedded
from voice_ai_service.providers.tts.embedded import EmbeddedTts
from voice_ai_service.providers.tts.seam import TtsOptions, Voice

pytestmark = [
    pytest.mark.skipif(embedded.available() is not None, reason=str(embedded.available())),
    pytest.mark.asyncio(loop_scope="module"),
]

PT = TtsOptions("pt-BR")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def tts() -> AsyncIterator[EmbeddedTts]:
    voice = EmbeddedTts()
    yield voice
    await voice.aclose()


async def written(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


async def spoken(tts: EmbeddedTts, text: str, options: TtsOptions = PT) -> PcmAudio:
    async with contextlib.aclosing(tts.stream(written(text), options)) as chunks:
        return PcmAudio(b"".join([chunk async for chunk in chunks]), options.sample_rate_hz)


@pytest.mark.parametrize(
    ("language", "text"), [("pt-BR", "Bom dia, como posso ajudar?"), ("en", "Good morning.")]
)
@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 48000])
async def test_a_sentence_is_speech_at_the_rate_asked_for(
    tts: EmbeddedTts, language: str, text: str, rate_hz: int
) -> None:
    audio = await spoken(tts, text, TtsOptions(language, sample_rate_hz=rate_hz))
    assert 600 < audio.duration_ms < 3000
    assert speech_span(audio) is not None
    assert rms_dbfs(audio.samples) > -35
    assert clipped_share(audio.samples) < 0.01


async def test_it_speaks_before_the_text_is_finished(tts: EmbeddedTts) -> None:
    heard_something = asyncio.Event()

    async def slow_writer() -> AsyncIterator[str]:
        yield "Bom dia. Um "
        await heard_something.wait()
        yield "momento, por favor."

    sizes = []
    async with contextlib.aclosing(tts.stream(slow_writer(), PT)) as chunks:
        async for chunk in chunks:
            sizes.append(len(chunk))
            heard_something.set()
    assert 0 < sizes[0] <= 2 * 8000 // 5  # a piece of the sentence, not the sentence


async def test_plain_text_is_never_obeyed_as_markup(tts: EmbeddedTts) -> None:
    plain = await spoken(tts, "um dois")
    for hostile in (
        "um <break time='9s'/> dois",
        "um \x01300s dois",
        "<speak>um</speak> dois",
        "um [[a_a]] dois",
    ):
        audio = await spoken(tts, hostile)
        assert audio.duration_ms > plain.duration_ms, hostile
        longest_silence = max(map(len, _quiet_stretches(audio)), default=0)
        assert longest_silence < 8000, hostile  # nobody paused for a second because the text said so


def _quiet_stretches(audio: PcmAudio) -> list[bytes]:
    marks = bytes(int(abs(value) > 200) for value in from_l16(audio.samples))
    return marks.split(b"\1")


async def test_numbers_times_and_money_are_spoken(tts: EmbeddedTts) -> None:
    short = await spoken(tts, "custa")
    for text in ("custa R$ 1.200,50", "custa 15:30", "custa 11 98765-4321"):
        assert (await spoken(tts, text)).duration_ms > short.duration_ms + 700, text


async def test_speed_changes_the_length_and_is_bounded(tts: EmbeddedTts) -> None:
    text = "Nosso horário de atendimento é das oito às dezoito."
    lengths = [
        (await spoken(tts, text, TtsOptions("pt-BR", speed=speed))).duration_ms
        for speed in (0.01, 0.7, 1.0, 1.6, 99)
    ]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] < 5 * lengths[2]
    assert lengths[-1] > lengths[2] / 5


async def test_a_variant_is_another_person(tts: EmbeddedTts) -> None:
    assert "f3" in await tts.variants()
    one = await tts.speak("Quero falar com vendas.", "pt-BR", "m3", 16000)
    other = await tts.speak("Quero falar com vendas.", "pt-BR", "f3", 16000)
    assert one.sample_rate_hz == 16000
    assert _pitch_hz(other) > 1.3 * _pitch_hz(one)


def _pitch_hz(audio: PcmAudio) -> float:
    """By autocorrelation over the loudest tenth of a second."""
    import numpy as np

    values = from_l16(audio.samples)
    size = audio.sample_rate_hz // 10
    at = max(
        range(0, len(values) - size, size // 2),
        key=lambda start: float(np.sum(values[start : start + size] ** 2)),
    )
    piece = values[at : at + size] - np.mean(values[at : at + size])
    correlation = np.correlate(piece, piece, "full")[size - 1 :]
    shortest, longest = audio.sample_rate_hz // 400, audio.sample_rate_hz // 60
    return audio.sample_rate_hz / (shortest + int(np.argmax(correlation[shortest:longest])))


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (TtsOptions("xx-YY"), "voice"),
        (TtsOptions("pt-BR", voice="nobody"), "voice"),
        (TtsOptions("pt-BR", voice="pt-br+nobody"), "voice"),
        (TtsOptions("pt-BR", voice="../../etc/passwd"), "voice"),
        (TtsOptions("pt-BR", voice=""), None),
        (TtsOptions("pt-BR", sample_rate_hz=8001), "sample_rate_hz"),
    ],
)
async def test_what_it_cannot_do_is_refused_by_field(
    tts: EmbeddedTts, options: TtsOptions, field: str | None
) -> None:
    if field is None:
        assert (await spoken(tts, "um", options)).samples
        return
    with pytest.raises(ProviderRefused) as caught:
        await spoken(tts, "um", options)
    assert caught.value.field == field
    assert caught.value.fix
    assert (await spoken(tts, "um")).samples  # and it goes on


async def test_voices_are_listed_by_language(tts: EmbeddedTts) -> None:
    voices = await tts.voices()
    assert Voice("pt-br", "pt-BR") in voices
    assert Voice("en-us", "en-US") in voices
    for name in ("pt-br", "PT-BR", "pt", "en-gb", "es", *(voice.name for voice in voices[::20])):
        assert (await spoken(tts, "a", TtsOptions("en", voice=name))).samples, name


async def test_many_calls_at_once_each_hear_their_own_text(tts: EmbeddedTts) -> None:
    texts = [f"{'palavra ' * (2 * count + 1)}." for count in range(8)]
    alone = [(await spoken(tts, text)).duration_ms for text in texts]
    together = await asyncio.gather(*(spoken(tts, text) for text in texts))
    for one, other in zip(alone, together, strict=True):
        assert abs(one - other.duration_ms) < 60


async def test_a_book_is_not_read_ahead_of_its_listener(tts: EmbeddedTts) -> None:
    book = "Era uma vez uma secretária que atendia o telefone. " * 2000
    async with contextlib.aclosing(tts.stream(written(book), PT)) as chunks:
        assert await anext(chunks)
    assert (await spoken(tts, "um")).duration_ms < 1500


@pytest.mark.parametrize("text", ["", "  \n ", "\x00\x01\x02"])
async def test_nothing_to_say_is_no_error(tts: EmbeddedTts, text: str) -> None:
    assert (await spoken(tts, text)).duration_ms < 500


async def test_words_are_pronounced_the_same_whatever_was_said_before(tts: EmbeddedTts) -> None:
    wanted = await tts.pronounce(["não", "atendente"], "pt-BR")
    assert wanted[0].startswith("n_")
    async with contextlib.aclosing(tts.stream(written("Bom dia, aqui é a secretária. Sim?"), PT)) as chunks:
        await anext(chunks)
    assert await tts.pronounce(["não", "atendente"], "pt-BR") == wanted


async def test_the_gpl_library_is_never_in_our_process() -> None:
    program = """
import asyncio, sys
from voice_ai_service.providers.tts.embedded import EmbeddedTts
from voice_ai_service.providers.stt import embedded
async def main():
    tts = EmbeddedTts()
    assert (await tts.speak("um", "pt-BR")).samples
    maps = open("/proc/self/maps").read() if sys.platform == "linux" else ""
    assert "espeak" not in maps and "sphinx" not in maps, maps
    assert not [name for name in sys.modules if name.startswith(("espeakng", "pocketsphinx"))]
    assert not [name for name in sys.modules if name.endswith(("espeak_library", "_worker"))]
    await tts.aclose()
asyncio.run(main())
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
