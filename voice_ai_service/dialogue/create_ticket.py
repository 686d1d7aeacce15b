"""The tool that records a request for the staff, durably: it happens though the caller interrupts or hangs up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from voice_ai_service.dialogue.call_state import Speaker
from voice_ai_service.dialogue.history import said_and_heard
from voice_ai_service.dialogue.reply import spoken
from voice_ai_service.dialogue.toolbox import IfInterrupted, spec
from voice_ai_service.dialogue.turn import ToolResult, TurnContext
from voice_ai_service.providers.llm.seam import ToolSpec

TICKET: Final = "create_ticket"
MAX_SUBJECT_CHARS: Final = 200
MAX_DESCRIPTION_CHARS: Final = 4000
DEADLINE_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class TicketLine:
    speaker: Speaker
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """
    Attributes:
        turn: With the call, what makes it one ticket: the same turn asks once.
        caller_number: The caller's contact, as the call knows it; never a model's word.
        lines: What was said until now.
    """

    domain_uuid: UUID
    call_uuid: UUID
    turn: int
    subject: str
    description: str
    caller_number: str
    secretary_name: str
    language: str
    requested_at: datetime
    lines: tuple[TicketLine, ...]


@dataclass(frozen=True, slots=True)
class TicketTaken:
    """`number` is told to the caller, and stands in what the receivers get."""

    number: str


class TicketDesk(Protocol):
    async def request(self, ticket: TicketRequest) -> TicketTaken | None:
        """Queue it for whoever takes the tenant's tickets; None: nobody does.

        The same call and turn is the same ticket, however often it is requested. Raises Unavailable.
        """
        ...


class CreateTicket:
    """A `toolbox.Verb`.

    Args:
        wanted: Whether anybody takes the tenant's tickets; else it is not offered.
    """

    name = TICKET
    deadline_s = DEADLINE_S
    if_interrupted = IfInterrupted.FINISH

    def __init__(self, desk: TicketDesk, *, wanted: bool) -> None:
        self._desk = desk
        self._wanted = wanted

    def spec(self, turn: TurnContext) -> ToolSpec | None:
        if not self._wanted:
            return None
        return spec(
            TICKET,
            "Record a request for the staff to deal with later (a ticket). Only when the caller wants it. The caller's "
            "number and the conversation are added by themselves.",
            {
                "subject": {"type": "string", "description": "What it is about, in at most ten words"},
                "description": {
                    "type": "string",
                    "description": "What the caller needs, in the caller's words",
                },
            },
            required=("subject",),
        )

    def precondition(self, turn: TurnContext, arguments: Mapping[str, Any]) -> str | None:
        subject = arguments.get("subject")
        if isinstance(subject, str) and subject.strip():
            return None
        return "Not recorded: it needs a subject. Ask the caller what it is about."

    async def exec(self, turn: TurnContext, arguments: Mapping[str, Any]) -> ToolResult:
        """Raises Unavailable."""
        taken = await self._desk.request(_ticket(turn, arguments))
        if taken is None:
            return ToolResult("Not recorded: nobody takes tickets here. Offer to take a message.", "refused")
        number = " ".join(taken.number)
        said = spoken(turn).ticket_requested.format(protocol=number)
        return ToolResult(f"Recorded. Its number is {number}: tell the caller.", said=said)

    async def kill(self) -> None:
        """Nothing is left running: what was begun is finished."""


def _ticket(turn: TurnContext, arguments: Mapping[str, Any]) -> TicketRequest:
    description = arguments.get("description")
    return TicketRequest(
        domain_uuid=turn.call.domain_uuid,
        call_uuid=turn.call.call_uuid,
        turn=turn.turn,
        subject=str(arguments["subject"]).strip()[:MAX_SUBJECT_CHARS],
        description=description.strip()[:MAX_DESCRIPTION_CHARS] if isinstance(description, str) else "",
        caller_number=turn.call.caller_number,
        secretary_name=turn.secretary.name,
        language=turn.language,
        requested_at=turn.now,
        lines=_lines(turn),
    )


def _lines(turn: TurnContext) -> tuple[TicketLine, ...]:
    lines: list[TicketLine] = []
    for record in turn.call.turns:
        if record.turn >= turn.turn:
            continue
        for speaker, text in (
            (Speaker.CALLER, record.heard or record.digits),
            (Speaker.SECRETARY, said_and_heard(record)),
        ):
            if text:
                lines.append(TicketLine(speaker, text, record.started_at))
    if turn.heard.text.strip():
        lines.append(TicketLine(Speaker.CALLER, turn.heard.text.strip(), turn.now))
    return tuple(lines)
