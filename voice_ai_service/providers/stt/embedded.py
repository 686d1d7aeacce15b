"""The local recogniser: it finds which of the secretary's phrases was said, in Brazilian Portuguese or
English.

Commands only. It understands none but the phrases it was given, so it always stands beside DTMF, and free
speech needs another provider.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

from voice_ai_service.audio.decode import SAMPLE_RATES_HZ
from voice_ai_service.audio.formats import PHONE_RATE_HZ, WIDE_RATE_HZ, PcmAudio
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderBusy, ProviderProtocol, ProviderRefused, ProviderTimeout
from voice_ai_service.providers.embedded_speech import extra, lexicon, messages
from voice_ai_service.providers.embedded_speech.grammar import Grammar, PhraseSet, SpokenWord, words_of
from voice_ai_service.providers.embedded_speech.recogniser_process import RecogniserProcess
from voice_ai_service.providers.stt.batch import BatchStream
from voice_ai_service.providers.stt.seam import (
    Phrase,
    SttCapabilities,
    SttOptions,
    SttStream,
    Transcript,
    Word,
)

PROVIDER: Final = "embedded"

_PACKAGES: Final = ("pocketsphinx", "espeakng_loader")
_LANGUAGES: Final = frozenset({"pt-BR", "en", "en-US"})
_MAX_AUDIO_MS: Final = 60_000
_MAX_SPEECH_MS: Final = 10_000
"""No phrase lasts longer; more would only keep others waiting."""
_MAX_WAITING: Final = 32
"""Utterances that wait for a process; at half a second each, one that came later would be answered too late.
"""
_KEPT_GRAMMARS: Final = 64
_KEPT_WORDS: Final = 20_000


def available() -> str | None:
    """Why this recogniser cannot be used here, or None when it can."""
    return next(filter(None, map(extra.missing, _PACKAGES)), None)


class Pronounce(Protocol):
    """How words sound; EmbeddedTts has one."""

    async def pronounce(self, words: Sequence[str], language: str) -> tuple[str, ...]:
        """IPA phonemes of each word, separated by underscores. Raises ProviderError."""
        ...


@dataclass(frozen=True, slots=True)
class Rejection:
    """When what fits best still fits too badly to have been said.

    Both scores are logarithms a frame, 0 at best. Weighing the free score takes out a part of what a bad line does
    to both. The limits were found on telephone speech of four synthetic voices: 19 of 20 phrases and 9 of 10 polite
    sentences are kept, 1 of 20 foreign sentences is.

    Attributes:
        exact_misfit: For a phrase and nothing else; above it, carrier words are tried.
        polite_misfit: For a phrase with carrier words, which fit almost anything.
    """

    free_weight: float = 0.5
    exact_misfit: float = 24.0
    polite_misfit: float = 21.5

    def misfit(self, score: float, free_score: float) -> float:
        return self.free_weight * free_score - score


@dataclass(frozen=True, slots=True)
class _Match:
    """`sureness` is 1 for a perfect fit, 0.5 at the border of rejection."""

    tokens: list[list[Any]]
    sureness: float


class EmbeddedStt:
    """Utterances over a fixed number of decoder processes.

    Args:
        processes: How many utterances are decoded at a time.
        max_waiting: How many more may wait; at half a second each, later ones would be answered too late.
        pronounce: Where the words' sounds come from; not closed by this object.

    Raises:
        ProviderRefused: The `embedded` extra is not installed.
    """

    def __init__(
        self,
        processes: int,
        pronounce: Pronounce,
        *,
        rejection: Rejection | None = None,
        max_waiting: int = _MAX_WAITING,
        clock: Clock | None = None,
    ) -> None:
        for package in _PACKAGES:
            extra.require(package, PROVIDER)
        self._pronounce = pronounce
        self._rejection = rejection or Rejection()
        self._processes = tuple(RecogniserProcess(PROVIDER, clock=clock) for _ in range(processes))
        self._free: asyncio.Queue[RecogniserProcess] = asyncio.Queue()
        for process in self._processes:
            self._free.put_nowait(process)
        self._waiting = 0
        self._max_waiting = max_waiting
        self._grammars: OrderedDict[str, Grammar] = OrderedDict()
        self._sounds: OrderedDict[SpokenWord, tuple[str, ...]] = OrderedDict()

    @property
    def capabilities(self) -> SttCapabilities:
        return SttCapabilities(
            streaming=False,
            partials=False,
            free_dictation=False,
            languages=_LANGUAGES,
            sample_rates_hz=(PHONE_RATE_HZ, WIDE_RATE_HZ),
            word_times=True,
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that run now, for the operator's eyes."""
        return tuple(process.pid for process in self._processes if process.pid is not None)

    async def start(self) -> None:
        """Loads the engines ahead of the first call. Raises ProviderError."""
        await asyncio.gather(*(process.start() for process in self._processes))

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """Which of `options.phrases` was said; empty text when none was.

        Raises:
            ProviderRefused: No phrases in any of the languages, or an uncustomary rate (`field` says which).
            ProviderBusy: Too many utterances wait.
            ProviderTimeout: `options.timeout_s` has passed.
            ProviderUnavailable: The engine stopped; the next utterance gets a new one.
        """
        audio = _capped(audio)
        try:
            async with asyncio.timeout(options.timeout_s):
                grammar = await self._grammar(_phrase_set(options.phrases, options.languages))
                async with self._process() as process:
                    match = await self._match(process, grammar, audio)
        except TimeoutError as error:
            raise ProviderTimeout("The local recogniser took too long.", provider=PROVIDER) from error
        return _transcript(grammar, match) or Transcript("", options.languages[0])

    async def _match(self, process: RecogniserProcess, grammar: Grammar, audio: PcmAudio) -> _Match | None:
        heard = await process.recognise(grammar.exact, audio, max_ms=_MAX_SPEECH_MS, compare=True)
        free_score = heard.free_score
        if free_score is None:
            return None
        match = self._accepted(heard, free_score, self._rejection.exact_misfit)
        if match is None:
            heard = await process.recognise(grammar.polite, audio, max_ms=_MAX_SPEECH_MS, compare=False)
            match = self._accepted(heard, free_score, self._rejection.polite_misfit)
        return match

    def _accepted(self, heard: messages.Recognised, free_score: float, max_misfit: float) -> _Match | None:
        misfit = self._rejection.misfit(heard.score, free_score)
        if not heard.tokens or misfit > max_misfit:
            return None
        return _Match(heard.tokens, round(min(1.0 - 0.5 * misfit / max_misfit, 1.0), 3))

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncGenerator[SttStream, None]:
        """Collects the utterance and recognises it when it is finished. Raises as `transcribe`, from
        `events`.
        """

        async def transcribe(audio: PcmAudio) -> Transcript:
            return await self.transcribe(audio, options)

        yield BatchStream(transcribe, sample_rate_hz, max_ms=_MAX_AUDIO_MS)

    @asynccontextmanager
    async def _process(self) -> AsyncGenerator[RecogniserProcess, None]:
        if self._free.empty() and self._waiting >= self._max_waiting:
            raise ProviderBusy("The local recogniser is busy.", provider=PROVIDER, retry_after_s=1.0)
        self._waiting += 1
        try:
            process = await self._free.get()
        finally:
            self._waiting -= 1
        try:
            yield process
        finally:
            self._free.put_nowait(process)

    async def _grammar(self, phrases: PhraseSet) -> Grammar:
        grammar = self._grammars.get(phrases.name)
        if grammar is None:
            grammar = Grammar(phrases, await self._sounds_of(phrases.vocabulary()))
            self._grammars[phrases.name] = grammar
        self._grammars.move_to_end(phrases.name)
        while len(self._grammars) > _KEPT_GRAMMARS:
            self._grammars.popitem(last=False)
        if grammar.empty:
            raise ProviderRefused(
                "The local recogniser has no phrase to listen for.",
                provider=PROVIDER,
                field="phrases",
                fix="Give it phrases in a language it knows (pt-BR, en-US), or choose another recogniser.",
            )
        return grammar

    async def _sounds_of(self, words: Sequence[SpokenWord]) -> dict[SpokenWord, tuple[str, ...]]:
        for language in sorted({word.language for word in words}):
            unknown = [word for word in words if word.language == language and word not in self._sounds]
            if unknown:
                phonemes = await self._pronounce.pronounce([word.text for word in unknown], language)
                if len(phonemes) != len(unknown):
                    raise ProviderProtocol("The pronunciations do not fit the words.", provider=PROVIDER)
                for word, sound in zip(unknown, phonemes, strict=True):
                    self._sounds[word] = lexicon.arpabet(word.text, sound, language)
        found = {word: self._sounds[word] for word in words}
        for word in words:
            self._sounds.move_to_end(word)
        while len(self._sounds) > _KEPT_WORDS:
            self._sounds.popitem(last=False)
        return found

    async def aclose(self) -> None:
        for process in self._processes:
            await process.aclose()


def _transcript(grammar: Grammar, match: _Match | None) -> Transcript | None:
    found = grammar.phrase_of([token for token, _, _ in match.tokens]) if match else None
    if match is None or found is None:
        return None
    phrase, span = found
    words = tuple(
        Word(text, start_ms, end_ms)
        for text, (_, start_ms, end_ms) in zip(words_of(phrase.text), match.tokens[span], strict=False)
    )
    return Transcript(phrase.text, phrase.language, match.sureness, words)


@lru_cache(maxsize=_KEPT_GRAMMARS)
def _phrase_set(phrases: tuple[Phrase, ...], languages: tuple[str, ...]) -> PhraseSet:
    """A secretary's phrases are the same on every turn; going through them costs milliseconds."""
    return PhraseSet(phrases, languages)


def _capped(audio: PcmAudio) -> PcmAudio:
    """Whole samples, and not more than can be an utterance, so that no upload fills the pipe."""
    if audio.sample_rate_hz not in SAMPLE_RATES_HZ:
        raise ProviderRefused(
            f"The local recogniser does not take {audio.sample_rate_hz} Hz.",
            provider=PROVIDER,
            field="audio.sample_rate_hz",
            fix=f"Use one of {', '.join(map(str, SAMPLE_RATES_HZ))}.",
        )
    most = audio.sample_rate_hz * _MAX_AUDIO_MS // 1000
    return PcmAudio(audio.samples[: 2 * min(len(audio.samples) // 2, most)], audio.sample_rate_hz)
