"""Whole calls on a clock that jumps: the shipped session, ear, playout, cascade and transfers."""

from __future__ import annotations

import asyncio

from tests.fakes.cascade_call import Ears
from tests.fakes.live_call import CHANNEL, GREETING, live_call
from tests.fakes.virtual_time import virtual_time

ADDRESS = "Ficamos na Rua das Flores, número dez."


@virtual_time
async def test_greeting_two_turns_farewell() -> None:
    async with live_call(ears=Ears(["qual o endereço", "tchau"])) as call:
        await call.greeted()
        await call.says()
        first = await call.answered(1)
        assert (first.heard, first.said, first.said_heard) == ("qual o endereço", ADDRESS, ADDRESS)
        await call.says()
        stored = await call.over()
    assert [message.text for message in stored.messages][:3] == [GREETING, "qual o endereço", ADDRESS]
    assert stored.end_reason == "completed"
    assert stored.mode == "realtime"
    farewell = stored.messages[-1]
    assert farewell.action == "hangup"
    assert farewell.heard_text == farewell.text
    assert farewell.played_ms == farewell.audio_ms
    assert CHANNEL not in call.pbx.channels
