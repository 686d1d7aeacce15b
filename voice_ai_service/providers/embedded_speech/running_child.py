"""One life of a speech worker's process: its pipes, the tasks that read them, the requests that are open."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.providers.embedded_speech import framing, messages

_log = structlog.get_logger()

_READ_BYTES: Final = 256 * 1024
_STDERR_LINE_BYTES: Final = 2000
_CLOSE_S: Final = 2.0
"""How long a child may take to see that its input has ended."""


class PendingRequest:
    """One open request. Its queue needs no bound: a request's answers are bounded by what was asked."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[messages.Message | None] = asyncio.Queue()


class RunningChild:
    """One life of the process: pipes, reader tasks, open requests."""

    def __init__(self, provider: str, process: asyncio.subprocess.Process, clock: Clock) -> None:
        assert process.stdin is not None  # noqa: S101 - asked for at spawn
        self.provider = provider
        self.process = process
        self.stdin = process.stdin
        self.pending: dict[int, PendingRequest] = {}
        self.alive = True
        self.answered = False
        self._clock = clock
        self._last_sign = clock.monotonic()
        self._last_request = 0
        self._tasks = (
            asyncio.create_task(self._read_answers(), name=f"{provider}-answers"),
            asyncio.create_task(self._drain_stderr(), name=f"{provider}-stderr"),
        )

    def open(self, message: messages.Message) -> tuple[int, PendingRequest]:
        if not self.pending:
            self._last_sign = self._clock.monotonic()
        self._last_request += 1
        pending = self.pending[self._last_request] = PendingRequest()
        self.send(self._last_request, message)
        return self._last_request, pending

    def send(self, request: int, message: messages.Message) -> None:
        """Not drained: `max_pending` requests of bounded size are the most that can stand in the pipe's
        buffer.
        """
        if self.alive:
            self.stdin.write(framing.encode(messages.to_frame(request, message)))

    async def _read_answers(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - asked for at spawn
        reader = framing.FrameReader()
        try:
            while data := await self.process.stdout.read(_READ_BYTES):
                for frame in reader.feed(data):
                    self._deliver(frame.request, messages.from_frame(frame))
        except framing.FrameError as error:
            _log.error("speech worker broke the framing", provider=self.provider, problem=str(error))
            self.kill()
        finally:
            self._lose()

    @property
    def silent_s(self) -> float:
        """How long it has had work and given no sign of life."""
        return self._clock.monotonic() - self._last_sign

    def _deliver(self, request: int, message: messages.Message) -> None:
        self.answered = True
        self._last_sign = self._clock.monotonic()
        pending = self.pending.get(request)
        if pending is None:
            return  # given up by its owner; the closing message of a cancelled request
        pending.answers.put_nowait(message)
        if message.closing:
            del self.pending[request]

    def _lose(self) -> None:
        self.alive = False
        for pending in self.pending.values():
            pending.answers.put_nowait(None)
        self.pending.clear()

    async def _drain_stderr(self) -> None:
        assert self.process.stderr is not None  # noqa: S101 - asked for at spawn
        while data := await self.process.stderr.read(_STDERR_LINE_BYTES):
            _log.debug("speech worker wrote", provider=self.provider, text=data.decode(errors="replace"))

    def kill(self) -> None:
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def wait_closed(self) -> None:
        """Ends the process, gently first, and everything that reads from it."""
        self.alive = False
        self.stdin.close()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.process.wait()
        except TimeoutError:
            self.kill()
            await self.process.wait()
        await asyncio.gather(*self._tasks)
        with contextlib.suppress(ConnectionError):
            await self.stdin.wait_closed()
