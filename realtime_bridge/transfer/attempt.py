"""One try to put a caller through: the verbs that strategies are made of, and the end of both legs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from realtime_bridge.call_control import CallControl, RingRequest
from realtime_bridge.transfer.causes import result_of
from realtime_bridge.transfer.outcome import LegState, TransferResult
from realtime_bridge.transfer.seam import TransferRequest
from realtime_bridge.transfer.sweeper import LegSweeper
from realtime_bridge.transfer.watched import Legs
from voice_ai_service.clock import Clock
from voice_ai_service.errors import NotFound, Unavailable, VoiceAiError

RING_GRACE_S: Final = 3.0
"""The PBX ends the ringing itself after `ring_s`; beyond this we do."""
CONNECT_S: Final = 3.0
"""From the order to connect both legs to the PBX saying that they are."""
UNSEEN_LEG_S: Final = 10.0
"""How long after a hang-up a leg may still come to be, that was ordered and never seen."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a try ended. `detail` is an error's code."""

    result: TransferResult
    detail: str = ""


class Attempt:
    """Both legs of one transfer, from the first order on."""

    def __init__(
        self, request: TransferRequest, control: CallControl, legs: Legs, sweeper: LegSweeper, clock: Clock
    ) -> None:
        self.request = request
        self.legs = legs
        self.connected = False
        self.rang_ms = 0
        self._control = control
        self._sweeper = sweeper
        self._clock = clock
        self._ordered_at: float | None = None
        self._music = False

    @property
    def attendant_uuid(self) -> UUID | None:
        """None as long as nobody was rung."""
        return None if self._ordered_at is None else self.legs.attendant.channel_uuid

    async def ring(self) -> Verdict | None:
        """Rings the destination while the caller hears music. None: somebody answered.

        Raises:
            Unavailable, NotFound, InvalidInput: As `CallControl`.
        """
        asked, caller = self.request, self.legs.caller
        if await self._control.available(asked.destination, asked.domain_name) is False:
            return Verdict(TransferResult.UNREACHABLE)
        self._music = True
        await self._control.start_music(caller.channel_uuid)
        if caller.gone:
            return self.ended()
        self._ordered_at = self._clock.monotonic()
        await self._control.ring(
            RingRequest(
                channel_uuid=self.legs.attendant.channel_uuid,
                destination=asked.destination,
                domain_name=asked.domain_name,
                for_channel=caller.channel_uuid,
                caller_number=asked.caller_number,
                caller_name=asked.caller_name,
                ring_s=asked.ring_s,
            )
        )
        answered = await self.legs.until(lambda: self.legs.attendant.answered, asked.ring_s + RING_GRACE_S)
        self.rang_ms = round((self._clock.monotonic() - self._ordered_at) * 1000)
        if answered and not caller.gone and not self.legs.attendant.gone:
            return None
        return self.ended() or Verdict(TransferResult.NO_ANSWER)

    async def connect(self) -> Verdict:
        """Connects both legs and waits until the PBX says that they are.

        Raises:
            Unavailable, NotFound: As `CallControl`.
        """
        caller, attendant = self.legs.caller, self.legs.attendant
        over = self.ended()
        if over is not None:
            return over
        await self._stop_music()
        await self._control.bridge(caller.channel_uuid, attendant.channel_uuid)
        if await self.legs.until(lambda: caller.bridged or attendant.bridged, CONNECT_S):
            self.connected = True
            return Verdict(TransferResult.CONNECTED)
        return self.ended() or Verdict(TransferResult.FAILED, "not_connected")

    def ended(self) -> Verdict | None:
        """What it means that a leg, or the PBX, is gone; None while all are there."""
        caller, attendant = self.legs.caller, self.legs.attendant
        if caller.lost or attendant.lost or self.legs.cut_off:
            return Verdict(TransferResult.LOST)
        if caller.gone:
            return Verdict(TransferResult.CALLER_GONE)
        if attendant.gone:
            result = TransferResult.ATTENDANT_GONE if attendant.answered else result_of(attendant.cause)
            return Verdict(result)
        return None

    async def whose_absence(self) -> Verdict:
        """Which leg an order did not find."""
        over = self.ended()
        if over is not None:
            return over
        if not await self._control.exists(self.legs.caller.channel_uuid):
            self.legs.caller.gone = True
            return Verdict(TransferResult.CALLER_GONE)
        return Verdict(TransferResult.ATTENDANT_GONE)

    async def settle(self) -> tuple[LegState, LegState]:
        """Brings both legs to their stated end: the caller's, the attendant's. Never raises a VoiceAiError."""
        caller, attendant = await asyncio.gather(self._settle_caller(), self._settle_attendant())
        return caller, attendant

    def abandon(self) -> None:
        """Whoever asked for the transfer is gone: the sweeper ends what is left of it."""
        if self.connected or self.legs.caller.bridged or self.legs.attendant.bridged:
            return
        if self._ordered_at is not None and not self.legs.attendant.gone:
            self._owe_attendant()
        if self._music and not self.legs.caller.gone:
            self._sweeper.end_music(self.legs.caller.channel_uuid)

    async def _settle_caller(self) -> LegState:
        caller = self.legs.caller
        if self.connected:
            return await self._hand_over_caller()
        try:
            if not caller.gone and self._music:
                await self._stop_music()
        except NotFound:
            caller.gone = True
        except VoiceAiError as error:
            self._log("the music plays on", error)
            self._sweeper.end_music(caller.channel_uuid)
            return LegState.UNKNOWN
        if caller.lost and not self._control.connected:
            return LegState.UNKNOWN
        return LegState.GONE if caller.gone else LegState.WITH_SECRETARY

    async def _hand_over_caller(self) -> LegState:
        """Nobody here listens to what the two talk about."""
        try:
            await self._control.stop_stream(self.legs.caller.channel_uuid)
        except NotFound:
            return LegState.GONE
        except VoiceAiError as error:
            self._log("a stream was not stopped", error)
        return LegState.GONE if self.legs.caller.gone else LegState.CONNECTED

    async def _settle_attendant(self) -> LegState:
        attendant = self.legs.attendant
        if self._ordered_at is None:
            return LegState.NONE
        if self.connected:
            return LegState.GONE if attendant.gone else LegState.CONNECTED
        if attendant.gone and not attendant.lost:
            return LegState.GONE
        try:
            await self._control.hang_up(attendant.channel_uuid)
        except VoiceAiError as error:
            self._log("a leg was not ended", error)
            self._owe_attendant()
            return LegState.UNKNOWN
        if not attendant.seen:
            self._owe_attendant()
        return LegState.GONE

    def _owe_attendant(self) -> None:
        attendant = self.legs.attendant
        self._sweeper.end_leg(attendant.channel_uuid, watch_s=0.0 if attendant.seen else UNSEEN_LEG_S)

    async def _stop_music(self) -> None:
        if self._music:
            await self._control.stop_music(self.legs.caller.channel_uuid)
            self._music = False

    def _log(self, event: str, error: VoiceAiError) -> None:
        _log.warning(event, call_uuid=str(self.legs.caller.channel_uuid), code=error.code)


def verdict_of(error: Unavailable | VoiceAiError) -> Verdict:
    """What an order's failure means."""
    if isinstance(error, Unavailable):
        return Verdict(TransferResult.LOST, error.code)
    return Verdict(TransferResult.FAILED, error.code)
