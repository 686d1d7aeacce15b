"""Plays turns against the shipped `Dialogue`, keeping the state as turn mode does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.fakes.clock import VirtualClock
from tests.fakes.secretaries import MONDAY_NOON, TENANT, call, plan
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.dialogue.actions import Action
from voice_ai_service.dialogue.call_state import CallState, TurnRecord
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.dialogue.turn import (
    Heard,
    ModelChoice,
    PassageSource,
    ReplyDone,
    ReplyText,
    TurnContext,
    apply,
)

DEFAULT_PLAN = plan()


@dataclass(frozen=True)
class Said:
    """A whole reply."""

    pieces: tuple[ReplyText, ...]
    done: ReplyDone

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self.pieces)

    @property
    def action(self) -> Action:
        return self.done.action


async def reply(dialogue: Dialogue, turn: TurnContext) -> Said:
    """All of a reply; the events' order is part of what every test here checks."""
    events = [event async for event in dialogue.respond(turn)]
    done = events.pop()
    assert isinstance(done, ReplyDone)
    pieces = tuple(event for event in events if isinstance(event, ReplyText))
    assert len(pieces) == len(events), "ReplyDone came before the end"
    assert all(piece.text.strip() for piece in pieces)
    return Said(pieces, done)


class Conversation:
    """One call. `seconds` between turns; `audio_ms` and `played_ms` as a PBX that played everything."""

    def __init__(
        self,
        settings: dict[str, Any] | None = None,
        *,
        the_plan: CallPlan | None = None,
        state: CallState | None = None,
        model: ModelChoice | None = None,
        passages: PassageSource | None = None,
        clock: VirtualClock | None = None,
    ) -> None:
        self.clock = clock or VirtualClock(MONDAY_NOON)
        self.plan = the_plan or (plan(settings) if settings else DEFAULT_PLAN)
        self.state = state or call()
        self.model = model
        self.passages = passages
        self.dialogue = Dialogue(self.clock)

    def turn(self, heard: Heard) -> TurnContext:
        now = self.clock.now()
        return TurnContext(
            call=self.state,
            turn=max((record.turn for record in self.state.turns), default=0) + 1,
            plan=self.plan,
            tenant=TENANT,
            heard=heard,
            is_open=self.plan.is_open(now, TENANT.time_zone),
            now=now,
            model=self.model,
            passages=self.passages,
        )

    async def say(self, text: str, language: str | None = None, confidence: float | None = None) -> Said:
        return await self.hear(Heard(text, language, confidence))

    async def press(self, digits: str) -> Said:
        return await self.hear(Heard(digits=digits))

    async def silence(self) -> Said:
        return await self.hear(Heard(no_input=True))

    async def hear(self, heard: Heard) -> Said:
        turn = self.turn(heard)
        said = await reply(self.dialogue, turn)
        record = TurnRecord(
            turn=turn.turn,
            started_at=self.clock.now(),
            heard=heard.text,
            digits=heard.digits,
            said=said.text,
            said_language=said.done.language,
            audio_ms=1000,
            played_ms=1000,
        )
        self.state = apply(self.state, said.done.state)
        self.state.turns.append(record)
        return said

    def wait(self, seconds: float) -> None:
        self.clock.tick(timedelta(seconds=seconds).total_seconds())
