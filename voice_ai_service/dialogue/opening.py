"""The first words of a call and what follows them: answered, turned away, or no room."""

from __future__ import annotations

from dataclasses import replace

from voice_ai_service.dialogue.actions import Continue, HangUp, HangupReason
from voice_ai_service.dialogue.hand_over import fall_back, turned_away
from voice_ai_service.dialogue.phrases import greeting_for
from voice_ai_service.dialogue.reply import Reply, changed, spoken
from voice_ai_service.dialogue.turn import TurnContext


def open_call(turn: TurnContext) -> Reply:
    """The greeting of an open secretary, or why nobody can be reached and the configured action.

    Args:
        turn: Turn 0: nothing heard, no model.
    """
    turn = _in_first_language(turn)
    text = greeting_for(turn.secretary, turn.is_open, turn.now, default_zone=turn.tenant.time_zone)
    language = turn.secretary.language
    if turn.is_open:
        return Reply(text, language, Continue(), changed(turn, language=language), "greeting")
    return turned_away(turn, text)


def busy(turn: TurnContext) -> Reply:
    """All lines of the tenant are taken: say so and end."""
    turn = _in_first_language(turn)
    state = changed(turn, ending="busy")
    return Reply(spoken(turn).busy, turn.language, HangUp(HangupReason.BUSY), state, "busy")


def apology(turn: TurnContext) -> Reply:
    """What the PBX plays, and does, when the service does not answer any more."""
    return fall_back(turn, HangupReason.PROVIDERS_DOWN, spoken(turn).apology)


def _in_first_language(turn: TurnContext) -> TurnContext:
    """Before the caller has said a word the secretary speaks its own language."""
    return replace(turn, call=turn.call.model_copy(update={"language": turn.secretary.language}))
