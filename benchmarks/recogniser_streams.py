"""What live recognition costs: many streams at a caller's pace through one process, the vendor's fake in another.

python -m benchmarks.recogniser_streams [--streams 100] [--seconds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final

from benchmarks.figures import Figure, as_table, percentile
from tests.fakes.deepgram_server import KEY, FakeDeepgram
from tests.fakes.websocket_vendor import Talk, serving
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.providers.stt import deepgram
from voice_ai_service.providers.stt.live_stt import LiveStt
from voice_ai_service.providers.stt.seam import FinalTranscript, PartialTranscript, SttOptions, SttStream

_FRAME_S: Final = 0.02
_FRAME: Final = bytes(320)
_TICK_S: Final = 0.005
_PARTIAL_EVERY: Final = 10
"""Frames: five partial transcripts a second are more than vendors send."""
_LONGEST_S: Final = 120.0


class _Talkative(FakeDeepgram):
    def __init__(self) -> None:
        super().__init__()
        self._frames: dict[int, int] = {}

    async def audio(self, talk: Talk, samples: bytes) -> None:
        frames = self._frames[talk.number] = self._frames.get(talk.number, 0) + 1
        if frames % _PARTIAL_EVERY == 0:
            await self.partial(talk, "quero pagar minha conta")


@dataclass
class Seen:
    """All in milliseconds. `final`: from the caller's end to the final transcript, the fake's time included."""

    late: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    partials: int = 0


def _serve(addresses: multiprocessing.Queue[str]) -> None:
    async def serve() -> None:
        async with serving(_Talkative()) as fake:
            addresses.put(fake.base_url)
            await asyncio.sleep(_LONGEST_S)

    asyncio.run(serve())


async def _watch(seen: Seen) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_TICK_S)
        seen.late.append((time.perf_counter() - began - _TICK_S) * 1000)


async def _feed(stream: SttStream, frames: int) -> float:
    due = time.perf_counter()
    for _ in range(frames):
        await stream.push(_FRAME)
        due += _FRAME_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    ended = time.perf_counter()
    await stream.finish()
    return ended


async def _call(provider: LiveStt, after_s: float, frames: int, seen: Seen) -> None:
    await asyncio.sleep(after_s)
    async with provider.stream(8000, SttOptions(("pt-BR",))) as stream, asyncio.TaskGroup() as group:
        feeding = group.create_task(_feed(stream, frames))
        async for event in stream.events():
            seen.partials += isinstance(event, PartialTranscript)
            if isinstance(event, FinalTranscript):
                heard = time.perf_counter()
        seen.final.append((heard - await feeding) * 1000)


async def measure(base_url: str, streams: int, seconds: float) -> list[Figure]:
    """Streams begin one after the other within a second, as calls do."""
    context = ProviderContext(allowed_networks=(ip_network("127.0.0.0/8"),))
    settings = deepgram.DeepgramSettings(base_url=base_url)
    seen, frames = Seen(), round(seconds / _FRAME_S)
    async with aclosing(await deepgram.build(context, settings, KEY)) as provider:
        watching = asyncio.create_task(_watch(seen))
        used_s = time.process_time()
        await asyncio.gather(*(_call(provider, at / streams, frames, seen) for at in range(streams)))
        used_s = time.process_time() - used_s
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    note = f"{streams} streams of {seconds:g} s, {seen.partials} partial transcripts"
    return [
        Figure("recogniser.loop_late_max", max(seen.late), "ms", 20.0, note=note),
        Figure("recogniser.loop_late_p99", percentile(seen.late, 0.99), "ms"),
        Figure(
            "recogniser.final_p50", percentile(seen.final, 0.5), "ms", 3.0, note="the fake's time included"
        ),
        Figure("recogniser.final_p99", percentile(seen.final, 0.99), "ms"),
        Figure("recogniser.cpu", used_s * 1000 / (streams * seconds), "ms/s of audio"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5.0)
    wanted = parser.parse_args()
    addresses: multiprocessing.Queue[str] = multiprocessing.Queue()
    vendor = multiprocessing.Process(target=_serve, args=(addresses,), daemon=True)
    vendor.start()
    try:
        print(as_table(asyncio.run(measure(addresses.get(timeout=20), wanted.streams, wanted.seconds))))
    finally:
        vendor.terminate()
        vendor.join()


if __name__ == "__main__":
    main()
