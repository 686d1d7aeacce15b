"""A brain that spoke of what no tool did: its words are out, so it is made to do it or to take them back. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from voice_ai_service.dialogue.call_state import TurnRecord
from voice_ai_service.dialogue.claims import unfounded
from voice_ai_service.dialogue.tool_round import what_is_so
from voice_ai_service.dialogue.turn import TurnContext

CORRECT_YOURSELF: Final = (
    "You have just told the caller that something was done, or is being done, and no tool did it. Call the tool for it "
    "now, or tell the caller in one short sentence that it is not done yet."
)


def correction(turn: TurnContext, record: TurnRecord) -> str | None:
    """What the brain is to be told about a reply that was heard; None: it said nothing untrue.

    Args:
        turn: The call as it is now, the tools of the reply included.
        record: The reply's.
    """
    said = record.said if record.said_heard is None else record.said_heard
    true = what_is_so(replace(turn, turn=record.turn + 1), (), None)
    return CORRECT_YOURSELF if unfounded(said, true) else None
