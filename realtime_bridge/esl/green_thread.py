"""A thread with a gevent hub of its own, beside asyncio: no monkey patching, nothing of gevent leaves it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import gevent
from gevent.event import Event


class GreenThread:
    """
    Args:
        main: Runs as the thread's first greenlet; the thread ends when it returns. Gets the event that `stop` sets.
        name: The thread's.
    """

    def __init__(self, main: Callable[[Event], None], name: str) -> None:
        self._main = main
        self._jobs: deque[Callable[[], None]] = deque()
        self._wake: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, job: Callable[[], None]) -> bool:
        """Runs `job` in a greenlet of its own, in the order of submission. False: the thread has ended. Any thread."""
        self._jobs.append(job)
        with self._lock:
            if self._stopping:
                return False
            if self._wake is not None:
                self._wake()
        return True

    def stop(self) -> None:
        """Asks `main` to return. Any thread."""
        with self._lock:
            self._stopping = True
            if self._wake is not None:
                self._wake()

    def join(self, timeout_s: float) -> bool:
        """True when it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        hub = gevent.get_hub()
        stopped = Event()
        watcher = hub.loop.async_()

        def take() -> None:
            while self._jobs:
                gevent.spawn(self._jobs.popleft())
            if self._stopping:
                stopped.set()

        watcher.start(take)
        try:
            with self._lock:
                self._wake = watcher.send
                self._wake()
            self._main(stopped)
        finally:
            with self._lock:
                self._stopping, self._wake = True, None
            watcher.stop()
            watcher.close()
            hub.destroy(destroy_loop=True)
