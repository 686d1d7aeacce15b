"""The domain's documents: uploaded, processed in the background, replaced, reindexed, deleted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel

from voice_ai_service.api.admission import Admin, Reader
from voice_ai_service.api.service import Parts
from voice_ai_service.errors import InvalidInput
from voice_ai_service.knowledge.document_repository import UploadLimits
from voice_ai_service.knowledge.documents import Document, DocumentFilter, DocumentStatus, Upload
from voice_ai_service.knowledge.files import refusals

router = APIRouter(prefix="/documents", tags=["documents"])


class DocumentAnswer(BaseModel):
    """`status` is that of the newest file; while it is on its way, `answering_version` still answers callers.

    `error` says what is wrong and what to do about it; with status `ready`, which pages were left out.
    """

    document_uuid: UUID
    secretary_uuid: UUID | None
    name: str
    kind: str
    language: str | None
    bytes: int
    content_hash: str
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


class DocumentPageAnswer(BaseModel):
    """Newest first."""

    documents: list[DocumentAnswer]
    total: int


class ChunkAnswer(BaseModel):
    """`tokens` is an estimate that needs no tokenizer; `page` is null where the file has none."""

    chunk_uuid: UUID
    index: int
    text: str
    heading: str | None
    page: int | None
    tokens: int
    language: str | None
    embedding_model: str | None


class Chunks(BaseModel):
    chunks: list[ChunkAnswer]
    total: int


class Queued(BaseModel):
    queued: int


class Deleted(BaseModel):
    deleted: int


@router.post(
    "",
    status_code=202,
    summary="Upload a document",
    responses={200: {"model": DocumentAnswer, "description": "This very file is here already"}},
)
async def upload(
    tenant: Admin,
    parts: Parts,
    response: Response,
    file: Annotated[
        UploadFile, File(description="PDF, DOCX, text, Markdown, HTML or CSV; told by its content")
    ],
    name: Annotated[str | None, Form(max_length=500, description="Default: the file's name")] = None,
    secretary_uuid: Annotated[
        UUID | None, Form(description="Only this secretary uses it; default: all")
    ] = None,
    language: Annotated[str | None, Form(description="pt-BR or en; default: found out")] = None,
) -> DocumentAnswer:
    """Poll the document until its status is `ready` or `error`. A file with the name of another is its next version."""
    limits = UploadLimits(tenant.limits.max_upload_bytes, tenant.limits.max_documents)
    if file.size is not None and file.size > limits.max_bytes:
        raise refusals.too_large(limits.max_bytes)
    content = await file.read(limits.max_bytes + 1)
    sent = Upload(name or file.filename or "", content, secretary_uuid, language or None)
    accepted = await parts.documents.accept(tenant.domain_uuid, sent, limits)
    if not accepted.queued:
        response.status_code = 200
    return _answer(accepted.document)


@router.get("", summary="Documents, newest first")
async def page(
    tenant: Reader,
    parts: Parts,
    status: DocumentStatus | None = None,
    secretary_uuid: Annotated[UUID | None, Query(description="What this secretary may use")] = None,
    name: Annotated[str | None, Query(max_length=200, description="A part of the name")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> DocumentPageAnswer:
    wanted = DocumentFilter(status, secretary_uuid, name, limit, offset)
    found = await parts.documents.page(tenant.domain_uuid, wanted)
    return DocumentPageAnswer(documents=[_answer(one) for one in found.documents], total=found.total)


@router.delete("", summary="Delete all documents of the domain")
async def delete_all(
    tenant: Admin,
    parts: Parts,
    confirm: Annotated[str, Query(description="The domain's name, so that nobody does it by accident")] = "",
) -> Deleted:
    if confirm.lower() != tenant.domain_name.lower():
        raise InvalidInput(
            "All documents of the domain would be deleted", field="confirm", fix="Repeat the domain's name"
        )
    return Deleted(deleted=await parts.documents.delete_all(tenant.domain_uuid))


@router.post("/reindex", status_code=202, summary="New chunks and vectors for all documents")
async def reindex_all(tenant: Admin, parts: Parts) -> Queued:
    """With today's sizes and embedding model; the old ones answer until the new are ready."""
    return Queued(queued=await parts.documents.reindex(tenant.domain_uuid))


@router.get("/{document_uuid}")
async def find(document_uuid: UUID, tenant: Reader, parts: Parts) -> DocumentAnswer:
    return _answer(await parts.documents.find(tenant.domain_uuid, document_uuid))


@router.get("/{document_uuid}/chunks", summary="What callers are answered from, in order")
async def chunks(
    document_uuid: UUID,
    tenant: Reader,
    parts: Parts,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Chunks:
    document = await parts.documents.find(tenant.domain_uuid, document_uuid)
    found = await parts.documents.chunks(tenant.domain_uuid, document_uuid, limit=limit, offset=offset)
    return Chunks(
        chunks=[ChunkAnswer.model_validate(asdict(chunk)) for chunk in found], total=document.chunk_count
    )


@router.get(
    "/{document_uuid}/download",
    summary="The file as it was uploaded",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def download(document_uuid: UUID, tenant: Reader, parts: Parts) -> FileResponse:
    document, path = await parts.documents.original(tenant.domain_uuid, document_uuid)
    return FileResponse(
        path,
        media_type=document.media_type,
        headers={
            "Content-Disposition": _attachment(document.name),
            # Somebody's HTML must never run as a page of ours.
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.delete("/{document_uuid}", status_code=204, summary="File, chunks and vectors")
async def delete(document_uuid: UUID, tenant: Admin, parts: Parts) -> None:
    await parts.documents.delete(tenant.domain_uuid, document_uuid)


@router.post("/{document_uuid}/reindex", status_code=202, summary="New chunks and vectors, or another try")
async def reindex(document_uuid: UUID, tenant: Admin, parts: Parts) -> DocumentAnswer:
    await parts.documents.reindex(tenant.domain_uuid, document_uuid)
    return _answer(await parts.documents.find(tenant.domain_uuid, document_uuid))


def _answer(document: Document) -> DocumentAnswer:
    return DocumentAnswer.model_validate(asdict(document))


def _attachment(name: str) -> str:
    """RFC 6266: a plain name for old clients, the real one in RFC 5987's encoding."""
    plain = "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in '"\\%;' else "_" for sign in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
