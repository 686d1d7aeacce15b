"""How long and how much, for brains that talk with a vendor; and who is told of what is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BrainLimits:
    """
    Attributes:
        heartbeat_s: See `line.LineLimits`.
        hear_s: The caller's audio that waits for the vendor.
        ahead_ms: Audio of replies that waits for the session; beyond it the vendor is not read.
        utterance_ms: Of the caller's utterance, kept to be told again after a reconnect.
        renew_before_s: How long before the vendor's limit a connection is renewed, in a quiet moment.
        force_before_s: How long before it no quiet moment is waited for any more.
        renew_again_s: After a renewal that failed.
        connects_s: How long a renewal may take, where the vendor says when it goes.
        again_within_s: For the new connection after a drop, while somebody waits for an answer.
        drop_window_s: A second drop within this time is the end.
        waiting_after_s: An answer that is late by this much is worth a filler.
        keep_alive_s: Without audio for so long, the vendor is told that the call lives.
        commands: Wishes of the session that wait for a reconnect.
        tick_s: How exactly time-outs are kept.
    """

    heartbeat_s: float = 4.0
    hear_s: float = 10.0
    ahead_ms: int = 60_000
    utterance_ms: int = 15_000
    renew_before_s: float = 300.0
    force_before_s: float = 60.0
    renew_again_s: float = 20.0
    connects_s: float = 2.0
    again_within_s: float = 2.0
    drop_window_s: float = 60.0
    waiting_after_s: float = 1.0
    keep_alive_s: float = 10.0
    commands: int = 64
    tick_s: float = 0.25


class BrainObserver(Protocol):
    """Told of what costs quality; names are of small vocabularies, fit for labels."""

    def on_oddity(self, provider: str, name: str, count: int = 1) -> None:
        """Something came or went that had no effect: `cut_audio`, `dropped_audio`, `unknown_event`, ..."""
        ...

    def on_connection(self, provider: str, reason: str) -> None:
        """A connection was opened: `first`, `renewed`, `dropped`, or not: `renewal_failed`."""
        ...


class NobodyCounts:
    def on_oddity(self, provider: str, name: str, count: int = 1) -> None:
        """Forgets it."""

    def on_connection(self, provider: str, reason: str) -> None:
        """Forgets it."""
