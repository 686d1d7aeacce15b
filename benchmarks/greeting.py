"""How soon a caller hears the first word: what set-up takes, and what stands between answer and sound."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.calls import Load, run_load
from benchmarks.figures import BenchmarkError, Figure, percentile
from benchmarks.installation import EXTENSION, Installation
from voice_ai_service.simulated_caller.report import call_of
from voice_ai_service.simulated_caller.simulation import Dialling, place_call

_WARM_CALLS: Final = 100
_HANG_UP_AT_MS: Final = 4000


async def measure(installation: Installation, delay_ms: float) -> list[Figure]:
    """Restarts the service: the first call is placed as soon as it is ready."""
    await installation.set_delays(delay_ms)
    await installation.restart_service()
    first = await run_load(installation.service, Load(callers=1, turns=1, turns_per_call=1))
    warm = await run_load(installation.service, Load(callers=1, turns=_WARM_CALLS, turns_per_call=1))
    heard_ms = await _answer_to_sound_ms(installation)
    stubs = f"voice's first audio after {delay_ms:g} ms"
    return [
        Figure("greeting.set_up.first_after_start", first.set_up_ms[0], "ms", note=stubs),
        Figure(
            "greeting.set_up.warm_median", percentile(warm.set_up_ms, 0.5), "ms", note="before the answer"
        ),
        Figure("greeting.set_up.warm_p95", percentile(warm.set_up_ms, 0.95), "ms"),
        Figure(
            "greeting.answer_to_first_audio",
            heard_ms,
            "ms",
            200.0,
            note="simulated caller running the shipped scripts; a real FreeSWITCH adds its own file start",
        ),
    ]


async def _answer_to_sound_ms(installation: Installation) -> float:
    dialling = Dialling(
        url=installation.url,
        token=installation.token,
        extension=EXTENSION,
        domain=installation.service.headers["X-Domain-UUID"],
        caller_number="+5511987654321",
        hang_up_at_ms=_HANG_UP_AT_MS,
        speed="realtime",
    )
    report = call_of(await asyncio.to_thread(place_call, dialling))
    if report.greeting_ms is None:
        raise BenchmarkError(f"the simulated caller heard no greeting: {report.outcome}")
    return float(report.greeting_ms)
