"""The destination is rung while the caller hears music; who answers gets the caller."""

from __future__ import annotations

from realtime_bridge.transfer.attempt import Attempt, Verdict


class Blind:
    async def exec(self, attempt: Attempt) -> Verdict:
        return await attempt.ring() or await attempt.connect()
