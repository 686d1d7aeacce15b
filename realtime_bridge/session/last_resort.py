"""What the caller hears, and what is done, when nobody is left to talk with them. Pure."""

from __future__ import annotations

from voice_ai_service.dialogue.actions import HangupReason, RecordMessage
from voice_ai_service.dialogue.dialogue import provider_down
from voice_ai_service.dialogue.reply import Reply, hang_up, spoken
from voice_ai_service.dialogue.turn import TurnContext


def without_a_brain(turn: TurnContext) -> Reply:
    """The apology and the secretary's fallback. Nobody is there to take a message: that becomes a farewell."""
    reply = provider_down(turn)
    if not isinstance(reply.action, RecordMessage):
        return reply
    farewell = hang_up(turn, HangupReason.PROVIDERS_DOWN, reply.intent)
    return farewell.saying_first(spoken(turn).apology)
