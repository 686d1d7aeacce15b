"""A tenant's documents as its administrator sees them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from voice_ai_service.errors import InvalidInput
from voice_ai_service.knowledge.files.clean import one_line
from voice_ai_service.knowledge.files.kind import FileKind

MAX_NAME_CHARS: Final = 200


class DocumentStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    READY = "ready"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Upload:
    """
    Attributes:
        name: As the sender calls it; only its last part counts.
        secretary_uuid: The only secretary that may use it; None: all of the domain.
        language: `pt-BR` or `en`; None: find out.
    """

    name: str
    content: bytes
    secretary_uuid: UUID | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known of an upload before it is read. `content_hash` is SHA-256 in hex."""

    name: str
    kind: FileKind
    content_hash: str
    bytes: int
    secretary_uuid: UUID | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """
    Attributes:
        status: Of the newest file or reindexing. While it is not ready, `answering_version` still answers.
        progress: Percent.
        error: What went wrong and what to do about it; with status ready, which pages could not be read.
        version: Of the newest file that was ready; counted up by reindexing too.
        answering_version: What callers are answered from; None: nothing yet.
        chunk_count: Of the answering version.
    """

    document_uuid: UUID
    secretary_uuid: UUID | None
    name: str
    kind: str
    language: str | None
    bytes: int
    content_hash: str
    ref: str
    status: DocumentStatus
    progress: int
    error: str | None
    version: int
    answering_version: int | None
    chunk_count: int
    embedding_model: str | None
    embedding_dimension: int | None
    created_at: datetime
    updated_at: datetime | None

    @property
    def media_type(self) -> str:
        return FileKind(self.kind).media_type if self.kind in set(FileKind) else "application/octet-stream"


@dataclass(frozen=True, slots=True)
class StoredChunk:
    chunk_uuid: UUID
    index: int
    text: str
    heading: str | None
    page: int | None
    tokens: int
    language: str | None
    embedding_model: str | None


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """
    Attributes:
        secretary_uuid: What this secretary may use: its own and everybody's.
        name: A part of the name.
    """

    status: DocumentStatus | None = None
    secretary_uuid: UUID | None = None
    name: str | None = None
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class DocumentPage:
    documents: tuple[Document, ...]
    total: int


def clean_name(name: str) -> str:
    """The last part of what may be a path, without characters that mean something to a terminal, header or file system.

    Raises:
        InvalidInput: Nothing is left.
    """
    last = one_line(name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        sign for sign in last if unicodedata.category(sign)[0] != "C" and sign not in '"<>|:*?'
    ).strip(" .")
    if not kept:
        raise InvalidInput("The file has no name", field="file", fix="Send a file name with the upload")
    if len(kept) <= MAX_NAME_CHARS:
        return kept
    stem, dot, ending = kept.rpartition(".")
    if dot and len(ending) <= 10:
        return stem[: MAX_NAME_CHARS - len(ending) - 1] + dot + ending
    return kept[:MAX_NAME_CHARS]


def document_from(row: Mapping[str, Any]) -> Document:
    ready = row["document_status"] == DocumentStatus.READY
    waits = row["job_status"] is not None
    version = int(row["document_version"])
    return Document(
        document_uuid=row["voice_document_uuid"],
        secretary_uuid=row["voice_secretary_uuid"],
        name=row["document_name"],
        kind=row["job_type"] or row["document_type"] or "",
        language=row["document_language"],
        bytes=int(row["job_bytes"] or row["document_bytes"] or 0),
        content_hash=row["job_hash"] or row["document_hash"] or "",
        ref=row["job_ref"] or row["document_ref"] or "",
        status=DocumentStatus(row["job_status"] if waits else row["document_status"]),
        progress=int(row["job_progress"] if waits else row["document_progress"]),
        error=row["job_error"] if waits else row["document_error"],
        version=version,
        answering_version=version if ready else None,
        chunk_count=row["chunk_count"],
        embedding_model=row["embedding_model"],
        embedding_dimension=None if row["embedding_dimension"] is None else int(row["embedding_dimension"]),
        created_at=row["insert_date"],
        updated_at=row["update_date"],
    )


def chunk_from(row: Mapping[str, Any]) -> StoredChunk:
    return StoredChunk(
        chunk_uuid=row["voice_chunk_uuid"],
        index=int(row["chunk_index"]),
        text=row["chunk_text"],
        heading=row["chunk_heading"],
        page=None if row["chunk_page"] is None else int(row["chunk_page"]),
        tokens=int(row["chunk_tokens"] or 0),
        language=row["chunk_language"],
        embedding_model=row["embedding_model"],
    )
