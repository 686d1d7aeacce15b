"""The requests of one turn to a language model: what it says, what it asks for, what it is told about it.

Sentences that claim a tool's work are held back until it is known whether it was done; a model that claims what is
not so is told once, and what it said is not spoken (lesson 42).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.actions import HangUp
from voice_ai_service.dialogue.claims import unfounded
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.dialogue.speakable import SpeakableStream
from voice_ai_service.dialogue.tool_round import ToolRound, run_tools, what_is_so
from voice_ai_service.dialogue.tools import END, ToolOutcome
from voice_ai_service.dialogue.turn import Answerer, ModelChoice, ToolRun, TurnContext
from voice_ai_service.providers.llm.seam import (
    ChatDone,
    ChatMessage,
    ChatOptions,
    Role,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
)

MAX_ROUNDS: Final = 2
"""Requests to the model in one turn; every one is silence on the line."""
MAX_ROUNDS_WITH_TOOLS: Final = 4
"""Where a tool of the surroundings ran, or a claim was not so: it has to be spoken of."""
MAX_TOOL_CALLS: Final = 8

_NOT_SO: Final = (
    "(Nobody heard that: no tool was called, so nothing was done. Call the tool now, or answer without saying that "
    "something was done.)"
)
_NOT_HUNG_UP: Final = (
    "Not hung up, and nobody heard what you said: it claims something that no tool did. Call that tool first, or "
    "answer without the claim."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What every request of the turn has."""

    choice: ModelChoice
    tools: tuple[ToolSpec, ...]
    options: ChatOptions


@dataclass(slots=True)
class Rounds:
    """One turn's requests, and what came of them so far.

    Attributes:
        acted: The reply of a tool that acts; the turn ends with it.
        spoke: Something was given out to be spoken.
        spoke_since: And after the last result of a tool of the surroundings.
        lied: The last round claimed what is not so; none of that was given out.
    """

    turn: TurnContext
    clock: Clock
    acted: Reply | None = None
    outcomes: list[ToolOutcome] = field(default_factory=list)
    reached_out: bool = False
    spoke: bool = False
    spoke_since: bool = False
    lied: bool = False
    usage: Usage | None = None
    used: Answerer | None = None
    first_token_ms: float | None = None
    _speech: SpeakableStream = field(default_factory=SpeakableStream)
    _calls: list[ToolCall] = field(default_factory=list)
    _held: list[str] = field(default_factory=list)
    _text: str = ""
    _corrected: bool = False

    @property
    def runs(self) -> tuple[ToolRun, ...]:
        return tuple(outcome.run for outcome in self.outcomes)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(source for outcome in self.outcomes for source in outcome.sources)

    @property
    def told(self) -> str:
        """The last result that has a sentence of its own for the caller."""
        return next((outcome.said for outcome in reversed(self.outcomes) if outcome.said), "")

    async def pieces(
        self, asked: Asked, messages: tuple[ChatMessage, ...], began: float
    ) -> AsyncGenerator[str, None]:
        """What can be spoken, as it comes. Raises ProviderError."""
        left = MAX_ROUNDS
        for _ in range(MAX_ROUNDS_WITH_TOOLS):
            async with aclosing(self._request(asked, messages, began)) as pieces:
                async for piece in pieces:
                    self.spoke = self.spoke_since = True
                    yield piece
            ran = await run_tools(self.turn, self._calls)
            for piece in self._judged(ran):
                self.spoke = self.spoke_since = True
                yield piece
            more = self._answered(ran)
            left -= 1
            if not more or (left <= 0 and not (ran.reached_out or self.lied)):
                return
            messages = (*messages, *more)

    async def _request(
        self, asked: Asked, messages: tuple[ChatMessage, ...], began: float
    ) -> AsyncGenerator[str, None]:
        """One request: yields what can be spoken at once, keeps the rest."""
        self._calls, self._text = [], ""
        true = what_is_so(self.turn, self.runs, None)
        async with aclosing(asked.choice.chat.chat(messages, asked.tools, asked.options)) as events:
            async for event in events:
                self.used = events.used or self.used
                if isinstance(event, ChatDone):
                    self.usage = _total(self.usage, event.usage)
                    continue
                if self.first_token_ms is None:
                    self.first_token_ms = (self.clock.monotonic() - began) * 1000
                if isinstance(event, TextDelta):
                    self._text += event.text
                    for piece in self._unclaimed(self._speech.push(event.text), true):
                        yield piece
                elif len(self._calls) < MAX_TOOL_CALLS:
                    self._calls.append(event)
        for piece in self._unclaimed(self._speech.finish(), true):
            yield piece

    def _unclaimed(self, pieces: Sequence[str], true: frozenset[str]) -> list[str]:
        """Those before the first that claims something; it and all after it are held."""
        free: list[str] = []
        for piece in pieces:
            held = self._held or unfounded(piece, true)
            (self._held if held else free).append(piece)
        return free

    def _judged(self, ran: ToolRound) -> list[str]:
        """What was held back, if it is so; nothing of it otherwise."""
        held, self._held = self._held, []
        true = what_is_so(self.turn, (*self.runs, *ran.runs), ran.acted)
        self.lied = bool(unfounded(" ".join(held), true))
        return [] if self.lied else held

    def _answered(self, ran: ToolRound) -> tuple[ChatMessage, ...]:
        """What the model is told, for another try; empty: the turn is over."""
        outcomes = list(ran.outcomes)
        again = self.lied and not self._corrected and _may_be_said_again(ran)
        if again:
            self._corrected = True
            outcomes = [_not_hung_up(outcome) for outcome in outcomes]
        else:
            self.acted = ran.acted
        self.outcomes += outcomes
        if ran.reached_out:
            self.reached_out, self.spoke_since = True, False
        if self.acted is not None:
            return ()
        if outcomes:
            return _results(self._text, self._calls, outcomes)
        if again:
            return (ChatMessage(Role.ASSISTANT, self._text), ChatMessage(Role.USER, _NOT_SO))
        return ()


def _may_be_said_again(ran: ToolRound) -> bool:
    """A stored message or a transfer that was decided stay so; hanging up on an untruth does not."""
    return ran.acted is None or isinstance(ran.acted.action, HangUp)


def _not_hung_up(outcome: ToolOutcome) -> ToolOutcome:
    if outcome.run.name != END:
        return outcome
    return ToolOutcome(replace(outcome.run, outcome="refused"), result=_NOT_HUNG_UP)


def _results(
    text: str, calls: Sequence[ToolCall], outcomes: Sequence[ToolOutcome]
) -> tuple[ChatMessage, ...]:
    """The model's own calls and their results."""
    ran = tuple(calls[: len(outcomes)])
    answers = [
        ChatMessage(Role.TOOL, outcome.result or "Done.", call_id=call.call_id)
        for call, outcome in zip(ran, outcomes, strict=True)
    ]
    return (ChatMessage(Role.ASSISTANT, text, tool_calls=ran), *answers)


def _total(before: Usage | None, now: Usage | None) -> Usage | None:
    if before is None or now is None:
        return before or now
    return Usage(before.prompt_tokens + now.prompt_tokens, before.completion_tokens + now.completion_tokens)
