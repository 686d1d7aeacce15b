"""What a brain, a tool or a transfer may know of the call it works for."""

from __future__ import annotations

from typing import Protocol

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.tenancy.tenant import Tenant


class CallView(Protocol):
    """The call as it is at this moment. Read, never written: what a turn makes of the state goes back in
    `ReplyFinished.state`."""

    @property
    def state(self) -> CallState:
        """Records of turns include the one that is being answered and what was heard of the reply that plays."""
        ...

    @property
    def turn(self) -> int:
        """Number of the turn that the caller is in: the one not answered yet, else the next."""
        ...

    @property
    def plan(self) -> CallPlan: ...

    @property
    def tenant(self) -> Tenant: ...
