"""What voices are given: whole pieces, read for the ear, however the text came."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.providers import Script, ScriptedTts, Watching, down, link_to
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.providers.chains import TtsChain
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.tts.ear_texts import texts_for_the_ear
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions
from voice_ai_service.providers.tts.sentences import SentenceSplitter
from voice_ai_service.text.ear.dictionary import NO_WORDS, Pronunciations

CLOCK = LoopClock()
WRITTEN = (
    "O boleto de R$ 1.250,00 vence em 25/12/2026. O horário é das 8h - 18h, de seg. a sex. menos no dia 1. A febre é "
    "de 15.30 e o telefone é (11) 98765-4321. Fale com o Dr. João na Av. Paulista, 1.578, 3º and. Obrigada!"
)
READ = "O boleto de mil duzentos e cinquenta reais vence em vinte e cinco de dezembro de dois mil e vinte e seis. "


async def cut(text: str, at: list[int]) -> AsyncIterator[str]:
    places = [0, *sorted(set(at)), len(text)]
    for begin, end in pairwise(places):
        yield text[begin:end]


async def read(text: str, at: list[int], language: str = "pt-BR") -> list[str]:
    texts = texts_for_the_ear(cut(text, at), language, NO_WORDS, markup=False)
    return [piece async for piece in texts]


@given(st.lists(st.integers(0, len(WRITTEN)), max_size=60))
async def test_the_reading_does_not_depend_on_how_the_text_was_cut(at: list[int]) -> None:
    whole = await read(WRITTEN, [])
    assert await read(WRITTEN, at) == whole
    assert "".join(whole).replace("\n", " ").startswith(READ)
    assert not re.search(r"\d", "".join(whole))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("palavra " * 36 + "R$ 1.250,00 " + "palavra " * 10, "mil duzentos e cinquenta reais"),
        (
            "palavra " * 36 + "(11) 98765-4321 " + "palavra " * 10,
            "um um, nove oito sete seis cinco, quatro três dois um",
        ),
        (
            "palavra " * 36 + "25 de dezembro de 2026 " + "palavra " * 10,
            "vinte e cinco de dezembro de dois mil e vinte e seis",
        ),
        ("Atendemos no endereço de sempre das 8h - 18h e mais nada.", "oito horas às dezoito horas"),
        ("Custa entre R$ 10 - R$ 20 em nossas lojas de todo o país.", "dez reais"),
    ],
)
async def test_what_belongs_together_is_in_one_piece(text: str, kept: str) -> None:
    assert any(kept in piece for piece in await read(text, list(range(0, len(text), 3))))


async def test_a_date_is_not_cut_at_its_comma() -> None:
    text = "Our next free appointment is on March 3, 2026, at noon, and the one after that on May 5, 2026."
    assert "March third, twenty twenty-six" in "".join(await read(text, [], "en"))


async def test_a_whole_piece_is_spoken_before_the_next_begins() -> None:
    splitter = SentenceSplitter()
    pieces = await read("Bom dia, Maria. Tudo bem?", [])
    assert [splitter.feed(piece) for piece in pieces[:1]] == [["Bom dia, Maria."]]


class Marked(ScriptedTts):
    """Takes SSML."""

    @property
    def capabilities(self) -> TtsCapabilities:
        return replace(super().capabilities, ssml=True)


def chain(*providers: ScriptedTts, words: Pronunciations | None = None) -> TtsChain:
    links = [link_to(one, CLOCK, name) for one, name in zip(providers, ("first", "second"), strict=False)]
    made = TtsChain(ProviderKind.TTS, links, CLOCK, Watching())
    return made if words is None else replace(made, pronunciations=words)


async def speak(voices: TtsChain, text: str, language: str = "pt-BR") -> None:
    async with aclosing(voices.stream(cut(text, []), TtsOptions(language))) as stream:
        assert [chunk async for chunk in stream]


def sound() -> Script:
    return Script(pieces=(b"xx",))


@virtual_time
async def test_every_voice_is_given_what_is_read_and_ssml_only_where_it_takes_it() -> None:
    first, second = Marked(Script(error=down())), ScriptedTts(sound())
    third = Marked(sound())
    text = 'Custa R$ 10,00.<break time="500ms"/>'
    await speak(chain(first, second), text)
    await speak(chain(third), text)
    assert second.read == ["Custa dez reais."]
    assert third.read == ['Custa dez reais.<break time="500ms"/>']


@virtual_time
async def test_a_tenants_words_are_said_as_the_tenant_says_them() -> None:
    words = Pronunciations({"*": {"Xpto": "xis pê tê ó"}, "en": {"xpto": "ex pee"}, "pt": {"Acme": "áquime"}})
    voice = ScriptedTts(sound())
    await speak(chain(voice, words=words), "A XPTO e a Acme.")
    await speak(chain(voice, words=words), "XPTO and Acme.", "en")
    assert voice.read == ["A xis pê tê ó e a áquime.", "ex pee and Acme."]


def test_what_is_kept_of_a_phrase_is_forgotten_when_its_words_are_said_otherwise() -> None:
    voice = ScriptedTts(sound())
    plain, own = chain(voice), chain(voice, words=Pronunciations({"pt-BR": {"a": "á"}}))
    other = chain(voice, words=Pronunciations({"pt-BR": {"a": "ã"}}))
    assert len({plain.revision, own.revision, other.revision}) == 3
    assert own.but(own.links).revision == own.revision
