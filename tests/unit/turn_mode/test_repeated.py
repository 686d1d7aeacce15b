"""A turn asked for again, after the process that answered it is gone: the same words and the same action."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tests.fakes.calls import call_state, exchange, greeting
from tests.fakes.clock import VirtualClock
from tests.fakes.secretaries import DOMAIN, TENANT, plan
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.db.cache import MemoryCache
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import Conflict, ProviderUnavailable
from voice_ai_service.speech.speech import Spoken
from voice_ai_service.turn_mode.repeated import RepeatedTurns
from voice_ai_service.turn_mode.reply_audio import ReplyAudio
from voice_ai_service.turn_mode.wire import TurnRequest


class Voice:
    """Says everything in a quarter of a second, unless it is `mute`."""

    def __init__(self, *, mute: bool = False) -> None:
        self.mute = mute

    async def phrase(self, _secretary: object, text: str, _language: str) -> Spoken:
        if self.mute:
            raise ProviderUnavailable("away", provider="x")
        return Spoken(PcmAudio(bytes(4000), 8000), "x", 1.0, 1.0)


class Directory:
    async def for_version(self, _domain: UUID, _secretary: UUID, _version: int) -> CallPlan:
        return plan()


def repeated(*, mute: bool = False) -> RepeatedTurns:
    cache = MemoryCache(VirtualClock())
    parts: Any = SimpleNamespace(
        answers=cache,
        directory=Directory(),
        speech=Voice(mute=mute),
        replies=ReplyAudio(cache, SimpleNamespace()),
    )
    return RepeatedTurns(parts)


def call(action: str, **changes: Any) -> CallState:
    return call_state(DOMAIN, greeting(), exchange(1, "oi", "olá", action=action), **changes)


def asked(state: CallState, turn: int = 1) -> TurnRequest:
    return TurnRequest(call_uuid=state.call_uuid, turn=turn, digits="1")


@pytest.mark.parametrize(
    ("action", "changes", "expected"),
    [
        ("continue", {}, {"type": "continue"}),
        ("hangup", {"ending": "completed"}, {"type": "hangup", "reason": "completed"}),
        ("record_message", {}, {"type": "record_message", "max_s": 60}),
        ("transfer", {"transferred_to": "recepção"}, {"type": "transfer"}),
        ("transfer", {"transferred_to": "nobody any more"}, {"type": "continue"}),
    ],
)
async def test_the_action_is_made_again_from_the_calls_state(
    action: str, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    state = call(action, **changes)
    answer = await repeated().answer(TENANT, state, asked(state))
    made = answer.action.model_dump(exclude_none=True)
    assert expected.items() <= made.items()
    if expected["type"] == "transfer":
        assert made["destination"]["name"] == "recepção"
    assert (answer.heard, answer.said, answer.turn) == ("oi", "olá", 1)
    assert answer.audio is not None
    assert answer.latency_ms["total"] == 180.0


async def test_what_was_kept_is_answered_word_for_word() -> None:
    state, turns = call("continue"), repeated()
    given = await turns.answer(TENANT, state, asked(state))
    kept = given.model_copy(update={"said": "something else"})
    await turns.keep(TENANT, kept)
    assert await turns.answer(TENANT, state, asked(state)) == kept


async def test_an_older_turn_that_is_not_kept_any_more_is_a_conflict() -> None:
    state = call_state(DOMAIN, greeting(), exchange(1, "a", "b"), exchange(2, "c", "d"))
    with pytest.raises(Conflict) as refused:
        await repeated().answer(TENANT, state, asked(state, 1))
    assert refused.value.field == "turn"


async def test_without_a_voice_the_words_are_there_and_the_pbx_plays_its_apology() -> None:
    state = call("continue")
    answer = await repeated(mute=True).answer(TENANT, state, asked(state))
    assert (answer.said, answer.audio) == ("olá", None)
