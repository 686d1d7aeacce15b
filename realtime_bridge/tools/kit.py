"""The tools of one call, put together: what its brains may do beyond talking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from realtime_bridge.tools.check_extension_available import CheckExtensionAvailable, Reachability
from realtime_bridge.tools.hold_call import CallVerbs, Hold, HoldCall
from realtime_bridge.tools.search_knowledge import SearchKnowledge
from realtime_bridge.tools.unhold_call import UnholdCall
from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.create_ticket import CreateTicket, TicketDesk
from voice_ai_service.dialogue.errands import Errands
from voice_ai_service.dialogue.toolbox import ToolKit, Verb
from voice_ai_service.dialogue.turn import PassageSource
from voice_ai_service.errors import Unavailable
from voice_ai_service.tenancy.tenant import Tenant

_log = structlog.get_logger()


class Tickets(TicketDesk, Protocol):
    """`crm.tickets.Tickets`."""

    async def wanted(self, domain_uuid: UUID) -> bool: ...


@dataclass(frozen=True, slots=True)
class CallTools:
    """One per process.

    Attributes:
        control: None for clients without a PBX: they have no hold and no extensions.
        passages: None: there is no search.
    """

    tickets: Tickets
    errands: Errands
    clock: Clock
    control: Reachability | None = None
    passages: PassageSource | None = None

    async def for_call(self, tenant: Tenant, verbs: CallVerbs, *, on_pbx: bool, looks_up: bool) -> ToolKit:
        """
        Args:
            on_pbx: The caller has a channel, which can be put on hold.
            looks_up: The brain has to ask for documents itself: speech to speech. Ours are given them in every turn.
        """
        wanted = await self.tickets.wanted(tenant.domain_uuid)
        tools: list[Verb] = [CreateTicket(self.tickets, wanted=wanted)]
        if on_pbx and self.control is not None:
            hold = Hold(verbs, self.clock)
            tools += [HoldCall(hold), UnholdCall(hold), CheckExtensionAvailable(self.control)]
        if looks_up and self.passages is not None:
            tools.append(
                SearchKnowledge(self.passages, wanted=await self._has_documents(self.passages, tenant))
            )
        return ToolKit(tools, self.errands)

    async def _has_documents(self, passages: PassageSource, tenant: Tenant) -> bool:
        try:
            return await passages.has_documents(tenant)
        except Unavailable as error:
            _log.warning("a call without documents", domain_uuid=str(tenant.domain_uuid), code=error.code)
            return False
