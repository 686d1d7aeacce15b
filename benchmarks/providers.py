"""`python -m benchmarks.providers`: what our side of a provider costs, against a stub vendor on loopback.

The exit code is 1 when something could not be measured. A target that was missed is told, not failed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

import click
import uvloop

from benchmarks.figures import BenchmarkError, Figure, as_table, percentile
from benchmarks.vendor_stub import PACE_S, PACED_PIECES
from voice_ai_service import logs
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.clock import SystemClock
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.providers.breaker import Breaker, BreakerPolicy
from voice_ai_service.providers.catalogue import builtin_entries
from voice_ai_service.providers.chains import ChatChain, SttChain, TtsChain
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.fallback import Link, NobodyWatches
from voice_ai_service.providers.instances import Instance
from voice_ai_service.providers.llm.seam import ChatMessage, ChatOptions, Role
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.providers.tts.seam import TtsOptions

CLOCK: Final = SystemClock()
_ENTRIES: Final = {(entry.kind, entry.name): entry for entry in builtin_entries()}
_TIMEOUT_S: Final = 0.5
_STREAMS: Final = 100
_TICK_S: Final = 0.005
_MESSAGE: Final = (ChatMessage(Role.USER, "Bom dia"),)
_MORE: Final[dict[ProviderKind, dict[str, Any]]] = {ProviderKind.TTS: {"voice": "alloy"}}
LLM, TTS, STT = ProviderKind.LLM, ProviderKind.TTS, ProviderKind.STT


@dataclass(frozen=True, slots=True)
class Stub:
    port: int

    def link(self, kind: ProviderKind, model: str) -> Link[Any]:
        """As `LinkBuilder` makes it from a row, with the shipped adapter behind it."""
        entry = _ENTRIES[kind, "openai_compatible"]
        settings = entry.settings_model.model_validate(
            {
                "base_url": f"http://127.0.0.1:{self.port}/v1",
                "model": model,
                "timeouts": {"first_byte_s": _TIMEOUT_S} if model == "silent" else {},
                **_MORE.get(kind, {}),
            }
        )
        context = ProviderContext(allowed_networks=(ip_network("127.0.0.0/8"),), clock=CLOCK)
        instance: Instance[Any] = Instance(model, lambda: entry.build(context, settings, "sk-stub"))
        return Link(model, model, instance, Breaker(CLOCK, BreakerPolicy(failures=10_000)), settings.timeouts)

    async def times(self) -> list[tuple[float, float]]:
        """When each streamed request was there, and when its first piece was written."""

        def read() -> Any:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/times") as answer:
                return json.load(answer)

        return [(arrived, written) for arrived, written in await asyncio.to_thread(read)]


@asynccontextmanager
async def running_stub() -> AsyncIterator[Stub]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.vendor_stub", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield Stub(int(await process.stdout.readline()))
    finally:
        process.terminate()
        await process.wait()


def chain(kind: ProviderKind, *links: Link[Any]) -> Any:
    made = {LLM: ChatChain, TTS: TtsChain, STT: SttChain}[kind]
    return made(kind, links, CLOCK, NobodyWatches())


async def whole(chain: Any) -> float:
    """All of one answer, of a chain of any kind. Returns the monotonic moment of its first piece."""
    first: float | None = None
    if isinstance(chain, SttChain):
        await chain.transcribe(PcmAudio(bytes(16_000), 8000), SttOptions(("pt-BR",)))
        return time.monotonic()
    stream = (
        chain.chat(_MESSAGE, (), ChatOptions())
        if isinstance(chain, ChatChain)
        else chain.stream(_text(), TtsOptions("pt-BR"))
    )
    async with aclosing(stream):
        async for _ in stream:
            first = first or time.monotonic()
    if first is None:
        raise BenchmarkError("the stub said nothing")
    return first


async def _text() -> AsyncIterator[str]:
    yield "Bom dia, em que posso ajudar?"


async def own_cost(stub: Stub, kind: ProviderKind, requests: int) -> list[Figure]:
    """From asking to the first piece in our hand, less what the stub took between the two."""
    link = stub.link(kind, "quick")
    asked = chain(kind, link)
    await whole(asked)
    before = len(await stub.times())
    ours: list[tuple[float, float]] = []
    for _ in range(requests):
        began = time.monotonic()
        ours.append((began, await whole(asked)))
        await asyncio.sleep(0)
    theirs = (await stub.times())[before:]
    await link.instance.aclose()
    added = [
        ((first - began) - (written - arrived)) * 1000
        for (began, first), (arrived, written) in zip(ours, theirs, strict=True)
    ]
    note = f"{requests} requests one after the other, loopback included"
    return [
        Figure(f"own_cost.{kind}.median", percentile(added, 0.5), "ms", 3.0, note=note),
        Figure(f"own_cost.{kind}.p95", percentile(added, 0.95), "ms", note=note),
    ]


async def fallback(stub: Stub, kind: ProviderKind, tries: int) -> Figure:
    """A provider that says nothing, with one behind it: how long after its time-out the first piece is there."""
    silent, quick = stub.link(kind, "silent"), stub.link(kind, "quick")
    await whole(chain(kind, quick))
    late = []
    for _ in range(tries):
        began = time.monotonic()
        first = await whole(chain(kind, silent, quick))
        late.append((first - began - _TIMEOUT_S) * 1000)
    await asyncio.gather(silent.instance.aclose(), quick.instance.aclose())
    return Figure(
        f"fallback.{kind}.worst",
        max(late),
        "ms",
        100.0,
        note=f"beyond the time-out of {_TIMEOUT_S} s, {tries} times",
    )


@dataclass(slots=True)
class Stalls:
    """How late the event loop came back, and how much of that it had worked itself: neighbours take the rest."""

    late_ms: list[float]
    worked_ms: list[float]

    async def watch(self) -> None:
        while True:
            began, worked = time.monotonic(), time.thread_time()
            await asyncio.sleep(_TICK_S)
            self.late_ms.append(max(0.0, time.monotonic() - began - _TICK_S) * 1000)
            self.worked_ms.append((time.thread_time() - worked) * 1000)


async def many_streams(stub: Stub, streams: int) -> list[Figure]:
    """Half of them chat, half of them speech, each with a piece every 20 ms.

    Once through the adapters of one domain, ready for it; and once each through its own domain's, made that moment.
    """
    kinds = [(LLM, TTS)[number % 2] for number in range(streams)]
    shared = {kind: stub.link(kind, "paced") for kind in (LLM, TTS)}
    await asyncio.gather(*(whole(chain(kind, link)) for kind, link in shared.items()))
    warm = await _stalls("streams", [(kind, shared[kind]) for kind in kinds])
    cold = await _stalls("streams_of_new_domains", [(kind, stub.link(kind, "paced")) for kind in kinds])
    return [*warm, *cold]


async def _stalls(name: str, streams: Sequence[tuple[ProviderKind, Link[Any]]]) -> list[Figure]:
    stalls = Stalls([], [])
    watching = asyncio.create_task(stalls.watch(), name="stalls")
    began = time.monotonic()
    await asyncio.gather(*(whole(chain(kind, link)) for kind, link in streams))
    took_s = time.monotonic() - began
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await asyncio.gather(*(link.instance.aclose() for _, link in streams))
    note = f"{len(streams)} streams of {PACED_PIECES} pieces, begun in one moment; {took_s:.1f} s"
    return [
        Figure(f"{name}.stall.worst", max(stalls.late_ms), "ms", 20.0, note=note),
        Figure(f"{name}.stall.p99", percentile(stalls.late_ms, 0.99), "ms", note=note),
        Figure(
            f"{name}.own_work_in_one_go.worst",
            max(stalls.worked_ms),
            "ms",
            note="CPU time of the loop's thread",
        ),
        Figure(f"{name}.behind_pace", (took_s - (PACED_PIECES - 1) * PACE_S) * 1000, "ms"),
    ]


async def loads_once() -> Figure:
    """Twenty first requests at one time, and how often the model is loaded for them."""
    loads = 0

    async def load() -> Any:
        nonlocal loads
        loads += 1
        await asyncio.sleep(0.05)
        return _Model()

    instance: Instance[Any] = Instance("model", load)

    async def use() -> None:
        async with instance.lease():
            await asyncio.sleep(0)

    await asyncio.gather(*(use() for _ in range(20)))
    await instance.aclose()
    return Figure("loads.of_twenty_first_requests", loads, "loads", 1.0)


class _Model:
    async def aclose(self) -> None:
        """Nothing is open."""


async def measure(quick: bool) -> Sequence[Figure]:
    requests, tries = (30, 2) if quick else (500, 10)
    figures: list[Figure] = []
    async with running_stub() as stub:
        gc.collect()
        gc.freeze()  # as the shipped commands do
        gc.set_threshold(10_000)
        for kind in (LLM, TTS):
            figures += await own_cost(stub, kind, requests)
        for kind in (LLM, TTS, STT):
            figures.append(await fallback(stub, kind, tries))
        figures += await many_streams(stub, 10 if quick else _STREAMS)
    figures.append(await loads_once())
    return figures


@click.command()
@click.option("--quick", is_flag=True, help="To see whether it works, not for figures.")
@click.option("--json", "as_json", is_flag=True, help="One object a figure.")
def main(quick: bool, as_json: bool) -> None:
    """Measure the shipped adapters' own side."""
    logs.configure("error", "text")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(measure(quick))
    except (BenchmarkError, VoiceAiError, OSError) as error:
        click.echo(f"not measured: {error}", err=True)
        sys.exit(1)
    if as_json:
        for figure in figures:
            click.echo(figure.as_json())
    else:
        click.echo(as_table(figures))


if __name__ == "__main__":
    main()
