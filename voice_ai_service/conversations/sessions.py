"""Live calls between two turns: a cache for speed, the journal for truth.

A turn waits for the cache only. The journal is written behind it, one snapshot a call at most waiting: the
latest wins. With an in-process cache a second process may have served a turn in between: its number shows
it, and the journal is read.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self
from uuid import UUID

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.conversations.live_calls import Snapshot
from voice_ai_service.db.cache import Cache
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import NotFound, Unavailable, VoiceAiError

_LONGEST_PAUSE_S: Final = 5.0
_log = structlog.get_logger()


class Journal(Protocol):
    """Raises Unavailable when it is not there."""

    async def save(self, snapshot: Snapshot) -> None: ...

    async def load(self, domain_uuid: UUID, call_uuid: UUID) -> CallState | None: ...


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """
    Attributes:
        ttl_s: How long the cache keeps a call that nobody speaks of.
        max_pending: Calls whose journal may wait. Beyond it (the database is gone for long) a further call is
            not journalled until there is room: logged and counted, and the cache still has it.
        flush_s: Time for the journal at shutdown.
    """

    ttl_s: float = 3600.0
    max_pending: int = 10_000
    flush_s: float = 5.0


class CallSessions:
    """Open it with `async with`: the journal is written while it is open, and flushed when it closes."""

    def __init__(
        self, journal: Journal, cache: Cache, clock: Clock, options: SessionOptions | None = None
    ) -> None:
        self._journal = journal
        self._cache = cache
        self._clock = clock
        self._options = options or SessionOptions()
        self._pending: dict[str, Snapshot] = {}
        self._woken = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self.unjournalled = 0
        """States that were not journalled: no room, or refused by the database."""

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._write_forever(), name="journal of live calls")
        self._writer.add_done_callback(_report)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
            self._writer = None
        await self._flush()

    @property
    def alive(self) -> bool:
        """Whether the journal is being written; for readiness."""
        return self._writer is not None and not self._writer.done()

    @property
    def pending(self) -> int:
        """Calls whose latest state the journal does not have yet."""
        return len(self._pending)

    async def save(self, state: CallState) -> None:
        """Keep the state as it is now. Returns when the next turn of this process will find it."""
        snapshot, key = Snapshot.of(state), _key(state.domain_uuid, state.call_uuid)
        if key in self._pending or len(self._pending) < self._options.max_pending:
            self._pending[key] = snapshot
            self._woken.set()
        else:
            self.unjournalled += 1
            _log.error("a live call was not journalled: too many wait", call_uuid=str(state.call_uuid))
        await self._cache_snapshot(snapshot)

    async def load(self, domain_uuid: UUID, call_uuid: UUID, *, turn: int | None = None) -> CallState:
        """The latest state of a call.

        Args:
            turn: The number of the turn that is about to be made: a copy with the turn before it is fresh
                enough. None, for the end of a call: the journal is asked in any case.

        Raises:
            NotFound: No such call lives in this domain.
            Unavailable: It may live, but the database cannot say.
        """
        known = await self._nearby(domain_uuid, call_uuid)
        if known is not None and turn is not None and _last_turn(known) >= turn - 1:
            return known
        journalled = await self._journalled(domain_uuid, call_uuid, known)
        if journalled is not None and (known is None or _last_turn(journalled) > _last_turn(known)):
            await self._cache_snapshot(Snapshot.of(journalled))
            return journalled
        if known is None:
            raise NotFound("there is no such live call", field="call_uuid")
        return known

    async def forget(self, domain_uuid: UUID, call_uuid: UUID) -> None:
        """The call is over and stored; storing it took it out of the journal."""
        key = _key(domain_uuid, call_uuid)
        self._pending.pop(key, None)
        await self._cache.delete(key)

    async def _nearby(self, domain_uuid: UUID, call_uuid: UUID) -> CallState | None:
        key = _key(domain_uuid, call_uuid)
        waiting = self._pending.get(key)
        cached = await self._cache.get(key)
        copies = []
        if waiting is not None:
            copies.append(CallState.model_validate_json(waiting.json))
        if cached is not None and (waiting is None or cached != waiting.json.encode()):
            copies.append(CallState.model_validate_json(cached))
        # Of two copies with the same turn the waiting one is the later: a cache that was away was not told.
        return max(copies, key=_last_turn, default=None)

    async def _journalled(
        self, domain_uuid: UUID, call_uuid: UUID, known: CallState | None
    ) -> CallState | None:
        try:
            return await self._journal.load(domain_uuid, call_uuid)
        except Unavailable:
            if known is None:
                raise
            # The call goes on with what is known here, rather than not at all.
            _log.warning("a live call could not be compared with its journal", call_uuid=str(call_uuid))
            return None

    async def _cache_snapshot(self, snapshot: Snapshot) -> None:
        key = _key(snapshot.domain_uuid, snapshot.call_uuid)
        await self._cache.set(key, snapshot.json.encode(), self._options.ttl_s)

    async def _write_forever(self) -> None:
        pause_s = 0.0
        while True:
            if pause_s:
                await self._clock.sleep(pause_s)
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._write_pending()
                pause_s = 0.0
            except Unavailable as error:
                pause_s = min(max(0.2, pause_s * 2), _LONGEST_PAUSE_S)
                self._woken.set()
                _log.warning(
                    "live calls wait for their journal", waiting=len(self._pending), reason=error.message
                )

    async def _write_pending(self) -> None:
        for key, snapshot in list(self._pending.items()):
            try:
                await self._journal.save(snapshot)
            except Unavailable:
                raise
            except VoiceAiError as error:  # would be refused the next time as well, and hold up the others
                self.unjournalled += 1
                _log.error(
                    "a live call cannot be journalled",
                    call_uuid=str(snapshot.call_uuid),
                    reason=error.message,
                )
            # Only if no later snapshot took its place meanwhile.
            if self._pending.get(key) is snapshot:
                del self._pending[key]

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(self._options.flush_s):
                while self._pending:
                    await self._write_pending()
        except (Unavailable, TimeoutError):
            _log.error("live calls were not journalled at shutdown", calls=len(self._pending))


def _report(writer: asyncio.Task[None]) -> None:
    if not writer.cancelled() and (error := writer.exception()) is not None:
        _log.critical("the journal of live calls is not written any more", exc_info=error)


def _last_turn(state: CallState) -> int:
    return max((turn.turn for turn in state.turns), default=-1)


def _key(domain_uuid: UUID, call_uuid: UUID) -> str:
    return f"call:{domain_uuid}:{call_uuid}"
