from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fakes.providers import (
    PlainSealer,
    RowsInMemory,
    Script,
    ScriptedChat,
    ScriptedProvider,
    ScriptedTts,
    Watching,
    Workshop,
    down,
    entry,
    link_to,
    row,
    said,
)
from tests.fakes.virtual_time import LoopClock, virtual_time
from tests.unit.providers.test_factory import AUDIO, DOMAIN, OPTIONS
from voice_ai_service.errors import ProviderBusy, ProviderError, ProviderRefused
from voice_ai_service.providers.breaker import BreakerState
from voice_ai_service.providers.chains import SttChain
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.factory import EmbeddedDefaults, ProviderFactory
from voice_ai_service.providers.fallback import CircuitOpen, Link
from voice_ai_service.providers.probing import Prober
from voice_ai_service.providers.registry import ProviderRegistry

CLOCK = LoopClock()
REST_S = 10


class Watched:
    """A link with a prober, and a chain over it."""

    def __init__(self, provider: Any, kind: ProviderKind = ProviderKind.STT) -> None:
        self.provider = provider
        self.prober = Prober(CLOCK)
        self.link: Link[Any] = link_to(provider, CLOCK)
        self.prober.attach(kind, self.link)
        self.chain = SttChain(kind, (self.link,), CLOCK, Watching())

    async def fails(self, times: int = 3) -> None:
        for _ in range(times):
            with pytest.raises(ProviderError):
                await self.chain.transcribe(AUDIO, OPTIONS)

    @property
    def state(self) -> BreakerState:
        return self.link.breaker.state


def broken() -> ScriptedProvider:
    return ScriptedProvider(Script(error=down()))


@virtual_time
async def test_no_caller_is_the_trial_and_the_probe_finds_it_well() -> None:
    watched = Watched(broken())
    await watched.fails()
    asked = watched.provider.requests
    with pytest.raises(CircuitOpen):
        await watched.chain.transcribe(AUDIO, OPTIONS)
    assert watched.provider.requests == asked
    watched.provider.script = Script(pieces=("sim",))
    await asyncio.sleep(REST_S + 1)
    assert watched.provider.requests == asked + 1
    assert watched.state is BreakerState.CLOSED
    assert (await watched.chain.transcribe(AUDIO, OPTIONS)).value.text == "sim"
    await watched.prober.aclose()


@virtual_time
async def test_a_probe_that_hangs_keeps_no_caller_waiting() -> None:
    watched = Watched(broken())
    await watched.fails()
    watched.provider.script = Script(delay_s=3600, pieces=("sim",))
    await asyncio.sleep(REST_S + 1)
    began = CLOCK.monotonic()
    with pytest.raises(CircuitOpen):
        await watched.chain.transcribe(AUDIO, OPTIONS)
    assert CLOCK.monotonic() == began
    await watched.prober.aclose()


@virtual_time
async def test_it_goes_on_as_long_as_somebody_wants_it_with_longer_rests() -> None:
    watched = Watched(broken())
    await watched.fails()
    asked = watched.provider.requests
    for _ in range(100):
        with pytest.raises(CircuitOpen):
            await watched.chain.transcribe(AUDIO, OPTIONS)
        await asyncio.sleep(1)
    assert watched.provider.requests - asked == 3  # after 10, 20 and 40 seconds of rest
    await watched.prober.aclose()


@virtual_time
async def test_what_nobody_wants_is_asked_once_and_again_when_somebody_does() -> None:
    watched = Watched(broken())
    await watched.fails()
    asked = watched.provider.requests
    await asyncio.sleep(1000)
    assert watched.provider.requests == asked + 1
    watched.provider.script = Script(pieces=("sim",))
    with pytest.raises(CircuitOpen):
        await watched.chain.transcribe(AUDIO, OPTIONS)
    await asyncio.sleep(0.01)
    assert watched.state.value == BreakerState.CLOSED
    await watched.prober.aclose()


@virtual_time
async def test_the_vendors_own_word_on_when_is_obeyed_by_the_probe() -> None:
    watched = Watched(ScriptedProvider(Script(error=ProviderBusy("x", provider="first", retry_after_s=50))))
    await watched.fails(1)
    watched.provider.script = Script(pieces=("sim",))
    await asyncio.sleep(49)
    assert watched.provider.requests == 1
    await asyncio.sleep(2)
    assert watched.provider.requests == 2
    await watched.prober.aclose()


@virtual_time
async def test_a_retired_link_is_left_alone() -> None:
    watched = Watched(broken())
    await watched.fails()
    asked = watched.provider.requests
    watched.link.instance.retire()
    await asyncio.sleep(100)
    assert watched.provider.requests == asked
    await watched.prober.aclose()


@virtual_time
async def test_a_refusal_of_what_the_probe_asks_says_that_it_is_well() -> None:
    watched = Watched(broken())
    await watched.fails()
    watched.provider.script = Script(error=ProviderRefused("x", provider="first", field="phrases"))
    await asyncio.sleep(REST_S + 1)
    assert watched.state is BreakerState.CLOSED
    await watched.prober.aclose()


@virtual_time
async def test_speech_to_speech_has_no_small_request_so_the_next_call_tries() -> None:
    watched = Watched(broken(), ProviderKind.REALTIME)
    await watched.fails()
    watched.provider.script = Script(pieces=("sim",))
    await asyncio.sleep(REST_S + 1)
    assert watched.state is BreakerState.HALF_OPEN
    assert (await watched.chain.transcribe(AUDIO, OPTIONS)).value.text == "sim"


@pytest.mark.parametrize(
    ("kind", "provider"),
    [
        (ProviderKind.TTS, ScriptedTts(Script(pieces=(b"\0\0",)))),
        (ProviderKind.LLM, ScriptedChat(said("Oi"))),
        (ProviderKind.EMBEDDINGS, ScriptedProvider(Script(pieces=([[1.0, 0.0]],)))),
    ],
)
def test_each_kind_is_asked_for_something_real(kind: ProviderKind, provider: Any) -> None:
    @virtual_time
    async def run() -> None:
        watched = Watched(provider, kind)
        for _ in range(3):
            admission = watched.link.breaker.enter()
            assert admission is not None
            watched.link.breaker.failed(admission)
        await asyncio.sleep(REST_S + 1)
        assert provider.requests == 1
        assert watched.state is BreakerState.CLOSED
        await watched.prober.aclose()

    run()


class Keys:
    """A vendor that takes one key and refuses another."""

    def __init__(self, refusal: ProviderError) -> None:
        self.asked: list[str | None] = []
        self.refusal = refusal

    async def build(self, context: ProviderContext, settings: Any, secret: str | None) -> Any:
        keys = self

        class OfKey(ScriptedProvider):
            async def transcribe(self, audio: Any, options: Any) -> Any:
                keys.asked.append(secret)
                return await super().transcribe(audio, options)

        works = secret == "good"
        return OfKey(Script(pieces=("sim",)) if works else Script(error=self.refusal))


@pytest.mark.parametrize(
    "refusal",
    [
        ProviderRefused("The key.", provider="remote", field="secret"),
        ProviderBusy("Slowly.", provider="remote", retry_after_s=60),
    ],
)
def test_a_key_that_is_refused_or_busy_is_not_asked_by_the_next_caller(refusal: ProviderError) -> None:
    @virtual_time
    async def run() -> None:
        keys = Keys(refusal)
        registry = ProviderRegistry(
            ProviderContext(clock=CLOCK), [entry(keys.build, "remote", secret_required=True)]
        )
        rows = RowsInMemory()
        rows.rows[DOMAIN, ProviderKind.STT] = [row("remote", sealed_secret="sealed:bad\ngood")]
        factory = ProviderFactory(registry, rows, PlainSealer(), embedded=EmbeddedDefaults(stt=None))
        for _ in range(3):
            chain = await factory.stt(DOMAIN)
            assert (await chain.transcribe(AUDIO, OPTIONS)).value.text == "sim"
        assert keys.asked == ["bad", "good", "good", "good"]
        await factory.aclose()

    run()


@virtual_time
async def test_the_factorys_links_are_probed_and_probes_end_with_it() -> None:
    workshop = Workshop(broken)
    registry = ProviderRegistry(ProviderContext(clock=CLOCK), [entry(workshop, "remote")])
    rows = RowsInMemory()
    rows.rows[DOMAIN, ProviderKind.STT] = [row("remote")]
    factory = ProviderFactory(registry, rows, PlainSealer(), embedded=EmbeddedDefaults(stt=None))
    chain = await factory.stt(DOMAIN)
    for _ in range(3):
        with pytest.raises(ProviderError):
            await chain.transcribe(AUDIO, OPTIONS)
    await factory.aclose()
    assert {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("probe")} == set()
