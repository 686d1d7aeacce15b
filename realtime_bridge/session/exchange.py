"""Caller and brain, event by event: who asked, who answers, and what is done when nobody can.

The caller's acts come from the hearing, the brain's from its events; both end in the turn book and the mouth. A brain
that fails is followed by the next one with the conversation as it stands; after the last one comes the apology.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

from realtime_bridge.providers.seam import (
    BrainEvent,
    BrainFailed,
    CallerBegan,
    CallerEnded,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
    ToolAsked,
    Waiting,
)
from realtime_bridge.session.announcer import Announcer
from realtime_bridge.session.brain_line import BrainLine
from realtime_bridge.session.fillers import Fillers
from realtime_bridge.session.last_resort import without_a_brain
from realtime_bridge.session.live import Live
from realtime_bridge.session.mouth import Playing, Speech
from realtime_bridge.session.parts import CallVerbs
from realtime_bridge.session.state import Phase, Signal
from realtime_bridge.session.tool_calls import ToolCalls
from realtime_bridge.session.turn_book import Asked, BookedReply
from realtime_bridge.turn.events import Ended
from voice_ai_service.dialogue.actions import HangupReason
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.dialogue import over_budget, over_limit
from voice_ai_service.dialogue.keys import mapped_action
from voice_ai_service.dialogue.reply import Reply, carry_on, spoken
from voice_ai_service.dialogue.stages import nobody_spoke
from voice_ai_service.dialogue.turn import Heard
from voice_ai_service.errors import VoiceAiError

_PLENTY_MS = 9_000
"""With so much of a reply waiting its brain is made to wait as well."""


_SILENCED = (Phase.HELD, Phase.TRANSFERRING, Phase.ENDING, Phase.ENDED)


class Ears(Protocol):
    """The hearing, as the exchange uses it."""

    @property
    def utterance(self) -> bytes: ...
    @property
    def caller_speaks(self) -> bool: ...
    def understood(self, said: CallerSaid) -> None: ...
    def brain_heard(self, *, began: bool) -> None: ...
    def brain_lives(self) -> None: ...


class Closer(Protocol):
    def close(self, reply_id: str, booked: BookedReply) -> None:
        """Everything is known of a reply."""
        ...


class Exchange:
    def __init__(
        self, live: Live, line: BrainLine, announcer: Announcer, tools: ToolCalls, fillers: Fillers
    ) -> None:
        self._live = live
        self._line = line
        self._announcer = announcer
        self._tools = tools
        self._fillers = fillers
        self._ears: Ears | None = None
        self._closer: Closer | None = None
        self._stopped_speaking: Asked | None = None
        self._reading: asyncio.Task[None] | None = None

    def attend(self, ears: Ears, closer: Closer) -> None:
        self._ears = ears
        self._closer = closer

    # The caller.

    def utterance_ended(self, ended: Ended, audio: bytes) -> None:
        now = self._live.parts.clock.monotonic()
        silence_s = (ended.at_ms - ended.speech_end_ms) / 1000
        speech_ms = ended.speech_end_ms - ended.speech_start_ms
        asked = Asked(now - silence_s, now, speech_ms)
        if self._line.now.capabilities.owns_turns:
            self._stopped_speaking = asked  # when it was over is the brain's to say
        elif self._ask(asked):
            self._line.now.ended(speech_ms)

    def keys_entered(self, digits: str) -> None:
        now = self._live.parts.clock.monotonic()
        if self._live.mouth.sounding:
            self._live.mouth.stop()
        self._live.observer.on_caller(digits, final=True)
        if not self._ask(Asked(now, now, digits=digits)):
            return
        # What the admin mapped to a key it does with every brain, and at once.
        reply = mapped_action(replace(self._live.context(), heard=Heard(digits=digits)))
        if reply is None:
            self._line.now.keys(digits)
        else:
            self._say(reply, interruptible=True)

    def nobody_spoke(self, *, gave_up: bool) -> None:
        live = self._live
        live.phases.on(Signal.ASKED)
        if not gave_up:
            self._line.now.nobody_spoke()
            return
        # Not every brain counts silences: what is done after the last one is the same with all of them.
        most = live.plan.secretary.settings.limits.max_no_input
        live.state.no_input = max(live.state.no_input, most)
        self._say(nobody_spoke(live.context()), interruptible=True)

    def brain_is_mute(self) -> None:
        if self._tools.running:
            return  # it waits for us
        if self._reading is not None and not self._reading.done():
            self._line.note_failure(self._line.now.name, "silent")
            self._reading.cancel()

    def _ask(self, asked: Asked) -> bool:
        """Open the caller's turn. False: there were enough of them, and the brain is not asked any more."""
        live = self._live
        record = live.book.asked(asked)
        live.phases.on(Signal.ASKED)
        if record.turn > live.plan.secretary.settings.limits.max_turns:
            reply = over_limit(live.context(), HangupReason.MAX_TURNS)
        elif live.state.stage is Stage.OPEN and live.parts.stops(live.tenant, live.state):
            reply = over_budget(live.context())
        else:
            return True
        self._line.now.abandoned()
        self._say(reply, interruptible=False)
        return False

    def _say(self, reply: Reply, *, interruptible: bool) -> None:
        self._live.scope.start("say", self._announcer.say(reply, interruptible=interruptible))

    # The brains.

    async def converse(self, verbs: CallVerbs) -> None:
        """Until no brain is left, and the apology for it was handed to the mouth."""
        await self._line.find(verbs)
        while await self._line.next():
            self._catch_up()
            await self._until_it_fails()
            cut = self._give_up_replies()
            await self._line.drop()
            if cut and not self._live.book.waiting:
                trouble = spoken(self._live.context()).trouble
                self._say(carry_on(self._live.context(), trouble, None), interruptible=True)
        await self._announcer.say(without_a_brain(self._live.context()), interruptible=False)

    def _catch_up(self) -> None:
        """What a brain that comes later has missed and must answer: the open turn, and what is being said now."""
        brain, ears = self._line.now, self._ears
        self._tell_greeting()
        asked = self._live.book.asked_anew()
        if asked is None and self._live.mouth.silent:
            self._live.phases.on(
                Signal.NOTHING_ASKED
            )  # a silence was to be answered: it will be noticed again
        if ears is None or (asked is None and not ears.caller_speaks):
            return
        if asked is not None and asked.digits:
            brain.keys(asked.digits)
            return
        audio, size = ears.utterance, self._live.leg.format.frame_bytes
        for at in range(0, len(audio) - size + 1, size):
            brain.hear(audio[at : at + size])
        brain.began(audio)
        if asked is not None and not ears.caller_speaks:
            brain.ended(asked.audio_ms)

    def _tell_greeting(self) -> None:
        """What was heard of the first words before this brain was there; no brain finds them in its history."""
        first = next(iter(self._live.state.turns), None)
        if first is not None and first.turn == 0 and first.said_heard:
            self._line.now.told(first.said_heard, first.said_language or self._live.state.language)

    async def _until_it_fails(self) -> None:
        self._reading = self._live.scope.start("brain's events", self._read())
        if self._reading is not None:
            await asyncio.wait({self._reading})

    async def _read(self) -> None:
        brain = self._line.now
        try:
            async for event in brain.events():
                if isinstance(event, BrainFailed):
                    self._line.note_failure(event.provider, event.code)
                    return
                await self._on(event)
        except VoiceAiError as error:
            self._line.note_failure(brain.name, error.code)
        else:
            self._line.note_failure(brain.name, "ended")

    def _give_up_replies(self) -> bool:
        """Replies of a brain that failed end where they are; one that was not heard at all is as if it never began.

        Returns:
            Whether one of them was cut.
        """
        cut = False
        for speech in self._live.mouth.speeches:
            if not speech.by_brain or speech.finished:
                continue
            if speech.playing is None and self._live.book.withdrawn(speech.reply_id):
                self._live.mouth.forget(speech)
                continue
            cut = True
            self._on_finished(ReplyFinished(speech.reply_id))
        ours = {speech.reply_id for speech in self._live.mouth.speeches if not speech.by_brain}
        for reply_id in self._live.book.unfinished:
            if reply_id not in ours:  # interrupted before: nobody else will say that it is complete
                self._on_finished(ReplyFinished(reply_id))
        return cut

    async def _on(self, event: BrainEvent) -> None:
        live = self._live
        match event:
            case CallerSaid():
                await self._on_words(event)
            case CallerBegan() | CallerEnded():
                self._on_turn(began=isinstance(event, CallerBegan))
            case ReplyBegan(reply_id=reply_id):
                live.book.began(reply_id)
                live.mouth.begin(reply_id, by_brain=True)
            case ReplyAudio():
                await self._on_audio(event)
            case ReplySaid(reply_id=reply_id, text=text):
                live.book.said(event)
                booked = live.book.reply(reply_id)
                if booked is not None:
                    live.observer.on_secretary(booked.record.turn, text)
            case ReplyFinished():
                self._on_finished(event)
            case ToolAsked():
                self._tools.run(event, self._line.now)
            case Waiting():
                if self._ears is not None:
                    self._ears.brain_lives()
                if self._ears is None or not self._ears.caller_speaks:
                    self._fillers.fill(live.parts.options.filler_after_ms)
            case BrainFailed():
                return

    async def _on_words(self, said: CallerSaid) -> None:
        live, text = self._live, said.transcript.text.strip()
        if self._ears is not None:
            self._ears.understood(said)
        await live.mouth.settled()
        if text:
            live.observer.on_caller(text, final=said.final)
        if not said.final:
            return
        if not text:
            if live.book.nothing_asked():
                live.parts.figures.misunderstood()
                live.phases.on(Signal.NOTHING_ASKED)
            return
        if live.book.heard(said.transcript) is None:
            now = live.parts.clock.monotonic()
            live.book.asked(self._stopped_speaking or Asked(now, now))
            self._stopped_speaking = None
            live.book.heard(said.transcript)

    def _on_turn(self, *, began: bool) -> None:
        if self._ears is not None:
            self._ears.brain_heard(began=began)
        if began:
            self._stopped_speaking = None
            return
        now = self._live.parts.clock.monotonic()
        noticed = self._stopped_speaking
        self._stopped_speaking = None
        if noticed is None:
            self._ask(Asked(now, now))
        else:
            self._ask(Asked(noticed.ended_at, now, noticed.audio_ms))

    async def _on_audio(self, event: ReplyAudio) -> None:
        live = self._live
        speech = live.mouth.find(event.reply_id)
        if speech is None or speech.unwanted or live.phases.now in _SILENCED:
            live.parts.figures.late_audio.inc()
            return
        if speech.playing is None:
            await self._before_first_audio(speech)
        live.mouth.write(speech, event.samples)
        if speech.playing is not None and speech.audio_ms - speech.heard_ms > _PLENTY_MS:
            await self._room(speech.playing)

    async def _before_first_audio(self, speech: Speech) -> None:
        live = self._live
        booked = live.book.reply(speech.reply_id)
        if booked is not None:
            booked.first_audio_at = live.parts.clock.monotonic()
        await self._fillers.give_way()

    async def _room(self, playing: Playing) -> None:
        """Back-pressure; but who speaks over the reply is heard meanwhile, for the words decide about it."""
        room = asyncio.ensure_future(playing.room())
        try:
            while not room.done() and not (self._ears is not None and self._ears.caller_speaks):
                await asyncio.wait({room}, timeout=0.1)
        finally:
            room.cancel()

    def _on_finished(self, done: ReplyFinished) -> None:
        live = self._live
        booked = live.book.finished(done)
        speech = live.mouth.find(done.reply_id)
        if speech is not None:
            live.mouth.finish(speech)
        elif booked is not None and booked.over and self._closer is not None:
            self._closer.close(done.reply_id, booked)
