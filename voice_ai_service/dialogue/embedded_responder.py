"""The responder that needs nothing: no model, no network. It answers by the secretary's vocabulary."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Final

from voice_ai_service.calls.destinations import Destination
from voice_ai_service.calls.secretary import Fact
from voice_ai_service.calls.transfer_rules import find_destination
from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.actions import HangupReason
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.hand_over import fall_back, may_ring, transfer_to
from voice_ai_service.dialogue.intents import Intent, lexicon
from voice_ai_service.dialogue.limits import misunderstood_too_often
from voice_ai_service.dialogue.phrases import help_text, hours_text, localized, spoken_list, texts
from voice_ai_service.dialogue.reply import Reply, carry_on, hang_up, record_message, spoken
from voice_ai_service.dialogue.retrieval import excerpt, has_documents, retrieve
from voice_ai_service.dialogue.turn import Passage, ReplyDone, ReplyEvent, ReplyTimings, TurnContext
from voice_ai_service.dialogue.vocabulary import DestinationAsked, FactAsked, Meaning, vocabulary_of

CONFIRM_BELOW: Final = 0.5
"""Recogniser's confidence under which a transfer is asked back: lesson 41, a misheard word put people through."""


class EmbeddedResponder:
    """Carries a conversation by the tenant's facts, rules, destinations and documents, and the built-in intents."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def answer(self, turn: TurnContext) -> AsyncGenerator[ReplyEvent, None]:
        """The reply to what was heard, decided at once; documents are asked last."""
        known = vocabulary_of(turn.plan)
        understood = known.understand(turn.heard.text, turn.heard.language or turn.call.language)
        timings = ReplyTimings()
        if understood is not None:
            reply = reply_to_meaning(in_language(turn, understood.language), understood.meaning)
        else:
            passages, retrieval_ms = await retrieve(turn, self._clock)
            told = _from_documents(turn, passages)
            missing = told is None and await has_documents(turn)
            reply = told or (not_known(turn) if missing else not_understood(turn))
            timings = ReplyTimings(retrieval_ms=retrieval_ms)
        for event in reply.events():
            yield replace(event, timings=timings) if isinstance(event, ReplyDone) else event


def reply_to_meaning(turn: TurnContext, meaning: Meaning) -> Reply:
    """What the secretary does about something that it understood."""
    if isinstance(meaning, FactAsked):
        return _tell_fact(turn, meaning.fact)
    if isinstance(meaning, DestinationAsked):
        return transfer_if_sure(turn, meaning)
    return _BY_INTENT[meaning](turn)


def not_understood(turn: TurnContext) -> Reply:
    """Ask again; from the second time on say what is possible; at the limit, the fallback."""
    count = turn.call.misunderstood + 1
    limits = turn.secretary.settings.limits
    if misunderstood_too_often(count, limits):
        return fall_back(turn, HangupReason.NOT_UNDERSTOOD, spoken(turn).gave_up)
    text = spoken(turn).not_understood
    if count > 1:
        text = spoken(turn).not_understood_again.format(help=_help(turn))
    return carry_on(turn, text, None, misunderstood=count)


def not_known(turn: TurnContext) -> Reply:
    """Say that the documents do not tell, and offer somebody who may know; at the limit, the fallback."""
    count = turn.call.misunderstood + 1
    if misunderstood_too_often(count, turn.secretary.settings.limits):
        return fall_back(turn, HangupReason.NOT_UNDERSTOOD, spoken(turn).not_known)
    who = _may_know(turn)
    if who is not None:
        offer = spoken(turn).confirm_transfer.format(destination=who.name)
        return carry_on(
            turn,
            f"{spoken(turn).not_known} {offer}",
            "not_known",
            stage=Stage.CONFIRMING_TRANSFER,
            pending_destination=who.name,
            misunderstood=count,
        )
    return carry_on(turn, f"{spoken(turn).not_known} {_help(turn)}", "not_known", misunderstood=count)


def _may_know(turn: TurnContext) -> Destination | None:
    """Whom the secretary falls back on, or the only one there is; nobody who was not there before."""
    rung = [
        one
        for one in turn.plan.destinations
        if may_ring(turn, one) and one.name not in turn.call.failed_destinations
    ]
    fallback = turn.secretary.settings.fallback
    chosen = find_destination(fallback.destination or "", rung) if fallback.destination else None
    return chosen or (rung[0] if len(rung) == 1 else None)


def in_language(turn: TurnContext, language: str) -> TurnContext:
    """The turn as if it had been heard in this language."""
    if turn.language == language:
        return turn
    return replace(turn, heard=replace(turn.heard, language=language))


def last_said(turn: TurnContext) -> tuple[str, str] | None:
    """The secretary's last words with their language, before this turn."""
    for record in reversed(turn.call.turns):
        if record.turn < turn.turn and record.said:
            return record.said, record.said_language or turn.language
    return None


def repeat(turn: TurnContext) -> Reply:
    said = last_said(turn)
    if said is None:
        return carry_on(turn, spoken(turn).nothing_to_repeat, "repeat")
    return carry_on(turn, said[0], "repeat", language=said[1])


def tell_hours(turn: TurnContext) -> Reply:
    text = hours_text(turn.secretary, turn.now, turn.language, default_zone=turn.tenant.time_zone)
    return carry_on(turn, text, "hours", sources=("hours",))


def _from_documents(turn: TurnContext, passages: tuple[Passage, ...]) -> Reply | None:
    found = excerpt(passages, turn.heard.text, lexicon(turn.language))
    if found is None:
        return None
    text, source = found
    return carry_on(turn, spoken(turn).from_documents.format(text=text), "documents", sources=(source,))


def _tell_fact(turn: TurnContext, fact: Fact) -> Reply:
    answer = localized(fact.answer, turn.language, turn.secretary.language)
    if answer is None:
        return not_understood(turn)
    return carry_on(turn, answer[0], "fact", language=answer[1], sources=(f"fact:{fact.topic}",))


def transfer_if_sure(turn: TurnContext, asked: DestinationAsked) -> Reply:
    """Transfer, or ask back first where the recogniser was not sure of what it heard."""
    confidence = turn.heard.confidence
    if confidence is None or confidence >= CONFIRM_BELOW:
        return transfer_to(turn, asked.destination, asked.reason, asked.intent, called=asked.called)
    return carry_on(
        turn,
        spoken(turn).confirm_transfer.format(destination=asked.called),
        asked.intent,
        stage=Stage.CONFIRMING_TRANSFER,
        pending_destination=asked.destination.name,
    )


def _person(turn: TurnContext) -> Reply:
    person = vocabulary_of(turn.plan).person()
    if person is not None and person.name not in turn.call.failed_destinations:
        return transfer_if_sure(turn, DestinationAsked(person, "caller_asked", "person", person.name))
    names = [one.name for one in turn.plan.destinations if one.name not in turn.call.failed_destinations]
    if names and turn.is_open:
        text = spoken(turn).which_destination.format(destinations=spoken_list(names, spoken(turn).or_))
        return carry_on(turn, text, "person")
    return carry_on(turn, spoken(turn).offer_message, "person", stage=Stage.OFFERING_MESSAGE)


def _no(turn: TurnContext) -> Reply:
    """ "No" to "anything else?" is a goodbye."""
    said = last_said(turn)
    if said is not None and said[0].endswith((texts(said[1]).anything_else, texts(said[1]).you_are_welcome)):
        return hang_up(turn, HangupReason.COMPLETED, "goodbye")
    return carry_on(turn, spoken(turn).alright, "no")


def _help(turn: TurnContext) -> str:
    return help_text(turn.secretary, turn.plan.destinations, turn.language)


_BY_INTENT: Final[dict[Intent, Callable[[TurnContext], Reply]]] = {
    Intent.GREETING: lambda turn: carry_on(turn, spoken(turn).greeting_back, "greeting"),
    Intent.HOURS: tell_hours,
    Intent.PERSON: _person,
    Intent.MESSAGE: lambda turn: record_message(turn, "message"),
    Intent.YES: lambda turn: carry_on(turn, spoken(turn).go_ahead, "yes"),
    Intent.NO: _no,
    Intent.REPEAT: repeat,
    Intent.HELP: lambda turn: carry_on(turn, _help(turn), "help"),
    Intent.THANKS: lambda turn: carry_on(turn, spoken(turn).you_are_welcome, "thanks"),
    Intent.GOODBYE: lambda turn: hang_up(turn, HangupReason.COMPLETED, "goodbye"),
}
