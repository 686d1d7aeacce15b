"""Who is told how playing out went: marks for the session, figures for the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from realtime_bridge.playout.playing import Playing


class PlayoutObserver(Protocol):
    """Called on the event loop after the playout's own state is whole; never blocks, never raises."""

    def on_mark(self, playing: Playing, name: str) -> None:
        """All that was written before this mark was heard."""
        ...

    def on_tick(self, lateness_ms: float) -> None:
        """The pacer had frames to send and came this late."""
        ...

    def on_gap(self, gap_ms: float, *, starved: bool) -> None:
        """Silence in the middle of a reply.

        Args:
            starved: Nothing was there to play (the provider's fault); else our pacer came too late.
        """
        ...

    def on_dropped(self, dropped_ms: int) -> None:
        """Audio that will not be heard: of a reply that is over, or beyond what a reply may buffer."""
        ...

    def on_clear_failed(self) -> None:
        """The way back could not be silenced: what it was sent is heard, and counts as heard."""
        ...


class WayObserver(Protocol):
    """Told by a way back of what did not get through."""

    def on_lost(self, lost_ms: int) -> None:
        """Audio that was sent and is not heard, by no wish of ours."""
        ...
