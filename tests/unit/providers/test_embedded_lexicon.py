from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.providers.embedded_speech.lexicon import MAX_ALTERNATES, arpabet

_VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
_CONSONANTS = (
    "B",
    "CH",
    "D",
    "DH",
    "F",
    "G",
    "HH",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "V",
)
PHONES = frozenset((*_VOWELS, *_CONSONANTS, "W", "Y", "Z", "ZH"))


@pytest.mark.parametrize(
    ("word", "phonemes", "language", "first"),
    [
        ("sim", "s_ˈi_ŋ", "pt-BR", "S IY N"),
        ("não", "n_ˈɐ̃ʊ̃", "pt-BR", "N AW N"),
        ("tchau", "t_ʃ_ˈaʊ", "pt-BR", "CH AW"),
        ("gente", "ʒ_ˈeɪ_ŋ_tʃ_y", "pt-BR", "ZH EY N CH IY"),
        ("recado", "x_ˌe_k_ˈa_d_ʊ", "pt-BR", "HH EY K AA D UW"),
        ("amanhã", "ˌæ_m_ɐ̃_ɲ_ˈɐ̃", "pt-BR", "AH M AH N Y AH"),
        ("thirty", "θ_ˈɜː_ɾ_i", "en", "TH ER T IY"),
        ("please", "p_l_ˈiː_z", "en-US", "P L IY Z"),
    ],
)
def test_a_word_is_spelled_in_the_nearest_phones(word: str, phonemes: str, language: str, first: str) -> None:
    assert arpabet(word, phonemes, language)[0] == first


def test_where_two_phones_are_near_both_are_offered() -> None:
    found = arpabet("pode", "p_ˈɔ_dʒ_y", "pt-BR")
    assert found[0] == "P AO JH IY"
    assert "B AO JH IY" in found  # Portuguese p has no breath and sounds like b to an English ear


def test_words_of_one_letter_are_words_and_not_letters() -> None:
    assert arpabet("é", "ˌɛ__a_ɡ_ˈu_d_ʊ_", "pt-BR") == ("EH",)
    assert "UW" in arpabet("o", "ˈɔ", "pt-BR")
    assert "AH" in arpabet("a", "ˈeɪ", "en")


def test_the_same_letter_is_another_sound_in_another_language() -> None:
    assert arpabet("x", "æ", "en") == ("AE",)
    assert "AE" not in arpabet("x", "æ", "pt-BR")


@pytest.mark.parametrize("phonemes", ["", "_", "ˈ", "12", "☃_☃"])
def test_what_has_no_sound_has_no_pronunciation(phonemes: str) -> None:
    assert arpabet("word", phonemes, "pt-BR") == ()


@given(
    st.lists(st.sampled_from(["p", "ˈa", "ɾ", "ɐ̃ʊ̃", "tʃ", "t", "ʃ", "ŋ", "ʔ", "☃", "aɪɚ", ""]), max_size=12),
    st.sampled_from(["pt-BR", "en"]),
)
def test_whatever_comes_only_phones_of_the_model_come_out(phonemes: list[str], language: str) -> None:
    found = arpabet("word", "_".join(phonemes), language)
    assert len(found) == len(set(found)) <= MAX_ALTERNATES
    for pronunciation in found:
        assert set(pronunciation.split()) <= PHONES
        assert pronunciation == " ".join(pronunciation.split())
