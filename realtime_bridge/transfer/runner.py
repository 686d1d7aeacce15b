"""Puts callers through: chooses the strategy, and answers with a stated end of both legs whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol
from uuid import UUID, uuid4

import structlog

from realtime_bridge.call_control import CallControl
from realtime_bridge.transfer.allowed import can_be_asked, refusal
from realtime_bridge.transfer.attempt import Attempt, Verdict, verdict_of
from realtime_bridge.transfer.attended import Attended
from realtime_bridge.transfer.blind import Blind
from realtime_bridge.transfer.outcome import LegState, TransferOutcome, TransferResult
from realtime_bridge.transfer.seam import AttendantAudio, TransferRequest, TransferStyle
from realtime_bridge.transfer.sweeper import LegSweeper
from realtime_bridge.transfer.told import told
from realtime_bridge.transfer.watched import watching
from voice_ai_service.clock import Clock
from voice_ai_service.errors import NotFound, VoiceAiError

_log = structlog.get_logger()


class Strategy(Protocol):
    async def exec(self, attempt: Attempt) -> Verdict:
        """Raises Unavailable, NotFound, InvalidInput, ProviderError: the runner knows what they mean."""
        ...


class TransferRunner:
    """One per process. Implements `seam.Transfers`.

    Args:
        attendants: None: nobody can be asked; attended transfers are then refused, never done unasked.
        observer: Told of every outcome, for the figures.
    """

    def __init__(
        self,
        control: CallControl,
        clock: Clock,
        sweeper: LegSweeper,
        *,
        attendants: AttendantAudio | None = None,
        observer: Callable[[TransferOutcome], None] | None = None,
        new_uuid: Callable[[], UUID] = uuid4,
    ) -> None:
        self._control = control
        self._clock = clock
        self._sweeper = sweeper
        self._attendants = attendants
        self._observer = observer
        self._new_uuid = new_uuid

    async def run(self, request: TransferRequest) -> TransferOutcome:
        """As `seam.Transfers.run`."""
        outcome = await self._run(request)
        _log.info(
            "transfer tried",
            call_uuid=str(request.caller_uuid),
            domain_uuid=str(request.tenant.domain_uuid),
            result=outcome.result,
            style=request.style,
            caller=outcome.caller,
            attendant=outcome.attendant,
            rang_ms=outcome.rang_ms,
            cause=outcome.cause,
            detail=outcome.detail,
        )
        if self._observer is not None:
            self._observer(outcome)
        return outcome

    async def _run(self, request: TransferRequest) -> TransferOutcome:
        here = TransferOutcome(
            TransferResult.UNREACHABLE, request.destination, LegState.WITH_SECRETARY, LegState.NONE
        )
        refused = refusal(request)
        if refused is not None:
            return replace(here, detail=refused)
        if request.tell is not None:
            return told(request)
        strategy = self._strategy(request)
        if strategy is None:
            return replace(here, result=TransferResult.FAILED, detail="nobody_can_ask")
        try:
            async with watching(self._control, request.caller_uuid, self._new_uuid()) as legs:
                attempt = Attempt(request, self._control, legs, self._sweeper, self._clock)
                return await self._tried(strategy, attempt)
        except VoiceAiError as error:  # nothing was begun: the events could not be had
            verdict = verdict_of(error)
            return replace(here, result=verdict.result, caller=LegState.UNKNOWN, detail=verdict.detail)

    def _strategy(self, request: TransferRequest) -> Strategy | None:
        if request.style is TransferStyle.BLIND or not can_be_asked(request):
            return Blind()
        return None if self._attendants is None else Attended(self._attendants)

    async def _tried(self, strategy: Strategy, attempt: Attempt) -> TransferOutcome:
        settled = False
        try:
            verdict = await self._verdict(strategy, attempt)
            caller, attendant = await attempt.settle()
            settled = True
        finally:
            if not settled:
                attempt.abandon()
        return TransferOutcome(
            result=verdict.result,
            destination=attempt.request.destination,
            caller=caller,
            attendant=attendant,
            attendant_uuid=attempt.attendant_uuid,
            rang_ms=attempt.rang_ms,
            cause=attempt.legs.attendant.cause,
            detail=verdict.detail,
        )

    async def _verdict(self, strategy: Strategy, attempt: Attempt) -> Verdict:
        try:
            return await strategy.exec(attempt)
        except NotFound:
            try:
                return await attempt.whose_absence()
            except VoiceAiError as error:
                return verdict_of(error)
        except VoiceAiError as error:
            return attempt.ended() or verdict_of(error)
