"""What the session says by itself, through the tenant's voices: first words, apologies, warnings, fillers."""

from __future__ import annotations

import itertools
from contextlib import aclosing
from typing import Final

from realtime_bridge.providers.seam import ReplyFinished, ReplySaid
from realtime_bridge.session.live import Live
from realtime_bridge.session.mouth import Speech
from realtime_bridge.session.notice import split_notice
from realtime_bridge.session.parts import Voice
from voice_ai_service.dialogue.actions import Continue, RecordMessage
from voice_ai_service.dialogue.phrases import texts
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.errors import ProviderError, Unavailable
from voice_ai_service.providers.tts.sentences import SentenceSplitter

FILLER: Final = "filler"
GREETING: Final = "greeting"


class Announcer:
    """All of these return when the audio was handed over, not when it was heard. A voice that fails costs the words,
    never what is to follow them."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._numbers = itertools.count(1)
        self._voice: Voice | None = None

    async def greet(self) -> None:
        """The first words, as the set-up decided them. Notices the law wants heard are not interrupted."""
        live = self._live
        booked = live.book.greeting(live.facts.opened_at)
        record = booked.record
        language = record.said_language or live.state.language
        notice, rest = split_notice(record.said, live.plan.secretary)
        action = RecordMessage() if record.action == "record_message" else Continue()
        speech = live.mouth.begin(GREETING, by_brain=False, interruptible=not notice)
        live.observer.on_secretary(0, record.said)
        providers = await self._speak(speech, notice, language)
        if notice:
            live.mouth.free(speech)
        providers |= await self._speak(speech, rest, language)
        live.book.finished(ReplyFinished(GREETING, action=action, intent=record.intent, providers=providers))
        live.mouth.finish(speech)

    async def say(self, reply: Reply, *, interruptible: bool = True) -> None:
        """A reply that the dialogue decided without a brain, with what follows it."""
        live, reply_id = self._live, f"ours-{next(self._numbers)}"
        booked = live.book.began(reply_id)
        speech = live.mouth.begin(reply_id, by_brain=False, interruptible=interruptible)
        live.observer.on_secretary(booked.record.turn, reply.text)
        providers = await self._speak(speech, reply.text, reply.language)
        live.book.finished(
            ReplyFinished(
                reply_id,
                action=reply.action,
                state=reply.state,
                intent=reply.intent,
                providers=providers,
                sources=reply.sources,
            )
        )
        live.mouth.finish(speech)

    async def remark(self, text: str, language: str) -> None:
        """Something beside the conversation: it answers nothing and nothing follows it."""
        live, reply_id = self._live, f"ours-{next(self._numbers)}"
        booked = live.book.aside(reply_id)
        speech = live.mouth.begin(reply_id, by_brain=False)
        live.observer.on_secretary(booked.record.turn, text)
        providers = await self._speak(speech, text, language)
        live.book.finished(ReplyFinished(reply_id, providers=providers))
        live.mouth.finish(speech)

    async def fill(self) -> None:
        """A word while somebody waits: no part of the conversation's record."""
        live = self._live
        language = live.state.language
        speech = live.mouth.begin(f"{FILLER}-{next(self._numbers)}", by_brain=False)
        await self._speak(speech, texts(language).one_moment, language)
        live.mouth.finish(speech)

    async def _speak(self, speech: Speech, text: str, language: str) -> dict[str, str]:
        """Writes a sentence as soon as it is made. Returns who spoke."""
        live, providers = self._live, dict[str, str]()
        splitter = SentenceSplitter()
        deaf = False
        for sentence in (*splitter.feed(text), *splitter.finish()):
            at_ms = None if deaf else speech.audio_ms
            live.book.said(ReplySaid(speech.reply_id, f"{sentence} ", language, at_ms))
            if deaf or speech.unwanted:
                continue
            try:
                await self._sentence(speech, sentence, language, providers)
            except (ProviderError, Unavailable) as error:
                deaf = True
                live.log.error("a phrase was not spoken", code=error.code)
        return providers

    async def _sentence(self, speech: Speech, text: str, language: str, providers: dict[str, str]) -> None:
        voice = await self._voice_of_the_call()
        pieces = voice.sentence(text, language, keep=True)
        async with aclosing(pieces):
            async for piece in pieces:
                self._live.mouth.write(speech, piece)
                if pieces.used is not None:
                    providers["tts"] = pieces.used.provider

    async def _voice_of_the_call(self) -> Voice:
        if self._voice is None:
            live = self._live
            self._voice = await live.parts.voices.voice(live.plan.secretary, live.leg.format.sample_rate_hz)
        return self._voice
