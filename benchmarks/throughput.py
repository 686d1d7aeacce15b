"""How many turns one process makes on one core when its providers take no time."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from benchmarks.calls import Load, run_load
from benchmarks.figures import BenchmarkError, Figure, percentile
from benchmarks.installation import Installation
from benchmarks.processes import CpuMeter
from benchmarks.profiling import shares

_CALLERS: Final = 12
"""Enough that the service never waits for a caller."""
_DELIVERED_WITHIN_S: Final = 120.0


async def measure(installation: Installation, turns: int, profile_to: Path | None) -> list[Figure]:
    """A closed loop of whole calls. With `profile_to` a second, profiled run tells where the time goes."""
    await installation.set_delays(0.0)
    await run_load(installation.service, Load(callers=_CALLERS, turns=20 * _CALLERS))
    floor = await _bare_requests_per_s(installation, seconds=3.0)
    events_before, meter = installation.sink.received, CpuMeter(installation.process)
    outcome = await run_load(installation.service, Load(callers=_CALLERS, turns=turns))
    cpu_ms = meter.used_s() * 1000 / len(outcome.turn_ms)
    calls = len(outcome.end_ms)
    note = (
        f"{turns} turns in {calls} whole calls over {_CALLERS} connections, zero-delay stubs, database and "
        f"webhook on; {meter.foreign_share():.0%} of the core taken by others"
    )
    figures = [
        Figure("throughput.turns_per_s", outcome.turns_per_s, "turns/s", 200.0, "higher", note),
        Figure("throughput.turn.p95", percentile(outcome.turn_ms, 0.95), "ms"),
        Figure("throughput.cpu_per_turn", cpu_ms, "ms", note="user and system, set-ups and ends included"),
        Figure(
            "throughput.turns_per_cpu_s",
            1000 / cpu_ms,
            "turns/s",
            better="higher",
            note="what a core would give that nobody else uses",
        ),
        Figure(
            "throughput.to_bare_requests",
            outcome.turns_per_s / floor,
            "turns per GET /health",
            better="higher",
            note=f"the same client and process answer {floor:.0f} GET /health a second",
        ),
    ]
    figures.append(await _delivered(installation, events_before + calls))
    if profile_to is not None:
        figures += await _split(installation, turns, profile_to)
    return figures


async def _bare_requests_per_s(installation: Installation, seconds: float) -> float:
    """What HTTP alone costs here: the yardstick for the turns, whatever the machine."""
    until, made = time.perf_counter() + seconds, 0

    async def ask() -> None:
        nonlocal made
        async with installation.service.connection() as connection:
            while time.perf_counter() < until:
                await connection.get("/health")
                made += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(_CALLERS):
            group.create_task(ask())
    return made / seconds


async def _delivered(installation: Installation, expected: int) -> Figure:
    began = time.perf_counter()
    if not await installation.sink.until(expected, _DELIVERED_WITHIN_S):
        missing = expected - installation.sink.received
        raise BenchmarkError(
            f"{missing} webhooks were not delivered {_DELIVERED_WITHIN_S:.0f} s after the calls"
        )
    lag_s = time.perf_counter() - began
    return Figure(
        "throughput.webhook_lag", lag_s, "s", note="from the last call's end to the last event's delivery"
    )


async def _split(installation: Installation, turns: int, profile_to: Path) -> list[Figure]:
    async with installation.sampled(profile_to):
        await run_load(installation.service, Load(callers=_CALLERS, turns=20 * _CALLERS))
        meter = CpuMeter(installation.process)
        outcome = await run_load(installation.service, Load(callers=_CALLERS, turns=turns))
        cpu_ms = meter.used_s() * 1000 / len(outcome.turn_ms)
    return [
        Figure(f"profile.{part}", share * cpu_ms, "ms/turn", note=f"{share:.1%} of the CPU time")
        for part, share in shares(profile_to)
    ]
