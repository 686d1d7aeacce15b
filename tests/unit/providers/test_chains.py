from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.providers import (
    Script,
    ScriptedChat,
    ScriptedProvider,
    ScriptedTts,
    Watching,
    down,
    link_to,
    said,
)
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import (
    InvalidInput,
    NotFound,
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from voice_ai_service.providers.breaker import BreakerState
from voice_ai_service.providers.chains import ChatChain, EmbeddingChain, SttChain, TtsChain
from voice_ai_service.providers.entry import ProviderKind, StageTimeouts
from voice_ai_service.providers.fallback import UsedProvider
from voice_ai_service.providers.llm.seam import ChatDone, ChatEvent, ChatOptions, TextDelta
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.providers.tts.seam import TtsOptions

AUDIO = PcmAudio(bytes(1600), 8000)
STT = SttOptions(languages=("pt-BR",), timeout_s=10)
TTS = TtsOptions("pt-BR", first_byte_timeout_s=5, total_timeout_s=30)
CHAT = ChatOptions(first_token_timeout_s=5, total_timeout_s=20)
CLOCK = LoopClock()

ERRORS = [
    ProviderUnavailable("x", provider="first"),
    ProviderTimeout("x", provider="first"),
    ProviderBusy("x", provider="first", retry_after_s=3),
    ProviderRefused("x", provider="first"),
    ProviderProtocol("x", provider="first"),
]


def heard(text: str, **more: Any) -> ScriptedProvider:
    return ScriptedProvider(Script(pieces=(text,), **more))


def broken(error: BaseException | None = None, **more: Any) -> ScriptedProvider:
    return ScriptedProvider(Script(error=error or down(), **more))


def stt(*providers: ScriptedProvider, watching: Watching | None = None, **more: Any) -> SttChain:
    names = ("first", "second", "third")
    links = [link_to(provider, CLOCK, name, **more) for name, provider in zip(names, providers, strict=False)]
    return SttChain(ProviderKind.STT, links, CLOCK, watching or Watching())


def tts(*providers: ScriptedProvider, watching: Watching | None = None, **more: Any) -> TtsChain:
    links = [
        link_to(provider, CLOCK, name, **more)
        for name, provider in zip(("first", "second"), providers, strict=False)
    ]
    return TtsChain(ProviderKind.TTS, links, CLOCK, watching or Watching())


def llm(*providers: ScriptedProvider, watching: Watching | None = None) -> ChatChain:
    links = [
        link_to(provider, CLOCK, name, model=f"{name}-model")
        for name, provider in zip(("first", "second"), providers, strict=False)
    ]
    return ChatChain(ProviderKind.LLM, links, CLOCK, watching or Watching())


async def texts(*given: str, wait_s: float = 0, error: Exception | None = None) -> AsyncIterator[str]:
    for text in given:
        await asyncio.sleep(wait_s)
        yield text
    if error is not None:
        raise error


async def collect(stream: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in stream]


class TestOneAnswer:
    @virtual_time
    async def test_the_first_that_answers_is_named(self) -> None:
        used = await stt(heard("sim"), heard("não")).transcribe(AUDIO, STT)
        assert (used.value.text, used.provider) == ("sim", "first")

    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
    def test_after_any_provider_error_the_next_is_asked_and_nothing_becomes_text(
        self, error: ProviderError
    ) -> None:
        @virtual_time
        async def run() -> None:
            watching = Watching()
            used = await stt(broken(error), heard("não"), watching=watching).transcribe(AUDIO, STT)
            assert (used.value.text, used.provider) == ("não", "second")
            assert watching.results == [("stt", "first", error.code), ("stt", "second", "ok")]

        run()

    @virtual_time
    async def test_all_failed_raises_the_last_error(self) -> None:
        last = ProviderRefused("bad key", provider="second")
        with pytest.raises(ProviderRefused) as caught:
            await stt(broken(), broken(last)).transcribe(AUDIO, STT)
        assert caught.value is last

    @virtual_time
    async def test_the_next_is_asked_after_the_links_own_time_out(self) -> None:
        chain = stt(heard("late", delay_s=60), heard("sim"), timeouts=StageTimeouts(first_byte_s=2))
        begin = CLOCK.monotonic()
        used = await chain.transcribe(AUDIO, STT)
        assert used.provider == "second"
        assert CLOCK.monotonic() - begin == 2

    @virtual_time
    async def test_a_time_out_is_a_provider_timeout(self) -> None:
        with pytest.raises(ProviderTimeout) as caught:
            await stt(heard("late", delay_s=60)).transcribe(AUDIO, STT)
        assert caught.value.provider == "first"

    @virtual_time
    async def test_a_request_of_ours_that_is_wrong_is_not_sent_to_others(self) -> None:
        second = heard("sim")
        chain = stt(broken(InvalidInput("empty audio", field="audio")), second)
        with pytest.raises(InvalidInput):
            await chain.transcribe(AUDIO, STT)
        assert second.requests == 0
        assert chain.links[0].breaker.state is BreakerState.CLOSED

    @virtual_time
    async def test_a_plug_ins_bug_is_a_provider_error_without_its_text(self) -> None:
        with pytest.raises(ProviderProtocol) as caught:
            await stt(broken(KeyError("secret-in-here"))).transcribe(AUDIO, STT)
        assert "secret" not in caught.value.message

    @virtual_time
    async def test_the_circuit_opens_is_skipped_and_recovers(self) -> None:
        watching = Watching()
        first = broken()
        chain = stt(first, heard("sim"), watching=watching)
        for _ in range(5):
            await chain.transcribe(AUDIO, STT)
        assert first.requests == 3
        assert watching.results.count(("stt", "first", "skipped")) == 2
        first.script = Script(pieces=("volta",))
        await asyncio.sleep(10)
        assert (await chain.transcribe(AUDIO, STT)).provider == "first"
        assert chain.links[0].breaker.state is BreakerState.CLOSED

    @virtual_time
    async def test_with_all_circuits_open_the_error_says_when(self) -> None:
        chain = stt(broken())
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                await chain.transcribe(AUDIO, STT)
        with pytest.raises(ProviderBusy) as caught:
            await chain.transcribe(AUDIO, STT)
        assert caught.value.retry_after_s == 10

    @virtual_time
    async def test_an_open_circuit_does_not_hide_the_real_error(self) -> None:
        chain = stt(broken(ProviderRefused("bad key", provider="first")), broken())
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                await chain.transcribe(AUDIO, STT)
        chain.links[0].breaker.__init__(CLOCK, chain.links[0].breaker._policy)  # type: ignore[misc]
        with pytest.raises(ProviderRefused):
            await chain.transcribe(AUDIO, STT)

    @virtual_time
    async def test_a_cancelled_request_counts_for_nothing(self) -> None:
        watching = Watching()
        chain = stt(heard("late", delay_s=60), watching=watching)
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await chain.transcribe(AUDIO, STT)
        assert watching.results == [("stt", "first", "cancelled")] * 5
        assert chain.links[0].breaker.state is BreakerState.CLOSED


class TestLiveTranscription:
    @virtual_time
    async def test_opens_with_the_first_that_can(self) -> None:
        chain = stt(broken(), heard("bom dia"))
        async with chain.stream(8000, STT) as live:
            await live.push(b"\0\0")
            await live.finish()
            events = await collect(live.events())
        assert live.used == UsedProvider("second", None)
        assert [event.transcript.text for event in events] == ["bom dia"]

    @virtual_time
    async def test_an_error_of_the_code_inside_is_not_the_providers(self) -> None:
        watching = Watching()
        chain = stt(heard("x"), heard("y"), watching=watching)
        with pytest.raises(ProviderUnavailable, match="It is down"):
            async with chain.stream(8000, STT):
                raise down("a voice")
        assert watching.results == [("stt", "first", "ok")]

    @virtual_time
    async def test_a_stream_that_breaks_counts_and_is_not_moved_to_another(self) -> None:
        watching = Watching()
        first = ScriptedProvider(Script(pieces=("bom",), error=down()))
        chain = stt(first, heard("y"), watching=watching)
        with pytest.raises(ProviderUnavailable):
            async with chain.stream(8000, STT) as live:
                await collect(live.events())
        assert watching.results == [("stt", "first", "provider_unavailable")]


class TestSpeech:
    @virtual_time
    async def test_the_name_is_known_with_the_first_chunk(self) -> None:
        stream = tts(ScriptedTts(Script(pieces=(b"a", b"b")))).stream(texts("Olá."), TTS)
        named = [stream.used]
        assert await anext(stream) == b"a"
        named.append(stream.used)
        assert named == [None, UsedProvider("first", None)]
        assert await collect(stream) == [b"b"]

    @virtual_time
    async def test_the_next_provider_gets_the_whole_text_again(self) -> None:
        second = ScriptedTts(Script(pieces=(b"x",)))
        stream = tts(ScriptedTts(Script(error=down())), second).stream(texts("Bom dia. ", "Tudo bem?"), TTS)
        assert await collect(stream) == [b"x"]
        assert second.read == ["Bom dia.\n", "Tudo bem?"]
        assert stream.used == UsedProvider("second", None)

    @virtual_time
    async def test_a_time_out_while_the_text_is_written_loses_no_text(self) -> None:
        first = ScriptedTts(Script(pieces=(b"never",), delay_s=90), eager=True)
        second = ScriptedTts(Script(pieces=(b"1", b"2", b"3")))
        source = texts("Ele disse um. ", "E dois. ", "E três.", wait_s=4)
        stream = tts(first, second).stream(source, TTS)
        assert await collect(stream) == [b"1", b"2", b"3"]
        assert second.read == ["Ele disse um.\n", "E dois. E três."]

    @virtual_time
    async def test_after_the_first_chunk_an_error_ends_the_speech(self) -> None:
        second = ScriptedTts(Script(pieces=(b"x",)))
        stream = tts(ScriptedTts(Script(pieces=(b"a",), error=down())), second).stream(texts("Olá"), TTS)
        assert await anext(stream) == b"a"
        with pytest.raises(ProviderUnavailable):
            await anext(stream)
        assert second.requests == 0

    @virtual_time
    async def test_a_slow_text_is_not_a_slow_provider(self) -> None:
        provider = ScriptedTts(Script(pieces=(b"1", b"2", b"3"), delay_s=1), eager=True)
        stream = tts(provider).stream(texts("um", "dois", "três", wait_s=40), TTS)
        assert await collect(stream) == [b"1", b"2", b"3"]

    @virtual_time
    async def test_a_slow_listener_is_not_a_slow_provider(self) -> None:
        stream = tts(ScriptedTts(Script(pieces=(b"1", b"2"), between_s=1))).stream(texts("um"), TTS)
        assert await anext(stream) == b"1"
        await asyncio.sleep(120)
        assert await anext(stream) == b"2"
        await stream.aclose()

    @virtual_time
    async def test_a_stall_in_the_middle_ends_it(self) -> None:
        stream = tts(ScriptedTts(Script(pieces=(b"1", b"2"), between_s=6))).stream(texts("um"), TTS)
        begin = CLOCK.monotonic()
        await anext(stream)
        with pytest.raises(ProviderTimeout):
            await anext(stream)
        assert CLOCK.monotonic() - begin == 5

    @virtual_time
    async def test_trickling_for_ever_ends_at_the_total(self) -> None:
        stream = tts(ScriptedTts(Script(pieces=(b"1",) * 99, between_s=4))).stream(texts("um"), TTS)
        begin = CLOCK.monotonic()
        with pytest.raises(ProviderTimeout):
            await collect(stream)
        assert CLOCK.monotonic() - begin == 30

    @virtual_time
    async def test_no_audio_for_a_text_is_a_failure_and_the_next_is_asked(self) -> None:
        stream = tts(ScriptedTts(), ScriptedTts(Script(pieces=(b"x",)))).stream(texts("Olá"), TTS)
        assert await collect(stream) == [b"x"]

    @virtual_time
    async def test_no_audio_for_no_words_is_none(self) -> None:
        stream = tts(ScriptedTts()).stream(texts(" … "), TTS)
        assert await collect(stream) == []
        assert stream.used is None

    @virtual_time
    async def test_a_failing_text_source_is_nobody_elses_fault(self) -> None:
        watching = Watching()
        second = ScriptedTts(Script(pieces=(b"x",)))
        source = texts("um", error=ProviderUnavailable("model gone", provider="the model"))
        stream = tts(ScriptedTts(), second, watching=watching).stream(source, TTS)
        with pytest.raises(ProviderUnavailable) as caught:
            await collect(stream)
        assert caught.value.provider == "the model"
        assert watching.results == [("tts", "first", "cancelled")]
        assert second.read == []

    @virtual_time
    async def test_closing_stops_the_provider_and_the_source(self) -> None:
        watching = Watching()
        provider = ScriptedTts(Script(pieces=(b"1", b"2"), between_s=3), eager=True)
        closed = asyncio.Event()

        async def endless() -> AsyncIterator[str]:
            try:
                while True:
                    yield "um"
                    await asyncio.sleep(1)
            finally:
                closed.set()

        stream = tts(provider, watching=watching).stream(endless(), TTS)
        await anext(stream)
        await stream.aclose()
        assert closed.is_set()
        assert provider.stopped_early == 1
        assert watching.results == [("tts", "first", "ok")]
        assert len(asyncio.all_tasks()) == 1

    @virtual_time
    async def test_cancelled_before_the_first_chunk_leaves_nothing_running(self) -> None:
        provider = ScriptedTts(Script(pieces=(b"1",), delay_s=60))
        stream = tts(provider).stream(texts("um", wait_s=1), TTS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(stream)
        await stream.aclose()
        assert len(asyncio.all_tasks()) == 1


class TestChat:
    @virtual_time
    async def test_events_and_whose_they_are(self) -> None:
        stream = llm(ScriptedChat(said("Bom", " dia"))).chat((), (), CHAT)
        events: list[ChatEvent] = await collect(stream)
        assert events == [TextDelta("Bom"), TextDelta(" dia"), ChatDone("stop")]
        assert stream.used == UsedProvider("first", "first-model")

    @virtual_time
    async def test_the_next_is_asked_before_the_first_event_only(self) -> None:
        stream = llm(ScriptedChat(Script(error=down())), ScriptedChat(said("Oi"))).chat((), (), CHAT)
        assert (await collect(stream))[0] == TextDelta("Oi")
        late = llm(ScriptedChat(Script(pieces=(TextDelta("Bo"),), error=down())), ScriptedChat(said("Oi")))
        stream = late.chat((), (), CHAT)
        assert await anext(stream) == TextDelta("Bo")
        with pytest.raises(ProviderUnavailable):
            await collect(stream)

    @virtual_time
    async def test_the_first_token_has_its_own_limit(self) -> None:
        slow = said("late")
        slow.delay_s = 50
        begin = CLOCK.monotonic()
        stream = llm(ScriptedChat(slow), ScriptedChat(said("Oi"))).chat((), (), CHAT)
        assert await anext(stream) == TextDelta("Oi")
        assert CLOCK.monotonic() - begin == 5
        await stream.aclose()

    @virtual_time
    async def test_an_answer_without_any_event_is_a_failure(self) -> None:
        with pytest.raises(ProviderProtocol):
            await collect(llm(ScriptedChat()).chat((), (), CHAT))

    @virtual_time
    async def test_closing_cancels_the_request(self) -> None:
        provider = ScriptedChat(said("a", "b", "c"))
        stream = llm(provider).chat((), (), CHAT)
        await anext(stream)
        await stream.aclose()
        assert provider.stopped_early == 1


class TestEmbeddings:
    def chain(self, *providers: ScriptedProvider) -> EmbeddingChain:
        links = [
            link_to(provider, CLOCK, name, model=model)
            for provider, name, model in zip(providers, ("first", "second"), ("m1", "m2"), strict=False)
        ]
        return EmbeddingChain(ProviderKind.EMBEDDINGS, links, CLOCK, Watching())

    @virtual_time
    async def test_the_model_travels_with_the_vectors(self) -> None:
        chain = self.chain(broken(), ScriptedProvider(Script(pieces=([[0.6, 0.8]],))))
        used = await chain.embed(["x"])
        assert (used.provider, used.model, used.value) == ("second", "m2", [[0.6, 0.8]])

    @virtual_time
    async def test_another_model_is_no_substitute(self) -> None:
        chain = self.chain(broken(), ScriptedProvider(Script(pieces=([[1.0, 0.0]],))))
        with pytest.raises(ProviderUnavailable):
            await chain.embed(["x"], model="m1")
        with pytest.raises(NotFound):
            await chain.embed(["x"], model="m3")
