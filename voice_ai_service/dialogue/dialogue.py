"""One turn of a call: the only brain. Turn mode and the bridge's own pipeline both ask here."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final, Protocol

import structlog

from voice_ai_service.calls.secretary import LANGUAGES
from voice_ai_service.calls.transfer_rules import find_destination, match_rule
from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.actions import Continue, HangupReason, TransferFailure
from voice_ai_service.dialogue.call_state import CallState, Stage
from voice_ai_service.dialogue.embedded_responder import EmbeddedResponder, not_understood, transfer_if_sure
from voice_ai_service.dialogue.hand_over import after_failed_transfer, fall_back, turned_away
from voice_ai_service.dialogue.intents import lexicon
from voice_ai_service.dialogue.keys import reply_to_keys
from voice_ai_service.dialogue.limits import reached
from voice_ai_service.dialogue.model_responder import ModelResponder
from voice_ai_service.dialogue.moderation import BlockedWords, Moderator, moderated
from voice_ai_service.dialogue.reply import Reply, carry_on, hang_up, spoken
from voice_ai_service.dialogue.spoken_language import settled_language
from voice_ai_service.dialogue.stages import (
    answer_to_question,
    declined,
    has_message,
    nobody_spoke,
    take_message,
)
from voice_ai_service.dialogue.turn import ReplyDone, ReplyEvent, ReplyText, StateChange, TurnContext
from voice_ai_service.dialogue.vocabulary import DestinationAsked, is_action, vocabulary_of
from voice_ai_service.errors import ProviderError
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.text.words import words

MAX_HEARD_CHARS: Final = 2000
"""More than two minutes of speech; the rest of a longer transcript is not answered."""

_STAGE_DIRECTION: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?")
"""Recognisers write sounds in brackets: "[music]", "(risos)"."""

_log = structlog.get_logger()


class Responder(Protocol):
    def answer(self, turn: TurnContext) -> AsyncGenerator[ReplyEvent, None]:
        """Pieces of text as they come, then one `ReplyDone`. Raises ProviderError."""
        ...


class Budgets(Protocol):
    def stops(self, tenant: Tenant, call: CallState) -> bool:
        """Whether the domain may use nothing any more that costs. From memory: a caller waits."""
        ...


class Dialogue:
    """Decides turns. Holds nothing of any call: everything is in the turn's context and the reply's state."""

    def __init__(
        self,
        clock: Clock,
        *,
        with_model: Responder | None = None,
        budgets: Budgets | None = None,
        moderators: Sequence[Moderator] = (BlockedWords(),),
    ) -> None:
        self._clock = clock
        self._moderators = tuple(moderators)
        self._budgets = budgets
        self._embedded = EmbeddedResponder(clock)
        self._with_model = with_model or ModelResponder(clock)

    async def respond(self, turn: TurnContext) -> AsyncGenerator[ReplyEvent, None]:
        """The reply to one turn: text as it comes, so that speaking can begin, then one `ReplyDone`.

        Always answers: a model that fails is replaced in the same turn. Closing the iterator cancels the model.
        What a moderator blocks is replaced before anybody can speak it.
        """
        async with aclosing(moderated(self._answer(turn), turn, self._moderators)) as events:
            async for event in events:
                yield event

    async def _answer(self, turn: TurnContext) -> AsyncGenerator[ReplyEvent, None]:
        turn = replace(turn, heard=replace(turn.heard, text=_meant_for_us(turn)))
        turn = replace(turn, heard=replace(turn.heard, language=settled_language(turn)))
        stopped = self._budgets is not None and self._budgets.stops(turn.tenant, turn.call)
        decided = decide_without_budget(turn) if stopped else decide_without_model(turn)
        if decided is not None:
            for event in decided.events():
                yield event
            return
        if turn.heard.instruction:
            async with aclosing(self._as_told(turn)) as told:
                async for event in told:
                    yield event
            return
        responder = self._embedded if turn.model is None or _acts_by_itself(turn) else self._with_model
        async with aclosing(self._answer_surely(turn, responder)) as events:
            async for event in events:
                yield event

    async def _as_told(self, turn: TurnContext) -> AsyncGenerator[ReplyEvent, None]:
        """By the model or not at all: the caller waits for nothing. The state of the call stays as it is."""
        try:
            async with aclosing(self._with_model.answer(replace(turn, tools=None))) as events:
                async for event in events:
                    if isinstance(event, ReplyDone):
                        event = replace(event, state=StateChange.of(turn.call), action=Continue())
                    yield event
        except ProviderError as error:
            _log.warning("nothing said by itself", provider=error.provider, code=error.code)
            yield _nothing(turn).done()

    async def _answer_surely(
        self, turn: TurnContext, responder: Responder
    ) -> AsyncGenerator[ReplyEvent, None]:
        began = self._clock.monotonic()
        said = False
        try:
            async with aclosing(responder.answer(turn)) as events:
                async for event in events:
                    said = said or isinstance(event, ReplyText)
                    yield event
            return
        except ProviderError as error:
            _log.warning(
                "language model failed, the embedded responder answers",
                call_uuid=str(turn.call.call_uuid),
                domain_uuid=str(turn.call.domain_uuid),
                turn=turn.turn,
                provider=error.provider,
                code=error.code,
            )
        lost_ms = (self._clock.monotonic() - began) * 1000
        rest = _excuse(turn) if said else self._embedded.answer(turn)
        async with aclosing(rest) as events:
            async for event in events:
                if isinstance(event, ReplyDone):
                    event = replace(event, timings=replace(event.timings, llm_ms=lost_ms))
                yield event


def decide_without_model(turn: TurnContext) -> Reply | None:
    """Everything that comes before a responder is asked, in its order; None: ask one."""
    if turn.heard.instruction:
        return None if turn.model is not None else _nothing(turn)
    if has_message(turn):  # before the limits: nothing that was said is lost
        return take_message(turn)
    limit = reached(turn.call, turn.turn, turn.secretary.settings.limits, turn.now)
    if limit is not None:
        return over_limit(turn, limit)
    if _came_when_closed(turn):
        return turned_away(turn)
    heard = turn.heard
    if heard.no_input and not heard.digits and not heard.text.strip():
        return nobody_spoke(turn)
    open_question = answer_to_question(turn)
    if open_question is not None:
        return open_question
    keys = reply_to_keys(turn)
    if keys is not None:
        return keys
    if turn.call.stage is Stage.TAKING_MESSAGE:
        return nobody_spoke(turn)
    if not heard.text.strip():
        return not_understood(turn)
    return _immediate_rule(turn)


def decide_without_budget(turn: TurnContext) -> Reply:
    """What is begun is ended: a message, an answer to a question, a key. All else leads to the way out."""
    if turn.heard.instruction:
        return _nothing(turn)
    if turn.call.stage is not Stage.OPEN or turn.heard.digits:
        decided = decide_without_model(turn)
        if decided is not None:
            return decided
    return over_budget(turn)


def transfer_failed(
    turn: TurnContext,
    destination: str | None = None,
    why: TransferFailure = TransferFailure.NO_ANSWER,
) -> Reply:
    """The caller is back because nobody took the transfer. `turn.heard` is not read.

    Args:
        destination: Its name; by default the state's `transferred_to`.
    """
    name = destination or turn.call.transferred_to
    if name is None:
        return carry_on(turn, spoken(turn).alright, None, ending=None)
    return after_failed_transfer(turn, name, why)


def provider_down(turn: TurnContext) -> Reply:
    """The reply when speech cannot be recognised at all in this turn: an apology and the fallback."""
    return fall_back(turn, HangupReason.PROVIDERS_DOWN, spoken(turn).apology)


def _nothing(turn: TurnContext) -> Reply:
    return Reply("", turn.language, Continue(), StateChange.of(turn.call))


def _meant_for_us(turn: TurnContext) -> str:
    """What was heard, bounded; nothing where a recogniser heard words in noise (lesson 48).

    A message is kept as it was heard.
    """
    text = turn.heard.text[:MAX_HEARD_CHARS]
    if turn.call.stage is Stage.TAKING_MESSAGE:
        return text
    spoken = words(_STAGE_DIRECTION.sub(" ", text))
    invented = any(spoken in lexicon(language).noise for language in LANGUAGES)
    return text if spoken and not invented else ""


def over_limit(turn: TurnContext, limit: HangupReason) -> Reply:
    """The reply when the call has gone on long enough: why, and the fallback."""
    text = spoken(turn).limit_turns if limit is HangupReason.MAX_TURNS else spoken(turn).limit_duration
    if turn.call.stage is Stage.TAKING_MESSAGE or declined(turn):
        return hang_up(turn, limit, f"fallback_{limit.value}").saying_first(text)
    return fall_back(turn, limit, text)


def over_budget(turn: TurnContext) -> Reply:
    """The reply when the domain has used up what it may spend: that it cannot go on, and the fallback."""
    return fall_back(turn, HangupReason.BUDGET, spoken(turn).limit_budget)


def _came_when_closed(turn: TurnContext) -> bool:
    """A call that came while open is finished, though the doors closed meanwhile."""
    if turn.is_open or turn.call.stage is not Stage.OPEN:
        return False
    return not turn.plan.is_open(turn.call.started_at, turn.tenant.time_zone)


def _immediate_rule(turn: TurnContext) -> Reply | None:
    match = match_rule(
        turn.heard.text,
        turn.plan.rules,
        language=turn.language,
        secretary_uuid=turn.secretary.secretary_uuid,
        immediate_only=True,
    )
    if match is None:
        return None
    destination = find_destination(match.rule.destination, turn.plan.destinations)
    if destination is None:
        return None
    return transfer_if_sure(turn, DestinationAsked(destination, "rule", match.rule.intent, destination.name))


def _acts_by_itself(turn: TurnContext) -> bool:
    """Whether the caller wants an action that a model without tools could not do."""
    if turn.model is None or turn.model.capabilities.tools:
        return False
    understood = vocabulary_of(turn.plan).understand(
        turn.heard.text, turn.heard.language or turn.call.language
    )
    return understood is not None and is_action(understood.meaning)


async def _excuse(turn: TurnContext) -> AsyncGenerator[ReplyEvent, None]:
    for event in carry_on(turn, spoken(turn).trouble, None).events():
        yield event
