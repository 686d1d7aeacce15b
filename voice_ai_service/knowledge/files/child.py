"""The reading process: a file on standard input, lines of JSON on standard output, nothing else.

It limits itself before the first byte is read: processor time, memory, nothing written; and it runs behind
everything else of the machine, so that a long document costs a call nothing. Its parent's end breaks its pipe.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from dataclasses import asdict
from typing import Any, BinaryIO, Final, TextIO

from voice_ai_service.errors import VoiceAiError
from voice_ai_service.knowledge.chunking import ChunkSizes, chunked
from voice_ai_service.knowledge.files import refusals
from voice_ai_service.knowledge.files.child_messages import ReadingOptions
from voice_ai_service.knowledge.files.reading import read
from voice_ai_service.knowledge.language_guess import LanguageGuess

_PROGRESS_EVERY: Final = 5


def main(options_text: str, source: BinaryIO, sink: TextIO) -> None:
    options = ReadingOptions(**json.loads(options_text))
    _limit_itself(options)
    out = _Output(sink, options.max_output_bytes)
    try:
        _read(source.read(), options, out)
    except VoiceAiError as error:
        out.refused(error)
    except (MemoryError, RecursionError):
        out.refused(refusals.too_complex())
    out.flush()


def _read(content: bytes, options: ReadingOptions, out: _Output) -> None:
    def progress(done: int, of: int) -> None:
        if done % _PROGRESS_EVERY == 0:
            out.write("progress", done=done, of=of)
            out.flush()

    found = read(content, progress)
    language = LanguageGuess()
    sizes = ChunkSizes(options.chunk_tokens, options.overlap_tokens)
    count = 0
    for chunk in chunked(language.watching(found.blocks), sizes):
        if count >= options.max_chunks:
            raise refusals.too_long(options.max_chunks)
        out.write("chunk", **asdict(chunk))
        count += 1
    if count == 0:
        raise refusals.no_text()
    out.write(
        "done", kind=found.kind.value, pages=found.pages, unreadable=found.unreadable, language=language.guess
    )


class _Output:
    def __init__(self, sink: TextIO, max_bytes: int) -> None:
        self._sink = sink
        self._left = max_bytes

    def write(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}, ensure_ascii=True) + "\n"
        self._left -= len(line)
        if self._left < 0:
            raise refusals.too_complex()
        self._sink.write(line)

    def flush(self) -> None:
        self._sink.flush()

    def refused(self, error: VoiceAiError) -> None:
        self._left = sys.maxsize
        cause = error.__cause__
        self.write(
            "refused",
            code=error.code,
            message=error.message,
            fix=error.fix,
            parser_error=None if cause is None else _where(cause),
        )


def _where(error: BaseException) -> str:
    """Kind and place of a parser's error, without its words: they may quote the document."""
    frames = traceback.extract_tb(error.__traceback__)
    last = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{last}"


def _limit_itself(options: ReadingOptions) -> None:
    os.nice(options.niceness)
    # Two limits: the first signal says which limit it was, the second would only kill.
    resource.setrlimit(resource.RLIMIT_CPU, (options.cpu_s, options.cpu_s + 2))
    for kind, limit in (
        (resource.RLIMIT_AS, options.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (limit, limit))
    # Should the parent be gone and the file go on for ever.
    signal.alarm(options.wall_s)


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.buffer, sys.stdout)
