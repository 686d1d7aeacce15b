"""What was said by whom in a live call: the call's state with its turns, right after every event. No I/O.

A turn is opened by what wants an answer (an utterance, keys, a silence) and closed by the first reply to it; a later
reply without a new turn (after a tool, after a failed transfer) gets a record of its own with the same number. The
caller's words may come after the reply has begun: speech-to-speech models write down late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from realtime_bridge.providers.seam import ReplyFinished, ReplySaid, TurnTimings
from realtime_bridge.session.heard import Piece, heard_of, text_of
from realtime_bridge.session.latency import Moments, latencies
from voice_ai_service.dialogue.actions import Action, Continue, HangUp, RecordMessage, Transfer
from voice_ai_service.dialogue.call_state import CallState, StageLatencies, TurnRecord
from voice_ai_service.dialogue.turn import StateChange, ToolRun, apply
from voice_ai_service.providers.stt.seam import Transcript


@dataclass(frozen=True, slots=True)
class Asked:
    """What wants an answer.

    Attributes:
        ended_at: When the caller stopped speaking or pressed the last key, monotonic seconds.
        decided_at: When it was decided that nothing more comes; None: there was nothing to decide.
        audio_ms: Length of the utterance.
    """

    ended_at: float
    decided_at: float | None = None
    audio_ms: int = 0
    digits: str = ""


@dataclass(slots=True)
class BookedReply:
    """A reply while it is made and heard.

    Attributes:
        first_audio_at, first_heard_at: Monotonic seconds.
    """

    record: TurnRecord
    before: StateChange
    asked: Asked | None = None
    pieces: list[Piece] = field(default_factory=list)
    timings: TurnTimings = field(default_factory=TurnTimings)
    finished: bool = False
    played: bool = False
    action: Action = field(default_factory=Continue)
    first_audio_at: float | None = None
    first_heard_at: float | None = None

    def heard_text(self, heard_ms: int, audio_ms: int) -> str:
        return heard_of(self.pieces, heard_ms, audio_ms, complete=self.finished)

    @property
    def over(self) -> bool:
        """Nothing more will be known of it."""
        return self.finished and self.played


class Heard(Protocol):
    """Something that is being said: `mouth.Speech`."""

    @property
    def reply_id(self) -> str: ...
    @property
    def heard_ms(self) -> int: ...
    @property
    def audio_ms(self) -> int: ...


class TurnBook:
    """Owns the `CallState` of one call."""

    def __init__(self, state: CallState, now: Callable[[], datetime]) -> None:
        self.state = state
        self._now = now
        self._open: tuple[TurnRecord, Asked] | None = None
        self._unheard: TurnRecord | None = None
        self._replies: dict[str, BookedReply] = {}

    @property
    def turn(self) -> int:
        return self._open[0].turn if self._open else self.state.turn_count + 1

    @property
    def waiting(self) -> bool:
        """The caller asked something that no reply was begun to."""
        return self._open is not None

    def asked(self, asked: Asked) -> TurnRecord:
        """Open a turn, or go on with the one that nobody answered yet."""
        if self._open is not None:
            record = self._open[0]
            record.digits += asked.digits
            record.caller_audio_ms += asked.audio_ms
        else:
            record = TurnRecord(
                turn=self.state.turn_count + 1,
                started_at=self._now(),
                digits=asked.digits,
                caller_audio_ms=asked.audio_ms,
            )
            self.state.turns.append(record)
        self._open = (record, asked)
        self._unheard = record
        return record

    def heard(self, transcript: Transcript) -> TurnRecord | None:
        """The caller's words, to the utterance that has none yet. Returns its record; None: there is no such one."""
        record = self._open[0] if self._open is not None else self._unheard
        if record is None or not transcript.text:
            return record
        record.heard = f"{record.heard} {transcript.text}".strip()
        record.heard_language = transcript.language or record.heard_language
        record.heard_confidence = transcript.confidence
        self._unheard = None
        return record

    def nothing_asked(self) -> bool:
        """The open turn had no words: it was none. Returns whether there was one."""
        if self._open is None:
            return False
        record = self._open[0]
        if record.heard or record.digits:
            return False
        self.state.turns.remove(record)
        self._open = self._unheard = None
        return True

    def greeting(self, opened_at: float) -> BookedReply:
        """The first words; their record was made when the call was set up, if it was."""
        record = next((one for one in self.state.turns if one.turn == 0), None)
        if record is None:
            record = TurnRecord(turn=0, started_at=self._now())
            self.state.turns.insert(0, record)
        record.latency_ms = StageLatencies()
        reply = BookedReply(record, StateChange.of(self.state), Asked(opened_at))
        return self._keep("greeting", reply)

    def began(self, reply_id: str) -> BookedReply:
        """A reply: to the open turn, or by itself. One that is known already is returned as it is."""
        known = self._replies.get(reply_id)
        if known is not None:
            return known
        asked: Asked | None = None
        if self._open is not None:
            record, asked = self._open
            self._open = None
        else:
            record = TurnRecord(turn=self.state.turn_count, started_at=self._now())
            self.state.turns.append(record)
        return self._keep(reply_id, BookedReply(record, StateChange.of(self.state), asked))

    def withdrawn(self, reply_id: str) -> bool:
        """Nothing of the reply was heard and nothing will be: what it answered, if anything, is open again."""
        reply = self._replies.get(reply_id)
        if reply is None or reply.asked is None or self._open is not None or reply.record.turn == 0:
            return False
        del self._replies[reply_id]
        reply.record.said = ""
        self._open = (reply.record, reply.asked)
        return True

    def aside(self, reply_id: str) -> BookedReply:
        """Something said beside the conversation: what the caller asked stays to be answered."""
        record = TurnRecord(turn=self.state.turn_count, started_at=self._now())
        self.state.turns.append(record)
        return self._keep(reply_id, BookedReply(record, StateChange.of(self.state)))

    def asked_anew(self) -> Asked | None:
        """What is open, for another brain that hears it again; the first one's understanding of it is forgotten."""
        if self._open is None:
            return None
        record, asked = self._open
        record.heard = ""
        return asked

    def reply(self, reply_id: str) -> BookedReply | None:
        return self._replies.get(reply_id)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Replies whose brain has not said that they are complete."""
        return tuple(reply_id for reply_id, reply in self._replies.items() if not reply.finished)

    def said(self, said: ReplySaid) -> None:
        reply = self._replies.get(said.reply_id)
        if reply is None:
            return
        reply.pieces.append(Piece(said.text, said.at_ms))
        reply.record.said = text_of(reply.pieces)
        reply.record.said_language = said.language or reply.record.said_language or self.state.language

    def finished(self, done: ReplyFinished) -> BookedReply | None:
        reply = self._replies.get(done.reply_id)
        if reply is None or reply.finished:
            return None
        reply.finished = True
        reply.timings = done.timings
        if not isinstance(done.action, Continue):  # a tool may have decided what follows before
            reply.action = done.action
        record = reply.record
        record.action = action_name(reply.action)
        record.intent = done.intent
        record.providers |= done.providers
        record.models |= done.models
        if done.synthesised_chars is not None:
            record.synthesised_chars = (record.synthesised_chars or 0) + done.synthesised_chars
        record.prompt_tokens += done.prompt_tokens
        record.completion_tokens += done.completion_tokens
        record.sources += [source for source in done.sources if source not in record.sources]
        record.tools += [_stored(tool) for tool in done.tools]
        if done.state is not None:
            self._apply(reply.before, done.state)
        if record.barged_in:
            self._not_done(reply)
        self._measure(reply)
        return reply

    def decided(self, reply: BookedReply, action: Action) -> None:
        """What follows the reply once it was heard, decided by a tool."""
        reply.action = action
        reply.record.action = action_name(action)

    def ran(self, tool: ToolRun, sources: Sequence[str] = ()) -> None:
        """A tool that the session ran for a brain: kept with the turn that it was asked in."""
        if self.state.turns:
            record = self.state.turns[-1]
            record.tools.append(_stored(tool))
            record.sources += [source for source in sources if source not in record.sources]

    def first_heard(self, reply_id: str, at: float) -> None:
        reply = self._replies.get(reply_id)
        if reply is not None and reply.first_heard_at is None:
            reply.first_heard_at = at
            self._measure(reply)

    def played(self, reply_id: str, heard_ms: int, audio_ms: int, *, interrupted: bool) -> BookedReply | None:
        """Playout truth, so far or at last: call it again as more is known."""
        reply = self._replies.get(reply_id)
        if reply is None:
            return None
        record = reply.record
        record.audio_ms = audio_ms
        record.played_ms = min(heard_ms, audio_ms)
        record.barged_in = interrupted
        record.said_heard = reply.heard_text(heard_ms, audio_ms) if interrupted else record.said
        reply.played = True
        if interrupted:
            self._not_done(reply)
        return reply

    def settle(self, speeches: Iterable[Heard]) -> None:
        """The call ends while something is being said: what was heard of it by now."""
        for speech in speeches:
            reply = self._replies.get(speech.reply_id)
            if reply is None:
                continue
            record = reply.record
            record.audio_ms = speech.audio_ms
            record.played_ms = min(speech.heard_ms, speech.audio_ms)
            record.said_heard = reply.heard_text(speech.heard_ms, speech.audio_ms)

    def forget(self, reply_id: str) -> None:
        """Nothing more will be known of the reply; its record stays."""
        self._replies.pop(reply_id, None)

    def change(self, change: StateChange) -> None:
        """What the dialogue decided without a brain (a fallback, a limit)."""
        self._apply(StateChange.of(self.state), change)

    def _keep(self, reply_id: str, reply: BookedReply) -> BookedReply:
        self._replies[reply_id] = reply
        return reply

    def _apply(self, before: StateChange, after: StateChange) -> None:
        """Only what the turn changed: something else may have changed the rest meanwhile."""
        names = StateChange.__slots__
        now = StateChange.of(self.state)
        merged = {
            name: getattr(now if getattr(before, name) == getattr(after, name) else after, name)
            for name in names
        }
        self.state = apply(self.state, StateChange(**merged))

    def _not_done(self, reply: BookedReply) -> None:
        """The caller interrupted the announcement of a transfer, or a farewell: it does not happen."""
        if isinstance(reply.action, Transfer | HangUp) and reply.finished:
            self.decided(reply, Continue())
            self.state.ending = None
            self.state.transferred_to = None

    def _measure(self, reply: BookedReply) -> None:
        if reply.first_heard_at is None:
            return
        asked = reply.asked
        moments = Moments(
            ended_at=asked.ended_at if asked else None,
            decided_at=asked.decided_at if asked else None,
            first_audio_at=reply.first_audio_at,
            first_heard_at=reply.first_heard_at,
        )
        reply.record.latency_ms = latencies(moments, reply.timings)


def action_name(action: Action) -> str:
    """As it is stored and told: the names of docs/turn-protocol.md."""
    match action:
        case Continue():
            return "continue"
        case Transfer():
            return "transfer"
        case HangUp():
            return "hangup"
        case RecordMessage():
            return "record_message"


def _stored(tool: ToolRun) -> dict[str, object]:
    return {"name": tool.name, "arguments": tool.arguments, "outcome": tool.outcome}
