"""What follows once something was heard, or was interrupted: the record, the brain's knowledge, the action."""

from __future__ import annotations

from typing import Protocol

from realtime_bridge.session.announcer import FILLER
from realtime_bridge.session.brain_line import BrainLine
from realtime_bridge.session.live import Live
from realtime_bridge.session.mouth import Speech
from realtime_bridge.session.state import Signal
from realtime_bridge.session.tool_calls import ToolCalls
from realtime_bridge.session.turn_book import BookedReply
from realtime_bridge.tools.untruth import correction
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.dialogue.actions import Action, Continue, HangUp, RecordMessage, Transfer
from voice_ai_service.dialogue.call_state import TurnRecord

_FRAME_S = PTIME_MS / 1000


class Doer(Protocol):
    """Carries out what was decided; each returns at once."""

    def transfer(self, action: Transfer) -> None: ...

    def hang_up(self, action: HangUp) -> None: ...


class BargeInWatch(Protocol):
    """`turn.barge_in.BargeIn` through the hearing."""

    def reply_began(self, *, interruptible: bool) -> None: ...

    def reply_ended(self) -> None: ...


class Afterwards:
    """Listens to the mouth."""

    def __init__(
        self, live: Live, line: BrainLine, tools: ToolCalls, watch: BargeInWatch, doer: Doer
    ) -> None:
        self._live = live
        self._line = line
        self._tools = tools
        self._watch = watch
        self._doer = doer
        self._corrected = -1

    def on_heard(self, speech: Speech, *, began: bool) -> None:
        live = self._live
        filler = speech.reply_id.startswith(FILLER)
        if began and not filler:  # with a filler the caller still waits
            live.book.first_heard(speech.reply_id, live.parts.clock.monotonic() - _FRAME_S)
            live.phases.on(Signal.SPEAKS)
        self._watch.reply_began(interruptible=speech.interruptible)

    def on_over(self, speech: Speech) -> None:
        """Heard to its end, or interrupted: this is the place where that becomes known, to everybody, once."""
        live, interrupted = self._live, speech.interrupted
        if not live.mouth.sounding:
            self._watch.reply_ended()
        booked = live.book.played(speech.reply_id, speech.heard_ms, speech.audio_ms, interrupted=interrupted)
        if speech.by_brain:
            self._tell_brain(speech, booked, interrupted=interrupted)
        elif booked is not None and booked.record.said_heard:
            record = booked.record
            self._line.now.told(record.said_heard or "", record.said_language or live.state.language)
        if interrupted and not speech.reply_id.startswith(FILLER):
            live.parts.figures.barge_in()
        if live.mouth.silent:
            live.phases.on(Signal.SILENT)
        if booked is None:
            return
        if booked.over:
            self.close(speech.reply_id, booked)
        if not interrupted and booked.finished:
            self.act(booked.action)
            self._see_to_truth(speech, booked)

    def close(self, reply_id: str, booked: BookedReply) -> None:
        """Everything is known of the reply: it is kept, measured and told."""
        live = self._live
        live.book.forget(reply_id)
        record: TurnRecord = booked.record
        live.parts.figures.turn(record)
        live.observer.on_turn(record)
        live.parts.tracer.turn(live.state, record)
        live.log.info(
            "turn answered",
            action=record.action,
            intent=record.intent,
            barged_in=record.barged_in,
            latency_ms=record.latency_ms.model_dump(exclude_none=True),
            providers=record.providers,
        )
        live.scope.start("journal", live.parts.sessions.save(live.state))

    def act(self, action: Action) -> None:
        if not self._live.phases.talking:
            return  # something that was heard before decided already
        match action:
            case Continue() | RecordMessage():
                return
            case Transfer():
                self._doer.transfer(action)
            case HangUp():
                self._doer.hang_up(action)

    def _see_to_truth(self, speech: Speech, booked: BookedReply) -> None:
        """Once a turn: a brain that insists is not argued with."""
        brain, turn = self._line.now, booked.record.turn
        settled = turn == self._corrected or self._tools.running or not isinstance(booked.action, Continue)
        if not speech.by_brain or settled or not brain.capabilities.speaks:
            return
        told = correction(self._live.context(), booked.record)
        if told is not None:
            self._corrected = turn
            self._live.log.warning("a brain claimed what no tool did", brain=brain.name, turn=turn)
            brain.prompt(told)

    def _tell_brain(self, speech: Speech, booked: BookedReply | None, *, interrupted: bool) -> None:
        if interrupted:
            self._tools.interrupt()
            heard = booked.record.said_heard if booked is not None else ""
            self._line.now.interrupted(speech.reply_id, speech.heard_ms, heard or "")
        else:
            self._line.now.heard(speech.reply_id, speech.heard_ms)
