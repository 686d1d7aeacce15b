"""The responder that asks a language model: its words are spoken, its tool calls are the only actions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.actions import Continue
from voice_ai_service.dialogue.model_rounds import Asked, Rounds
from voice_ai_service.dialogue.prompt import Prompt, PromptBudget, build_prompt
from voice_ai_service.dialogue.reply import changed, spoken
from voice_ai_service.dialogue.retrieval import retrieve
from voice_ai_service.dialogue.tool_round import untold_runs
from voice_ai_service.dialogue.tools import offered
from voice_ai_service.dialogue.turn import (
    ModelChoice,
    ReplyDone,
    ReplyEvent,
    ReplyText,
    ReplyTimings,
    TurnContext,
)
from voice_ai_service.errors import ProviderError, ProviderProtocol
from voice_ai_service.providers.llm.seam import ChatOptions, ToolSpec

_log = structlog.get_logger()


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
            ProviderError: The model failed or had nothing to say, and no tool reached beyond the dialogue; ask
                another responder if no text came yet.
        """
        choice = turn.model
        if choice is None:
            raise ValueError("this turn has no model")
        passages, retrieval_ms = await retrieve(turn, self._clock)
        prompt = build_prompt(
            turn, passages, context_tokens=choice.capabilities.context_tokens, budget=self._budget
        )
        began = self._clock.monotonic()
        rounds = Rounds(turn, self._clock)
        asked = Asked(choice, _tools(turn, choice, prompt), ChatOptions(max_tokens=self._budget.answer))
        try:
            async with aclosing(rounds.pieces(asked, prompt.messages, began)) as pieces:
                async for piece in pieces:
                    yield ReplyText(piece, turn.language)
        except ProviderError as error:
            if not rounds.reached_out:
                raise
            _log_failure(turn, error)  # what the tools did is told and stored all the same
        timings = ReplyTimings(retrieval_ms, rounds.first_token_ms, (self._clock.monotonic() - began) * 1000)
        last = _last_words(turn, rounds)
        if last is not None:
            yield last
        yield _done(turn, rounds, prompt, timings)


def _tools(turn: TurnContext, choice: ModelChoice, prompt: Prompt) -> tuple[ToolSpec, ...]:
    if not choice.capabilities.tools:
        return ()
    beyond = turn.tools.offered(turn) if turn.tools is not None else ()
    return (*offered(turn, prompt.topics_left_out), *beyond)


def _last_words(turn: TurnContext, rounds: Rounds) -> ReplyText | None:
    """Ours, where the model left something unsaid that the caller must hear; None: it said all.

    Raises:
        ProviderProtocol: Nothing was said or done at all.
    """
    acted = rounds.acted
    if acted is not None:
        return ReplyText(acted.text, acted.language) if acted.text and not rounds.spoke else None
    if rounds.reached_out and not rounds.spoke_since:
        return ReplyText(rounds.told or spoken(turn).trouble, turn.language)
    if rounds.lied:
        return ReplyText(spoken(turn).not_done, turn.language)
    if not rounds.spoke:
        raise ProviderProtocol("The language model gave no answer", provider=_name(rounds))
    return None


def _done(turn: TurnContext, rounds: Rounds, prompt: Prompt, timings: ReplyTimings) -> ReplyDone:
    acted = rounds.acted
    return ReplyDone(
        state=acted.state if acted else changed(turn),
        language=turn.language,
        action=acted.action if acted else Continue(),
        intent=acted.intent if acted else None,
        provider=_name(rounds),
        model=rounds.used.model if rounds.used else None,
        usage=rounds.usage,
        sources=tuple(dict.fromkeys((*prompt.sources, *rounds.sources))),
        tools=(*untold_runs(turn), *rounds.runs),
        timings=timings,
    )


def _name(rounds: Rounds) -> str:
    return rounds.used.provider if rounds.used else "llm"


def _log_failure(turn: TurnContext, error: ProviderError) -> None:
    _log.warning(
        "language model failed after a tool",
        call_uuid=str(turn.call.call_uuid),
        domain_uuid=str(turn.call.domain_uuid),
        turn=turn.turn,
        provider=error.provider,
        code=error.code,
    )
