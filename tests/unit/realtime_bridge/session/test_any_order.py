"""Callers, PBXs and brains in any order: never an illegal phase, always an end, always one conversation."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.leg import LegEnd
from realtime_bridge.providers.seam import (
    BrainFailed,
    CallerBegan,
    CallerEnded,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
    ToolAsked,
    Waiting,
)
from tests.fakes.brains import ToldBrain
from tests.fakes.live_call import CHANNEL, LiveCall, live_call
from tests.fakes.pbx import Phone
from tests.fakes.secretaries import DESTINATIONS
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.dialogue.actions import Continue, HangUp, HangupReason, RecordMessage, Transfer
from voice_ai_service.providers.stt.seam import Transcript

IDS = st.sampled_from(["r1", "r2", "r3"])
ACTIONS = st.sampled_from(
    [Continue(), RecordMessage(), HangUp(HangupReason.COMPLETED), Transfer(DESTINATIONS[1], "tool")]
)
TEXTS = st.sampled_from(["", "sim", "quero falar com vendas", "uhum"])
BRAIN = st.one_of(
    st.builds(CallerBegan),
    st.builds(CallerEnded),
    st.builds(CallerSaid, st.builds(Transcript, TEXTS, st.just("pt-BR")), st.booleans()),
    st.builds(ReplyBegan, IDS),
    st.builds(ReplyAudio, IDS, st.sampled_from([b"", b"\3\0" * 80, b"\3\0" * 4000, b"\3"])),
    st.builds(ReplySaid, IDS, TEXTS, st.none(), st.one_of(st.none(), st.integers(0, 3000))),
    st.builds(ReplyFinished, IDS, action=ACTIONS),
    st.builds(
        ToolAsked, st.just("c1"), st.sampled_from(["end_call", "take_message", "nothing"]), st.just({})
    ),
    st.builds(Waiting, st.just("model")),
    st.builds(BrainFailed, st.just("provider_timeout"), st.just("vendor")),
)
STEPS = st.one_of(
    st.tuples(st.just("brain"), BRAIN),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.02, 0.3, 2.0, 9.0])),
    st.tuples(st.just("speak"), st.sampled_from([60, 200, 900])),
    st.tuples(st.just("key"), st.sampled_from(["0", "1", "9", "#"])),
    st.tuples(st.just("hold"), st.booleans()),
    st.tuples(st.just("leave"), st.none()),
)
ENDS = st.sampled_from(["hang up", "lost", "cut", "drain"])


async def do(call: LiveCall, brain: ToldBrain, what: str, detail: Any) -> None:
    match what:
        case "brain":
            brain.does(detail)
        case "wait":
            await asyncio.sleep(detail)
        case "speak":
            call.leg.say(detail)
        case "key":
            call.pbx.press(CHANNEL, detail)
        case "hold" if call.brains.verbs is not None:
            call.brains.verbs.hold(detail)
        case "leave" if found := call.host.registry.calls:
            found[0].take_leave()


@settings(max_examples=25, deadline=None)
@given(st.booleans(), st.lists(STEPS, max_size=14), ENDS)
def test_any_order_ends_in_one_conversation(owns: bool, steps: list[tuple[str, Any]], end: str) -> None:
    @virtual_time
    async def one_call() -> None:
        brain = ToldBrain(owns_turns=owns)

        def arrange(call: LiveCall) -> None:
            call.brains.first.append(lambda view: brain)
            call.pbx.phones = {one.number: Phone(ends_after_s=0.2) for one in DESTINATIONS}
            call.pbx.phones["2002"] = Phone()

        async with live_call(before=arrange) as call:
            for what, detail in steps:
                await do(call, brain, what, detail)
            match end:
                case "hang up":
                    call.pbx.party_hangs_up(CHANNEL)
                case "lost":
                    call.leg.end(LegEnd.LOST)
                case "cut":
                    await call.host.close()
                case "drain":
                    await call.host.drain(0.5)
            await call.until(lambda: not len(call.host.registry), 90)
            assert len(call.archive.stored) == 1
            assert call.figure("voice_ai_call_faults_total") == 0
            for message in call.conversation.messages:
                assert (message.played_ms or 0) <= message.audio_ms

    one_call()
