"""Whether the service grows with the turns it has made."""

from __future__ import annotations

from typing import Final

from benchmarks.calls import Load, run_load
from benchmarks.figures import Figure
from benchmarks.installation import Installation

_CALLERS: Final = 12
_FILLING_TURNS: Final = 2500
_FLAT_MB: Final = 10.0
"""What "flat" means here: less than this between a tenth of the turns and all of them."""


async def measure(installation: Installation, turns: int) -> list[Figure]:
    """Resident memory of the process after a tenth of the turns and after all.

    Before that the caches are filled, which have a size: what repeated turns are answered from takes 64 MB.
    """
    await installation.set_delays(0.0)
    await run_load(installation.service, Load(callers=_CALLERS, turns=_FILLING_TURNS))
    marks = {max(1, turns // 10): 0.0, turns // 2: 0.0, turns: 0.0}

    async def look(made: int) -> None:
        if made in marks:
            marks[made] = installation.process.rss_mb()

    await run_load(installation.service, Load(callers=_CALLERS, turns=turns), look)
    early, half, late = marks.values()
    note = f"{turns} turns; {early:.1f} MB after a tenth, {half:.1f} MB after half, {late:.1f} MB after all"
    return [
        Figure("memory.growth", late - early, "MB", _FLAT_MB, note=note),
        Figure("memory.rss", late, "MB"),
    ]
