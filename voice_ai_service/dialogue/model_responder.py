"""The responder that asks a language model: its words are spoken, its tool calls are the only actions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.actions import Continue
from voice_ai_service.dialogue.prompt import Prompt, PromptBudget, build_prompt
from voice_ai_service.dialogue.reply import Reply, changed
from voice_ai_service.dialogue.retrieval import retrieve
from voice_ai_service.dialogue.speakable import SpeakableStream
from voice_ai_service.dialogue.tools import ToolOutcome, offered, run
from voice_ai_service.dialogue.turn import (
    Answerer,
    ModelChoice,
    ReplyDone,
    ReplyEvent,
    ReplyText,
    ReplyTimings,
    ToolRun,
    TurnContext,
    apply,
)
from voice_ai_service.errors import ProviderProtocol
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
MAX_TOOL_CALLS: Final = 8


@dataclass(slots=True)
class _Run:
    """What came of one turn's requests so far."""

    speech: SpeakableStream = field(default_factory=SpeakableStream)
    calls: list[ToolCall] = field(default_factory=list)
    runs: list[ToolRun] = field(default_factory=list)
    text: str = ""
    usage: Usage | None = None
    used: Answerer | None = None
    first_token_ms: float | None = None


class ModelResponder:
    """
    Args:
        clock: For the latency split.
        budget: What the prompt may hold.
    """

    def __init__(self, clock: Clock, budget: PromptBudget | None = None) -> None:
        self._clock = clock
        self._budget = budget or PromptBudget()

    async def answer(self, turn: TurnContext) -> AsyncGenerator[ReplyEvent, None]:
        """Sentences as they are complete, then `ReplyDone`.

        Raises:
            ProviderError: The model failed or had nothing to say; ask another responder if no text came yet.
        """
        choice = turn.model
        if choice is None:
            raise ValueError("this turn has no model")
        passages, retrieval_ms = await retrieve(turn, self._clock)
        prompt = build_prompt(
            turn, passages, context_tokens=choice.capabilities.context_tokens, budget=self._budget
        )
        tools = offered(turn, prompt.topics_left_out) if choice.capabilities.tools else ()
        began = self._clock.monotonic()
        state = _Run()
        acted: Reply | None = None
        messages = prompt.messages
        for _ in range(MAX_ROUNDS):
            async with aclosing(self._one_round(choice, messages, tools, state, began)) as pieces:
                async for piece in pieces:
                    yield ReplyText(piece, turn.language)
            acted, outcomes = _run_all(turn, state.calls)
            state.runs += [outcome.run for outcome in outcomes]
            if acted is not None or not outcomes:
                break
            messages = (*messages, *_results(state, outcomes))
        timings = ReplyTimings(retrieval_ms, state.first_token_ms, self._since(began))
        if acted is not None and not state.speech.said and acted.text:
            yield ReplyText(acted.text, acted.language)
        elif acted is None and not state.speech.said:
            raise ProviderProtocol("The language model gave no answer", provider=_name(state))
        yield _done(turn, state, acted, prompt, timings)

    async def _one_round(
        self,
        choice: ModelChoice,
        messages: tuple[ChatMessage, ...],
        tools: tuple[ToolSpec, ...],
        state: _Run,
        began: float,
    ) -> AsyncGenerator[str, None]:
        """One request: yields what can be spoken, keeps the rest in `state`."""
        state.calls, state.text = [], ""
        options = ChatOptions(max_tokens=self._budget.answer)
        async with aclosing(choice.chat.chat(messages, tools, options)) as events:
            async for event in events:
                state.used = events.used or state.used
                if isinstance(event, ChatDone):
                    state.usage = _total(state.usage, event.usage)
                    continue
                if state.first_token_ms is None:
                    state.first_token_ms = self._since(began)
                if isinstance(event, TextDelta):
                    state.text += event.text
                    for piece in state.speech.push(event.text):
                        yield piece
                elif len(state.calls) < MAX_TOOL_CALLS:
                    state.calls.append(event)
        for piece in state.speech.finish():
            yield piece

    def _since(self, began: float) -> float:
        return (self._clock.monotonic() - began) * 1000


def _run_all(turn: TurnContext, calls: list[ToolCall]) -> tuple[Reply | None, list[ToolOutcome]]:
    """Run tool calls in order until one ends the listening: a message can be stored and the call ended at once."""
    acted: Reply | None = None
    outcomes: list[ToolOutcome] = []
    for call in calls:
        outcome = run(turn, call)
        outcomes.append(outcome)
        if outcome.reply is None:
            continue
        acted = outcome.reply
        if not isinstance(acted.action, Continue):
            break
        turn = replace(turn, call=apply(turn.call, acted.state))
    return acted, outcomes


def _results(state: _Run, outcomes: list[ToolOutcome]) -> tuple[ChatMessage, ...]:
    """The model's own calls and their results, for its second try."""
    answers = [
        ChatMessage(Role.TOOL, outcome.result, call_id=call.call_id)
        for call, outcome in zip(state.calls, outcomes, strict=True)
    ]
    return (ChatMessage(Role.ASSISTANT, state.text, tool_calls=tuple(state.calls)), *answers)


def _done(
    turn: TurnContext, state: _Run, acted: Reply | None, prompt: Prompt, timings: ReplyTimings
) -> ReplyDone:
    return ReplyDone(
        state=acted.state if acted else changed(turn),
        language=turn.language,
        action=acted.action if acted else Continue(),
        intent=acted.intent if acted else None,
        provider=_name(state),
        model=state.used.model if state.used else None,
        usage=state.usage,
        sources=prompt.sources,
        tools=tuple(state.runs),
        timings=timings,
    )


def _name(state: _Run) -> str:
    return state.used.provider if state.used else "llm"


def _total(before: Usage | None, now: Usage | None) -> Usage | None:
    if before is None or now is None:
        return before or now
    return Usage(before.prompt_tokens + now.prompt_tokens, before.completion_tokens + now.completion_tokens)
