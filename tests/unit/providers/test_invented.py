from __future__ import annotations

import pytest

from voice_ai_service.providers.stt.invented import Segment, is_invented
from voice_ai_service.providers.stt.languages import bases, tag_for


@pytest.mark.parametrize(
    "text",
    [
        "Legendas pela comunidade Amara.org",
        "Transcrição e Legendas Pedro Negri",
        "Subtitles by the Amara.org community",
        "Obrigado por assistir!",
        "Muito obrigada a todos por assistirem.",
        "Inscreva-se no canal!",
        "Não se esqueça de deixar o like.",
        "Até o próximo vídeo.",
        "Thanks for watching!",
        "Thank you so much for watching.",
        "Please like and subscribe.",
        "[Música]",
        "(applause)",
        "[BLANK_AUDIO]",
        "♪♪",
        "...",
        "",
    ],
)
def test_what_whisper_writes_over_noise(text: str) -> None:
    assert is_invented(Segment(text))


@pytest.mark.parametrize(
    "text",
    [
        "Obrigado.",
        "Muito obrigada, tchau!",
        "Thank you.",
        "Thanks, I will wait for the manager.",
        "Quero a legenda da minha conta.",
        "Legendas do filme não funcionam no meu plano.",
        "O som da música está baixo.",
        "Subscribe me to the plan you offered yesterday",
        "Sim",
        "não",
        "Você tem transcrição da minha última ligação?",
    ],
)
def test_what_callers_say(text: str) -> None:
    assert not is_invented(Segment(text))


@pytest.mark.parametrize(
    ("segment", "invented"),
    [
        (Segment("sim", no_speech=0.9, logprob=-1.5), True),
        (Segment("sim", no_speech=0.9, logprob=-0.3), False),
        (Segment("sim", no_speech=0.1, logprob=-1.5), False),
        (Segment("e aí " * 20, compression=9.0), True),
        (Segment("nove nove nove nove nove oito", compression=1.9), False),
        (Segment("quero pagar a conta de luz e a conta de água", compression=2.6), False),
    ],
)
def test_the_models_own_doubt_counts_when_its_signs_agree(segment: Segment, invented: bool) -> None:
    assert is_invented(segment) is invented


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("pt", "pt-BR"),
        ("portuguese", "pt-BR"),
        ("Portuguese", "pt-BR"),
        ("en-GB", "en"),
        ("ja", None),
        (None, None),
    ],
)
def test_an_engines_language_as_one_of_ours(code: str | None, tag: str | None) -> None:
    assert tag_for(code, ("pt-BR", "en")) == tag


def test_base_languages_keep_their_order() -> None:
    assert bases(("pt-BR", "en", "pt-PT", "en_US")) == ("pt", "en")
