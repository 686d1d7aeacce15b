"""A speech engine in a child process, from the service's side.

Why a process: pocketsphinx holds the interpreter's lock while it decodes, which would stop every call, and
espeak-ng is GPL-3-or-later, which must not be loaded into the service. A crash of an engine ends its child
only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from voice_ai_service.clock import Clock, SystemClock
from voice_ai_service.errors import ProviderBusy, ProviderProtocol, ProviderTimeout, ProviderUnavailable
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.running_child import PendingRequest, RunningChild

_log = structlog.get_logger()

_PASSED_ON: Final = frozenset(
    ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "PYTHONPATH", "LD_LIBRARY_PATH")
) | {"CUDA_VISIBLE_DEVICES"}
"""What a child sees of our environment: it has no use for the keys that stand there too."""
ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For an engine that works on one core: numpy's thread pool on small matrices only takes time from the others."""
_LONGEST_WAIT_S: Final = 1.0
"""A caller is on the line: rather than wait longer for an engine that keeps dying, another provider is asked."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """
    Attributes:
        max_pending: Requests that wait or are being done; one more is refused with ProviderBusy.
        start_timeout_s: From spawn to the engine's being loaded.
        stuck_s: An engine with work that gave no sign of life for so long is ended. A request that is given up
            earlier than that is only cancelled: others may be waiting for the same engine.
        backoff_s: Waits before the second, third, … start in a row that brought no answer. The first is at
            once.
    """

    max_pending: int = 64
    start_timeout_s: float = 20.0
    stuck_s: float = 5.0
    backoff_s: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)


class SpeechWorker:
    """A warm child process that is started again when it has died.

    Args:
        provider: Registry name, for errors and logs.
        module: What to run with `python -m`.
        arguments: Its command line.
        environment: What it finds in its environment beside the little that is passed on of ours.
    """

    def __init__(
        self,
        provider: str,
        module: str,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        limits: WorkerLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.provider = provider
        self._command = (sys.executable, "-m", module, *arguments)
        self._environment = dict(environment or {})
        self._limits = limits or WorkerLimits()
        self._clock = clock or SystemClock()
        self._child: RunningChild | None = None
        self._starting = asyncio.Lock()
        self._fruitless_starts = 0
        self._not_before = 0.0
        self._closed = False
        self.generation = 0
        """Counts the starts: what an earlier child had loaded is gone."""

    @property
    def pid(self) -> int | None:
        return self._child.process.pid if self._child and self._child.alive else None

    async def start(self) -> None:
        """Spawns the child and waits for the engine; nothing when it already runs. Raises ProviderError."""
        await self._running_child()

    async def ask(
        self, message: messages.Message, *, timeout_s: float
    ) -> AsyncGenerator[messages.Message, None]:
        """The answers to one request; the closing one is the last. Closing the iterator cancels the request.

        Args:
            timeout_s: For each next answer.

        Raises:
            ProviderBusy: Too many requests are open.
            ProviderTimeout: `timeout_s` has passed.
            ProviderUnavailable: The child cannot be started, or died.
        """
        child = await self._running_child()
        if len(child.pending) >= self._limits.max_pending:
            raise ProviderBusy("The local speech engine is busy.", provider=self.provider, retry_after_s=1.0)
        request, pending = child.open(message)
        try:
            while True:
                answer = await self._next_answer(child, pending, timeout_s)
                yield answer
                if answer.closing:
                    return
        finally:
            if child.pending.pop(request, None) is not None:
                child.send(request, messages.Cancel())

    async def ask_once(self, message: messages.Message, *, timeout_s: float) -> messages.Message:
        """The one answer to a request that has only one. Raises as `ask`."""
        async with contextlib.aclosing(self.ask(message, timeout_s=timeout_s)) as answers:
            async for answer in answers:
                return answer
        raise ProviderProtocol("The local speech engine gave no answer.", provider=self.provider)

    async def _next_answer(
        self, child: RunningChild, pending: PendingRequest, timeout_s: float
    ) -> messages.Message:
        try:
            async with asyncio.timeout(timeout_s):
                answer = await pending.answers.get()
        except TimeoutError as error:
            if child.silent_s >= self._limits.stuck_s:
                _log.error("speech worker is stuck", provider=self.provider)
                child.kill()
            raise ProviderTimeout("The local speech engine took too long.", provider=self.provider) from error
        if answer is None:
            raise ProviderUnavailable("The local speech engine stopped.", provider=self.provider)
        return answer

    async def _running_child(self) -> RunningChild:
        async with self._starting:
            if self._closed:
                raise ProviderUnavailable("The local speech engine is shut down.", provider=self.provider)
            if self._child is not None and self._child.alive:
                return self._child
            await self._bury()
            return await self._spawn()

    async def _bury(self) -> None:
        """Collects a dead child and waits as long as its predecessors' deaths demand."""
        child, self._child = self._child, None
        if child is not None:
            await child.wait_closed()
            _log.warning("speech worker died", provider=self.provider, exit_code=child.process.returncode)
            if child.answered:
                self._fruitless_starts = 0
            self._hold_off()
        wait_s = self._not_before - self._clock.monotonic()
        if wait_s > _LONGEST_WAIT_S:
            raise ProviderUnavailable(
                "The local speech engine does not start.", provider=self.provider, retry_after_s=wait_s
            )
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    def _hold_off(self) -> None:
        if self._fruitless_starts:
            waits = self._limits.backoff_s
            wait_s = waits[min(self._fruitless_starts, len(waits)) - 1]
            self._not_before = self._clock.monotonic() + wait_s

    async def _spawn(self) -> RunningChild:
        self._fruitless_starts += 1
        self.generation += 1
        pipe = asyncio.subprocess.PIPE
        ours = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=ours | self._environment
            )
        except OSError as error:
            self._hold_off()
            raise ProviderUnavailable(
                "The local speech engine cannot be started.", provider=self.provider, detail=str(error)
            ) from error
        child = self._child = RunningChild(self.provider, process, self._clock)
        _, pending = child.open(messages.Hello())
        try:
            await self._next_answer(child, pending, self._limits.start_timeout_s)
        except ProviderTimeout:
            child.kill()
            raise
        return child

    async def aclose(self) -> None:
        """Ends the child; open requests fail with ProviderUnavailable."""
        async with self._starting:
            self._closed = True
            child, self._child = self._child, None
            if child is not None:
                await child.wait_closed()
