"""Reading a file in a process of its own: a hostile one costs its own document and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, cast

import structlog

from voice_ai_service.errors import InvalidInput, TooLarge, Unavailable, UnsupportedMedia, VoiceAiError
from voice_ai_service.knowledge.chunking import Chunk, ChunkSizes
from voice_ai_service.knowledge.files import refusals
from voice_ai_service.knowledge.files.child_messages import ReadDocument, ReadingOptions
from voice_ai_service.knowledge.files.kind import FileKind

_MODULE: Final = "voice_ai_service.knowledge.files.child"
_INHERITED: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "SYSTEMROOT")
"""Of the environment the child gets no more: keys and passwords are in it too."""
_LINE_BYTES: Final = 4 * 1024 * 1024
_REFUSALS: Final[dict[str, type[VoiceAiError]]] = {
    kind.code: kind for kind in (InvalidInput, UnsupportedMedia, TooLarge)
}

_log = structlog.get_logger()


class DocumentReader:
    """Starts one process a document."""

    def __init__(self, options: ReadingOptions | None = None) -> None:
        self._options = options or ReadingOptions()

    async def read(
        self, path: Path, sizes: ChunkSizes, progress: Callable[[float], None] = lambda _share: None
    ) -> ReadDocument:
        """The document's chunks.

        Args:
            progress: Told the share that is read, 0 to 1.

        Raises:
            InvalidInput, UnsupportedMedia, TooLarge: What is wrong with the file, and what would help.
            Unavailable: The process could not be started, or ended for no reason of the file's.
        """
        options = replace(self._options, chunk_tokens=sizes.chunk_tokens, overlap_tokens=sizes.overlap_tokens)
        process = await _start(path, options)
        try:
            async with asyncio.timeout(options.wall_s):
                document = await _Answers(progress).collect(process)
                code = await process.wait()
        except TimeoutError as error:
            raise refusals.too_complex() from error
        finally:
            await _end(process)
        if document is None:
            raise _ended_by_itself(code)
        return document


class _Answers:
    def __init__(self, progress: Callable[[float], None]) -> None:
        self._progress = progress
        self._chunks: list[Chunk] = []
        self._document: ReadDocument | None = None

    async def collect(self, process: Process) -> ReadDocument | None:
        """None: it ended without a word."""
        lines = cast(asyncio.StreamReader, process.stdout)
        while line := await lines.readline():
            if not line.endswith(b"\n"):
                return None  # cut off in the middle of a line
            self._take(json.loads(line))
            await asyncio.sleep(0)  # a full pipe must not keep the loop from its calls
        return self._document

    def _take(self, message: dict[str, Any]) -> None:
        event = message.pop("event")
        if event == "chunk":
            self._chunks.append(Chunk(**message))
        elif event == "progress":
            self._progress(message["done"] / message["of"])
        elif event == "refused":
            if message["parser_error"] is not None:
                _log.info("a document could not be read", parser_error=message["parser_error"])
            raise _REFUSALS[message["code"]](message["message"], field=refusals.FIELD, fix=message["fix"])
        else:
            self._document = ReadDocument(
                kind=FileKind(message["kind"]),
                chunks=tuple(self._chunks),
                language=message["language"],
                pages=message["pages"],
                unreadable=tuple(message["unreadable"]),
            )


async def _start(path: Path, options: ReadingOptions) -> Process:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as error:
        raise Unavailable(
            "The document's file is not there",
            fix="Upload it again; look whether VOICE_AI_DATA_DIR is the one it was uploaded to",
        ) from error
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", _MODULE, json.dumps(asdict(options)),
            stdin=file, stdout=PIPE, stderr=DEVNULL, env=environment, limit=_LINE_BYTES,
        )  # fmt: skip
    except OSError as error:
        raise Unavailable("The process that reads documents cannot be started", detail=str(error)) from error
    finally:
        file.close()


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _ended_by_itself(code: int) -> VoiceAiError:
    """Ended by the kernel for its limits, or by somebody for no reason of the file's."""
    _log.warning("a reading process ended without an answer", exit_code=code)
    if code in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
        return refusals.too_complex()
    return Unavailable("The process that reads documents ended too early", detail=f"exit code {code}")
