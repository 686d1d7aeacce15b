"""How many calls this process serves now. Another process may end a call that was answered here: then silence tells."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from uuid import UUID

from voice_ai_service.clock import Clock

QUIET_S: Final = 180.0
"""Longer than a caller may be silent, or speak, without a request: a call not heard of for so long is elsewhere."""


class ServedCalls:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen_at: OrderedDict[tuple[UUID, UUID], float] = OrderedDict()

    def saw(self, domain_uuid: UUID, call_uuid: UUID) -> None:
        self._seen_at[domain_uuid, call_uuid] = self._clock.monotonic()
        self._seen_at.move_to_end((domain_uuid, call_uuid))
        self._forget_the_quiet()

    def ended(self, domain_uuid: UUID, call_uuid: UUID) -> None:
        self._seen_at.pop((domain_uuid, call_uuid), None)

    def count(self) -> int:
        self._forget_the_quiet()
        return len(self._seen_at)

    def _forget_the_quiet(self) -> None:
        oldest = self._clock.monotonic() - QUIET_S
        while self._seen_at and next(iter(self._seen_at.values())) <= oldest:
            self._seen_at.popitem(last=False)
