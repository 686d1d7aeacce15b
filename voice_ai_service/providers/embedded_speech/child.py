"""The child's side of a speech worker: requests from standard input, answers to standard output.

It ends when standard input ends, so that no engine outlives the process that started it.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from voice_ai_service.providers.embedded_speech import framing, messages

_READ_BYTES: Final = 65536
_MAX_QUEUED: Final = 1024
"""The parent allows far fewer; a parent that does not is broken, and reading stops until the engine has
caught up.
"""


class Requests:
    """What the parent asked, in order; cancellations are seen at once, past the queue."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._queue: queue.Queue[tuple[int, messages.Message]] = queue.Queue(_MAX_QUEUED)
        self._open: set[int] = set()
        self._cancelled: set[int] = set()
        self._lock = threading.Lock()

    def read_all(self) -> None:
        """Runs in a thread until the parent closes the pipe, then ends the process, whatever the engine is
        doing.
        """
        reader = framing.FrameReader()
        try:
            while data := os.read(self._source.fileno(), _READ_BYTES):
                for frame in reader.feed(data):
                    self._take(frame.request, messages.from_frame(frame))
        except framing.FrameError as error:
            print(error, file=sys.stderr, flush=True)  # noqa: T201 - the parent logs this stream
            os._exit(2)
        os._exit(0)

    def _take(self, request: int, message: messages.Message) -> None:
        with self._lock:
            if isinstance(message, messages.Cancel):
                if request in self._open:
                    self._cancelled.add(request)
                return
            self._open.add(request)
        self._queue.put((request, message))

    def is_cancelled(self, request: int) -> bool:
        return request in self._cancelled

    def close(self, request: int) -> None:
        with self._lock:
            self._open.discard(request)
            self._cancelled.discard(request)

    def __iter__(self) -> Iterator[tuple[int, messages.Message]]:
        while True:
            yield self._queue.get()


Answer = Callable[[messages.Message], None]
Serve = Callable[[messages.Message, Answer, Callable[[], bool]], messages.Message]
"""Does one request: may answer with several messages, returns the closing one; asks whether it was cancelled.
"""


def serve_forever(load: Callable[[], Serve]) -> None:
    """Loads the engine, then does one request after the other. Never returns."""
    # Ctrl-C goes to the whole group of processes; the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # an engine that prints must not break the framing
    requests = Requests(source)
    threading.Thread(target=requests.read_all, name="requests", daemon=True).start()
    serve = load()
    for request, message in requests:

        def answer(reply: messages.Message, request: int = request) -> None:
            _write_all(sink, framing.encode(messages.to_frame(request, reply)))

        closing: messages.Message = messages.Ready()
        if not isinstance(message, messages.Hello):
            closing = serve(message, answer, lambda request=request: requests.is_cancelled(request))  # type: ignore[misc]
        answer(closing)
        requests.close(request)


def _write_all(sink: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[sink.write(view) :]
