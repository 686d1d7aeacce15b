"""What the playout tells of one call: marks to the mouth, the rest to the figures."""

from __future__ import annotations

from realtime_bridge.playout.playing import Playing
from realtime_bridge.session.figures import CallFigures
from realtime_bridge.session.mouth import Mouth


class PlayoutWatch:
    """A `playout.observer.PlayoutObserver`. The mouth is made after the playout, and set before the first reply."""

    def __init__(self, figures: CallFigures) -> None:
        self._figures = figures
        self.mouth: Mouth | None = None

    def on_mark(self, playing: Playing, name: str) -> None:
        if self.mouth is not None:
            self.mouth.on_mark(playing, name)

    def on_tick(self, lateness_ms: float) -> None:
        self._figures.lateness.add(lateness_ms)

    def on_gap(self, gap_ms: float, *, starved: bool) -> None:
        self._figures.gaps.labels("provider" if starved else "ours").inc()

    def on_dropped(self, dropped_ms: int) -> None:
        self._figures.dropped_ms.inc(dropped_ms)

    def on_clear_failed(self) -> None:
        self._figures.unclear.inc()
