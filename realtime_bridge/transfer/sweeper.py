"""Ends legs, and music, that could not be ended when they had to: no phone rings on because ESL was away."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

import structlog

from realtime_bridge.call_control import CallControl, HangupCause
from voice_ai_service.clock import Clock
from voice_ai_service.errors import NotFound, VoiceAiError

MAX_OWED: Final = 10_000
"""Beyond it the oldest is given up, logged; the PBX's own time-outs (ring, park) are what is left."""
PAUSE_S: Final = 0.5
GIVE_UP_S: Final = 3600.0

_log = structlog.get_logger()


class Debt(StrEnum):
    END_LEG = "end_leg"
    END_MUSIC = "end_music"


@dataclass(slots=True)
class _Owed:
    since: float
    watch_until: float


class LegSweeper:
    """One per process; `run` lives as long as it does."""

    def __init__(self, control: CallControl, clock: Clock) -> None:
        self._control = control
        self._clock = clock
        self._owed: OrderedDict[tuple[Debt, UUID], _Owed] = OrderedDict()
        self._wake = asyncio.Event()

    @property
    def owed(self) -> int:
        return len(self._owed)

    def end_leg(self, channel_uuid: UUID, *, watch_s: float = 0.0) -> None:
        """Hang up, and once more whenever it is there again for so many seconds: an order to ring that the PBX
        has not carried out yet makes its channel after the first hang-up."""
        self._owe(Debt.END_LEG, channel_uuid, watch_s)

    def end_music(self, channel_uuid: UUID) -> None:
        self._owe(Debt.END_MUSIC, channel_uuid, 0.0)

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for debt, channel_uuid in tuple(self._owed):
                await self._pay(debt, channel_uuid)
            if self._owed:
                self._wake.set()
                await self._clock.sleep(PAUSE_S)

    def _owe(self, debt: Debt, channel_uuid: UUID, watch_s: float) -> None:
        now = self._clock.monotonic()
        self._owed[debt, channel_uuid] = _Owed(now, now + watch_s)
        if len(self._owed) > MAX_OWED:
            (_, oldest), _ = self._owed.popitem(last=False)
            _log.error("a leg was given up: too many wait for the PBX", channel_uuid=str(oldest))
        self._wake.set()

    async def _pay(self, debt: Debt, channel_uuid: UUID) -> None:
        owed = self._owed.get((debt, channel_uuid))
        if owed is None:
            return
        now = self._clock.monotonic()
        try:
            if debt is Debt.END_LEG:
                await self._control.hang_up(channel_uuid, HangupCause.NORMAL_CLEARING)
            else:
                await self._control.stop_music(channel_uuid)
        except NotFound:
            pass
        except VoiceAiError as error:
            if now - owed.since < GIVE_UP_S:
                return
            _log.error("a leg was given up", channel_uuid=str(channel_uuid), debt=debt, code=error.code)
        if now >= owed.watch_until:
            self._owed.pop((debt, channel_uuid), None)
