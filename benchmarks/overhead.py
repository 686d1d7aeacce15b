"""What the service adds to a turn beyond its providers' time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.calls import Load, run_load
from benchmarks.figures import Figure, percentile
from benchmarks.installation import KINDS, Installation
from benchmarks.processes import CpuMeter

STUB_DELAY_MS: Final = 50.0
_FIXED_MS: Final = STUB_DELAY_MS * len(KINDS)
_PAUSE_S: Final = (4.0, 6.0)
"""The reply is played and the caller speaks: about five seconds from an answer to the next turn."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Turns of each part."""

    alone_in_time: int = 40
    alone_at_once: int = 200
    many_in_time: int = 1000
    many_at_once: int = 2000


async def measure(installation: Installation, plan: Plan) -> list[Figure]:
    """Four loads: one caller and fifty, at a human pace and as fast as answers come."""
    await installation.set_delays(STUB_DELAY_MS)
    await run_load(installation.service, Load(callers=4, turns=40))
    figures = await _one_load(
        installation, "overhead.1_call.real_time", Load(1, plan.alone_in_time, pause_s=_PAUSE_S), (8.0, 20.0)
    )
    figures += await _one_load(
        installation, "overhead.1_call.back_to_back", Load(1, plan.alone_at_once), (8.0, 20.0)
    )
    figures += await _one_load(
        installation,
        "overhead.50_calls.real_time",
        Load(50, plan.many_in_time, pause_s=_PAUSE_S),
        (None, 40.0),
    )
    figures += await _one_load(
        installation, "overhead.50_calls.back_to_back", Load(50, plan.many_at_once), (None, None)
    )
    return figures


async def _one_load(
    installation: Installation, name: str, load: Load, targets: tuple[float | None, float | None]
) -> list[Figure]:
    meter = CpuMeter(installation.process)
    outcome = await run_load(installation.service, load)
    added = [took_ms - _FIXED_MS for took_ms in outcome.turn_ms]
    cpu_ms = meter.used_s() * 1000 / len(added)
    paced = f"a turn every {_PAUSE_S[0]:g}-{_PAUSE_S[1]:g} s a call" if load.pause_s[1] else "back to back"
    note = (
        f"{len(added)} turns, {paced}, {outcome.turns_per_s:.1f} turns/s; "
        f"{meter.foreign_share():.0%} of the core taken by others"
    )
    return [
        Figure(f"{name}.median", percentile(added, 0.5), "ms", targets[0], note=note),
        Figure(f"{name}.p95", percentile(added, 0.95), "ms", targets[1]),
        Figure(f"{name}.cpu_per_turn", cpu_ms, "ms", note="user and system, set-ups and ends included"),
    ]
