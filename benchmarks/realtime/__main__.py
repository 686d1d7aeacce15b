"""`python -m benchmarks.realtime`: latency, barge-in, capacity and memory of calls through the bridge."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import BenchmarkError, Figure, as_table, percentile
from benchmarks.realtime.servers import BRIDGE, Running, Server, call, peer, running, stubs
from benchmarks.realtime.stubs import Delays
from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.events import Discarded, Ended
from voice_ai_service.audio.formats import PHONE_RATE_HZ
from voice_ai_service.audio.trim import speech_span
from voice_ai_service.calls.secretary import TurnTaking
from voice_ai_service.providers.tts.embedded import EmbeddedTts
from voice_ai_service.simulated_caller.caller import over_the_phone

_SHORT: Final = Delays(stt_ms=100.0, token_ms=100.0, tts_ms=50.0, every_token_ms=0.0)
_QUESTIONS: Final = (
    "Could you tell me when you are open on Saturdays",
    "Are you open on the first Monday in January",
    "I would like to know where you are",
)
_MOST_LATE_MS: Final = 20.0


async def measure(options: argparse.Namespace) -> AsyncIterator[Figure]:
    """Figures as they are measured, the bridge and the peer in turns."""
    servers = [BRIDGE, *([peer(options.peer)] if options.peer else [])]
    with tempfile.TemporaryDirectory(prefix="voice-ai-realtime-") as folder:
        speech = Path(folder) / "question.raw"
        speech.write_bytes(await _question())
        if "latency" in options.only:
            for server in servers:
                async for figure in _latency(server, speech, options):
                    yield figure
        if "voice_to_voice" in options.only:
            async for figure in _voice_to_voice(speech, options):
                yield figure
        if "barge_in" in options.only:
            for server in servers:
                async for figure in _barge_in(server, speech, options):
                    yield figure
        if "capacity" in options.only:
            for server in servers:
                async for figure in _capacity(server, speech, options):
                    yield figure
        if "soak" in options.only:
            async for figure in _soak(speech, options):
                yield figure


async def _question() -> bytes:
    """Spoken without a gap that is long enough to be taken for its end. Raises BenchmarkError."""
    async with aclosing(EmbeddedTts()) as voice:
        for text in _QUESTIONS:
            spoken = over_the_phone(await voice.speak(text, "en"))
            began, ended = speech_span(spoken) or (0, spoken.duration_ms)
            samples = spoken.samples[began * 16 : ended * 16]
            if _is_one_utterance(samples):
                return samples
    raise BenchmarkError("the local voice makes long pauses in every question")


def _is_one_utterance(samples: bytes) -> bool:
    ear = Ear(TurnTaking(end_silence_ms=200), PHONE_RATE_HZ)
    size = PHONE_RATE_HZ // 50 * 2
    line = bytes(50 * size) + samples[: len(samples) // size * size] + bytes(50 * size)
    events = [event for at in range(0, len(line), size) for event in ear.hear(line[at : at + size], None)]
    return sum(isinstance(event, Ended | Discarded) for event in events) == 1


async def _latency(server: Server, speech: Path, options: argparse.Namespace) -> AsyncIterator[Figure]:
    delays = Delays()
    async with stubs(delays) as url, running(server, url, PHONE_RATE_HZ) as live:
        for calls in (1, 50):
            seconds = options.seconds * (1.5 if calls == 1 else 1.0)
            found = await call(live, speech, calls=calls, seconds=seconds, rate_hz=PHONE_RATE_HZ)
            own = [one - delays.unavoidable_ms - server.silence_ms for one in found["latencies_ms"]]
            is_ours = server is BRIDGE
            note = f"{found['turns']} turns{_problems(found)}"
            name = f"realtime.{server.name}.{calls}_calls.overhead"
            yield Figure(f"{name}.median", statistics.median(own), "ms", 20.0 if is_ours else None, note=note)
            yield Figure(f"{name}.p95", percentile(own, 0.95), "ms", 50.0 if is_ours else None)


async def _voice_to_voice(speech: Path, options: argparse.Namespace) -> AsyncIterator[Figure]:
    async with stubs(_SHORT) as url, running(BRIDGE, url, PHONE_RATE_HZ) as live:
        found = await call(live, speech, calls=1, seconds=options.seconds, rate_hz=PHONE_RATE_HZ)
    note = (
        f"delays {_SHORT.stt_ms:.0f}, {_SHORT.token_ms:.0f} and {_SHORT.tts_ms:.0f} ms, 200 ms of endpointing"
    )
    yield Figure(
        "realtime.bridge.voice_to_voice.median",
        statistics.median(found["latencies_ms"]),
        "ms",
        480.0,
        note=note,
    )


async def _barge_in(server: Server, speech: Path, options: argparse.Namespace) -> AsyncIterator[Figure]:
    async with stubs(Delays()) as url, running(server, url, PHONE_RATE_HZ) as live:
        found = await call(
            live, speech, calls=1, seconds=options.seconds * 2, rate_hz=PHONE_RATE_HZ, barge_in=True
        )
    stops, is_ours = found["stops_heard_ms"], server is BRIDGE
    note = f"{len(stops)} interruptions, a client that buffers 60 ms and honours `clear`{_problems(found)}"
    name = f"realtime.{server.name}.barge_in.speech_to_silence"
    yield Figure(f"{name}.median", statistics.median(stops), "ms", 200.0 if is_ours else None, note=note)
    yield Figure(f"{name}.p95", percentile(stops, 0.95), "ms")


async def _capacity(server: Server, speech: Path, options: argparse.Namespace) -> AsyncIterator[Figure]:
    """The most calls whose frames come in time, and what each costs."""
    best: tuple[int, dict[str, Any], float, float] | None = None
    for calls in options.ramp:
        async with stubs(Delays()) as url, running(server, url, PHONE_RATE_HZ) as live:
            idle_mb, cpu_s = live.rss_mb(), live.cpu_s()
            found = await call(live, speech, calls=calls, seconds=options.seconds + 10, rate_hz=PHONE_RATE_HZ)
            cpu_share = (live.cpu_s() - cpu_s) / (options.seconds + 10)
            grown_mb = (live.rss_mb() - idle_mb) / calls
        late = percentile(found["late_ms"], 0.99)
        failed = len(found["failures"]) / max(1, found["turns"])
        _say(
            f"{server.name} {calls} calls: late p99 {late:.1f} ms, latency p95 "
            f"{percentile(found['latencies_ms'], 0.95):.0f} ms, {cpu_share:.0%} of the core, {grown_mb:.2f} MB a call, "
            f"underruns {found['underruns']}, callers late p99 {percentile(found['send_late_ms'], 0.99):.1f} ms"
            f"{_problems(found)}"
        )
        if late > _MOST_LATE_MS or failed > 0.01 or found["connected"] < calls:
            break
        best = (calls, found, cpu_share, grown_mb)
    calls, found, cpu_share, grown_mb = best or (0, {"late_ms": [0.0], "failures": []}, 0.0, 0.0)
    name, is_ours = f"realtime.{server.name}.capacity", server is BRIDGE
    note = f"{cpu_share:.0%} of the core, its database and processes included" if best else ""
    yield Figure(f"{name}.calls_per_core", calls, "calls", 160.0 if is_ours else None, "higher", note=note)
    yield Figure(
        f"{name}.late.p99", percentile(found["late_ms"], 0.99), "ms", _MOST_LATE_MS if is_ours else None
    )
    yield Figure(f"{name}.memory_per_call", grown_mb, "MB", 2.0 if is_ours else None)


async def _soak(speech: Path, options: argparse.Namespace) -> AsyncIterator[Figure]:
    """Fifty calls after fifty calls: memory must be level."""
    async with stubs(Delays()) as url, running(BRIDGE, url, PHONE_RATE_HZ) as live:
        sizes = await _rounds(live, speech, options)
    first, last = sizes[max(1, len(sizes) // 5)], sizes[-1]
    note = f"{options.soak_minutes} min with 50 calls; {', '.join(f'{size:.0f}' for size in sizes)} MB"
    yield Figure("realtime.bridge.soak.growth", last - first, "MB", 10.0, note=note)


async def _rounds(live: Running, speech: Path, options: argparse.Namespace) -> list[float]:
    sizes = [live.rss_mb()]
    rounds = max(2, int(options.soak_minutes))
    for number in range(rounds):
        await call(live, speech, calls=50, seconds=60.0, rate_hz=PHONE_RATE_HZ)
        sizes.append(live.rss_mb())
        _say(f"soak: {number + 1} of {rounds} min, {sizes[-1]:.1f} MB")
    return sizes


def _problems(found: dict[str, Any]) -> str:
    failures = found["failures"]
    return f"; {len(failures)} failures: {', '.join(sorted(set(failures)))}" if failures else ""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=["latency", "voice_to_voice", "barge_in", "capacity"],
                        choices=["latency", "voice_to_voice", "barge_in", "capacity", "soak"])  # fmt: skip
    parser.add_argument("--seconds", type=float, default=40.0, help="Of each measurement")
    parser.add_argument(
        "--ramp", type=int, nargs="+", default=[40, 80, 120, 160, 200], help="Numbers of calls to try"
    )
    parser.add_argument(
        "--peer", type=Path, help="A folder with servers/floor_bridge.py, measured in the same run"
    )
    parser.add_argument("--soak-minutes", type=float, default=30.0)
    parser.add_argument("--json", action="store_true", help="One JSON object a figure")
    asyncio.run(_print(parser.parse_args()))


async def _print(options: argparse.Namespace) -> None:
    found: list[Figure] = []
    async with aclosing(measure(options)) as figures:  # type: ignore[type-var]
        async for figure in figures:
            found.append(figure)
            if options.json:
                print(figure.as_json(), flush=True)
    if not options.json:
        print(as_table(found))


if __name__ == "__main__":
    main()
