from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.secretaries import destination, plan, rule
from tests.unit.dialogue.conversation import Conversation
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.secretary import LANGUAGES
from voice_ai_service.dialogue.intents import Intent, lexicon
from voice_ai_service.dialogue.overlap import content_words, overlap
from voice_ai_service.dialogue.recognisable import phrases_for
from voice_ai_service.dialogue.vocabulary import DestinationAsked, FactAsked, vocabulary_of
from voice_ai_service.text.words import words

NAMES = st.text(alphabet="abcdeéçã ", min_size=1, max_size=12).filter(words)
FACTS = st.builds(
    lambda topic, questions, answer: {
        "topic": topic,
        "questions": {"pt-BR": questions},
        "answer": {"pt-BR": answer, "en": answer},
    },
    NAMES,
    st.lists(NAMES, max_size=3),
    NAMES,
)


@st.composite
def plans(draw: st.DrawFn) -> CallPlan:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=words))
    destinations = tuple(destination(name.strip(), str(2000 + i)) for i, name in enumerate(names))
    rules = tuple(
        rule(f"rule {i}", draw(st.sampled_from(destinations)).name, phrase, language=language)
        for i, (phrase, language) in enumerate(
            draw(st.lists(st.tuples(NAMES, st.sampled_from([None, *LANGUAGES])), max_size=4))
        )
    )
    settings: dict[str, Any] = {
        "languages": draw(st.sampled_from([["pt-BR"], ["en"], ["en", "pt-BR"]])),
        "facts": draw(st.lists(FACTS, max_size=3)),
        "fallback": {"kind": "hangup"},
        "dtmf": {},
    }
    return plan(settings, destinations=destinations, rules=rules)


@given(plans())
def test_whatever_the_recogniser_can_return_has_a_meaning(the_plan: CallPlan) -> None:
    vocabulary = vocabulary_of(the_plan)
    languages = the_plan.secretary.settings.languages
    for phrase in phrases_for(the_plan):
        assert phrase.language in languages
        understood = vocabulary.understand(phrase.text, phrase.language)
        assert understood is not None
        assert understood.language == phrase.language
        if isinstance(understood.meaning, DestinationAsked):
            assert understood.meaning.destination in the_plan.destinations


async def test_every_phrase_of_a_real_secretary_is_answered_as_understood() -> None:
    the_plan = plan()
    for phrase in phrases_for(the_plan):
        said = await Conversation(the_plan=the_plan).say(phrase.text, phrase.language)
        assert said.done.state.misunderstood == 0, phrase


def test_phrases_cover_rules_destinations_facts_and_intents_in_both_languages() -> None:
    spoken = {(phrase.language, phrase.text) for phrase in phrases_for(plan())}
    assert {
        ("pt-BR", "segunda via do boleto"),
        ("en", "segunda via do boleto"),  # a rule without a language is for all
        ("en", "cancel my order"),
        ("pt-BR", "quero falar com o financeiro"),
        ("en", "transfer me to front desk"),
        ("pt-BR", "qual o endereço"),
        ("en", "where are you"),
        ("pt-BR", "sim"),
        ("en", "goodbye"),
    } <= spoken
    assert ("pt-BR", "cancel my order") not in spoken
    assert len(spoken) == len(phrases_for(plan()))


def test_the_same_plan_gives_the_same_phrases() -> None:
    the_plan = plan()
    assert vocabulary_of(the_plan) is vocabulary_of(the_plan)
    assert phrases_for(the_plan) == phrases_for(plan())


def test_a_secretary_of_one_language_has_no_phrases_of_another() -> None:
    assert {phrase.language for phrase in phrases_for(plan({"languages": ["pt-BR"]}))} == {"pt-BR"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_data_has_every_intent_and_no_phrase_twice(language: str) -> None:
    known = lexicon(language)
    assert set(known.phrases) == set(Intent)
    folded = [words(phrase) for phrases in known.phrases.values() for phrase in phrases]
    assert len(folded) == len(set(folded))
    assert all(folded)
    for intent, cues in known.cues.items():
        for cue in cues:
            assert cue, intent


@pytest.mark.parametrize(
    ("heard", "language", "meaning"),
    [
        ("Bom dia, qual o horário, por favor?", "pt-BR", Intent.HOURS),
        ("por gentileza repete", "pt-BR", Intent.REPEAT),
        ("acho que é só isso, obrigado, tchau", "pt-BR", Intent.GOODBYE),
        ("não quero deixar recado", "pt-BR", None),
        ("what time do you open tomorrow", "en", Intent.HOURS),
        ("ok thank you so much", "en", Intent.THANKS),
        ("assim", "pt-BR", None),  # "sim" is no word of it
        ("simplesmente", "pt-BR", None),
        ("know", "en", None),
        ("chatchau", "pt-BR", None),
        ("yes", "pt-BR", Intent.YES),  # the secretary speaks English as well
        ("", "pt-BR", None),
    ],
)
def test_free_sentences_are_understood_by_whole_words(
    heard: str, language: str, meaning: Intent | None
) -> None:
    understood = vocabulary_of(plan()).understand(heard, language)
    assert (understood.meaning if understood else None) == meaning


def test_a_facts_question_beats_a_cue_and_a_cue_beats_half_a_question() -> None:
    vocabulary = vocabulary_of(plan())
    asked = vocabulary.understand("me diz o horário da entrega", "pt-BR")
    assert asked is not None
    assert isinstance(asked.meaning, FactAsked)
    opening = vocabulary.understand("qual o horário no sábado", "pt-BR")
    assert opening is not None
    assert opening.meaning is Intent.HOURS


def test_a_fact_without_questions_is_asked_by_its_topic() -> None:
    facts = [{"topic": "estacionamento", "questions": {}, "answer": {"pt-BR": "Temos."}}]
    understood = vocabulary_of(plan({"facts": facts})).understand("vocês têm estacionamento?", "pt-BR")
    assert understood is not None
    assert isinstance(understood.meaning, FactAsked)


@pytest.mark.parametrize(
    ("left", "right", "language"),
    [("cobranças", "cobrança", "pt-BR"), ("promoções", "promoção", "pt-BR"), ("hotéis", "hotel", "pt-BR"),
     ("flores", "flor", "pt-BR"), ("deliveries", "delivery", "en"), ("prices", "price", "en")],
)  # fmt: skip
def test_plural_and_singular_are_one_word_of_a_question(left: str, right: str, language: str) -> None:
    known = lexicon(language)
    assert content_words(words(left), known) == content_words(words(right), known)


@given(st.frozensets(st.text(max_size=3)), st.frozensets(st.text(max_size=3)))
def test_overlap_is_a_share(question: frozenset[str], heard: frozenset[str]) -> None:
    score = overlap(question, heard)
    assert 0.0 <= score <= 1.0
    if question and question == heard:
        assert score == pytest.approx(1.0)
    if not question & heard:
        assert score == 0.0
