"""Who may be rung, and what happens when nobody may: the only hand-over rules there are."""

from __future__ import annotations

from voice_ai_service.calls.destinations import Destination, DestinationKind
from voice_ai_service.calls.secretary import Fallback, FallbackKind
from voice_ai_service.calls.transfer_rules import find_destination
from voice_ai_service.dialogue.actions import HangupReason, Transfer, TransferFailure
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.phrases import closed_text
from voice_ai_service.dialogue.reply import (
    Reply,
    carry_on,
    farewell_text,
    hang_up,
    put_through,
    record_message,
    spoken,
)
from voice_ai_service.dialogue.turn import TurnContext


def may_ring(turn: TurnContext, destination: Destination) -> bool:
    """Closed means closed: then only voicemail takes calls."""
    return turn.is_open or destination.kind is DestinationKind.VOICEMAIL


def transfer_to(
    turn: TurnContext,
    destination: Destination,
    reason: str,
    intent: str | None,
    *,
    called: str | None = None,
    subject: str = "",
) -> Reply:
    """Put the caller through if that may be done now; else say why and offer what is left.

    Args:
        destination: One of the plan's.
        reason: As in `Transfer`.
        called: What the caller called it; by default its name.
        subject: What the caller wants, for whoever answers; by default the rule's name.
    """
    if not may_ring(turn, destination):
        return _closed_for_transfers(turn, intent)
    if not subject and reason == "rule":
        subject = intent or ""
    return put_through(turn, Transfer(destination, reason, subject), intent, called=called)


def fall_back(turn: TurnContext, reason: HangupReason, text: str, fallback: Fallback | None = None) -> Reply:
    """The configured way out when the conversation cannot go on.

    A transfer that cannot be made (closed, gone from the list, nobody answered before) becomes a message, and a
    message that was taken already becomes a farewell: it always ends.

    Args:
        reason: Why it cannot go on; the call's ending if it ends here.
        text: Said first: an apology or an explanation.
        fallback: The secretary's own by default.
    """
    chosen = fallback or turn.secretary.settings.fallback
    intent = f"fallback_{reason.value}"
    if chosen.kind is FallbackKind.TRANSFER:
        destination = _reachable(turn, chosen, reason)
        if destination is not None:
            cause = "closed" if reason is HangupReason.CLOSED else "fallback"
            return put_through(turn, Transfer(destination, cause), intent).saying_first(text)
    if (
        chosen.kind is not FallbackKind.HANGUP
        and not _has_message(turn)
        and reason is not HangupReason.CALLER_SILENT
    ):
        return record_message(turn, intent).saying_first(text)
    return hang_up(turn, reason, intent, farewell_text(turn)).saying_first(text)


def turned_away(turn: TurnContext, text: str | None = None) -> Reply:
    """The reply of a call that came outside hours: why (`text`, if it is given), and the configured action."""
    if text is None:
        text = closed_text(turn.secretary, turn.now, turn.language, default_zone=turn.tenant.time_zone)
    return fall_back(turn, HangupReason.CLOSED, text, turn.secretary.settings.closed_action)


def after_failed_transfer(
    turn: TurnContext, name: str, why: TransferFailure = TransferFailure.NO_ANSWER
) -> Reply:
    """Nobody answered, was busy or refused: the caller is back with the secretary.

    Args:
        name: The destination's name, from the state's `transferred_to`.
    """
    failed = tuple(dict.fromkeys((*turn.call.failed_destinations, name)))
    sentences = {
        TransferFailure.NO_ANSWER: spoken(turn).transfer_failed,
        TransferFailure.BUSY: spoken(turn).transfer_busy,
        TransferFailure.REFUSED: spoken(turn).transfer_refused,
        TransferFailure.IMPOSSIBLE: spoken(turn).transfer_impossible,
    }
    text = sentences[why].format(destination=name)
    return carry_on(
        turn,
        text,
        "transfer_failed",
        stage=Stage.OFFERING_MESSAGE,
        transferred_to=None,
        ending=None,
        failed_destinations=failed,
    )


def _closed_for_transfers(turn: TurnContext, intent: str | None) -> Reply:
    why = closed_text(turn.secretary, turn.now, turn.language, default_zone=turn.tenant.time_zone)
    if _has_message(turn):
        return carry_on(turn, f"{why} {spoken(turn).anything_else}", intent)
    return carry_on(turn, f"{why} {spoken(turn).offer_message}", intent, stage=Stage.OFFERING_MESSAGE)


def _reachable(turn: TurnContext, fallback: Fallback, reason: HangupReason) -> Destination | None:
    destination = find_destination(fallback.destination or "", turn.plan.destinations)
    if destination is None or destination.name in turn.call.failed_destinations:
        return None
    allowed = (
        may_ring(turn, destination) or reason is HangupReason.CLOSED
    )  # the night's duty is configured so
    return destination if allowed else None


def _has_message(turn: TurnContext) -> bool:
    return turn.call.message_text is not None or turn.call.message_audio_ref is not None
