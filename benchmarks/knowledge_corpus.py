"""The documents and questions of `benchmarks/data/knowledge`, and how they get into a database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from voice_ai_service.db.pool import Database
from voice_ai_service.knowledge.chunking import Chunk, ChunkSizes, chunked
from voice_ai_service.knowledge.files.markdown import read_markdown
from voice_ai_service.providers.embeddings.seam import Embeddings

FOLDER: Final = Path(__file__).parent / "data" / "knowledge"
LANGUAGES: Final = ("pt-BR", "en")


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Attributes:
        document: Where the answer is; None for a question that no document answers.
        heard_wrong: Written with the errors that recognisers make on telephone speech.
        held_out: Written before anything was tuned, and never looked at while tuning.
    """

    question: str
    document: str | None
    heard_wrong: bool
    held_out: bool


def questions(language: str, file: str = "questions.jsonl") -> tuple[Asked, ...]:
    lines = (FOLDER / language / file).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return tuple(
        Asked(row["question"], row.get("document"), bool(row.get("heard_wrong")), bool(row.get("held_out")))
        for row in rows
    )


def documents(language: str) -> dict[str, tuple[Chunk, ...]]:
    """Chunks by document, cut as uploads are by default."""
    return {
        path.name: tuple(chunked(read_markdown(path.read_text(encoding="utf-8")), ChunkSizes()))
        for path in sorted((FOLDER / language / "docs").glob("*.md"))
    }


async def store(
    db: Database, domain_uuid: UUID, language: str, chunks_of: dict[str, tuple[Chunk, ...]], model: Embeddings
) -> None:
    """The documents as ready ones of a domain."""
    for name, chunks in chunks_of.items():
        vectors = await model.embed([embedded_text(chunk.heading, chunk.text) for chunk in chunks])
        await _store_one(db, domain_uuid, language, name, chunks, model.model, vectors)


def embedded_text(heading: str | None, text: str) -> str:
    return f"{heading}\n{text}" if heading else text


async def _store_one(
    db: Database,
    domain_uuid: UUID,
    language: str,
    name: str,
    chunks: Sequence[Chunk],
    model: str,
    vectors: Sequence[Sequence[float]],
) -> None:
    document_uuid = uuid4()
    async with db.tenant(domain_uuid) as connection:
        await connection.execute(
            "INSERT INTO v_voice_documents (voice_document_uuid, domain_uuid, document_name, document_status, "
            "embedding_model, insert_date) VALUES ($1, $2, $3, 'ready', $4, now())",
            document_uuid,
            domain_uuid,
            name,
            model,
        )
        await connection.executemany(
            "INSERT INTO v_voice_chunks (domain_uuid, voice_document_uuid, chunk_index, chunk_text, chunk_heading, "
            "chunk_language, embedding_model, embedding) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                (domain_uuid, document_uuid, chunk.index, chunk.text, chunk.heading, language, model, vector)
                for chunk, vector in zip(chunks, vectors, strict=True)
            ],
        )
