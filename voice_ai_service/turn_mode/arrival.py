"""Under which name a call begins: a channel may come to a secretary more than once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final
from uuid import UUID, uuid5

import structlog

from voice_ai_service.errors import Conflict, NotFound
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.wire import CallSetup

log = structlog.get_logger()

_MOST_VISITS: Final = 20
"""How often one channel may come; a dialplan that goes in a circle ends here."""


class _Known(Enum):
    NO = auto()
    SET_UP = auto()
    """And nothing more: a PBX that repeats a set-up it got no answer to is served again."""
    OFFERED_A_STREAM = auto()
    """Likewise, and a ticket waits for its socket."""
    WENT_ON = auto()


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    Attributes:
        asked: The request under the name that the call is to have.
        channel_uuid: The PBX's name of the channel.
        was_offered_a_stream: By an earlier set-up of this call, and its ticket was not used.
    """

    asked: CallSetup
    channel_uuid: UUID
    was_offered_a_stream: bool


@dataclass(frozen=True, slots=True)
class Arrivals:
    parts: TurnModeParts

    async def named(self, tenant: Tenant, asked: CallSetup) -> Arrival:
        """A channel that comes again, after a transfer that nobody took for example, is another call, with a name made
        from the one before, so that a repeated request gets the same.

        Raises:
            Conflict: A channel that comes again and again.
        """
        channel_uuid = asked.call_uuid
        for _ in range(_MOST_VISITS):
            known = await self._known(tenant, asked.call_uuid)
            if known is not _Known.WENT_ON:
                return Arrival(asked, channel_uuid, known is _Known.OFFERED_A_STREAM)
            again = uuid5(asked.call_uuid, "again")
            log.info("a channel comes again", next_call_uuid=str(again))
            structlog.contextvars.bind_contextvars(call_uuid=str(again))
            asked = asked.model_copy(update={"call_uuid": again})
        raise Conflict("This channel came too often", field="call_uuid", fix="A new uuid for every call")

    async def _known(self, tenant: Tenant, call_uuid: UUID) -> _Known:
        parts, domain_uuid = self.parts, tenant.domain_uuid
        try:
            call = await parts.sessions.load(domain_uuid, call_uuid)
        except NotFound:
            is_stored = await parts.store.find_by_call(domain_uuid, call_uuid) is not None
            return _Known.WENT_ON if is_stored else _Known.NO
        if call.turn_count > 0 or call.answered_at is not None:
            return _Known.WENT_ON
        if call.mode != "realtime":
            return _Known.SET_UP
        # A bridge keeps and stores its calls by itself: what this process remembers of one may be old.
        if await parts.tickets.is_taken(domain_uuid, call_uuid):
            return _Known.WENT_ON
        if await parts.store.find_by_call(domain_uuid, call_uuid) is not None:
            return _Known.WENT_ON
        return _Known.OFFERED_A_STREAM
