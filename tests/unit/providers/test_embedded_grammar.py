from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.providers.embedded_speech.grammar import (
    MAX_PHRASES,
    Grammar,
    PhraseSet,
    SpokenWord,
    words_of,
)
from voice_ai_service.providers.stt.seam import Phrase

PT = [Phrase(text, "pt-BR") for text in ("sim", "não", "falar com vendas", "falar com o financeiro", "falar")]
EN = [Phrase(text, "en") for text in ("no", "yes", "talk to sales")]


def sounds(phrases: PhraseSet) -> dict[SpokenWord, tuple[str, ...]]:
    return dict.fromkeys(phrases.vocabulary(), ("AA",))


def grammar_of(*phrases: Phrase, languages: tuple[str, ...] = ("pt-BR", "en")) -> Grammar:
    chosen = PhraseSet(phrases, languages)
    return Grammar(chosen, sounds(chosen))


def accepted(jsgf: str) -> set[tuple[str, ...]]:
    """Every token sequence of the phrases' part of a grammar, by expanding the JSGF; carriers left out."""
    found: set[tuple[str, ...]] = set()
    for rule in re.findall(r"<said\d+> = (.*);", jsgf):
        found |= {tuple(t for t in said if t.startswith("p")) for said in _expand(_tokens(rule))}
    return found


def _tokens(rule: str) -> list[str]:
    return re.findall(r"[()|]|/[\d.]+/|<NULL>|[pc][0-9a-f]{12}", rule)


def _expand(tokens: list[str]) -> list[tuple[str, ...]]:
    options: list[list[tuple[str, ...]]] = [[()]]
    while tokens and tokens[0] != ")":
        token = tokens.pop(0)
        if token == "|":
            options.append([()])
        elif token == "(":
            inner = _expand(tokens)
            assert tokens.pop(0) == ")"
            # Carriers need not be told apart: one way through them is enough to see the phrases.
            inner = inner if any(t.startswith("p") for said in inner for t in said) else [()]
            options[-1] = [said + more for said in options[-1] for more in inner]
        elif token.startswith("p"):
            options[-1] = [(*said, token) for said in options[-1]]
    return [said for option in options for said in option]


def test_the_words_are_those_that_are_spoken() -> None:
    assert words_of("Olá, eu QUERO falar... (vendas)!") == ("olá", "eu", "quero", "falar", "vendas")
    assert words_of("I'd like an e-mail") == ("i'd", "like", "an", "e-mail")
    assert words_of("?! -- ''") == ()


def test_every_phrase_can_be_said_and_nothing_else() -> None:
    chosen = PhraseSet([*PT, *EN], ("pt-BR", "en"))
    grammar = Grammar(chosen, sounds(chosen))
    said = accepted(grammar.polite.jsgf)
    found = [grammar.phrase_of(tokens) for tokens in said]
    assert None not in found
    assert {phrase for match in found if match for phrase in [match[0]]} == {*PT, *EN}
    assert len(said) == len(PT) + len(EN)


def test_carrier_words_are_only_in_the_polite_form() -> None:
    grammar = grammar_of(*PT)
    assert accepted(grammar.exact.jsgf) == accepted(grammar.polite.jsgf)
    assert all(token.startswith("p") for token, _ in grammar.exact.pronunciations)
    assert any(token.startswith("c") for token, _ in grammar.polite.pronunciations)
    assert grammar.exact.name != grammar.polite.name


def test_branches_weigh_what_stands_behind_them() -> None:
    jsgf = grammar_of(*PT).exact.jsgf
    rule = next(line for line in jsgf.splitlines() if line.startswith("<said0>"))
    weights = [float(weight) for weight in re.findall(r"/([\d.]+)/ p", rule)]
    assert sorted(weights)[:2] == pytest.approx([0.2, 0.2], abs=1e-5)  # sim, não
    assert max(weights) == pytest.approx(0.666667, abs=1e-5)  # two of three go on after "falar"
    assert 0.6 in [round(weight, 6) for weight in weights]  # three of five begin with "falar"


def test_the_likelier_language_weighs_more_and_names_another_grammar() -> None:
    first, other = grammar_of(*PT, *EN), grammar_of(*PT, *EN, languages=("en", "pt-BR"))
    assert first.exact.name != other.exact.name
    assert "/1.0/ <said0> | /0.3/ <said1>" in first.exact.jsgf


def test_the_order_of_phrases_does_not_name_another_grammar() -> None:
    assert grammar_of(*PT, *EN).exact.name == grammar_of(*reversed([*PT, *EN])).exact.name
    assert grammar_of(*PT).exact.name != grammar_of(*PT[1:]).exact.name


def test_words_around_the_phrase_are_left_out() -> None:
    grammar = grammar_of(*PT)
    pronounced = [token for token, _ in grammar.polite.pronunciations]
    carriers = [token for token in pronounced if token.startswith("c")]
    (tokens,) = (said for said in accepted(grammar.polite.jsgf) if len(said) == 4)
    found = grammar.phrase_of([*carriers[:2], *tokens, carriers[2]])
    assert found == (Phrase("falar com o financeiro", "pt-BR"), slice(2, 6))
    assert grammar.phrase_of(carriers[:3]) is None
    assert grammar.phrase_of([]) is None


def tokens_of(grammar: Grammar) -> set[str]:
    return {token for token, _ in grammar.polite.pronunciations}


def test_a_word_keeps_its_token_in_every_grammar_and_each_language_has_its_own() -> None:
    menu = tokens_of(grammar_of(Phrase("menu", "pt-BR")))
    assert menu <= tokens_of(grammar_of(*PT, Phrase("menu", "pt-BR")))
    assert not menu & tokens_of(grammar_of(Phrase("menu", "en")))


def test_only_english_words_are_looked_up_in_the_models_dictionary() -> None:
    load = grammar_of(*PT, *EN).exact
    assert {"sales", "yes"} <= {word for _, word in load.spellings}
    assert not {"vendas", "sim"} & {word for _, word in load.spellings}


def test_languages_that_were_not_asked_for_are_left_out() -> None:
    chosen = PhraseSet([*PT, *EN], ("en-US",))
    assert chosen.languages == ("en",)
    assert len(chosen.spoken) == len(EN)


def test_a_phrase_that_cannot_be_pronounced_is_left_out_alone() -> None:
    chosen = PhraseSet([Phrase("sim", "pt-BR"), Phrase("☃ sim", "pt-BR"), Phrase("zzz", "pt-BR")], ("pt-BR",))
    known = sounds(chosen) | {SpokenWord("zzz", "pt-BR"): ()}
    grammar = Grammar(chosen, known)
    assert not grammar.empty
    assert len(accepted(grammar.polite.jsgf)) == 1
    assert Grammar(PhraseSet([Phrase("...", "pt-BR")], ("pt-BR",)), {}).empty


def test_too_many_phrases_lose_the_last_ones() -> None:
    many = [Phrase(f"a{number}", "en") for number in range(MAX_PHRASES + 10)]
    chosen = PhraseSet(many, ("en",))
    assert len(chosen.spoken) == MAX_PHRASES
    assert ("en", ("a0",)) in chosen.spoken
    assert ("en", (f"a{MAX_PHRASES}",)) not in chosen.spoken


@given(st.lists(st.tuples(st.text(max_size=30), st.sampled_from(["pt-BR", "en", "xx"])), max_size=30))
def test_any_text_makes_a_grammar_of_safe_tokens(phrases: list[tuple[str, str]]) -> None:
    chosen = PhraseSet([Phrase(*phrase) for phrase in phrases], ("pt-BR", "en", "xx"))
    grammar = Grammar(chosen, sounds(chosen))
    assert grammar.empty == (not chosen.spoken)
    for load in (grammar.exact, grammar.polite):
        assert re.fullmatch(r"[<>\w |()/.=;]*", "".join(load.jsgf.splitlines()[2:]))
        said = accepted(load.jsgf)
        assert len(said) == len(chosen.spoken)
        assert all(grammar.phrase_of(tokens) for tokens in said)
        tokens_in_rules = set(re.findall(r"\b[pc][0-9a-f]{12}\b", load.jsgf))
        assert tokens_in_rules == {token for token, _ in load.pronunciations}
