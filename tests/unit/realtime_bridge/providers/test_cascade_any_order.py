"""Whatever the session tells in whatever order: each reply begins once and ends once, and nothing is left running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.providers.cascade_parts import CascadeOptions
from realtime_bridge.providers.seam import (
    BrainFailed,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
    ToolAsked,
)
from tests.fakes.cascade_call import CascadeCall, Ears
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.dialogue.turn import ToolResult, ToolRun, TurnContext
from voice_ai_service.providers.llm.seam import (
    ChatCapabilities,
    ChatDone,
    ChatEvent,
    ChatMessage,
    ChatOptions,
    Role,
    TextDelta,
    ToolCall,
    ToolSpec,
)


@dataclass
class Talker:
    """Asks for a tool where the caller says `tool`, and else takes its time over four sentences."""

    model: str = "talker"
    capabilities: ChatCapabilities = field(default_factory=ChatCapabilities)

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncGenerator[ChatEvent, None]:
        await asyncio.sleep(0.1)
        if messages[-1].role is Role.USER and messages[-1].text.endswith("tool"):
            yield ToolCall("call-1", "create_ticket", {})
            yield ChatDone("tool_calls")
            return
        yield TextDelta("Uma frase completa. ")
        for _ in range(3):
            await asyncio.sleep(0.4)
            yield TextDelta(
                "E mais uma frase que é bem comprida e que vem muito depois da frase que a precede. "
            )
        yield ChatDone("stop")

    async def aclose(self) -> None:
        """Nothing is open."""


class Box:
    def __init__(self) -> None:
        self.ran = 0

    def offered(self, turn: TurnContext) -> tuple[ToolSpec, ...]:
        return (ToolSpec("create_ticket", "Opens a ticket.", {"type": "object", "properties": {}}),)

    async def run(self, turn: TurnContext, call: ToolCall) -> ToolResult:
        self.ran += 1
        await asyncio.sleep(0.3)
        return ToolResult("Done.")

    def unheard(self) -> tuple[ToolRun, ...]:
        return ()


ACTS = st.sampled_from(
    [
        "began", "speak", "paused", "resumed", "ended", "abandoned", "keys", "nobody_spoke", "interrupted",
        "interrupted", "heard", "hold", "unhold", "unhold", "unhold", "prompt", "utterance", "utterance", "pausing",
        "pausing", "pausing", "resumed", "ended", "wait", "wait", "wait_long",
    ]
)  # fmt: skip
HEARD = ["fale comigo", "", "abra com a tool", "fale mais", "e outra tool", "sim"]


async def do(act: str, call: CascadeCall) -> int:
    """Returns how many replies this may lead to."""
    brain = call.brain
    match act:
        case "began":
            brain.began(b"")
        case "speak":
            await call.speak(200)
        case "paused":
            brain.paused(100)
        case "resumed":
            brain.resumed()
        case "ended":
            call.end()
            return 1
        case "abandoned":
            brain.abandoned()
        case "keys":
            call.press("4")
            return 1
        case "nobody_spoke":
            call.silent()
            return 1
        case "interrupted" | "heard" if call.replies:
            reply = call.replies[-1]
            if act == "heard":
                call.hears_all(reply)
            else:
                call.interrupts(reply, call.audio_ms(reply) // 2)
        case "hold" | "unhold":
            brain.hold(act == "hold")
        case "prompt":
            brain.prompt("Say hello.")
            return 1
        case "utterance":
            await call.say(300, end_ms=300)
            return 1
        case "pausing":
            brain.began(b"")
            await call.speak(200)
            brain.paused(60)
            await call.speak(160)
        case "wait":
            await asyncio.sleep(0.13)
        case "wait_long":
            await asyncio.sleep(2.1)
    return 0


@virtual_time
async def play(acts: list[str], live: bool, guesses: int, heard: list[str]) -> None:
    ears = Ears([*heard, "fale"], live=[("fale", True), ("fale comigo", True)] if live else None)
    box = Box()
    call = CascadeCall(
        ears=ears,
        options=CascadeOptions(guesses=guesses, audio_queue_ms=500),
        tools=box,
        settings={"limits": {"max_turns": 100}, "turn_taking": {"guesses": 2}},
    )
    call.rows.model = Talker()
    asked = 0
    async with call:
        for act in acts:
            asked += await do(act, call)
            assert len(call.replies) <= asked
            assert box.ran <= asked
        call.brain.hold(False)
        call.brain.abandoned()
        await asyncio.sleep(60)
        assert not call.brain._turns.busy
    check(call, guesses)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, left


def check(call: CascadeCall, guesses: int) -> None:
    assert call.of(BrainFailed) == []
    assert call.of(ToolAsked) == []
    begun: list[str] = []
    ended: list[str] = []
    for _, event in call.events:
        match event:
            case ReplyBegan(reply_id=reply):
                assert begun == ended, "one reply at a time"
                assert reply not in begun
                begun.append(reply)
            case ReplyAudio(reply_id=reply) | ReplySaid(reply_id=reply):
                assert reply in begun
                assert reply not in ended
            case ReplyFinished(reply_id=reply):
                assert reply in begun
                assert reply not in ended
                ended.append(reply)
    assert begun == ended
    if not guesses:
        assert call.observed.guesses == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ACTS, min_size=1, max_size=25),
    st.booleans(),
    st.sampled_from([0, 2]),
    st.lists(st.sampled_from(HEARD), max_size=8),
)
def test_any_order(acts: list[str], live: bool, guesses: int, heard: list[str]) -> None:
    play(acts, live, guesses, heard)
