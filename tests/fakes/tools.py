"""Tools that do what a test wants, and a desk that takes tickets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voice_ai_service.dialogue.create_ticket import TicketRequest, TicketTaken
from voice_ai_service.dialogue.toolbox import IfInterrupted, spec
from voice_ai_service.dialogue.turn import ToolResult, TurnContext
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.providers.llm.seam import ToolSpec


@dataclass
class FakeVerb:
    """Takes `takes_s`, then gives `result` or raises `fails`."""

    name: str = "look_up"
    deadline_s: float = 2.0
    if_interrupted: IfInterrupted = IfInterrupted.CANCEL
    takes_s: float = 0.0
    result: ToolResult = field(default_factory=lambda: ToolResult("42"))
    fails: VoiceAiError | None = None
    refusal: str | None = None
    offered: bool = True
    begun: int = 0
    ended: int = 0
    killed: int = 0

    def spec(self, turn: TurnContext) -> ToolSpec | None:
        return spec(self.name, "Look up.", {"what": {"type": "string"}}) if self.offered else None

    def precondition(self, turn: TurnContext, arguments: Mapping[str, Any]) -> str | None:
        return self.refusal

    async def exec(self, turn: TurnContext, arguments: Mapping[str, Any]) -> ToolResult:
        self.begun += 1
        await asyncio.sleep(self.takes_s)
        if self.fails is not None:
            raise self.fails
        self.ended += 1
        return self.result

    async def kill(self) -> None:
        self.killed += 1


@dataclass
class FakeDesk:
    """Keeps the outbox's promise: one ticket for one call and turn."""

    takes: bool = True
    takes_s: float = 0.0
    fails: VoiceAiError | None = None
    taken: dict[tuple[object, int], TicketRequest] = field(default_factory=dict)
    asked: int = 0

    async def request(self, ticket: TicketRequest) -> TicketTaken | None:
        self.asked += 1
        await asyncio.sleep(self.takes_s)
        if self.fails is not None:
            raise self.fails
        if not self.takes:
            return None
        self.taken.setdefault((ticket.call_uuid, ticket.turn), ticket)
        return TicketTaken("48217735")

    async def wanted(self, domain_uuid: object) -> bool:
        return self.takes
