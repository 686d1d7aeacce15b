"""When an event that was not delivered is tried again. Pure."""

from __future__ import annotations

from random import Random
from typing import Final

SCHEDULE_S: Final = (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
"""Pauses after the first, second ... try: ten tries over a little less than a day, which outlasts a night."""

REFUSED_TRIES: Final = 5
"""Tries for an answer that says the request itself is wrong (4xx, a redirect, a private address): enough for
a deployment or a DNS change to finish (a quarter of an hour), not enough to knock at a wrong door all day."""

JITTER: Final = 0.2
LONGEST_WAIT_S: Final = 12 * 3600.0


def next_pause_s(
    tries: int, random: Random, *, refused: bool = False, retry_after_s: float | None = None
) -> float | None:
    """Seconds until the next try; None when there is none and the event is dead.

    Args:
        tries: Tries made so far, at least 1.
        random: For the jitter: up to a fifth more, so that not everyone meets a server back at once.
        refused: The receiver refused the request as such.
        retry_after_s: What the receiver asked for; lengthens a pause, to half a day at most.
    """
    if tries > len(SCHEDULE_S) or (refused and tries >= REFUSED_TRIES):
        return None
    pause_s = SCHEDULE_S[max(tries, 1) - 1] * (1.0 + random.random() * JITTER)
    if retry_after_s is not None:
        pause_s = max(pause_s, min(retry_after_s, LONGEST_WAIT_S))
    return pause_s
