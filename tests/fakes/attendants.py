"""People, and machines, who answer a phone that was rung: they hear sentences and say and press what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from realtime_bridge.transfer.seam import AttendantPressed, AttendantSaid
from tests.fakes.pbx import FakePbx
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.tenancy.tenant import Tenant

SECONDS_A_CHAR = 0.05

Heard = AttendantSaid | AttendantPressed


@dataclass(frozen=True)
class Reaction:
    """After the sentence of this number (0: the announcement, 1: the question ...) began, so many seconds later."""

    sentence: int
    after_s: float
    heard: Heard


@dataclass
class FakeAttendants:
    """Implements `AttendantAudio` on a `FakePbx`: the line lives as long as the leg does.

    Attributes:
        told: Every sentence that was begun, with whether it was heard to its end.
    """

    pbx: FakePbx
    reactions: tuple[Reaction, ...] = ()
    fails: VoiceAiError | None = None
    voice_fails: VoiceAiError | None = None
    told: list[str] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    on_sentence: Callable[[int], None] = lambda _: None
    open_lines: int = 0

    @asynccontextmanager
    async def line(
        self, channel_uuid: UUID, *, plan: CallPlan, tenant: Tenant, language: str
    ) -> AsyncIterator[_Line]:
        if self.fails is not None:
            raise self.fails
        await self.pbx.start_stream(channel_uuid, "ws://bridge/attendant", 8000)
        self.open_lines += 1
        try:
            yield _Line(self, channel_uuid)
        finally:
            self.open_lines -= 1
            channel = self.pbx.channels.get(channel_uuid)
            if channel is not None:
                channel.stream = None


class _Line:
    def __init__(self, attendants: FakeAttendants, channel_uuid: UUID) -> None:
        self._attendants = attendants
        self._channel_uuid = channel_uuid
        self._heard: asyncio.Queue[Heard] = asyncio.Queue(100)

    async def say(self, text: str, language: str) -> None:
        one = self._attendants
        if one.voice_fails is not None:
            raise one.voice_fails
        number = len(one.told)
        one.told.append(text)
        one.whole.append(False)
        one.on_sentence(number)
        for reaction in one.reactions:
            if reaction.sentence == number:
                one.pbx.later(reaction.after_s, self._heard.put_nowait, reaction.heard)
        await asyncio.sleep(len(text) * SECONDS_A_CHAR)
        one.whole[number] = True

    async def heard(self) -> AsyncIterator[Heard]:
        while True:
            yield await self._heard.get()
