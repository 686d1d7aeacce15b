"""Our own brain for a realtime call: speech to text, the dialogue, text to speech.

The session's endpointing says when the caller began, paused and ended. On a pause that may be the end an answer is
begun: with a recogniser that takes whole utterances on the transcript of what was said so far, with a streaming one on
its stable partial. It is kept if the caller said nothing more, and nothing of it leaves before the end is decided.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import structlog

from realtime_bridge.providers.cascade_chains import CallChains
from realtime_bridge.providers.cascade_events import EventQueue
from realtime_bridge.providers.cascade_hearing import Hearing, LiveUtterance, Utterance, UtteranceAudio, known
from realtime_bridge.providers.cascade_parts import NAME, CascadeOptions, CascadeParts, Guess
from realtime_bridge.providers.cascade_turns import Turns
from realtime_bridge.providers.seam import BrainCapabilities, BrainEvent, CallerSaid
from realtime_bridge.session.view import CallView
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.turn import Heard, ToolBox
from voice_ai_service.providers.stt.seam import Transcript

_KEPT_SILENCE_MS: Final = 60
"""Behind the last word of an utterance that is transcribed at a pause."""
_MESSAGE_MAX_MS: Final = 120_000
_MARGIN_MS: Final = 5000

log = structlog.get_logger()


class CascadeBrain:
    """A `Brain`. Made for one call, closed with it.

    Args:
        parts: The process's.
        call: The session's view: turns and what was heard of them stand there and nowhere else.
        sample_rate_hz: The leg's, both ways.
        tools: What the model may do beside the dialogue's own; never run for a guess.
    """

    def __init__(
        self,
        parts: CascadeParts,
        call: CallView,
        sample_rate_hz: int,
        *,
        options: CascadeOptions | None = None,
        tools: ToolBox | None = None,
    ) -> None:
        self._parts = parts
        self._call = call
        self._sample_rate_hz = sample_rate_hz
        self._options = options or CascadeOptions()
        bytes_per_ms = 2 * sample_rate_hz // 1000
        self._queue = EventQueue(bytes_per_ms, self._options.audio_queue_ms)
        self._chains = CallChains(parts, call, sample_rate_hz, self._options)
        self._turns = Turns(
            parts,
            call,
            self._chains,
            self._queue,
            options=self._options,
            tools=tools,
            most_bytes=bytes_per_ms * self._options.audio_queue_ms,
        )
        self._utterance: Utterance | None = None
        self._on_hold = False
        self._open = False

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> BrainCapabilities:
        """`speaks` and `partials` are known once it is open."""
        return BrainCapabilities(
            owns_turns=False,
            speaks=self._open and self._chains.model is not None,
            partials=self._open and self._chains.hears.partials,
        )

    async def open(self) -> None:
        """Raises ProviderError when the tenant has nobody who hears or nobody who speaks."""
        await self._chains.open()
        self._open = True

    def events(self) -> AsyncIterator[BrainEvent]:
        return self._queue.read()

    async def close(self) -> None:
        self._end_utterance(Guess.DROPPED)
        await self._turns.aclose()
        self._queue.close()

    # -- what the caller does -------------------------------------------------------------------------------

    def hear(self, frame: bytes) -> None:
        if self._utterance is not None:
            self._utterance.hear(frame)

    def began(self, pre_roll: bytes) -> None:
        if self._on_hold or not self._open:
            return
        self._end_utterance(Guess.DROPPED)
        self._turns.caller_speaks(True)
        self._turns.scope(self._chains.prepare(), "providers of the call")
        self._utterance = self._new_utterance(pre_roll)

    def paused(self, silence_ms: int) -> None:
        utterance = self._utterance
        if utterance is None:
            return
        utterance.paused = True
        if utterance.live is not None:
            self._guess_on_partial(utterance)
        elif self._chains.hears.free_dictation and self._may_guess(utterance):
            utterance.guesses += 1
            audio = utterance.audio.until(max(0, silence_ms - _KEPT_SILENCE_MS))
            recogniser = self._chains.recogniser
            self._turns.begin_guess(lambda: recogniser.transcribe(audio))

    def resumed(self) -> None:
        if self._utterance is not None:
            self._utterance.paused = False
            self._turns.drop_guess(Guess.RESUMED)

    def ended(self, speech_ms: int) -> None:
        utterance, self._utterance = self._utterance, None
        if utterance is None:
            return
        live, hearing = utterance.live, utterance.hearing
        if live is not None and hearing is not None:
            live.finish()
            self._turns.ask(lambda: hearing, speech_ms)
        elif self._turns.guess is not None:
            self._turns.keep_guess(speech_ms)
        else:
            audio = utterance.audio.until()
            self._turns.ask(lambda: self._whole(audio), speech_ms)
        self._turns.caller_speaks(False)

    def abandoned(self) -> None:
        self._end_utterance(Guess.DROPPED)

    def keys(self, digits: str) -> None:
        if not self._on_hold and self._open:
            self._end_utterance(Guess.DROPPED)
            self._ask(Heard(digits=digits))

    def nobody_spoke(self) -> None:
        if not self._on_hold and self._open and self._utterance is None and not self._turns.busy:
            self._ask(Heard(no_input=True))

    # -- what the session does ------------------------------------------------------------------------------

    def interrupted(self, reply_id: str, heard_ms: int, heard_text: str) -> None:
        """What was heard stands in the call's state, which the next answer reads."""
        self._turns.interrupted(reply_id)

    def heard(self, reply_id: str, heard_ms: int) -> None:
        self._turns.heard(reply_id)

    def told(self, text: str, language: str) -> None:
        """It stands in the call's state already."""

    def prompt(self, instruction: str) -> None:
        if self.capabilities.speaks:
            self._ask(Heard(instruction=instruction))

    def tool_result(self, call_id: str, result: str, *, speak: bool = True) -> None:
        """Never asked for: the dialogue's tools answer by themselves."""
        log.warning("a tool's result that nobody asked for", call_uuid=str(self._call.state.call_uuid))

    def hold(self, on: bool) -> None:
        """What is not begun waits until the hold is over."""
        self._on_hold = on
        if on:
            self._end_utterance(Guess.DROPPED)
        self._turns.hold(on)

    # -- utterances -----------------------------------------------------------------------------------------

    def _new_utterance(self, pre_roll: bytes) -> Utterance:
        taking_message = self._call.state.stage is Stage.TAKING_MESSAGE
        limits = self._call.plan.secretary.settings.limits
        max_ms = _MESSAGE_MAX_MS if taking_message else limits.max_utterance_s * 1000 + _MARGIN_MS
        audio = UtteranceAudio(pre_roll, self._sample_rate_hz, max_ms)
        utterance = Utterance(audio, may_guess=not taking_message)
        if self._chains.hears.streaming and not taking_message:
            utterance.live = LiveUtterance(
                self._chains.recogniser,
                audio,
                self._sample_rate_hz,
                on_partial=lambda transcript, stable: self._partial(utterance, transcript, stable),
                on_dropped=self._parts.observer.on_caller_audio_dropped,
            )
            utterance.hearing = self._turns.scope(utterance.live.hearing(), "live transcription")
        return utterance

    def _end_utterance(self, outcome: Guess) -> None:
        """Forget what was being said."""
        self._turns.drop_guess(outcome)
        utterance, self._utterance = self._utterance, None
        if utterance is not None:
            utterance.close()
            self._turns.caller_speaks(False)

    def _may_guess(self, utterance: Utterance) -> bool:
        most = min(self._options.guesses, self._call.plan.secretary.settings.turn_taking.guesses)
        return utterance.may_guess and utterance.guesses < most and self._turns.guess is None

    def _partial(self, utterance: Utterance, transcript: Transcript, stable: bool) -> None:
        if transcript.text:
            self._queue.put(CallerSaid(transcript, final=False))
        utterance.partial = transcript if stable else None
        if utterance is self._utterance and utterance.paused:
            self._guess_on_partial(utterance)

    def _guess_on_partial(self, utterance: Utterance) -> None:
        partial = utterance.partial
        if partial is None or not partial.text:
            return
        hearing = Hearing(Heard(partial.text.strip(), partial.language, partial.confidence))
        guess = self._turns.guess
        if guess is not None and guess.hearing is not None and not guess.hearing.agrees(hearing):
            self._turns.drop_guess(Guess.DISAGREED)
        if self._may_guess(utterance):
            utterance.guesses += 1
            self._turns.begin_guess(known(hearing), hearing)

    def _ask(self, heard: Heard) -> None:
        self._turns.ask(known(Hearing(heard)))

    async def _whole(self, audio: PcmAudio) -> Hearing:
        """The utterance transcribed; a message also kept as sound, as far as that is possible."""
        hearing = await self._chains.recogniser.transcribe(audio)
        if self._call.state.stage is not Stage.TAKING_MESSAGE or self._parts.folder is None:
            return hearing
        state = self._call.state
        kept = await self._parts.folder.keep_utterance(
            state.domain_uuid, state.call_uuid, self._call.turn, audio
        )
        return replace(hearing, heard=replace(hearing.heard, audio_ref=kept))
