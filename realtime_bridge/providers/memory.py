"""What was said in the call so far, as the next connection or the next brain is told it: only what was heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from voice_ai_service.providers.llm.seam import ChatMessage, Role

MAX_MESSAGES: Final = 40
MAX_CHARS: Final = 8000
"""Of all messages together: about 2500 tokens, that every new connection reads once."""


@dataclass(slots=True)
class _Line:
    role: Role
    text: str
    reply_id: str | None = None
    awaited: bool = False


class Memory:
    """One call's. The caller's words may be written down after the reply to them has begun."""

    def __init__(self, history: tuple[ChatMessage, ...] = ()) -> None:
        kept = (message for message in history if message.role in (Role.USER, Role.ASSISTANT))
        self._lines: deque[_Line] = deque(
            (_Line(message.role, message.text) for message in kept), maxlen=MAX_MESSAGES
        )

    def caller_spoke(self) -> None:
        """An utterance ended; its words follow."""
        if not (self._lines and self._lines[-1].awaited):
            self._lines.append(_Line(Role.USER, "", awaited=True))

    def caller_said(self, text: str) -> None:
        """The words of the first utterance that has none."""
        for line in self._lines:
            if line.awaited:
                line.awaited = False
                line.text = text
                return
        self._lines.append(_Line(Role.USER, text))

    def said(self, reply_id: str, text: str) -> None:
        """A piece of a reply."""
        line = self._reply(reply_id)
        if line is None:
            self._lines.append(_Line(Role.ASSISTANT, text, reply_id))
        else:
            line.text += text

    def heard_only(self, reply_id: str, text: str) -> None:
        """The reply was interrupted: what was heard of it."""
        line = self._reply(reply_id)
        if line is not None:
            line.text = f"{text.strip()} …" if text.strip() else ""

    def told(self, text: str) -> None:
        """We said it ourselves."""
        self._lines.append(_Line(Role.ASSISTANT, text))

    def noted(self, text: str) -> None:
        """Something that the model was told: what a tool found out."""
        self._lines.append(_Line(Role.SYSTEM, text))

    @property
    def unanswered(self) -> bool:
        """The caller's words are the last ones, and are known."""
        return bool(self._lines) and self._lines[-1].role is Role.USER and bool(self._lines[-1].text)

    def messages(self) -> tuple[ChatMessage, ...]:
        """The newest ones that have room, oldest first."""
        room = MAX_CHARS
        kept: list[ChatMessage] = []
        for line in reversed(self._lines):
            text = line.text.strip()
            if not text:
                continue
            room -= len(text)
            if room < 0:
                break
            kept.append(ChatMessage(line.role, text))
        return tuple(reversed(kept))

    def _reply(self, reply_id: str) -> _Line | None:
        return next((line for line in reversed(self._lines) if line.reply_id == reply_id), None)
