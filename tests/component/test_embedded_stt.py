"""The local recogniser as it runs: pocketsphinx in its own process, listening to espeak-ng in another.

The speech is synthetic and comes from the engine that also gives the pronunciations: these tests hold that the parts
work together, not how well people are understood.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from tests.fakes.signals import from_l16, joined, noise, silence, to_l16, tone
from voice_ai_service.audio import g711
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.errors import (
    ProviderBusy,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from voice_ai_service.providers.stt import embedded
from voice_ai_service.providers.stt.embedded import EmbeddedStt
from voice_ai_service.providers.stt.seam import FinalTranscript, Phrase, SttOptions, Transcript
from voice_ai_service.providers.tts.embedded import EmbeddedTts

pytestmark = [
    pytest.mark.skipif(embedded.available() is not None, reason=str(embedded.available())),
    pytest.mark.asyncio(loop_scope="module"),
]

PT = (
    "qual o horário de atendimento",
    "qual o endereço",
    "quanto custa a consulta",
    "quero falar com um atendente",
    "falar com o financeiro",
    "quero deixar um recado",
    "pode repetir",
    "até logo",
)
EN = (
    "what are your opening hours",
    "what is the address",
    "how much is an appointment",
    "i want to talk to a person",
    "transfer me to billing",
    "leave a message",
    "say that again",
    "goodbye",
)
PHRASES = tuple(Phrase(text, "pt-BR") for text in PT) + tuple(Phrase(text, "en") for text in EN)
BOTH = SttOptions(("pt-BR", "en"), PHRASES, timeout_s=30.0)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def tts() -> AsyncIterator[EmbeddedTts]:
    voice = EmbeddedTts()
    yield voice
    await voice.aclose()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stt(tts: EmbeddedTts) -> AsyncIterator[EmbeddedStt]:
    recogniser = EmbeddedStt(1, tts)
    await recogniser.start()
    yield recogniser
    await recogniser.aclose()


def telephoned(audio: PcmAudio, *, noise_dbfs: float = -50.0) -> PcmAudio:
    """As it arrives over a telephone line: with quiet around it, hiss, and mu-law."""
    call = joined(silence(300, 8000), resample(audio, 8000), silence(700, 8000))
    hiss = noise(call.duration_ms + 1, 8000, dbfs=noise_dbfs)
    mixed = from_l16(call.samples) + from_l16(hiss.samples)[: len(call.samples) // 2]
    return PcmAudio(g711.ulaw_to_linear(g711.linear_to_ulaw(to_l16(mixed))), 8000)


async def test_most_of_a_menu_in_two_languages_is_understood(tts: EmbeddedTts, stt: EmbeddedStt) -> None:
    right, wrong = 0, []
    for phrase in PHRASES:
        for variant in ("f3", "m3"):
            heard = await stt.transcribe(
                telephoned(await tts.speak(phrase.text, phrase.language, variant)), BOTH
            )
            if (heard.text, heard.language) == (phrase.text, phrase.language):
                right += 1
            elif heard.text:
                wrong.append((phrase.text, heard.text))
    assert right >= 0.75 * 2 * len(PHRASES), wrong
    assert len(wrong) <= 3, wrong


async def test_what_is_on_no_menu_is_not_made_into_something(tts: EmbeddedTts, stt: EmbeddedStt) -> None:
    others = (
        ("o gato subiu no telhado da vizinha", "pt-BR"),
        ("amanhã vai chover muito em são paulo", "pt-BR"),
        ("eu comprei um carro novo ontem", "pt-BR"),
        ("my dog ate the red apple yesterday", "en"),
        ("the road to the beach is crowded", "en"),
        ("we are watching television tonight", "en"),
    )
    accepted = [
        text
        for text, language in others
        if (await stt.transcribe(telephoned(await tts.speak(text, language)), BOTH)).text
    ]
    assert len(accepted) <= 1, accepted


async def test_the_words_are_placed_and_the_answer_says_how_sure_it_is(
    tts: EmbeddedTts, stt: EmbeddedStt
) -> None:
    speech = await tts.speak("what are your opening hours", "en")
    call = joined(silence(1000, 8000), speech, silence(500, 8000))
    heard = await stt.transcribe(telephoned(call), BOTH)
    assert [word.text for word in heard.words] == ["what", "are", "your", "opening", "hours"]
    assert 1000 < heard.words[0].start_ms < 1600
    assert 1300 + speech.duration_ms - 400 < heard.words[-1].end_ms < 1300 + speech.duration_ms + 200
    assert heard.confidence is not None
    assert 0.5 <= heard.confidence <= 1.0


@pytest.mark.parametrize(
    ("said", "language", "meant"),
    [
        ("bom dia, qual o horário de atendimento, por favor", "pt-BR", "qual o horário de atendimento"),
        ("hello, what are your opening hours please", "en", "what are your opening hours"),
    ],
)
async def test_politeness_around_the_phrase_is_left_out(
    tts: EmbeddedTts, stt: EmbeddedStt, said: str, language: str, meant: str
) -> None:
    heard = await stt.transcribe(telephoned(await tts.speak(said, language)), BOTH)
    assert (heard.text, heard.language) == (meant, language)


@pytest.mark.parametrize(
    "audio",
    [
        silence(3000, 8000),
        noise(3000, 8000, dbfs=-35),
        tone(425, 3000, 8000),
        joined(silence(500, 8000), noise(30, 8000, dbfs=-10), silence(500, 8000)),
        silence(20, 8000),
        PcmAudio(b"", 8000),
        PcmAudio(b"\0", 8000),
    ],
    ids=["silence", "hiss", "dial tone", "click", "one frame", "nothing", "half a sample"],
)
async def test_nobody_spoke_is_an_empty_text(stt: EmbeddedStt, audio: PcmAudio) -> None:
    assert await stt.transcribe(audio, BOTH) == Transcript("", "pt-BR")


async def test_the_same_call_gets_the_same_answer(tts: EmbeddedTts, stt: EmbeddedStt) -> None:
    audio = telephoned(await tts.speak("leave a message", "en"))
    first = await stt.transcribe(audio, BOTH)
    await stt.transcribe(telephoned(await tts.speak("qual o endereço", "pt-BR")), BOTH)
    assert await stt.transcribe(audio, BOTH) == first


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 48000])
async def test_any_customary_rate_will_do(tts: EmbeddedTts, stt: EmbeddedStt, rate_hz: int) -> None:
    speech = resample(telephoned(await tts.speak("what are your opening hours", "en")), rate_hz)
    assert (await stt.transcribe(speech, BOTH)).text == "what are your opening hours"


async def test_other_rates_are_refused(stt: EmbeddedStt) -> None:
    with pytest.raises(ProviderRefused) as caught:
        await stt.transcribe(PcmAudio(bytes(1000), 8001), BOTH)
    assert caught.value.field == "audio.sample_rate_hz"


@pytest.mark.parametrize(
    "options",
    [
        SttOptions(("pt-BR",)),
        SttOptions(("pt-BR",), (Phrase("yes", "en"),)),
        SttOptions(("pt-BR",), (Phrase("...", "pt-BR"),)),
    ],
)
async def test_without_anything_to_listen_for_it_says_so(stt: EmbeddedStt, options: SttOptions) -> None:
    with pytest.raises(ProviderRefused) as caught:
        await stt.transcribe(noise(500, 8000, dbfs=-30), options)
    assert caught.value.field == "phrases"


async def test_a_stream_gives_what_the_whole_utterance_gives(tts: EmbeddedTts, stt: EmbeddedStt) -> None:
    audio = telephoned(await tts.speak("goodbye", "en"))
    async with stt.stream(8000, BOTH) as stream:
        for at in range(0, len(audio.samples), 320):
            await stream.push(audio.samples[at : at + 320])
        await stream.finish()
        events = [event async for event in stream.events()]
    assert events == [FinalTranscript(await stt.transcribe(audio, BOTH))]


async def test_a_dead_process_costs_one_utterance(tts: EmbeddedTts, stt: EmbeddedStt) -> None:
    audio = telephoned(await tts.speak("leave a message", "en"))
    before = await stt.transcribe(audio, BOTH)
    (pid,) = stt.pids
    hit = asyncio.create_task(stt.transcribe(audio, BOTH))
    await asyncio.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ProviderUnavailable):
        await hit
    assert await stt.transcribe(audio, BOTH) == before


async def test_too_many_at_once_are_refused_and_the_others_served(tts: EmbeddedTts) -> None:
    stt = EmbeddedStt(1, tts, max_waiting=2)
    await stt.start()
    audio = telephoned(await tts.speak("leave a message", "en"))
    await stt.transcribe(audio, BOTH)
    got = await asyncio.gather(*(stt.transcribe(audio, BOTH) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(answer, Transcript) for answer in got) == 3
    assert sum(isinstance(answer, ProviderBusy) for answer in got) == 3
    await stt.aclose()


async def test_who_waits_too_long_is_told_and_nobody_else_is_hurt(tts: EmbeddedTts, stt: EmbeddedStt) -> None:
    audio = telephoned(await tts.speak("leave a message", "en"))
    wanted = await stt.transcribe(audio, BOTH)
    impatient = SttOptions(("pt-BR", "en"), PHRASES, timeout_s=0.001)
    results = await asyncio.gather(
        stt.transcribe(audio, impatient), stt.transcribe(audio, BOTH), return_exceptions=True
    )
    assert isinstance(results[0], ProviderTimeout)
    assert results[1] == wanted


async def test_who_hangs_up_does_not_leave_his_answer_to_the_next(tts: EmbeddedTts, stt: EmbeddedStt) -> None:
    goodbye = telephoned(await tts.speak("goodbye", "en"))
    message = telephoned(await tts.speak("leave a message", "en"))
    wanted = await stt.transcribe(message, BOTH)
    gone = asyncio.create_task(stt.transcribe(goodbye, BOTH))
    await asyncio.sleep(0.03)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert await stt.transcribe(message, BOTH) == wanted


async def test_more_tenants_than_grammars_are_kept(tts: EmbeddedTts, stt: EmbeddedStt) -> None:
    audio = telephoned(await tts.speak("leave a message", "en"))
    names = ("apple", "river", "window", "garden", "paper", "silver", "doctor", "summer", "yellow", "market")
    tenants = [
        SttOptions(("en",), (Phrase("leave a message", "en"), Phrase(f"{a} {b}", "en")), 30.0)
        for a in names
        for b in names[:2]
    ]
    for options in (*tenants, tenants[0]):
        assert (await stt.transcribe(audio, options)).text == "leave a message"


class SilentPronouncer:
    """Knows fewer words than it was asked for."""

    async def pronounce(self, words: Sequence[str], language: str) -> tuple[str, ...]:
        return tuple("s_i" for _ in words[1:])


async def test_pronunciations_that_do_not_fit_are_an_error_and_no_grammar() -> None:
    stt = EmbeddedStt(1, SilentPronouncer())
    with pytest.raises(ProviderProtocol):
        await stt.transcribe(noise(500, 8000, dbfs=-30), BOTH)
    await stt.aclose()
