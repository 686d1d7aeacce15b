"""`voice-ai docs add|list|reindex|purge`: documents from this machine's files, for the operator."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import click

from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.cli import platform
from voice_ai_service.cli.owner import only_domain, owner_connection
from voice_ai_service.clock import SystemClock
from voice_ai_service.composition import open_worker_parts
from voice_ai_service.errors import NotFound, VoiceAiError
from voice_ai_service.jobs.process import WorkerParts, document_worker
from voice_ai_service.jobs.worker import Worker
from voice_ai_service.knowledge.document_repository import UploadLimits
from voice_ai_service.knowledge.documents import Document, DocumentFilter, DocumentStatus, Upload
from voice_ai_service.metrics import Metrics
from voice_ai_service.tenancy.tenant import Tenant

DOMAIN: Final = click.option("--domain", help="Name or uuid; default: the only one.")
_POLL_S: Final = 0.3
_PAGE: Final = 200
_DONE: Final = (DocumentStatus.READY, DocumentStatus.ERROR)


@dataclass(frozen=True, slots=True)
class _Open:
    tenant: Tenant
    parts: WorkerParts


@click.command()
@DOMAIN
@click.option("--secretary", help="Extension or uuid of the only secretary that may use them; default: all.")
@click.option("--lang", "language", type=click.Choice(["pt-BR", "en"]), help="Default: found out.")
@click.option("--wait", is_flag=True, help="Process them here and now, and tell what became of each.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)
def add(
    domain: str | None, secretary: str | None, language: str | None, wait: bool, files: tuple[Path, ...]
) -> None:
    """Add documents; one with the name of another becomes its next version.

    \b
    Example:
        voice-ai docs add --wait prices.pdf hours.md

    Without --wait a running `voice-ai up` or `voice-ai worker` processes them.
    """

    async def work() -> bool:
        async with _opened(domain) as opened:
            only = await _secretary(opened, secretary)
            added = [await _add(opened, file, only, language) for file in files]
            sent = [document for document in added if document is not None]
            if wait:
                sent = await _processed(opened, sent)
            for document in sent:
                click.echo(_line(document))
            failed = any(document.status is DocumentStatus.ERROR for document in sent)
            return None not in added and not failed

    if not asyncio.run(work()):
        raise click.exceptions.Exit(1)


@click.command("list")
@DOMAIN
@click.option("--status", type=click.Choice([status.value for status in DocumentStatus]))
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
def list_them(domain: str | None, status: str | None, as_json: bool) -> None:
    """Documents, newest first."""

    async def work() -> None:
        async with _opened(domain) as opened:
            offset = 0
            while True:
                wanted = DocumentFilter(
                    DocumentStatus(status) if status else None, limit=_PAGE, offset=offset
                )
                found = await opened.parts.documents.page(opened.tenant.domain_uuid, wanted)
                for document in found.documents:
                    click.echo(_json(document) if as_json else _line(document))
                offset += _PAGE
                if offset >= found.total:
                    return

    asyncio.run(work())


@click.command()
@DOMAIN
@click.option("--wait", is_flag=True, help="Process them here and now.")
@click.argument("document_uuid", type=click.UUID, required=False)
def reindex(domain: str | None, wait: bool, document_uuid: UUID | None) -> None:
    """Cut and embed documents anew, all or one; the old passages answer until the new ones are ready.

    For new chunk sizes, for another embedding model, and for documents that failed.
    """

    async def work() -> bool:
        async with _opened(domain) as opened:
            documents, domain_uuid = opened.parts.documents, opened.tenant.domain_uuid
            count = await documents.reindex(domain_uuid, document_uuid)
            platform.say(f"{count} queued")
            if not wait:
                return True
            queued = await _unfinished(opened)
            done = await _processed(opened, queued)
            for document in done:
                click.echo(_line(document))
            return all(document.status is DocumentStatus.READY for document in done)

    if not asyncio.run(work()):
        raise click.exceptions.Exit(1)


@click.command()
@click.option(
    "--domain", required=True, help="Name or uuid; the uuid of a domain that is deleted already, too."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(domain: str, yes: bool) -> None:
    """Delete all documents of a domain: files, chunks and vectors."""
    settings = platform.read_settings()

    async def work() -> None:
        async with owner_connection(settings) as connection:
            domain_uuid = await _domain_or_uuid(connection, domain)
            count = await connection.fetchval(
                "SELECT count(*) FROM v_voice_documents WHERE domain_uuid = $1", domain_uuid
            )
            if not yes:
                click.confirm(f"Delete {count} documents of {domain}?", abort=True, err=True)
            await connection.execute("DELETE FROM v_voice_documents WHERE domain_uuid = $1", domain_uuid)
            folder = settings.data_dir / "documents" / str(domain_uuid)
            if folder.exists():
                await asyncio.to_thread(shutil.rmtree, folder)
            click.echo(f"{count} deleted")

    asyncio.run(work())


async def _add(opened: _Open, file: Path, secretary: UUID | None, language: str | None) -> Document | None:
    """None, and a line on stderr, where it was refused: the others are added all the same."""
    limits = opened.tenant.limits
    try:
        content = await asyncio.to_thread(_read, file, limits.max_upload_bytes + 1)
        accepted = await opened.parts.documents.accept(
            opened.tenant.domain_uuid,
            Upload(file.name, content, secretary, language),
            UploadLimits(limits.max_upload_bytes, limits.max_documents),
        )
    except VoiceAiError as error:
        platform.say(f"{file}: {error.message}. {error.fix or ''}".rstrip())
        return None
    return accepted.document


def _read(file: Path, max_bytes: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(max_bytes)


async def _processed(opened: _Open, documents: Sequence[Document]) -> list[Document]:
    """Work in this process, beside whoever else works, until all of them are ready or failed."""
    worker = Worker([document_worker(opened.parts)], opened.parts.clock)
    running = asyncio.create_task(worker.run(), name="worker")
    try:
        return [await _finished(opened, document) for document in documents]
    finally:
        worker.stop()
        await running


async def _finished(opened: _Open, document: Document) -> Document:
    while document.status not in _DONE:
        await opened.parts.clock.sleep(_POLL_S)
        document = await opened.parts.documents.find(opened.tenant.domain_uuid, document.document_uuid)
    return document


async def _unfinished(opened: _Open) -> list[Document]:
    found: list[Document] = []
    for status in (DocumentStatus.PENDING, DocumentStatus.PROCESSING):
        offset = 0
        while True:
            wanted = DocumentFilter(status, limit=_PAGE, offset=offset)
            page = await opened.parts.documents.page(opened.tenant.domain_uuid, wanted)
            found += page.documents
            offset += _PAGE
            if offset >= page.total:
                break
    return found


async def _secretary(opened: _Open, named: str | None) -> UUID | None:
    if named is None:
        return None
    for one in await SecretaryRepository(opened.parts.database).list(opened.tenant.domain_uuid):
        if named in (str(one.secretary_uuid), one.draft.extension):
            return one.secretary_uuid
    raise NotFound("There is no such secretary", field="--secretary", fix="Give its extension or its uuid")


async def _domain_or_uuid(connection: asyncpg.Connection, domain: str) -> UUID:
    try:
        return UUID(domain)
    except ValueError:
        return await only_domain(connection, domain)


@asynccontextmanager
async def _opened(domain: str | None) -> AsyncIterator[_Open]:
    settings = platform.read_settings()
    async with platform.database(settings, platform.say) as urls:
        owner = await asyncpg.connect(urls.owner)
        try:
            domain_uuid = await only_domain(owner, domain)
        finally:
            await owner.close()
        settings = platform.with_database(settings, urls)
        async with open_worker_parts(settings, Metrics(), SystemClock()) as parts:
            yield _Open(await parts.domains.by_uuid(domain_uuid), parts)


def _line(document: Document) -> str:
    problem = f"  {document.error}" if document.error else ""
    return (
        f"{document.document_uuid}  {document.status.value}  {document.chunk_count} chunks  "
        f"{document.language or '-'}  {document.name}{problem}"
    )


def _json(document: Document) -> str:
    return json.dumps(asdict(document), ensure_ascii=False, default=str)
