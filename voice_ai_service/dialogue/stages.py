"""Turns in the middle of something: a message is being taken, a question was asked back."""

from __future__ import annotations

from voice_ai_service.calls.transfer_rules import find_destination
from voice_ai_service.dialogue.actions import HangupReason, RecordMessage
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.embedded_responder import in_language, not_understood, reply_to_meaning
from voice_ai_service.dialogue.hand_over import fall_back, transfer_to
from voice_ai_service.dialogue.intents import Intent
from voice_ai_service.dialogue.limits import misunderstood_too_often, silent_too_often
from voice_ai_service.dialogue.reply import (
    Reply,
    carry_on,
    changed,
    farewell_text,
    hang_up,
    record_message,
    spoken,
)
from voice_ai_service.dialogue.turn import TurnContext
from voice_ai_service.dialogue.vocabulary import vocabulary_of
from voice_ai_service.dialogue.yes_no import yes_or_no


def has_message(turn: TurnContext) -> bool:
    """Whether this utterance is a message being taken; what was recorded counts though nobody understood it."""
    heard = turn.heard
    recorded = bool(heard.text.strip()) or heard.audio_ref is not None
    return turn.call.stage is Stage.TAKING_MESSAGE and recorded and not heard.no_input


def take_message(turn: TurnContext) -> Reply:
    """Keep the message and say goodbye. Never answered, never understood: whatever was said is the message."""
    turn = in_language(turn, turn.call.language)  # the language of a free message is a recogniser's guess
    earlier = turn.call.message_text
    text = turn.heard.text.strip()
    reply = hang_up(
        turn, HangupReason.MESSAGE_TAKEN, "message", f"{spoken(turn).message_taken} {farewell_text(turn)}"
    )
    state = changed(
        turn,
        ending=HangupReason.MESSAGE_TAKEN.value,
        message_text=f"{earlier}\n{text}" if earlier else text,
        message_audio_ref=turn.heard.audio_ref or turn.call.message_audio_ref,
    )
    return Reply(reply.text, reply.language, reply.action, state, reply.intent)


def nobody_spoke(turn: TurnContext) -> Reply:
    """Ask again what was asked, some times; then the fallback."""
    count = turn.call.no_input + 1
    taking = turn.call.stage is Stage.TAKING_MESSAGE
    if silent_too_often(count, turn.secretary.settings.limits):
        if taking:
            return hang_up(turn, HangupReason.CALLER_SILENT, "fallback_caller_silent")
        return fall_back(turn, HangupReason.CALLER_SILENT, spoken(turn).caller_silent)
    state = changed(
        turn,
        stage=turn.call.stage,
        pending_destination=turn.call.pending_destination,
        misunderstood=turn.call.misunderstood,
        no_input=count,
        language=turn.call.language,
    )
    if taking:
        return Reply(spoken(turn).message_empty, turn.language, RecordMessage(), state, "no_input")
    reply = carry_on(turn, _question(turn) or spoken(turn).reprompt, "no_input")
    return Reply(reply.text, reply.language, reply.action, state, reply.intent)


def answer_to_question(turn: TurnContext) -> Reply | None:
    """The reply to a yes or no that is waited for; None when no question is open, or something else was said.

    Something else that the secretary understands is answered instead: people change their minds.
    """
    if turn.call.stage not in (Stage.CONFIRMING_TRANSFER, Stage.OFFERING_MESSAGE):
        return None
    answer = yes_or_no(turn.heard.text, turn.heard.digits, turn.secretary.settings.languages)
    if answer == "yes":
        return _agreed(turn)
    if answer == "no":
        offered = turn.call.stage is Stage.OFFERING_MESSAGE
        return carry_on(turn, spoken(turn).anything_else if offered else spoken(turn).alright, "no")
    if turn.heard.digits:
        return None
    understood = vocabulary_of(turn.plan).understand(
        turn.heard.text, turn.heard.language or turn.call.language
    )
    if understood is None:
        return _ask_again(turn)
    if understood.meaning is Intent.REPEAT:
        return _ask_again(turn)
    return reply_to_meaning(in_language(turn, understood.language), understood.meaning)


def declined(turn: TurnContext) -> bool:
    """Whether the caller said no to leaving a message."""
    if turn.call.stage is not Stage.OFFERING_MESSAGE:
        return False
    return yes_or_no(turn.heard.text, turn.heard.digits, turn.secretary.settings.languages) == "no"


def _agreed(turn: TurnContext) -> Reply:
    if turn.call.stage is Stage.OFFERING_MESSAGE:
        return record_message(turn, "message")
    destination = find_destination(turn.call.pending_destination or "", turn.plan.destinations)
    if destination is None:
        return not_understood(turn)
    return transfer_to(turn, destination, "caller_asked", "transfer")


def _ask_again(turn: TurnContext) -> Reply:
    count = turn.call.misunderstood + 1
    if misunderstood_too_often(count, turn.secretary.settings.limits):
        return fall_back(turn, HangupReason.NOT_UNDERSTOOD, spoken(turn).gave_up)
    return carry_on(
        turn,
        _question(turn) or spoken(turn).not_understood,
        None,
        stage=turn.call.stage,
        pending_destination=turn.call.pending_destination,
        misunderstood=count,
    )


def _question(turn: TurnContext) -> str | None:
    """The open question, asked again."""
    if turn.call.stage is Stage.OFFERING_MESSAGE:
        return spoken(turn).offer_message
    if turn.call.stage is Stage.CONFIRMING_TRANSFER and turn.call.pending_destination is not None:
        return spoken(turn).confirm_transfer.format(destination=turn.call.pending_destination)
    return None
