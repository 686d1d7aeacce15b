"""What goes between the service and its reading process."""

from __future__ import annotations

from dataclasses import dataclass

from voice_ai_service.knowledge.chunking import Chunk
from voice_ai_service.knowledge.files.kind import FileKind


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """
    Attributes:
        cpu_s: Processor time, then the kernel ends it.
        wall_s: On the clock; long, because on a busy machine the humble wait.
        memory_bytes: Of address space.
        max_output_bytes: Of JSON.
        niceness: 19 is the humblest.
    """

    chunk_tokens: int = 1000
    overlap_tokens: int = 200
    cpu_s: int = 120
    wall_s: int = 900
    memory_bytes: int = 1024 * 1024 * 1024
    max_output_bytes: int = 256 * 1024 * 1024
    max_chunks: int = 20_000
    niceness: int = 10


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """
    Attributes:
        language: `pt-BR` or `en`, whichever it is more like.
        unreadable: Pages, counted from 1, that are damaged.
    """

    kind: FileKind
    chunks: tuple[Chunk, ...]
    language: str
    pages: int | None
    unreadable: tuple[int, ...]
