"""What a speech-to-speech model is told in the middle of a call, beside its instructions. Sentences for the model, in
English like the instructions; nobody hears them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from voice_ai_service.providers.llm.seam import ChatMessage, Role

NOBODY_SPOKE: Final = (
    "(The caller has said nothing for a while. Ask in one short sentence whether they are still there.)"
)
GO_ON: Final = "(The line broke while you were speaking. Go on from where the caller stopped hearing you.)"
ANSWER: Final = "(Answer the caller's last words now.)"
NO_SUCH_TOOL: Final = "There is no such tool."
BAD_ARGUMENTS: Final = "The arguments are not a JSON object. Nothing was done."


def pressed(digits: str) -> str:
    """As the history has it."""
    return f"(pressed {digits})"


def interrupted(heard: str) -> str:
    """For models that cannot be told in milliseconds."""
    if not heard.strip():
        return "(The caller interrupted you before hearing anything of your last reply.)"
    return f'(The caller interrupted you. Of your last reply they heard only: "{heard.strip()}")'


def said_for_you(text: str) -> str:
    """For models that cannot be given words of their own."""
    return f'(The caller has just heard from you: "{text.strip()}")'


def late_result(tool: str, result: str) -> str:
    """For a tool that was called over a connection which is gone."""
    return f"(Result of {tool}: {result})"


def so_far(history: Iterable[ChatMessage]) -> str:
    """The call until now, as a part of the instructions; empty without any."""
    names = {Role.USER: "Caller", Role.ASSISTANT: "You", Role.SYSTEM: "Note"}
    lines = [f"{names[message.role]}: {message.text}" for message in history if message.role in names]
    if not lines:
        return ""
    return "\n".join(("The conversation until now; go on with it and do not greet again", *lines))
