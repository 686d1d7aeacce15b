"""From the command line's options to what the caller does."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.errors import InvalidInput
from voice_ai_service.simulated_caller.caller import Press, Quiet, Say
from voice_ai_service.simulated_caller.steps import Wish, guess_language, steps_of


class Parrot:
    """A voice that says one sample a letter, and remembers the languages it was asked for."""

    def __init__(self) -> None:
        self.languages: list[str] = []

    async def speak(self, text: str, language: str) -> PcmAudio:
        self.languages.append(language)
        return PcmAudio(b"\x00\x01" * 8 * len(text), 8000)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Qual o horário de funcionamento?", "pt-BR"),
        ("quero falar com o financeiro", "pt-BR"),
        ("What are your opening hours?", "en"),
        ("I want to talk to a person", "en"),
        ("Goodbye", "en"),
        ("não", "pt-BR"),
        ("financeiro", "pt-BR"),
        ("", "pt-BR"),
    ],
)
def test_the_language_of_a_text_is_guessed(text: str, language: str) -> None:
    assert guess_language(text) == language


async def test_steps_keep_their_order_and_each_its_language() -> None:
    voice = Parrot()
    wishes = [
        Wish("say", "hello"), Wish("dtmf", "0"), Wish("silence", "2.5"), Wish("barge_in_at", "300"),
        Wish("say", "não"),
    ]  # fmt: skip
    steps = await steps_of(wishes, voice, None)
    assert [type(step) for step in steps] == [Say, Press, Quiet, Say]
    assert steps[2] == Quiet(2.5)
    last = steps[3]
    assert isinstance(last, Say)
    assert (last.barge_in_at_ms, voice.languages) == (300, ["en", "pt-BR"])


async def test_a_language_that_was_given_is_not_guessed() -> None:
    voice = Parrot()
    await steps_of([Wish("say", "hello")], voice, "pt-BR")
    assert voice.languages == ["pt-BR"]


async def test_a_file_is_heard_over_the_telephone(tmp_path: Path) -> None:
    path = tmp_path / "words.wav"
    path.write_bytes(write_wav(PcmAudio(bytes(2 * 16000), 16000)))
    (step,) = await steps_of([Wish("wav", str(path))], None, None)
    assert isinstance(step, Say)
    assert (step.audio.sample_rate_hz, step.audio.duration_ms) == (8000, 1000)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("dtmf", "5a"), "--dtmf"),
        (Wish("dtmf", ""), "--dtmf"),
        (Wish("wav", "/does/not/exist.wav"), "--wav"),
        (Wish("say", "hello"), "--say"),
        (Wish("barge_in_at", "300"), "--barge-in-at"),
    ],
)
async def test_a_wish_that_cannot_be_done_names_its_option(wish: Wish, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await steps_of([wish], None, None)
    assert refused.value.field == field


async def test_a_file_that_is_no_wav_names_its_option(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"not audio")
    with pytest.raises(InvalidInput) as refused:
        await steps_of([Wish("wav", str(path))], None, None)
    assert refused.value.field == "--wav"
