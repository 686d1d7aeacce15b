"""One provider measured on a sample: how soon it answers, what that costs, and how well it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.clock import Clock
from voice_ai_service.errors import InvalidInput, ProviderError, ProviderTimeout
from voice_ai_service.providers.chains import ChatChain, EmbeddingChain, LiveTranscription, SttChain, TtsChain
from voice_ai_service.providers.cost import Consumption, PriceList
from voice_ai_service.providers.fallback import Chain
from voice_ai_service.providers.llm.seam import ChatDone, ChatMessage, ChatOptions, Role, TextDelta
from voice_ai_service.providers.stt.seam import FinalTranscript, SttOptions
from voice_ai_service.providers.tts.seam import TtsOptions
from voice_ai_service.text.word_errors import word_error_rate

_RATE_HZ: Final = 8000
_SAMPLE_BYTES: Final = 2
_FRAME_MS: Final = 20
_OUTCOME_CHARS: Final = 200
_LISTENS_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """
    Attributes:
        text: Spoken by voices, answered by models, embedded.
        language: BCP-47.
        audio: Heard by recognisers; None: only the other kinds can be measured.
        reference: What is said in `audio`, for the word error rate.
    """

    text: str
    language: str
    audio: PcmAudio | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """
    Attributes:
        first_ms: Until the first piece of the answer. For a recogniser that listens while the caller speaks: from the
            first audio, which it gets at the pace of speech.
        total_ms: Until the answer was whole. For such a recogniser: from the last audio, since nobody waits before.
        cost_cents: None: there is no price for it.
        word_error_rate: None without a reference, and for what does not hear.
        outcome: What it heard or answered, the length of what it said, or how many numbers a vector has.
        error: A bounded code; then the other figures are empty.
    """

    kind: str
    provider: str
    model: str | None = None
    label: str = ""
    provider_uuid: str | None = None
    first_ms: float | None = None
    total_ms: float | None = None
    cost_cents: Decimal | None = None
    word_error_rate: float | None = None
    outcome: str = ""
    error: str | None = None
    message: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class _Taken:
    first_s: float
    total_s: float
    used: Consumption
    outcome: str
    word_error_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Measuring:
    prices: PriceList
    clock: Clock

    async def measure(self, chain: Chain[Any], sample: Sample) -> Measured:
        """A provider's failure is a result.

        Raises:
            InvalidInput: A kind that only a call can measure, or a recogniser without audio.
        """
        name, model = chain.links[0].name, chain.links[0].model
        try:
            if await _hears_commands_only(chain):
                return Measured(chain.kind.value, name, model, outcome="hears commands only: not compared")
            taken = await self._take(chain, sample)
        except ProviderError as error:
            return Measured(
                chain.kind.value, name, model, error=error.code, message=error.message, fix=error.fix
            )
        return Measured(
            chain.kind.value,
            taken.used.provider,
            taken.used.model,
            first_ms=round(taken.first_s * 1000, 1),
            total_ms=round(taken.total_s * 1000, 1),
            cost_cents=self.prices.cents(taken.used),
            word_error_rate=taken.word_error_rate,
            outcome=taken.outcome[:_OUTCOME_CHARS],
        )

    async def _take(self, chain: Chain[Any], sample: Sample) -> _Taken:
        match chain:
            case SttChain():
                return await self._listen(chain, sample)
            case TtsChain():
                return await self._speak(chain, sample)
            case ChatChain():
                return await self._chat(chain, sample)
            case EmbeddingChain():
                return await self._embed(chain, sample)
        raise InvalidInput(
            "Speech to speech is measured by calling a secretary that uses it",
            field="kind",
            fix="Use `voice-ai call` or the test phone",
        )

    async def _listen(self, chain: SttChain, sample: Sample) -> _Taken:
        audio = sample.audio
        if audio is None:
            raise InvalidInput("A recogniser needs something to hear", field="--wav", fix="Give a WAV file")
        hears = await chain.capabilities()
        options = SttOptions((sample.language,), timeout_s=_LISTENS_S)
        if hears is not None and hears.streaming:
            live = _Live(self.clock, audio, options)
            text, provider, model = await live.heard_by(chain)
            first_s, total_s = live.first_s, live.total_s
        else:
            began = self.clock.monotonic()
            used = await chain.transcribe(audio, options)
            first_s = total_s = self.clock.monotonic() - began
            text, provider, model = used.value.text, used.provider, used.model
        return _Taken(
            first_s,
            total_s,
            Consumption(chain.kind, provider, model, seconds=audio.duration_ms / 1000),
            text,
            None if sample.reference is None else word_error_rate(sample.reference, text),
        )

    async def _speak(self, chain: TtsChain, sample: Sample) -> _Taken:
        began, first_s, size = self.clock.monotonic(), None, 0
        stream = chain.stream(_one(sample.text), TtsOptions(sample.language, sample_rate_hz=_RATE_HZ))
        async with aclosing(stream):
            async for chunk in stream:
                first_s = self.clock.monotonic() - began if first_s is None else first_s
                size += len(chunk)
        total_s = self.clock.monotonic() - began
        used = stream.used or chain.links[0].used
        taken = Consumption(chain.kind, used.provider, used.model, characters=len(sample.text))
        audio_ms = size * 1000 // (_RATE_HZ * _SAMPLE_BYTES)
        return _Taken(total_s if first_s is None else first_s, total_s, taken, f"{audio_ms} ms of audio")

    async def _chat(self, chain: ChatChain, sample: Sample) -> _Taken:
        began, first_s, said, usage = self.clock.monotonic(), None, "", None
        stream = chain.chat([ChatMessage(Role.USER, sample.text)], (), ChatOptions(max_tokens=100))
        async with aclosing(stream):
            async for event in stream:
                first_s = self.clock.monotonic() - began if first_s is None else first_s
                if isinstance(event, TextDelta):
                    said += event.text
                elif isinstance(event, ChatDone):
                    usage = event.usage
        total_s = self.clock.monotonic() - began
        used = stream.used or chain.links[0].used
        taken = Consumption(
            chain.kind,
            used.provider,
            used.model,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            completion_tokens=usage.completion_tokens if usage else 0,
        )
        return _Taken(total_s if first_s is None else first_s, total_s, taken, said.strip())

    async def _embed(self, chain: EmbeddingChain, sample: Sample) -> _Taken:
        began = self.clock.monotonic()
        used = await chain.embed([sample.text])
        took_s = self.clock.monotonic() - began
        taken = Consumption(chain.kind, used.provider, used.model)
        return _Taken(took_s, took_s, taken, f"{len(used.value[0])} numbers")


class _Live:
    """A recording through a recogniser that listens while it is spoken, at the pace at which it was spoken."""

    def __init__(self, clock: Clock, audio: PcmAudio, options: SttOptions) -> None:
        self.first_s = 0.0
        self.total_s = 0.0
        self._clock = clock
        self._audio = audio
        self._options = options
        self._ended_at: float | None = None

    async def heard_by(self, chain: SttChain) -> tuple[str, str, str | None]:
        """The text, the provider and its model. Raises ProviderError."""
        try:
            async with asyncio.timeout(self._audio.duration_ms / 1000 + _LISTENS_S):
                return await self._heard_by(chain)
        except* ProviderError as failed:
            raise _first(failed) from None
        except* TimeoutError:
            name = chain.links[0].name
            raise ProviderTimeout(f"The provider {name} took too long.", provider=name) from None

    async def _heard_by(self, chain: SttChain) -> tuple[str, str, str | None]:
        texts: list[str] = []
        async with (
            chain.stream(self._audio.sample_rate_hz, self._options) as live,
            asyncio.TaskGroup() as group,
        ):
            began = self._clock.monotonic()
            speaking = group.create_task(self._speak(live), name="a recording, spoken")
            async for event in live.events():
                if not self.first_s and event.transcript.text:
                    self.first_s = self._clock.monotonic() - began
                if isinstance(event, FinalTranscript):
                    texts.append(event.transcript.text)
            self.total_s = max(0.0, self._clock.monotonic() - (self._ended_at or began))
            self.first_s = self.first_s or self._clock.monotonic() - began
            speaking.cancel()
        return " ".join(filter(None, texts)), live.used.provider, live.used.model

    async def _speak(self, live: LiveTranscription) -> None:
        samples, rate_hz = self._audio.samples, self._audio.sample_rate_hz
        step = rate_hz * _FRAME_MS // 1000 * _SAMPLE_BYTES
        began = self._clock.monotonic()
        for number, at in enumerate(range(0, len(samples), step), 1):
            await live.push(samples[at : at + step])
            await self._clock.sleep(max(0.0, began + number * _FRAME_MS / 1000 - self._clock.monotonic()))
        self._ended_at = self._clock.monotonic()
        await live.finish()


async def _hears_commands_only(chain: Chain[Any]) -> bool:
    """Without a secretary there are no commands; any other sample would say nothing about it."""
    hears = await chain.capabilities() if isinstance(chain, SttChain) else None
    return hears is not None and not hears.free_dictation


def _first(group: BaseExceptionGroup[ProviderError]) -> ProviderError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ProviderError)  # the group was split by that type  # noqa: S101
    return error


async def _one(text: str) -> AsyncIterator[str]:
    yield text
