"""One live call, as its parts see each other. No logic."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from realtime_bridge.leg import Leg
from realtime_bridge.session.mouth import Mouth, Playout
from realtime_bridge.session.observer import CallObserver
from realtime_bridge.session.parts import SessionParts
from realtime_bridge.session.scope import CallScope
from realtime_bridge.session.state import Phases
from realtime_bridge.session.turn_book import TurnBook
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.dialogue.turn import Heard, TurnContext
from voice_ai_service.tenancy.tenant import Tenant


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What does not change in a call.

    Attributes:
        channel_uuid: The caller's channel on the PBX.
        opened_at: When the audio socket opened, monotonic seconds.
        on_pbx: False: the other end of the socket does what a PBX would, and is told.
    """

    call_uuid: UUID
    channel_uuid: UUID
    tenant: Tenant
    plan: CallPlan
    opened_at: float
    on_pbx: bool = True


@dataclass(frozen=True, slots=True)
class Live:
    """A `CallView` too."""

    facts: CallFacts
    parts: SessionParts
    leg: Leg
    playout: Playout
    book: TurnBook
    phases: Phases
    scope: CallScope
    mouth: Mouth
    observer: CallObserver

    @property
    def state(self) -> CallState:
        return self.book.state

    @property
    def turn(self) -> int:
        return self.book.turn

    @property
    def plan(self) -> CallPlan:
        return self.facts.plan

    @property
    def tenant(self) -> Tenant:
        return self.facts.tenant

    @property
    def log(self) -> structlog.stdlib.BoundLogger:
        log: structlog.stdlib.BoundLogger = structlog.get_logger().bind(
            call_uuid=str(self.facts.call_uuid),
            domain_uuid=str(self.tenant.domain_uuid),
            turn=self.state.turn_count,
        )
        return log

    def context(self) -> TurnContext:
        """For what the dialogue decides without a brain."""
        now = self.parts.clock.now()
        return TurnContext(
            call=self.state,
            turn=self.turn,
            plan=self.plan,
            tenant=self.tenant,
            heard=Heard(),
            is_open=self.plan.is_open(now, self.tenant.time_zone),
            now=now,
        )
