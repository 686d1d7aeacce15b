"""One try to answer: to hear, to let the dialogue write, to let the voice speak. It may be a guess."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from realtime_bridge.providers.cascade_answer import Answer
from realtime_bridge.providers.cascade_events import Outlet
from realtime_bridge.providers.cascade_hearing import Hearing
from realtime_bridge.providers.seam import ReplyFinished, TurnTimings
from voice_ai_service.dialogue.turn import ReplyDone


@dataclass(slots=True)
class Moments:
    """Monotonic seconds; None: not yet.

    Attributes:
        ended: The caller had finished.
        heard: The text that is answered was known.
        final: The final text was known; later than `heard` for a guess on a partial transcript.
        answering: The dialogue began.
        kept: It was known that this is the answer.
    """

    ended: float | None = None
    heard: float | None = None
    final: float | None = None
    answering: float | None = None
    kept: float | None = None


@dataclass(slots=True, eq=False)
class Attempt:
    """
    Attributes:
        listen: Makes the hearing.
        outlet: Keeps what is made until it may be heard.
        speech_ms: Length of the utterance's speech, known once it ended.
        hearing, turn_hearing: What this utterance says; and what is answered, with what was not answered before it.
        confirmed: This counts. Before that nothing with an effect is done, and nothing goes out.
        rival: A guess on a partial transcript; kept if this one's final transcript agrees.
        acted: A tool was run: this attempt cannot be begun again.
        begun: `ReplyBegan` went out.
        over: Thrown away, or failed.
    """

    reply_id: str
    listen: Callable[[], Awaitable[Hearing]]
    outlet: Outlet
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)
    moments: Moments = field(default_factory=Moments)
    speech_ms: int = 0
    hearing: Hearing | None = None
    turn_hearing: Hearing | None = None
    rival: Attempt | None = None
    answer: Answer | None = None
    done: ReplyDone | None = None
    acted: bool = False
    begun: bool = False
    over: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        """The caller has finished; no guess any more, or soon none."""
        return self.moments.ended is not None

    @property
    def accepted(self) -> bool:
        return self.confirmed.is_set()

    @property
    def repeatable(self) -> bool:
        """It can be thrown away, and begun again."""
        return not self.begun and not self.acted

    @property
    def made(self) -> bool:
        return self.done is not None

    @property
    def ready(self) -> bool:
        """There is something to hear, or it is known that there is nothing."""
        return self.made or (self.answer is not None and self.answer.spoken.first_audio_at is not None)

    @property
    def slow_at(self) -> str:
        """The stage that keeps the caller waiting."""
        if self.hearing is None:
            return "stt"
        if self.answer is None or self.answer.starved:
            return "tool" if self.acted else "llm"
        return "tts"

    def keep(self, now: float) -> None:
        """The caller has finished and this is the answer."""
        if self.moments.kept is None:
            self.moments.kept = now
        self.confirmed.set()

    def cancel(self) -> None:
        self.over = True
        if self.task is not None:
            self.task.cancel()

    def finished(self) -> ReplyFinished:
        """The reply's end, as far as it came."""
        answer, hearing = self.answer, self.hearing
        done = self.done or (answer.script.done if answer is not None else None)
        providers: dict[str, str] = {}
        if hearing is not None and hearing.provider is not None:
            providers["stt"] = hearing.provider
        if done is not None:
            providers["llm"] = done.provider
        if answer is not None and answer.spoken.provider is not None:
            providers["tts"] = answer.spoken.provider
        spoken = answer.spoken if answer is not None else None
        models = {
            "stt": hearing.model if hearing is not None else None,
            "llm": done.model if done is not None else None,
            "tts": spoken.model if spoken is not None else None,
        }
        finished = ReplyFinished(
            self.reply_id,
            providers=providers,
            models={stage: model for stage, model in models.items() if model and stage in providers},
            synthesised_chars=spoken.synthesised_chars if spoken is not None else None,
            timings=self.timings(),
        )
        if done is None:
            return finished
        usage = done.usage
        return replace(
            finished,
            action=done.action,
            state=done.state,
            intent=done.intent,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            completion_tokens=usage.completion_tokens if usage else 0,
            sources=done.sources,
            tools=done.tools,
        )

    def timings(self) -> TurnTimings:
        """See `TurnTimings`: the stages, less what was speculated, add up to the time from the end to the audio."""
        moments, answer, done = self.moments, self.answer, self.done
        if answer is None:
            return TurnTimings()
        brain = done.timings if done is not None else None
        retrieval = brain.retrieval_ms if brain else None
        first_token = brain.llm_first_token_ms if brain else None
        written = _ms(moments.heard, answer.script.first_piece_at)
        sentence = None
        if written is not None:
            sentence = max(0.0, written - (retrieval or 0.0) - (first_token or 0.0))
        first_byte = _ms(answer.script.first_piece_at, answer.spoken.first_audio_at)
        answering = sum(filter(None, (retrieval, first_token, sentence, first_byte)))
        early = _ms(moments.heard, moments.kept) or 0.0
        return TurnTimings(
            stt_ms=self._stt_ms(),
            retrieval_ms=retrieval,
            llm_first_token_ms=first_token,
            first_sentence_ms=sentence,
            llm_ms=brain.llm_ms if brain else None,
            tts_first_byte_ms=first_byte,
            speculated_ms=min(early, answering),
        )

    def _stt_ms(self) -> float | None:
        hearing = self.hearing
        if hearing is None or (hearing.provider is None and hearing.failed is None):
            return None
        return _ms(self.moments.ended, self.moments.final or self.moments.heard)


def _ms(earlier: float | None, later: float | None) -> float | None:
    if earlier is None or later is None:
        return None
    return max(0.0, (later - earlier) * 1000)
