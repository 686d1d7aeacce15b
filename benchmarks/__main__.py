"""`python -m benchmarks`: measure, print a table or one JSON object a figure.

The exit code is 1 when something could not be measured. A target that was missed is told, not failed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import cold_start, greeting, memory, overhead, throughput
from benchmarks.figures import BenchmarkError, Figure, as_table
from benchmarks.installation import Installation, installed
from benchmarks.processes import cores
from voice_ai_service import logs
from voice_ai_service.errors import VoiceAiError

_SCENARIOS = ("overhead", "throughput", "memory", "greeting", "cold_start")
_FULL_TURNS, _SHORT_TURNS = 100_000, 10_000


@dataclass(frozen=True, slots=True)
class _Wanted:
    scenarios: tuple[str, ...]
    memory_turns: int
    throughput_turns: int
    overhead_plan: overhead.Plan
    repeats: int
    profile_to: Path | None


@click.command(context_settings={"show_default": True})
@click.option("--only", type=click.Choice(_SCENARIOS), multiple=True, help="Measure these; all by default.")
@click.option("--full", is_flag=True, help=f"Memory over {_FULL_TURNS:,} turns instead of {_SHORT_TURNS:,}.")
@click.option(
    "--quick", is_flag=True, help="A tenth of everything: to see whether it works, not for figures."
)
@click.option("--json", "as_json", is_flag=True, help="One object a figure, as they are measured.")
@click.option(
    "--profile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Throughput once more with a sampler inside: CPU time by part, folded stacks in this file.",
)
def main(only: tuple[str, ...], full: bool, quick: bool, as_json: bool, profile: Path | None) -> None:
    """Measure the shipped service on this machine.

    \b
    Example:
        python -m benchmarks --only throughput --profile var/turns.folded

    The service runs on the first core, everything else (callers, database, worker, receiver) on the others.
    """
    share = 10 if quick else 1
    wanted = _Wanted(
        scenarios=tuple(one for one in _SCENARIOS if one in only) or _SCENARIOS,
        memory_turns=(_FULL_TURNS if full else _SHORT_TURNS) // share,
        throughput_turns=4000 // share,
        overhead_plan=overhead.Plan(40 // share, 200 // share, 1000 // share, 2000 // share),
        repeats=1 if quick else 3,
        profile_to=profile,
    )
    logs.configure("warning", "text")
    os.sched_setaffinity(0, cores()[1])
    try:
        asyncio.run(_measure_and_print(wanted, as_json=as_json))
    except (BenchmarkError, VoiceAiError) as error:
        click.echo(f"not measured: {error}", err=True)
        sys.exit(1)


async def _measure_and_print(wanted: _Wanted, *, as_json: bool) -> None:
    began = time.monotonic()
    figures: list[Figure] = []

    def tell(measured: list[Figure]) -> None:
        figures.extend(measured)
        if as_json:
            for figure in measured:
                click.echo(figure.as_json())

    with tempfile.TemporaryDirectory(prefix="voice-ai-benchmark-") as folder:
        await _measure(wanted, Path(folder), tell)
    if not as_json:
        click.echo(as_table(figures))
    click.echo(f"{len(figures)} figures in {time.monotonic() - began:.0f} s", err=True)


async def _measure(wanted: _Wanted, folder: Path, tell: Callable[[list[Figure]], None]) -> None:
    under_load = [scenario for scenario in wanted.scenarios if scenario != "cold_start"]
    if under_load:
        click.echo("installing ...", err=True)
        async with installed(folder / "installation") as installation:
            for scenario in under_load:
                click.echo(f"{scenario} ...", err=True)
                tell(await _of(scenario, wanted, installation))
    if "cold_start" in wanted.scenarios:
        click.echo("cold_start ...", err=True)
        tell(await cold_start.measure(folder / "cold", wanted.repeats))


async def _of(scenario: str, wanted: _Wanted, installation: Installation) -> list[Figure]:
    if scenario == "overhead":
        return await overhead.measure(installation, wanted.overhead_plan)
    if scenario == "throughput":
        return await throughput.measure(installation, wanted.throughput_turns, wanted.profile_to)
    if scenario == "memory":
        return await memory.measure(installation, wanted.memory_turns)
    return await greeting.measure(installation, overhead.STUB_DELAY_MS)


if __name__ == "__main__":
    main()
