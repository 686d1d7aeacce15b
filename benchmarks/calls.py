"""Callers as the PBX's scripts make them: set-up, answer, turns, end; many beside each other."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import uuid4

from benchmarks.figures import BenchmarkError
from benchmarks.http_connection import Answer, Connection

_API: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Service:
    """Where to call, and what to say there."""

    host: str
    port: int
    headers: dict[str, str]
    extension: str
    utterances: tuple[str, ...]

    def connection(self) -> Connection:
        return Connection(self.host, self.port, self.headers)


@dataclass(frozen=True, slots=True)
class Load:
    """
    Attributes:
        callers: Calls at once; each caller dials again as soon as a call is over.
        turns_per_call: Then the caller hangs up.
        turns: All callers together; who has begun a call ends it.
        pause_s: Between an answer and the next turn, evenly distributed; (0, 0): as fast as answers come.
    """

    callers: int
    turns: int
    turns_per_call: int = 10
    pause_s: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True)
class Outcome:
    """What the callers saw; times in milliseconds, at the callers' end of the wire."""

    turn_ms: list[float] = field(default_factory=list)
    set_up_ms: list[float] = field(default_factory=list)
    end_ms: list[float] = field(default_factory=list)
    service_ms: list[float] = field(default_factory=list)
    """`latency_ms.total` of each turn: the service's own measure."""
    lasted_s: float = 0.0

    @property
    def turns_per_s(self) -> float:
        return len(self.turn_ms) / self.lasted_s


Progress = Callable[[int], Awaitable[None]]


async def run_load(service: Service, load: Load, progress: Progress | None = None) -> Outcome:
    """Places calls until all turns are made.

    Args:
        progress: Told the number of turns made, after each.

    Raises:
        BenchmarkError: An answer that is not 200, or a turn without transcript, reply and audio.
    """
    run = _Run(service, load, progress)
    began = time.perf_counter()
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(service.connection()) for _ in range(load.callers)]
        try:
            async with asyncio.TaskGroup() as group:
                for number, connection in enumerate(connections):
                    group.create_task(run.caller(connection, Random(number)))
        except* BenchmarkError as errors:
            raise errors.exceptions[0] from None
    run.outcome.lasted_s = time.perf_counter() - began
    return run.outcome


class _Run:
    def __init__(self, service: Service, load: Load, progress: Progress | None) -> None:
        self._service = service
        self._load = load
        self._progress = progress
        self._left = load.turns
        self.outcome = Outcome()

    async def caller(self, connection: Connection, random: Random) -> None:
        if self._load.pause_s[1]:  # people do not dial in step
            await asyncio.sleep(random.uniform(0.0, self._load.pause_s[1]))
        while self._left > 0:
            await self._call(connection, random)

    async def _call(self, connection: Connection, random: Random) -> None:
        call_uuid = str(uuid4())
        begin = {
            "call_uuid": call_uuid,
            "called_number": self._service.extension,
            "caller_number": f"+55119{random.randrange(10**8):08d}",
        }
        answer = await connection.post(f"{_API}/calls", json.dumps(begin))
        said = _good(answer, "set-up")
        if said["decision"] != "answer" or not said["audio"]["content"]:
            raise BenchmarkError(f"a call was not answered: {said['decision']}")
        self.outcome.set_up_ms.append(answer.took_ms)
        await _posted(connection, f"{_API}/calls/{call_uuid}/events", {"type": "answered"})
        turns, played_ms = 0, int(said["audio"]["duration_ms"])
        while turns < self._load.turns_per_call and self._left > 0:
            if self._load.pause_s[1]:
                await asyncio.sleep(random.uniform(*self._load.pause_s))
            turns += 1
            self._left -= 1
            played_ms = await self._turn(connection, call_uuid, turns, played_ms)
        over = {"reason": "caller_hangup", "hangup_cause": "NORMAL_CLEARING", "duration_ms": turns * 6000}
        answer = await _posted(connection, f"{_API}/calls/{call_uuid}/end", over)
        self.outcome.end_ms.append(answer.took_ms)

    async def _turn(self, connection: Connection, call_uuid: str, turn: int, played_ms: int) -> int:
        content = self._service.utterances[turn % len(self._service.utterances)]
        body = (
            f'{{"call_uuid":"{call_uuid}","turn":{turn},"audio":{{"content":"{content}","encoding":"PCMU",'
            f'"sample_rate_hz":8000}},"previous":{{"played_ms":{played_ms},"barged_in":false}}}}'
        )
        answer = await connection.post(f"{_API}/turn", body)
        said = _good(answer, "turn")
        if not said["heard"] or not said["said"] or not said["audio"] or not said["audio"]["content"]:
            raise BenchmarkError("a turn without transcript, reply or audio: the stubs were not asked")
        self.outcome.turn_ms.append(answer.took_ms)
        self.outcome.service_ms.append(said["latency_ms"]["total"])
        if self._progress is not None:
            await self._progress(len(self.outcome.turn_ms))
        return int(said["audio"]["duration_ms"])


async def _posted(connection: Connection, path: str, body: dict[str, Any]) -> Answer:
    answer = await connection.post(path, json.dumps(body))
    _good(answer, path.rpartition("/")[2])
    return answer


def _good(answer: Answer, what: str) -> dict[str, Any]:
    if answer.status != 200:
        raise BenchmarkError(f"{what}: status {answer.status}, {answer.body[:300].decode(errors='replace')}")
    said: dict[str, Any] = json.loads(answer.body)
    return said
