from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.chat_model import ScriptedChatModel, choice_of, says
from tests.fakes.clock import VirtualClock
from tests.fakes.secretaries import MONDAY_NOON, call, turn
from tests.unit.dialogue.conversation import Conversation
from voice_ai_service.dialogue.call_state import TurnRecord
from voice_ai_service.dialogue.spoken_language import likeliest_first, settled_language
from voice_ai_service.dialogue.turn import Heard

PT, EN = "pt-BR", "en"


def before(text: str, language: str | None) -> TurnRecord:
    return TurnRecord(turn=1, started_at=MONDAY_NOON, heard=text, heard_language=language, said="Sim.")


@pytest.mark.parametrize(
    ("heard", "engine", "confidence", "current", "settled"),
    [
        ("quero marcar uma consulta", PT, None, PT, PT),
        ("okay", EN, 0.9, PT, PT),
        ("hello", EN, 0.9, PT, PT),
        ("check in", EN, 0.9, PT, PT),
        ("good morning everybody", EN, 0.9, PT, EN),
        ("good morning everybody", EN, 0.2, PT, PT),
        ("good morning everybody", "en-US", None, PT, EN),
        ("what are your opening hours", PT, 0.9, PT, EN),
        ("queria saber qual é o horário de vocês", EN, 0.9, EN, PT),
        ("guten Morgen zusammen", "de", 0.9, PT, None),
        ("quero remarcar", PT, 0.9, EN, EN),
        ("English", PT, None, PT, EN),
        ("in English, please", PT, 0.3, PT, EN),
        ("O senhor fala inglês?", PT, None, PT, EN),
        ("em português, por favor", EN, None, EN, PT),
        ("vocês têm aula em inglês?", PT, None, PT, PT),
        ("inglês para iniciantes", PT, None, PT, PT),
        ("em espanhol", PT, None, PT, PT),
        ("", None, None, PT, None),
    ],
)
def test_one_turn(
    heard: str, engine: str | None, confidence: float | None, current: str, settled: str | None
) -> None:
    asked = turn(Heard(heard, engine, confidence), call=call(language=current))
    assert settled_language(asked) == settled


def test_a_second_foreign_utterance_changes_it_however_short() -> None:
    state = call(turns=[before("hello", EN)])
    assert settled_language(turn(Heard("yes please", EN), turn=2, call=state)) == EN
    state = call(turns=[before("alô", PT)])
    assert settled_language(turn(Heard("yes please", EN), turn=2, call=state)) == PT


async def test_a_call_goes_to_english_and_back_and_one_word_does_not_move_it() -> None:
    clock = VirtualClock(MONDAY_NOON)
    model = ScriptedChatModel([says("Certo.")] * 6)
    talk = Conversation({}, model=choice_of(model, clock), clock=clock)
    spoken = []
    for text, engine in (
        ("pode me dizer o prazo de vocês", PT),
        ("okay", EN),
        ("could you tell me the delivery times", EN),
        ("tudo", PT),
        ("how long would that be", EN),
        ("e me diz também o prazo para devolver", PT),
    ):
        said = await talk.say(text, engine)
        spoken.append(said.pieces[0].language)
        talk.state.turns[-1].heard_language = engine
    assert spoken == [PT, PT, EN, EN, EN, PT]
    assert talk.state.language == PT


async def test_a_command_that_is_known_in_english_is_answered_in_english() -> None:
    said = await Conversation().say("opening hours", EN)
    assert said.pieces[0].language == EN


@pytest.mark.parametrize(
    ("language", "spoken", "order"),
    [
        (EN, (PT, EN), (EN, PT)),
        ("en-US", (PT, EN), (EN, PT)),
        (PT, (PT, EN), (PT, EN)),
        ("de", (PT, EN), (PT, EN)),
        (EN, (EN,), (EN,)),
    ],
)
def test_recognisers_are_told_the_calls_language_first(
    language: str, spoken: tuple[str, ...], order: tuple[str, ...]
) -> None:
    assert likeliest_first(language, spoken) == order


@given(
    heard=st.text(max_size=40),
    engine=st.sampled_from([None, "pt", "pt-BR", "en", "en-US", "de", ""]),
    confidence=st.none() | st.floats(0, 1),
    current=st.sampled_from([PT, EN, "xx"]),
)
def test_any_words_give_one_of_the_secretarys_languages_or_none(
    heard: str, engine: str | None, confidence: float | None, current: str
) -> None:
    asked = turn(Heard(heard, engine, confidence), call=call(language=current))
    assert settled_language(asked) in (None, PT, EN)
