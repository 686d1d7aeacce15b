"""The model's tools, and what becomes of a call to one. Nothing else that a model says is an action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from voice_ai_service.calls.destinations import Destination
from voice_ai_service.calls.transfer_rules import find_destination
from voice_ai_service.dialogue.actions import HangupReason
from voice_ai_service.dialogue.hand_over import may_ring, transfer_to
from voice_ai_service.dialogue.phrases import localized
from voice_ai_service.dialogue.reply import Reply, carry_on, hang_up, record_message, spoken
from voice_ai_service.dialogue.speakable import speakable
from voice_ai_service.dialogue.toolbox import MAX_STORED_CHARS, spec, stored
from voice_ai_service.dialogue.turn import ToolRun, TurnContext
from voice_ai_service.providers.llm.seam import ToolCall, ToolSpec

TRANSFER: Final = "transfer_call"
END: Final = "end_call"
MESSAGE: Final = "take_message"
INFO: Final = "get_business_info"
MAX_MESSAGE_CHARS: Final = 2000
MAX_SUBJECT_CHARS: Final = 120


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """
    Attributes:
        run: What is stored.
        reply: The turn's end, for a tool that acts; its text is for a model that said nothing itself.
        result: What the model is told, for all others.
        said: A sentence that tells the caller the result, for a model that says nothing after it.
        sources: Where the result came from.
    """

    run: ToolRun
    reply: Reply | None = None
    result: str = ""
    said: str = ""
    sources: tuple[str, ...] = ()


def offered(turn: TurnContext, topics: tuple[str, ...]) -> tuple[ToolSpec, ...]:
    """The tools of this turn.

    Args:
        topics: Business facts that the prompt had no room for.
    """
    names = [one.name for one in reachable(turn)]
    tools = []
    if names:
        tools.append(
            spec(
                TRANSFER,
                "Put the caller through. Only when the caller asked for it or agreed to it.",
                {
                    "destination": {"type": "string", "enum": names},
                    "subject": {
                        "type": "string",
                        "description": "What the caller wants, in at most ten words, for who answers",
                    },
                },
                required=("destination",),
            )
        )
    tools.append(spec(END, "Hang up, after the caller said goodbye or has nothing else to ask.", {}))
    tools.append(
        spec(
            MESSAGE,
            "Take a message. With `message`: store what the caller already said. Without: let the caller speak it.",
            {"message": {"type": "string", "description": "The caller's message, in the caller's words"}},
        )
    )
    if topics:
        tools.append(
            spec(
                INFO,
                "Look up something about the business that is not in your instructions.",
                {"topic": {"type": "string", "enum": list(topics)}},
                required=("topic",),
            )
        )
    return tuple(tools)


def reachable(turn: TurnContext) -> tuple[Destination, ...]:
    """The destinations that the model may use now; it never sees their numbers."""
    failed = turn.call.failed_destinations
    return tuple(one for one in turn.plan.destinations if may_ring(turn, one) and one.name not in failed)


def run(turn: TurnContext, call: ToolCall) -> ToolOutcome:
    """Do what a tool call asks, or say why not. The arguments are a model's word: checked here."""
    arguments = stored(call.arguments)
    if call.name == TRANSFER:
        return _transfer(turn, call.arguments, arguments)
    if call.name == END:
        reply = hang_up(turn, HangupReason.COMPLETED, "goodbye")
        return ToolOutcome(ToolRun(END, arguments, "ok"), reply)
    if call.name == MESSAGE:
        return ToolOutcome(ToolRun(MESSAGE, arguments, "ok"), _message(turn, call.arguments.get("message")))
    if call.name == INFO:
        return _info(turn, call.arguments.get("topic"), arguments)
    return ToolOutcome(
        ToolRun(call.name[:MAX_STORED_CHARS], arguments, "unknown"), None, "There is no such tool."
    )


def _transfer(turn: TurnContext, arguments: Mapping[str, Any], kept: dict[str, str]) -> ToolOutcome:
    name = arguments.get("destination")
    destination = find_destination(name, reachable(turn)) if isinstance(name, str) else None
    if destination is None:
        names = ", ".join(one.name for one in reachable(turn)) or "none"
        refusal = f"Not transferred: no such destination. Possible now: {names}."
        return ToolOutcome(ToolRun(TRANSFER, kept, "refused"), None, refusal)
    given = arguments.get("subject")
    subject = speakable(given)[:MAX_SUBJECT_CHARS] if isinstance(given, str) else ""
    reply = transfer_to(turn, destination, "tool", "transfer", subject=subject)
    return ToolOutcome(ToolRun(TRANSFER, kept, "ok"), reply)


def _message(turn: TurnContext, message: object) -> Reply:
    if not isinstance(message, str) or not message.strip():
        return record_message(turn, "message")
    text = message.strip()[:MAX_MESSAGE_CHARS]
    earlier = turn.call.message_text
    said = f"{spoken(turn).message_taken} {spoken(turn).anything_else}"
    return carry_on(turn, said, "message", message_text=f"{earlier}\n{text}" if earlier else text)


def _info(turn: TurnContext, topic: object, kept: dict[str, str]) -> ToolOutcome:
    for fact in turn.secretary.settings.facts:
        if fact.topic == topic:
            answer = localized(fact.answer, turn.language, turn.secretary.language)
            if answer is not None:
                return ToolOutcome(ToolRun(INFO, kept, "ok"), None, answer[0])
    return ToolOutcome(ToolRun(INFO, kept, "refused"), None, "Nothing is known about this.")
