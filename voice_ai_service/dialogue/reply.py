"""A whole reply that was decided without streaming, and how the state changes with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from voice_ai_service.dialogue.actions import Action, Continue, HangUp, HangupReason, RecordMessage, Transfer
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.phrases import Texts, localized, texts
from voice_ai_service.dialogue.turn import ReplyDone, ReplyEvent, ReplyText, StateChange, TurnContext


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    language: str
    action: Action
    state: StateChange
    intent: str | None = None
    sources: tuple[str, ...] = ()

    def events(self) -> Iterator[ReplyEvent]:
        if self.text:
            yield ReplyText(self.text, self.language)
        yield self.done()

    def done(self) -> ReplyDone:
        return ReplyDone(
            action=self.action,
            intent=self.intent,
            language=self.language,
            sources=self.sources,
            state=self.state,
        )

    def saying_first(self, text: str) -> Reply:
        """The same reply with a sentence before it."""
        return replace(self, text=f"{text} {self.text}".strip())


def spoken(turn: TurnContext) -> Texts:
    return texts(turn.language)


def changed(turn: TurnContext, **changes: Any) -> StateChange:
    """The state after a turn in which the caller was heard: nothing pending, nothing counted, plus `changes`."""
    fresh: dict[str, Any] = {
        "stage": Stage.OPEN,
        "language": turn.language,
        "no_input": 0,
        "misunderstood": 0,
        "pending_destination": None,
    }
    return replace(StateChange.of(turn.call), **(fresh | changes))


def carry_on(
    turn: TurnContext,
    text: str,
    intent: str | None,
    *,
    language: str | None = None,
    sources: tuple[str, ...] = (),
    **changes: Any,
) -> Reply:
    """Say something and listen again. `language` is the text's, where it is not the turn's."""
    state = changed(turn, **changes)
    return Reply(text, language or turn.language, Continue(), state, intent, sources)


def hang_up(turn: TurnContext, reason: HangupReason, intent: str | None, text: str | None = None) -> Reply:
    """Say something, the farewell by default, and end the call."""
    settings = turn.secretary.settings
    own = localized(settings.farewell, turn.language, turn.secretary.language)
    farewell, language = own or (spoken(turn).farewell, turn.language)
    if text is not None:
        farewell, language = text, turn.language
    state = changed(turn, ending=reason.value)
    return Reply(farewell, language, HangUp(reason), state, intent)


def farewell_text(turn: TurnContext) -> str:
    """The farewell in the turn's language: the tenant's own where it has one in it."""
    return turn.secretary.settings.farewell.get(turn.language, spoken(turn).farewell)


def record_message(turn: TurnContext, intent: str | None) -> Reply:
    """Ask for the message; the next utterance is stored."""
    state = changed(turn, stage=Stage.TAKING_MESSAGE)
    return Reply(spoken(turn).message_prompt, turn.language, RecordMessage(), state, intent)


def put_through(
    turn: TurnContext, transfer: Transfer, intent: str | None, *, called: str | None = None
) -> Reply:
    """Announce the transfer and do it. Whether it may be done is `hand_over`'s to say."""
    said = spoken(turn).transferring.format(destination=called or transfer.destination.name)
    state = changed(turn, transferred_to=transfer.destination.name, ending="transferred")
    return Reply(said, turn.language, transfer, state, intent)
