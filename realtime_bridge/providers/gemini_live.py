"""Google's Gemini Live, as a pure protocol (`BidiGenerateContent` over a WebSocket).

https://ai.google.dev/api/live. One message may hold several things at once, transcriptions come in no order that
anybody promises, and there is no command that stops a reply: only the caller's own activity does. So while a reply is
made, what the caller says waits here until the session knows whether it interrupts; then it is sent, and stops it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from realtime_bridge.providers import gemini_messages as wire
from realtime_bridge.providers.gemini_caller import Caller
from realtime_bridge.providers.replies import CUT_AUDIO, CUT_TEXT, Replies
from realtime_bridge.providers.seam import CallerBegan, CallerEnded, CallerSaid, ToolAsked
from realtime_bridge.providers.vendor import (
    Abandoned,
    Answer,
    Began,
    Command,
    Ended,
    Fail,
    Heard,
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
from voice_ai_service.dialogue.notes import ANSWER, NO_SUCH_TOOL, interrupted, late_result
from voice_ai_service.errors import ProviderProtocol
from voice_ai_service.providers.realtime.gemini import GeminiLiveSettings
from voice_ai_service.providers.stt.seam import Transcript
from voice_ai_service.providers.wire import messages

MIN_UTTERANCE_MS: Final = 200
"""Less than this after the onset is not sent: what was a cough cannot be taken back, and would be answered."""
_TAIL_MS: Final = 300
"""Text of a reply may follow its last audio by this much."""
_RATE: Final = re.compile(r"rate=([0-9]{4,6})")
_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)s")
_OF_NO_EFFECT: Final = frozenset({"voiceActivityDetectionSignal", "sessionId"})


class GeminiProtocol:
    """
    Args:
        name: The registry's.
        new_id: Gives reply ids.
    """

    def __init__(
        self, name: str, settings: GeminiLiveSettings, opening: Opening, new_id: Callable[[], str]
    ) -> None:
        self.ready = False
        self.resume: str | None = opening.resume
        self._name = name
        self._settings = settings
        self._opening = opening
        self._language = opening.briefing.language
        self._offered = frozenset(tool.name for tool in opening.briefing.tools)
        self._ours = settings.turn_detection == "none"
        self._output = wire.OUTPUT
        self._replies = Replies(new_id)
        self._turn = _ModelTurn()
        self._number = 0
        self._answer_due = False
        self._wanted = False
        """An answer to the notes that wait, once the present turn is over."""
        self._caller = Caller()
        self._notes: list[tuple[str, str]] = []
        self._calls: dict[str, str] = {}
        self._cancelled: set[str] = set()
        self._held = False

    @property
    def input(self) -> WireAudio:
        return wire.INPUT

    @property
    def output(self) -> WireAudio:
        return self._output

    @property
    def waiting(self) -> bool:
        return self._answer_due or (self._turn.speaks and not self._turn.complete)

    @property
    def replying(self) -> bool:
        return self.waiting or self._turn.speaks or bool(self._calls)

    @property
    def quiet_ms(self) -> int | None:
        return _TAIL_MS if self._turn.speaks and self._turn.complete else None

    @property
    def listens(self) -> bool:
        return not self._held and (self._caller.speaking or not self._ours)

    def opening(self) -> Steps:
        return [Send(wire.setup(self._settings, self._opening))]

    def audio(self, coded: bytes) -> tuple[str, ...]:
        if not self.listens:
            return ()
        caller = self._caller
        caller.size += len(coded)
        if not caller.waits:
            return (wire.realtime_audio(coded),)
        caller.keep(coded)
        if caller.over_reply or caller.size < MIN_UTTERANCE_MS * wire.INPUT.bytes_per_ms:
            return ()
        return tuple(step.text for step in self._let_through() if isinstance(step, Send))

    def quiet(self) -> Steps:
        """No text followed the last audio."""
        return self._finish()

    def lost(self) -> Steps:
        return self._replies.finish_all()

    def obey(self, command: Command) -> Steps:
        match command:
            case Began(pre_roll, over_reply):
                return self._begin(pre_roll, over_reply=over_reply)
            case Ended():
                return self._end()
            case Abandoned():
                return self._abandon()
            case Interrupted(reply_id, _, heard_text):
                return self._interrupt(reply_id, heard_text)
            case Heard():
                return [] if self._turn.speaks or not self._caller.speaking else self._let_through()
            case Note(text, said):
                return self._note("model" if said else "user", text)
            case Request(text):
                return self._request(text)
            case Answer():
                return self._request(ANSWER)
            case ToolDone():
                return self._tool_done(command)
            case Hold(on):
                return self._hold(on)
            case _:
                return []

    def receive(self, message: str | bytes) -> Steps:
        try:
            return self._on(messages.parse(message, self._name))
        except ProviderProtocol as error:
            return [Fail(error)]

    def _on(self, event: Mapping[str, Any]) -> Steps:
        steps: Steps = []
        for key in event:
            match key:
                case "setupComplete":
                    self.ready = True
                case "serverContent":
                    steps += self._on_content(messages.child(event, key))
                case "toolCall":
                    for call in messages.children(messages.child(event, key), "functionCalls"):
                        steps += self._on_call(call)
                case "toolCallCancellation":
                    steps += self._on_cancellation(messages.child(event, key))
                case "usageMetadata":
                    used = messages.child(event, key)
                    self._replies.used(
                        messages.number(used, "promptTokenCount"), messages.number(used, "responseTokenCount")
                    )
                case "goAway":
                    steps.append(Renew(_seconds(messages.text(messages.child(event, key), "timeLeft"))))
                case "sessionResumptionUpdate":
                    update = messages.child(event, key)
                    if update.get("resumable") is True and messages.text(update, "newHandle"):
                        self.resume = messages.text(update, "newHandle")
                case "voiceActivity":
                    kind = messages.text(messages.child(event, key), "voiceActivityType")
                    steps += self._caller_began() if kind == "ACTIVITY_START" else []
                case _ if key not in _OF_NO_EFFECT:
                    steps.append(Oddity("unknown_event"))
        return steps

    # What the session wants

    def _begin(self, pre_roll: bytes, *, over_reply: bool) -> Steps:
        if not self._ours or self._held or (self._caller.speaking and not self._caller.waits):
            return []  # what is heard already goes on
        self._caller.begin(pre_roll, over_reply=over_reply or self._turn.speaks)
        return []

    def _end(self) -> Steps:
        caller = self._caller
        if not self._ours or not caller.speaking:
            return []
        if caller.waits and caller.whole_size < MIN_UTTERANCE_MS * wire.INPUT.bytes_per_ms:
            caller.over()
            return [Tell(CallerSaid(Transcript("", self._language), True))]
        steps = [*self._let_through(), Send(wire.ACTIVITY_END)]
        caller.over()
        self._due()
        return steps

    def _abandon(self) -> Steps:
        """What was sent of it Gemini may answer; that is not played."""
        sent = self._caller.speaking and not self._caller.waits
        self._caller.over()
        if not sent:
            return []
        self._turn.dropped = True
        return [Send(wire.ACTIVITY_END)]

    def _let_through(self) -> Steps:
        """What waited goes out; from now on the caller is heard."""
        if not self._caller.waits:
            return []
        kept = self._caller.take()
        steps: Steps = [*self._tell_notes(), Send(wire.ACTIVITY_START)]
        return [*steps, *([Send(wire.realtime_audio(kept))] if kept else [])]

    def _interrupt(self, reply_id: str, heard_text: str) -> Steps:
        key = self._replies.key_of(reply_id)
        if key is None:
            return [Oddity("unknown_reply")]
        self._replies.cut_off(key)
        steps: Steps = []
        if self._turn.speaks and key == self._number:
            self._turn.dropped = not self._turn.complete
            steps = self._finish()
        self._notes.append(("user", interrupted(heard_text)))
        return [*steps, *self._tell_notes(), *(self._let_through() if self._caller.speaking else [])]

    def _request(self, text: str) -> Steps:
        if self._held:
            return []
        self._notes.append(("user", text))
        self._wanted = self._making
        if self._wanted:
            return []
        self._due()
        return [Send(wire.content(self._take_notes(), complete=True))]

    def _note(self, role: str, text: str) -> Steps:
        self._notes.append((role, text))
        return [] if self._making or self._caller.speaking else self._tell_notes()

    @property
    def _making(self) -> bool:
        """A turn that somebody listens to is under way: content of ours would stop it, so content waits."""
        return (self._turn.begun or self._answer_due) and not self._turn.dropped and not self._calls

    def _tool_done(self, done: ToolDone) -> Steps:
        name = self._calls.pop(done.call_id, None)
        if name is None:
            text = late_result(done.name, done.result)
            wanted = done.speak and done.call_id not in self._cancelled
            return self._request(text) if wanted else self._note("user", text)
        self._answer_due = done.speak and not self._held
        silent = not done.speak and self._settings.tool_behavior == "NON_BLOCKING"
        return [Send(wire.tool_response(done.call_id, name, done.result, silent=silent))]

    def _hold(self, on: bool) -> Steps:
        steps: Steps = []
        if on and self._caller.speaking and not self._caller.waits:
            steps.append(Send(wire.ACTIVITY_END))
        elif on and not self._ours:
            steps.append(Send(wire.STREAM_END))
        self._caller.over()
        self._held = on
        self._answer_due = self._wanted = False
        if on and self._turn.speaks:
            self._replies.cut_off(self._number)
            self._turn.dropped = not self._turn.complete
            steps += self._finish()
        return steps

    def _due(self) -> None:
        self._answer_due = not self._held
        self._turn.another()

    def _tell_notes(self) -> Steps:
        turns = self._take_notes()
        return [Send(wire.content(turns, complete=False))] if turns else []

    def _take_notes(self) -> list[tuple[str, str]]:
        notes, self._notes = self._notes, []
        return notes

    # What the vendor says

    def _on_content(self, content: Mapping[str, Any]) -> Steps:
        steps = self._on_caller_words(content)
        for part in messages.children(messages.child(content, "modelTurn"), "parts"):
            steps += self._on_part(part)
        if said := messages.text(messages.child(content, "outputTranscription"), "text"):
            steps += self._on_text(said)
        if content.get("interrupted") is True:
            steps += self._on_interrupted()
        if content.get("generationComplete") is True:
            self._turn.dropped = False
            self._turn.complete = True
            steps += self._caller_final()
        if content.get("turnComplete") is True:
            steps += self._on_turn_complete()
        return steps

    def _on_part(self, part: Mapping[str, Any]) -> Steps:
        data = messages.child(part, "inlineData")
        if not data:
            return []  # text: thoughts, or what the transcription says as well
        coded = messages.samples(messages.text(data, "data"), self._name)
        if self._turn.dropped or self._held:
            return [Oddity(CUT_AUDIO)]
        rate = _RATE.search(messages.text(data, "mimeType"))
        if rate is not None and int(rate[1]) != self._output.sample_rate_hz:
            self._output = WireAudio(self._output.encoding, int(rate[1]))
        return [*self._speaks(), *self._replies.audio(self._number, coded)]

    def _on_text(self, said: str) -> Steps:
        if self._turn.dropped or self._held:
            return [Oddity(CUT_TEXT)]
        late = self._turn.spoke and not self._turn.speaks
        return [*([] if late else self._speaks()), *self._replies.said(self._number, said, self._language)]

    def _speaks(self) -> Steps:
        """Something of a reply came."""
        self._answer_due = False
        if self._turn.speaks:
            return []
        self._number += 1
        self._turn.speaks = self._turn.begun = self._turn.spoke = True
        self._turn.complete = False
        return [] if self._ours else self._caller_final()

    def _finish(self) -> Steps:
        self._turn.speaks = False
        return self._replies.finish(self._number) if self._replies.open else []

    def _on_interrupted(self) -> Steps:
        """Gemini heard the caller and stopped by itself; only where it owns the turns is that news."""
        steps = self._finish()
        self._turn.dropped = False
        return [*steps, *self._caller_began()]

    def _on_turn_complete(self) -> Steps:
        steps = [*self._caller_final(), *self._finish()]
        if self._turn.end() and self._answer_due and not self._calls:
            self._answer_due = False
            self._number += 1
            steps += self._replies.finish(self._number, even_if_silent=True)
        if self._wanted and not self._caller.speaking and not self._making:
            self._wanted = False
            self._due()
            return [*steps, Send(wire.content(self._take_notes(), complete=True))]
        return [*steps, *([] if self._caller.speaking or self._making else self._tell_notes())]

    def _on_caller_words(self, content: Mapping[str, Any]) -> Steps:
        interim = messages.text(messages.child(content, "interimInputTranscription"), "text")
        heard = messages.child(content, "inputTranscription")
        self._caller.words += messages.text(heard, "text")
        partial = self._caller.words if messages.text(heard, "text") else interim
        steps: Steps = []
        if partial.strip():
            said = CallerSaid(Transcript(partial.strip(), self._language), False)
            steps += [*self._caller_began(), Tell(said)]
        return [*steps, *(self._caller_final() if heard.get("finished") is True else [])]

    def _caller_began(self) -> Steps:
        if self._ours or self._caller.began:
            return []
        self._caller.began = True
        return [Tell(CallerBegan())]

    def _caller_final(self) -> Steps:
        words = self._caller.words.strip()
        steps: Steps = [Tell(CallerEnded())] if self._caller.began else []
        self._caller.began = False
        self._caller.words = ""
        if words:
            steps.append(Tell(CallerSaid(Transcript(words, self._language), True)))
        return steps

    def _on_call(self, call: Mapping[str, Any]) -> Steps:
        call_id, name = messages.text(call, "id"), messages.text(call, "name")
        if call_id in self._calls:
            return [Oddity("double_tool_call")]
        self._answer_due = False
        self._turn.begun = True
        self._turn.spoke = False
        if name not in self._offered or self._held or self._turn.dropped:
            refusal = wire.tool_response(call_id, name, NO_SUCH_TOOL, silent=False)
            return [Oddity("tool_not_offered"), Send(refusal)]
        self._calls[call_id] = name
        # What was said before it is a reply of its own: it may be heard while the tool runs.
        return [*self._finish(), Tell(ToolAsked(call_id, name, dict(messages.child(call, "args"))))]

    def _on_cancellation(self, cancellation: Mapping[str, Any]) -> Steps:
        """The result is not awaited any more; what was done is done, and is told as a note."""
        ids = cancellation.get("ids")
        for call_id in ids if isinstance(ids, list) else []:
            if isinstance(call_id, str) and self._calls.pop(call_id, None) is not None:
                self._cancelled.add(call_id)
        return [Oddity("tool_cancelled")]


@dataclass(slots=True)
class _ModelTurn:
    """What Gemini is at, from its first output to `turnComplete`.

    Attributes:
        begun: It gave something.
        speaks: A reply is open.
        complete: All of the reply was made.
        dropped: What comes of it nobody hears any more.
        spoke: A reply of it was given, and no tool was asked for since.
        stale: Another turn was asked for before this one was complete: its end says nothing about the new one.
    """

    begun: bool = False
    speaks: bool = False
    spoke: bool = False
    complete: bool = False
    dropped: bool = False
    stale: bool = False

    def another(self) -> None:
        """Another turn is asked for."""
        self.stale = self.begun
        if not self.begun:
            self.dropped = False

    def end(self) -> bool:
        """`turnComplete`. Whether it ended without having given anything, and was the one that is waited for."""
        silent = not self.begun and not self.stale and not self.dropped
        self.begun = self.speaks = self.spoke = self.complete = self.dropped = self.stale = False
        return silent


def _seconds(duration: str) -> float:
    """Protobuf's JSON form of a duration, as in `9.5s`; 0 where it is not one."""
    found = _DURATION.fullmatch(duration)
    return float(found[1]) if found else 0.0
