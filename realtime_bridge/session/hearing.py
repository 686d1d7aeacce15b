"""The caller's side of a call: every frame and key, in order, without a task or a queue.

A frame passes the recording, the ear, the brain, the barge-in policy, the keypad and the idle policy; what they decide
is carried out here or handed to the exchange. All of it takes some tens of microseconds.
"""

from __future__ import annotations

from typing import Final, Protocol

from realtime_bridge.leg import LegEnd
from realtime_bridge.providers.seam import CallerSaid
from realtime_bridge.session.brain_line import BrainLine
from realtime_bridge.session.keypad import Keypad
from realtime_bridge.session.live import Live
from realtime_bridge.session.parts import Tape
from realtime_bridge.session.state import Phase
from realtime_bridge.turn.barge_in import BargeIn, BargeInAction
from realtime_bridge.turn.events import Discarded, EarEvent, Ended, Onset, Pause, Resumed
from realtime_bridge.turn.idle import IdlePolicy, IdleVerdict
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.dialogue.call_state import Stage

ECHO_TAIL_MS: Final = 600
"""How long after our last sound its echo may still come back."""


MESSAGE_SILENCE_MS: Final = 2000
"""Whoever leaves a message pauses in it; it is over after so much silence."""
MESSAGE_MAX_MS: Final = 60_000


class Ear(Protocol):
    """`turn.ear.Ear`."""

    least_silence_ms: int
    max_utterance_ms: int

    @property
    def frame(self) -> bytes: ...
    @property
    def is_speech(self) -> bool: ...
    @property
    def listening(self) -> bool: ...
    def hear(self, frame: bytes, reference: bytes | None) -> tuple[EarEvent, ...]: ...
    def words(self, text: str, final: bool) -> tuple[EarEvent, ...]: ...
    def verdict(self, complete: float, since_ms: int | None = None) -> tuple[EarEvent, ...]: ...
    def utterance(self) -> bytes: ...
    def force_end(self) -> tuple[EarEvent, ...]: ...


class CallerActs(Protocol):
    """What the caller did, for whoever answers. Each returns at once."""

    def utterance_ended(self, ended: Ended, audio: bytes) -> None: ...

    def keys_entered(self, digits: str) -> None: ...

    def nobody_spoke(self, *, gave_up: bool) -> None: ...

    def brain_is_mute(self) -> None:
        """No sign of an answer for too long."""
        ...


class LegWatch(Protocol):
    def leg_ended(self, end: LegEnd) -> None: ...

    def failed(self, error: Exception) -> None:
        """A fault of ours in the frame path: the call is to end."""
        ...


class Hearing:
    """The leg's listener."""

    def __init__(
        self,
        live: Live,
        line: BrainLine,
        acts: CallerActs,
        leg_watch: LegWatch,
        *,
        ear: Ear,
        barge_in: BargeIn,
        idle: IdlePolicy,
        keypad: Keypad,
        tape: Tape | None = None,
    ) -> None:
        self._live = live
        self._line = line
        self._acts = acts
        self._leg_watch = leg_watch
        self._ear = ear
        self._barge_in = barge_in
        self._idle = idle
        self._keypad = keypad
        self._tape = tape
        self._quiet_ms = ECHO_TAIL_MS
        self._thinking_ms = 0
        self._utterance = b""

    @property
    def caller_speaks(self) -> bool:
        return self._ear.listening

    @property
    def utterance(self) -> bytes:
        """The present utterance, at most its last 8 s; between utterances the last one."""
        return self._ear.utterance() or self._utterance

    # The leg.

    def on_audio(self, frame: bytes) -> None:
        try:
            self._hear(frame)
        except Exception as error:  # noqa: BLE001  the call's border: the ingress reads on for others
            self._leg_watch.failed(error)

    def on_digits(self, digits: str) -> None:
        for digit in digits:
            self.press(digit)

    def on_end(self, end: LegEnd) -> None:
        self._leg_watch.leg_ended(end)

    # The PBX and the brain.

    def press(self, digit: str) -> None:
        if not self._live.phases.talking:
            return
        self._entered(self._keypad.press(digit))

    def understood(self, said: CallerSaid) -> None:
        """Words from the recogniser, for who decides about interruptions and silence."""
        text = said.transcript.text
        self._follow(self._ear.words(text, said.final))
        if text.strip():
            self._idle.caller_acted()
        self._barge(self._barge_in.words(text, said.final))

    def brain_heard(self, *, began: bool) -> None:
        """A brain that owns the turns heard speech begin or end."""
        self._barge(self._barge_in.onset() if began else self._barge_in.utterance_over())

    def brain_lives(self) -> None:
        """A brain that is slow says so: it gets its time anew."""
        self._thinking_ms = 0

    def judged(self, complete: float, since_ms: int) -> None:
        """The end-of-turn model's word on a pause."""
        self._follow(self._ear.verdict(complete, since_ms))

    # The mouth.

    def reply_began(self, *, interruptible: bool) -> None:
        self._barge(self._barge_in.reply_began(interruptible=interruptible))

    def reply_ended(self) -> None:
        self._barge_in.reply_ended()

    def _hear(self, frame: bytes) -> None:
        live = self._live
        reference = live.playout.reference()
        if self._tape is not None:
            self._tape.frame(frame, reference)
        phase = live.phases.now
        if not live.phases.talking and phase is not Phase.OPENING:
            return
        sounding = live.playout.speaking
        self._quiet_ms = 0 if sounding else self._quiet_ms + PTIME_MS
        ear, brain = self._ear, self._line.now
        events = ear.hear(frame, reference if self._quiet_ms < ECHO_TAIL_MS else None)
        brain.hear(ear.frame)
        if events:
            self._follow(events)
        self._barge(self._barge_in.frame(is_speech=ear.is_speech))
        if self._keypad.pending:
            self._entered(self._keypad.frame())
        self._count_silence(phase)

    def _count_silence(self, phase: Phase) -> None:
        mouth, ear = self._live.mouth, self._ear
        if phase is Phase.THINKING and mouth.silent and not ear.listening:
            self._thinking_ms += PTIME_MS
            if self._thinking_ms >= self._live.parts.options.thinking_s * 1000:
                self._thinking_ms = 0
                self._acts.brain_is_mute()
        else:
            self._thinking_ms = 0
        verdict = self._idle.frame(
            secretary_speaks=mouth.sounding,
            caller_speaks=ear.listening,
            suspended=phase is not Phase.LISTENING or not mouth.silent or self._keypad.pending,
        )
        if verdict is not None:
            self._acts.nobody_spoke(gave_up=verdict is IdleVerdict.GIVE_UP)

    def _follow(self, events: tuple[EarEvent, ...]) -> None:
        for event in events:
            self._barge(self._on_ear(event))

    def _on_ear(self, event: EarEvent) -> BargeInAction | None:
        brain = self._line.now
        match event:
            case Onset(pre_roll=pre_roll):
                self._be_patient(self._live.state.stage is Stage.TAKING_MESSAGE)
                brain.began(pre_roll)
                self._barge_in.partials = brain.capabilities.partials
                return self._barge_in.onset()
            case Pause(since_ms=since_ms):
                self._utterance = self._ear.utterance()
                brain.paused(self._live.plan.secretary.settings.turn_taking.pause_ms)
                self._ask_model(since_ms)
            case Resumed():
                brain.resumed()
            case Ended():
                action = self._barge_in.utterance_over()
                self._acts.utterance_ended(event, self._utterance)
                return action
            case Discarded():
                brain.abandoned()
                self._live.parts.figures.discarded.inc()
                return self._barge_in.utterance_over(discarded=True)
        return None

    def _be_patient(self, taking_message: bool) -> None:
        limits = self._live.plan.secretary.settings.limits
        self._ear.least_silence_ms = MESSAGE_SILENCE_MS if taking_message else 0
        self._ear.max_utterance_ms = MESSAGE_MAX_MS if taking_message else limits.max_utterance_s * 1000

    def _ask_model(self, since_ms: int) -> None:
        model = self._live.parts.end_of_turn
        if model is None or not self._live.plan.secretary.settings.turn_taking.end_of_turn_model:
            return

        async def judge() -> None:
            complete = await model.complete(self._utterance, self._live.leg.format.sample_rate_hz)
            if complete is not None:
                self.judged(complete, since_ms)

        self._live.scope.start("end of turn", judge())

    def _entered(self, digits: str | None) -> None:
        if digits:
            self._idle.caller_acted()
            self._acts.keys_entered(digits)

    def _barge(self, action: BargeInAction | None) -> None:
        live = self._live
        match action:
            case None:
                return
            case BargeInAction.PAUSE:
                live.playout.pause()
            case BargeInAction.RESUME:
                live.parts.figures.false_interruptions.inc()
                live.playout.resume()
            case BargeInAction.CANCEL:
                live.mouth.stop()
            case BargeInAction.IGNORE:
                live.parts.figures.spoken_over.inc()
