"""What a pressed key does, as the tenant's admin mapped it."""

from __future__ import annotations

from voice_ai_service.calls.secretary import DtmfAction
from voice_ai_service.calls.transfer_rules import find_destination
from voice_ai_service.dialogue.actions import HangupReason
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.embedded_responder import repeat, tell_hours
from voice_ai_service.dialogue.hand_over import fall_back, transfer_to
from voice_ai_service.dialogue.limits import misunderstood_too_often
from voice_ai_service.dialogue.phrases import help_text
from voice_ai_service.dialogue.reply import Reply, carry_on, hang_up, record_message, spoken
from voice_ai_service.dialogue.turn import TurnContext


def reply_to_keys(turn: TurnContext) -> Reply | None:
    """The reply to the first key that has an action. Keys without one are answered only when nothing was said."""
    mapped = turn.secretary.settings.dtmf
    for digit in turn.heard.digits:
        if digit in mapped:
            return _do(turn, mapped[digit])
    if turn.heard.digits and not turn.heard.text.strip():
        return _unknown(turn)
    return None


def mapped_action(turn: TurnContext) -> Reply | None:
    """What a key does that the admin mapped, whoever leads the conversation; None: it is for the conversation.

    A key that answers a question, or ends a message, belongs to the conversation first.
    """
    if turn.call.stage is not Stage.OPEN:
        return None
    mapped = turn.secretary.settings.dtmf
    return next((_do(turn, mapped[digit]) for digit in turn.heard.digits if digit in mapped), None)


def _do(turn: TurnContext, mapped: DtmfAction) -> Reply:
    if mapped.action == "transfer":
        destination = find_destination(mapped.destination or "", turn.plan.destinations)
        if destination is None:
            return _unknown(turn)
        return transfer_to(turn, destination, "dtmf", "dtmf")
    if mapped.action == "message":
        return record_message(turn, "dtmf")
    if mapped.action == "hangup":
        return hang_up(turn, HangupReason.COMPLETED, "dtmf")
    return repeat(turn) if mapped.action == "repeat" else tell_hours(turn)


def _unknown(turn: TurnContext) -> Reply:
    count = turn.call.misunderstood + 1
    if misunderstood_too_often(count, turn.secretary.settings.limits):
        return fall_back(turn, HangupReason.NOT_UNDERSTOOD, spoken(turn).gave_up)
    offer = help_text(turn.secretary, turn.plan.destinations, turn.language)
    return carry_on(turn, spoken(turn).unknown_key.format(help=offer), "dtmf", misunderstood=count)
