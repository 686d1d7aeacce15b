"""OpenAI's Realtime API (GA), as a pure protocol: its server events in, steps out.

https://developers.openai.com/api/reference/resources/realtime (client and server events). Two rules of it shape this:
`response.create` while a response is active is an error, so wishes wait; and it makes audio faster than it is heard,
so an interruption is a cancel and a truncation to what was heard.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from realtime_bridge.providers import openai_realtime_messages as wire
from realtime_bridge.providers.openai_errors import ACTIVE_ALREADY, EXPIRED, fatal, judged
from realtime_bridge.providers.openai_replies import SpokenItems, Utterances
from realtime_bridge.providers.openai_turns import CallerBuffer, Responses, ToolCalls
from realtime_bridge.providers.replies import Replies
from realtime_bridge.providers.seam import CallerBegan, CallerEnded, CallerSaid, ToolAsked
from realtime_bridge.providers.vendor import (
    Abandoned,
    Answer,
    Began,
    Command,
    Ended,
    Fail,
    Hold,
    Interrupted,
    Note,
    Oddity,
    Opening,
    Renew,
    Request,
    Send,
    Steps,
    Tell,
    ToolDone,
    WireAudio,
)
from voice_ai_service.dialogue.notes import BAD_ARGUMENTS, late_result
from voice_ai_service.errors import ProviderProtocol
from voice_ai_service.providers.stt.seam import Transcript
from voice_ai_service.providers.wire import messages

MIN_COMMIT_MS: Final = 100
"""Less audio than this is refused as an empty buffer."""
_OF_NO_EFFECT: Final = frozenset(
    {
        "session.created", "conversation.created", "conversation.item.created", "conversation.item.added",
        "conversation.item.done", "conversation.item.deleted", "conversation.item.truncated",
        "conversation.item.input_audio_transcription.segment", "input_audio_buffer.cleared",
        "input_audio_buffer.timeout_triggered", "rate_limits.updated", "response.output_audio.done",
        "response.output_audio_transcript.done", "response.output_text.done", "response.content_part.added",
        "response.content_part.done", "response.function_call_arguments.delta",
    }
)  # fmt: skip


class OpenAiProtocol:
    """
    Args:
        name: The registry's.
        new_id: Gives reply ids.
    """

    resume: str | None = None
    quiet_ms: int | None = None

    def __init__(
        self, name: str, settings: wire.Settings, opening: Opening, new_id: Callable[[], str]
    ) -> None:
        self.ready = False
        self._name = name
        self._settings = settings
        self._opening = opening
        self._language = opening.briefing.language
        self._wire = wire.wire_audio(settings, opening.briefing.sample_rate_hz)
        self._ours = settings.turn_detection == "none"
        self._ear = CallerBuffer(self._wire)
        self._replies = Replies(new_id)
        self._items = SpokenItems(self._wire)
        self._utterances = Utterances()
        self._tools = ToolCalls()
        self._turns = Responses()
        self._held = False

    @property
    def input(self) -> WireAudio:
        return self._wire

    @property
    def output(self) -> WireAudio:
        return self._wire

    @property
    def waiting(self) -> bool:
        return self._turns.waiting

    @property
    def replying(self) -> bool:
        return self._turns.waiting or self._replies.open or self._tools.open

    @property
    def listens(self) -> bool:
        return not self._held and (self._ear.speaking or not self._ours)

    def opening(self) -> Steps:
        first = wire.session_update(self._settings, self._opening.briefing, self._wire)
        return [Send(first), *(Send(wire.history_item(message)) for message in self._opening.history)]

    def audio(self, coded: bytes) -> tuple[str, ...]:
        if not self.listens:
            return ()
        self._ear.size += len(coded)
        return (wire.append(coded),)

    def quiet(self) -> Steps:
        return []

    def lost(self) -> Steps:
        return self._replies.finish_all()

    def obey(self, command: Command) -> Steps:
        match command:
            case Began(pre_roll):
                return self._begin(pre_roll)
            case Ended():
                return self._end()
            case Abandoned():
                self._ear.speaking = False
                return self._ear.clear()
            case Interrupted(reply_id, heard_ms):
                return self._interrupt(reply_id, heard_ms)
            case Note(text, said):
                return [Send(wire.assistant_item(text) if said else wire.system_item(text))]
            case Request(text, of_caller):
                item = wire.user_item(text) if of_caller else wire.system_item(text)
                return [Send(item), *self._want()]
            case Answer():
                return self._want()
            case ToolDone():
                return self._tool_done(command)
            case Hold(on):
                return self._hold(on)
            case _:
                return []

    def receive(self, message: str | bytes) -> Steps:
        try:
            event = messages.parse(message, self._name)
            return self._on(messages.text(event, "type"), event)
        except ProviderProtocol as error:
            return [Fail(error)]

    def _on(self, kind: str, event: Mapping[str, Any]) -> Steps:
        response_id = messages.text(event, "response_id")
        match kind:
            case "response.output_audio.delta":
                return self._on_audio(response_id, event)
            case "response.output_audio_transcript.delta":
                return self._replies.said(response_id, messages.text(event, "delta"), self._language)
            case "response.created":
                return self._on_created(messages.text(messages.child(event, "response"), "id"))
            case "response.output_item.added":
                item = messages.child(event, "item")
                if messages.text(item, "type") == "message":
                    self._items.item(response_id, messages.text(item, "id"))
                return []
            case "response.output_item.done":
                return self._on_call(response_id, messages.child(event, "item"))
            case "response.function_call_arguments.done":
                return self._on_call(response_id, {**event, "type": "function_call"})
            case "response.done":
                return self._on_done(messages.child(event, "response"))
            case "error":
                return self._on_error(messages.child(event, "error"))
            case "session.updated":
                self.ready = True
                return []
            case "response.output_text.delta":
                return [Oddity("text_instead_of_audio")]
            case _:
                return self._on_caller(kind, event)

    def _on_caller(self, kind: str, event: Mapping[str, Any]) -> Steps:
        item_id = messages.text(event, "item_id")
        match kind:
            case "input_audio_buffer.speech_started":
                return [] if self._ours else [Tell(CallerBegan())]
            case "input_audio_buffer.speech_stopped":
                return [] if self._ours else [Tell(CallerEnded())]
            case "input_audio_buffer.committed":
                return [] if self._ours else self._want()
            case "conversation.item.input_audio_transcription.delta":
                text = self._utterances.grow(item_id, messages.text(event, "delta"))
                return self._caller_said(text, final=False) if text else []
            case "conversation.item.input_audio_transcription.completed":
                text = messages.text(event, "transcript").strip()
                if not self._utterances.finish(item_id):
                    return [Oddity("double_transcript")]
                return self._caller_said(text, final=True) if text else [Oddity("empty_transcript")]
            case "conversation.item.input_audio_transcription.failed":
                return [Oddity("transcription_failed")]
            case _:
                return [] if kind in _OF_NO_EFFECT else [Oddity("unknown_event")]

    def _caller_said(self, text: str, *, final: bool) -> Steps:
        return [Tell(CallerSaid(Transcript(text, self._language), final))]

    # What the session wants

    def _begin(self, pre_roll: bytes) -> Steps:
        if not self._ours:
            return []
        steps = self._ear.clear()
        self._ear.speaking = True
        return [*steps, *(Send(first) for first in self.audio(pre_roll))] if pre_roll else steps

    def _end(self) -> Steps:
        if not self._ours or not self._ear.speaking:
            return []
        self._ear.speaking = False
        if self._ear.ms < MIN_COMMIT_MS:
            return [*self._ear.clear(), *self._caller_said("", final=True)]
        self._ear.size = 0
        return [Send(wire.COMMIT), *self._want()]

    def _want(self) -> Steps:
        """A response, as soon as none is active. Wishes that wait become one: it answers all that was said."""
        event_id = None if self._held else self._turns.want()
        return [Send(wire.create_response(event_id))] if event_id else []

    def _interrupt(self, reply_id: str, heard_ms: int) -> Steps:
        response_id = self._replies.key_of(reply_id)
        if not isinstance(response_id, str):
            return [Oddity("unknown_reply")]
        self._replies.cut_off(response_id)
        cuts = self._items.cut(response_id, heard_ms)
        return [
            *self._cancel(response_id),
            *(Send(wire.truncate(item, kept_ms) if kept_ms else wire.delete(item)) for item, kept_ms in cuts),
        ]

    def _cancel(self, response_id: str) -> Steps:
        return [Send(wire.cancel_response(response_id))] if self._turns.cancel(response_id) else []

    def _tool_done(self, done: ToolDone) -> Steps:
        if not self._tools.known(done.call_id):
            note = Send(wire.system_item(late_result(done.name, done.result)))
            return [note, *(self._want() if done.speak else [])]
        outcome = self._tools.answered(done.call_id, speak=done.speak)
        if outcome is None:
            return [Oddity("tool_answered_twice")]
        return [
            Send(wire.tool_output(done.call_id, done.result)),
            *(self._want() if outcome else self._next()),
        ]

    def _hold(self, on: bool) -> Steps:
        if on == self._held:
            return []
        self._held = on
        if not on:
            return []
        self._ear.speaking = False
        active = self._turns.active
        self._turns.forget_wishes()
        if active is None:
            return self._ear.clear()
        self._replies.cut_off(active)
        return [*self._ear.clear(), *self._cancel(active)]

    # What the vendor says

    def _on_created(self, response_id: str) -> Steps:
        self._turns.created(response_id)
        return self._cancel(response_id) if self._held else []

    def _on_audio(self, response_id: str, event: Mapping[str, Any]) -> Steps:
        coded = messages.samples(messages.text(event, "delta"), self._name)
        if self._held:
            return [Oddity("audio_on_hold")]
        steps = self._replies.audio(response_id, coded)
        if not isinstance(steps[-1], Oddity):
            self._items.received(response_id, messages.text(event, "item_id"), len(coded))
        return steps

    def _on_call(self, response_id: str, item: Mapping[str, Any]) -> Steps:
        """A tool call comes up to three times: its arguments, its item, and in the response's list."""
        call_id = messages.text(item, "call_id")
        if messages.text(item, "type") != "function_call" or messages.text(item, "status") == "incomplete":
            return []
        if not call_id or self._tools.known(call_id):
            return []
        self._tools.asked(call_id, response_id)
        name = messages.text(item, "name")
        if self._held or self._replies.cut(response_id):
            self._tools.answered(call_id, speak=False)
            return [Oddity("tool_of_cut_reply")]
        try:
            arguments = json.loads(messages.text(item, "arguments") or "{}")
        except (ValueError, RecursionError):
            arguments = None
        if isinstance(arguments, dict):
            return [Tell(ToolAsked(call_id, name, arguments))]
        return [
            Oddity("bad_tool_arguments"),
            *self._tool_done(ToolDone(call_id, name, BAD_ARGUMENTS, speak=True)),
        ]

    def _on_done(self, response: Mapping[str, Any]) -> Steps:
        response_id, status = messages.text(response, "id"), messages.text(response, "status")
        if not self._turns.done(response_id):
            return [Oddity("double_end")]
        usage = messages.child(response, "usage")
        self._replies.used(messages.number(usage, "input_tokens"), messages.number(usage, "output_tokens"))
        self._items.over(response_id)
        steps: Steps = []
        if status == "completed":
            for item in messages.children(response, "output"):
                steps += self._on_call(response_id, item)
        if status == "failed":
            return [*steps, *self._failed(response_id, response)]
        self._turns.failures = 0
        nothing = status in ("completed", "incomplete") and not self._tools.of(response_id)
        steps += self._replies.finish(response_id, even_if_silent=nothing and not self._turns.wished)
        return [*steps, *self._next()]

    def _failed(self, response_id: str, response: Mapping[str, Any]) -> Steps:
        """Once more on the same connection, if nothing of it was heard; then somebody else."""
        error = judged(self._name, messages.child(messages.child(response, "status_details"), "error"))
        self._turns.failures += 1
        if self._replies.known(response_id) or self._turns.failures > 1 or not error.retryable:
            return [*self._replies.finish(response_id), Fail(error)]
        return [Oddity("response_failed"), *self._want()]

    def _next(self) -> Steps:
        """A wish that waited; a response that asked for several tools is answered in full first."""
        ready = self._turns.wished and not self._turns.busy and not self._tools.open
        return self._want() if ready else []

    def _on_error(self, error: Mapping[str, Any]) -> Steps:
        code, event_id = messages.text(error, "code"), messages.text(error, "event_id")
        if code == EXPIRED:
            return [Renew(0.0)]
        if not self.ready or fatal(error):
            return [Fail(judged(self._name, error))]
        if code == ACTIVE_ALREADY:
            self._turns.was_active_already()
            return [Oddity("response_was_active")]
        if event_id and event_id == self._turns.asking:
            return [Fail(judged(self._name, error))]
        return [Oddity("request_refused")]
