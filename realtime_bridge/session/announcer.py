"""What the session says by itself, through the tenant's voices: first words, apologies, warnings, fillers."""

from __future__ import annotations

import itertools
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from realtime_bridge.providers.seam import ReplyFinished, ReplySaid, TurnTimings
from realtime_bridge.session.live import Live
from realtime_bridge.session.mouth import Speech
from realtime_bridge.session.notice import split_notice
from realtime_bridge.session.parts import Voice
from voice_ai_service.dialogue.opening import open_call
from voice_ai_service.dialogue.phrases import texts
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.errors import ProviderError, Unavailable
from voice_ai_service.providers.tts.sentences import SentenceSplitter

FILLER: Final = "filler"
GREETING: Final = "greeting"


@dataclass(slots=True)
class Spoken:
    """Who spoke a phrase, and how soon. `first_audio_at` is in monotonic seconds."""

    provider: str | None = None
    model: str | None = None
    synthesised_chars: int = 0
    first_audio_at: float | None = None
    first_byte_ms: float | None = None


class Announcer:
    """All of these return when the audio was handed over, not when it was heard. A voice that fails costs the words,
    never what is to follow them."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._numbers = itertools.count(1)
        self._voice: Voice | None = None

    async def greet(self) -> bool:
        """The first words. Notices the law wants heard are not interrupted. False: no voice spoke what there was."""
        live = self._live
        live.book.greeting(live.facts.opened_at)
        opening = open_call(live.context())
        language = opening.language
        notice, rest = split_notice(opening.text, live.plan.secretary)
        speech = live.mouth.begin(GREETING, by_brain=False, interruptible=not notice)
        live.observer.on_secretary(0, opening.text)
        spoken = Spoken()
        await self._speak(speech, notice, language, spoken)
        if notice:
            live.mouth.free(speech)
        await self._speak(speech, rest, language, spoken)
        done = ReplyFinished(GREETING, action=opening.action, state=opening.state, intent=opening.intent)
        self._finish(speech, spoken, done)
        wordless = not any(sign.isalnum() for sign in opening.text)
        return wordless or spoken.first_audio_at is not None

    async def say(self, reply: Reply, *, interruptible: bool = True) -> None:
        """A reply that the dialogue decided without a brain, with what follows it."""
        live, reply_id = self._live, f"ours-{next(self._numbers)}"
        booked = live.book.began(reply_id)
        speech = live.mouth.begin(reply_id, by_brain=False, interruptible=interruptible)
        live.observer.on_secretary(booked.record.turn, reply.text)
        spoken = Spoken()
        await self._speak(speech, reply.text, reply.language, spoken)
        done = ReplyFinished(
            reply_id, action=reply.action, state=reply.state, intent=reply.intent, sources=reply.sources
        )
        self._finish(speech, spoken, done)

    async def remark(self, text: str, language: str) -> None:
        """Something beside the conversation: it answers nothing and nothing follows it."""
        live, reply_id = self._live, f"ours-{next(self._numbers)}"
        booked = live.book.aside(reply_id)
        speech = live.mouth.begin(reply_id, by_brain=False)
        live.observer.on_secretary(booked.record.turn, text)
        spoken = Spoken()
        await self._speak(speech, text, language, spoken)
        self._finish(speech, spoken, ReplyFinished(reply_id))

    async def fill(self) -> None:
        """A word while somebody waits: no part of the conversation's record."""
        live = self._live
        language = live.state.language
        speech = live.mouth.begin(f"{FILLER}-{next(self._numbers)}", by_brain=False)
        await self._speak(speech, texts(language).one_moment, language, Spoken())
        live.mouth.finish(speech)

    def _finish(self, speech: Speech, spoken: Spoken, done: ReplyFinished) -> None:
        live = self._live
        providers = {"tts": spoken.provider} if spoken.provider else {}
        timings = TurnTimings(tts_first_byte_ms=spoken.first_byte_ms)
        booked = live.book.reply(done.reply_id)
        if booked is not None:
            booked.first_audio_at = spoken.first_audio_at
        models = {"tts": spoken.model} if spoken.model else {}
        live.book.finished(
            replace(
                done,
                providers=providers,
                models=models,
                synthesised_chars=spoken.synthesised_chars,
                timings=timings,
            )
        )
        live.mouth.finish(speech)

    async def _speak(self, speech: Speech, text: str, language: str, spoken: Spoken) -> None:
        """Writes a sentence as soon as it is made."""
        live = self._live
        splitter = SentenceSplitter()
        deaf = False
        for sentence in (*splitter.feed(text), *splitter.finish()):
            at_ms = None if deaf else speech.audio_ms
            live.book.said(ReplySaid(speech.reply_id, f"{sentence} ", language, at_ms))
            if deaf or speech.unwanted:
                continue
            try:
                await self._sentence(speech, sentence, language, spoken)
            except (ProviderError, Unavailable) as error:
                deaf = True
                live.log.error("a phrase was not spoken", code=error.code)

    async def _sentence(self, speech: Speech, text: str, language: str, spoken: Spoken) -> None:
        now = self._live.parts.clock.monotonic
        began = now()
        voice = await self._voice_of_the_call()
        pieces = voice.sentence(text, language, keep=True)
        async with aclosing(pieces):
            async for piece in pieces:
                if spoken.first_audio_at is None:
                    spoken.first_audio_at = now()
                    spoken.first_byte_ms = (spoken.first_audio_at - began) * 1000
                self._live.mouth.write(speech, piece)
        if pieces.used is not None:
            spoken.provider, spoken.model = pieces.used.provider, pieces.used.model
            spoken.synthesised_chars += 0 if pieces.used.cached else len(text)

    async def _voice_of_the_call(self) -> Voice:
        if self._voice is None:
            live = self._live
            self._voice = await live.parts.voices.voice(live.plan.secretary, live.leg.format.sample_rate_hz)
        return self._voice
