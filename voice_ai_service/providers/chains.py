"""The fallback chain of each kind: the seam's verbs, answered by the first provider that can."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import structlog

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import (
    NotFound,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    VoiceAiError,
)
from voice_ai_service.providers.embeddings.seam import Embeddings, Purpose
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.fallback import Attempt, Chain, Link, Used, UsedProvider, more_telling, nobody
from voice_ai_service.providers.llm.seam import ChatEvent, ChatMessage, ChatModel, ChatOptions, ToolSpec
from voice_ai_service.providers.patience import Patience
from voice_ai_service.providers.realtime.seam import RealtimeAccess
from voice_ai_service.providers.stt.routing import SttRouting
from voice_ai_service.providers.stt.seam import (
    SpeechToText,
    SttCapabilities,
    SttEvent,
    SttOptions,
    SttStream,
    Transcript,
)
from voice_ai_service.providers.texts import Replay
from voice_ai_service.providers.tts.ear_texts import texts_for_the_ear
from voice_ai_service.providers.tts.seam import TextToSpeech, TtsOptions
from voice_ai_service.text.ear.dictionary import NO_PRONUNCIATIONS, Dictionary, Pronunciations
from voice_ai_service.text.ear.spoken import REVISION

T = TypeVar("T")

log = structlog.get_logger()


class UsedStream(Generic[T]):
    """Pieces of one answer. `used` is None until the first piece came; whoever stops early calls `aclose`."""

    def __init__(self, produce: Callable[[UsedStream[T]], AsyncGenerator[T, None]]) -> None:
        self.used: UsedProvider | None = None
        self._pieces = produce(self)

    def __aiter__(self) -> UsedStream[T]:
        return self

    async def __anext__(self) -> T:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Stops the provider."""
        await self._pieces.aclose()


@dataclass(frozen=True, slots=True)
class SttChain(Chain[SpeechToText]):
    """
    Attributes:
        routing: Who hears a whole utterance first; None: the links in their order. A stream is opened before anything
            is known of what will be said, and keeps that order.
    """

    routing: SttRouting | None = None

    async def capabilities(self) -> SttCapabilities | None:
        """Those of the first provider that can be built, which is built with it; None: there is none."""
        for link in self.links:
            try:
                async with link.instance.lease() as provider:
                    return provider.capabilities
            except VoiceAiError as error:
                log.warning("provider not built", provider=link.name, code=error.code)
        return None

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Used[Transcript]:
        """One utterance. Raises the last ProviderError when no provider answered; never an error's text."""
        chain = self
        if self.routing is not None:
            chain = replace(self, links=await self.routing.ordered(self.links, audio))
        return await chain.first(lambda stt: stt.transcribe(audio, options), options.timeout_s)

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncIterator[LiveTranscription]:
        """Opens a stream with the first provider that takes it; from then on it is that provider's.

        Raises:
            ProviderError: the last link's, when none could be opened.
        """
        last: ProviderError | None = None
        for link in self.links:
            live: LiveTranscription | None = None
            try:
                async with (
                    self.attempt(link) as (provider, attempt),
                    provider.stream(sample_rate_hz, options) as opened,
                ):
                    live = LiveTranscription(opened, attempt, link.used)
                    yield live
                return
            except ProviderError as error:
                if live is not None:
                    raise
                last = more_telling(last, error)
        raise nobody(self.kind, last)


class LiveTranscription:
    """A provider's stream, watched: only its own errors count against it, not those of its user."""

    def __init__(self, stream: SttStream, attempt: Attempt, used: UsedProvider) -> None:
        attempt.answered = True
        attempt.excused = lambda: True
        self._stream = stream
        self._attempt = attempt
        self.used = used

    async def push(self, samples: bytes) -> None:
        """Adds mono L16 at the stream's rate. Raises ProviderError."""
        try:
            await self._stream.push(samples)
        except ProviderError as error:
            self._attempt.failure = error
            raise

    async def finish(self) -> None:
        """No more audio: the final transcript follows in `events`."""
        try:
            await self._stream.finish()
        except ProviderError as error:
            self._attempt.failure = error
            raise

    async def events(self) -> AsyncIterator[SttEvent]:
        """As they come. Raises ProviderError."""
        try:
            async for event in self._stream.events():
                yield event
        except ProviderError as error:
            self._attempt.failure = error
            raise


@dataclass(frozen=True, slots=True)
class TtsChain(Chain[TextToSpeech]):
    """
    Attributes:
        pronunciations: The tenant's own words.
    """

    pronunciations: Pronunciations = NO_PRONUNCIATIONS

    @property
    def revision(self) -> str:
        """See `Chain.revision`; and of how text is read."""
        return f"{self.links[0].revision}:{REVISION}:{self.pronunciations.revision}"

    def but(self, links: Sequence[Link[TextToSpeech]]) -> TtsChain:
        """The same with other links."""
        return replace(self, links=links)

    def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> UsedStream[bytes]:
        """Mono L16 chunks at `options.sample_rate_hz`.

        The next provider is asked only as long as no chunk went out, and begins with the first text again. A voice
        is the first provider's: another one speaks with its own, and so does the first where it does not know it.
        What is written is read for the ear (`text.ear`) before any of them gets it; SSML reaches those that take it.
        The stream owns `texts` and closes it.

        Raises:
            ProviderError: the last link's, or the one that broke off in the middle.
        """
        return UsedStream(lambda out: self._speak(texts, options, out))

    async def _speak(
        self, texts: AsyncIterator[str], options: TtsOptions, out: UsedStream[bytes]
    ) -> AsyncGenerator[bytes, None]:
        dictionary = self.pronunciations.for_language(options.language)
        async with aclosing(Replay(texts)) as replay:
            last: ProviderError | None = None
            for link in self.links:
                wanted = options if link.name == self.links[0].name else replace(options, voice=None)
                try:
                    async with (
                        self.attempt(link) as (provider, attempt),
                        aclosing(_heard(provider, _Request(link, replay, wanted, dictionary))) as chunks,
                    ):
                        attempt.excused = lambda: replay.failure is not None
                        async for chunk in chunks:
                            attempt.answered = True
                            out.used = link.used
                            yield chunk
                except ProviderError as error:
                    if replay.failure is not None:
                        raise replay.failure from None
                    if out.used is not None:
                        raise
                    last = more_telling(last, error)
                else:
                    if replay.failure is not None:
                        raise replay.failure
                    return
            raise nobody(self.kind, last)


@dataclass(frozen=True, slots=True)
class _Request:
    link: Link[TextToSpeech]
    replay: Replay
    options: TtsOptions
    dictionary: Dictionary


async def _heard(provider: TextToSpeech, asked: _Request) -> AsyncGenerator[bytes, None]:
    """The provider's audio; in its own voice where it does not know the one that is wanted."""
    silent = True
    options = asked.options
    try:
        async with aclosing(_spoken(provider, asked)) as chunks:
            async for chunk in chunks:
                silent = False
                yield chunk
    except ProviderRefused as error:
        if error.field != "voice" or options.voice is None or options.voice_required or not silent:
            raise
    else:
        return
    log.warning("a voice is not known, the provider's own speaks", provider=asked.link.name)
    own = replace(asked, options=replace(options, voice=None))
    async with aclosing(_spoken(provider, own)) as chunks:
        async for chunk in chunks:
            yield chunk


async def _spoken(provider: TextToSpeech, asked: _Request) -> AsyncGenerator[bytes, None]:
    link, replay, options = asked.link, asked.replay, asked.options
    patience = _patience(link.name, link.timeouts, options.first_byte_timeout_s, options.total_timeout_s)
    silent = True
    written = replay.read(patience.pause, patience.resume)
    markup = provider.capabilities.ssml
    texts = texts_for_the_ear(written, options.language, asked.dictionary, markup=markup)
    chunks = provider.stream(texts, options)
    async with _closing(written), _closing(texts), _closing(chunks):
        while True:
            try:
                chunk = await patience.next(chunks)
            except StopAsyncIteration:
                break
            if chunk:
                silent = False
                yield chunk
    if silent and replay.speakable:
        raise ProviderProtocol(f"The provider {link.name} gave no audio for a text.", provider=link.name)


class ChatChain(Chain[ChatModel]):
    def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> UsedStream[ChatEvent]:
        """Events as they come; the next provider is asked only as long as no event went out.

        Raises:
            ProviderError: the last link's, or the one that broke off in the middle.
        """
        return UsedStream(lambda out: self._talk(messages, tools, options, out))

    async def _talk(
        self,
        messages: Sequence[ChatMessage],
        tools: Sequence[ToolSpec],
        options: ChatOptions,
        out: UsedStream[ChatEvent],
    ) -> AsyncGenerator[ChatEvent, None]:
        last: ProviderError | None = None
        for link in self.links:
            patience = _patience(
                link.name, link.timeouts, options.first_token_timeout_s, options.total_timeout_s
            )
            try:
                async with self.attempt(link) as (provider, attempt):
                    events = provider.chat(messages, tools, options)
                    async with _closing(events):
                        while True:
                            try:
                                event = await patience.next(events)
                            except StopAsyncIteration:
                                break
                            attempt.answered = True
                            out.used = link.used
                            yield event
                    if out.used is None:
                        raise ProviderProtocol(f"The provider {link.name} said nothing.", provider=link.name)
                return
            except ProviderError as error:
                if out.used is not None:
                    raise
                last = more_telling(last, error)
        raise nobody(self.kind, last)


class RealtimeChain(Chain[RealtimeAccess]):
    """Speech-to-speech providers: the bridge opens a brain with the first that takes the call."""


@dataclass(frozen=True, slots=True)
class EmbeddingChain(Chain[Embeddings]):
    @property
    def models(self) -> tuple[str | None, ...]:
        """In order of preference; the first is the one new documents are embedded with."""
        return tuple(link.model for link in self.links)

    async def embed(
        self,
        texts: Sequence[str],
        model: str | None = None,
        *,
        purpose: Purpose = Purpose.PASSAGE,
        timeout_s: float = 10.0,
    ) -> Used[list[list[float]]]:
        """One unit-length vector a text, in order.

        Args:
            purpose: What the texts are.
            model: Only providers of this model: vectors of two models are never compared.

        Raises:
            NotFound: no configured provider has this model.
            ProviderError: the last link's.
        """
        links = [link for link in self.links if model is None or link.model == model]
        if not links:
            raise NotFound("No embeddings provider with this model is configured.", field="model")
        chain = EmbeddingChain(self.kind, links, self.clock, self.observer)
        return await chain.first(lambda provider: provider.embed(texts, purpose), timeout_s)


def _patience(provider: str, timeouts: StageTimeouts, first_s: float, total_s: float) -> Patience:
    return Patience(
        provider,
        first_s=min(first_s, timeouts.first_byte_s or first_s),
        stall_s=timeouts.stall_s,
        total_s=min(total_s, timeouts.total_s or total_s),
    )


@asynccontextmanager
async def _closing(items: AsyncIterator[Any]) -> AsyncIterator[None]:
    """Closes an iterator that can be closed; a plain one ends by being dropped."""
    try:
        yield
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()
