"""Whether a call is the bridge's, and where its audio goes then."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from voice_ai_service.calls.secretary import Mode
from voice_ai_service.conversations.stream_tickets import TICKET_S, StreamOptions
from voice_ai_service.dialogue.turn import TurnContext
from voice_ai_service.errors import Conflict, Unavailable
from voice_ai_service.turn_mode.arrival import Arrival
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.wire import StreamAnswer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StreamOffers:
    parts: TurnModeParts

    async def make(self, context: TurnContext, arrival: Arrival) -> StreamAnswer | None:
        """An address for the call's audio; the call is journalled with it, and is the bridge's from then on.

        None: the secretary, the PBX or the installation speaks in turns, or the database is away, without which no
        bridge could know the call. What an earlier set-up offered is withdrawn then.

        Raises:
            Conflict: The call's socket was opened this moment.
        """
        wanted, bridge_url = arrival.asked.stream, self.parts.bridge_url
        if wanted is None or bridge_url is None or context.secretary.mode is Mode.TURN:
            await self._withdraw(context, arrival)
            return None
        call = context.call.model_copy(update={"mode": "realtime"})
        options = StreamOptions.model_validate(wanted.model_dump())
        try:
            ticket = await self.parts.tickets.issue(call, arrival.channel_uuid, options)
        except Unavailable:
            log.warning("no ticket can be made, the call is served in turn mode")
            return None
        return StreamAnswer(
            url=f"{bridge_url}/stream/{call.call_uuid}?token={ticket}",
            sample_rate_hz=options.sample_rate_hz,
            expires_s=TICKET_S,
        )

    async def _withdraw(self, context: TurnContext, arrival: Arrival) -> None:
        if not arrival.was_offered_a_stream:
            return
        call = context.call
        await self.parts.tickets.withdraw(call.domain_uuid, call.call_uuid)
        if await self.parts.tickets.is_taken(call.domain_uuid, call.call_uuid):
            raise Conflict("This call has its audio socket already", field="call_uuid")


def bridge_leads_it() -> Conflict:
    """For requests of turn mode."""
    return Conflict(
        "This call is in realtime mode",
        field="call_uuid",
        fix="Set the channel up again, without `stream`, to go on in turn mode",
    )
