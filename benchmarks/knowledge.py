"""`python -m benchmarks.knowledge`: does the search find the answer, does it know when there is none, how fast is it.

Recall is measured on documents and questions that were written for this (`benchmarks/data/knowledge`): each method
alone and both fused; the half that tuning has seen and the half that it has not. The exit code is 1 when something
could not be measured; a target that was missed is told, not failed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import click

from benchmarks import knowledge_scale
from benchmarks.figures import BenchmarkError, Figure, as_table
from benchmarks.knowledge_corpus import LANGUAGES, Asked, documents, questions, store
from voice_ai_service import logs
from voice_ai_service.db import migrate
from voice_ai_service.db.embedded import EmbeddedPostgres, EmbeddedUrls
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.knowledge.evaluation import Outcome, Question, outcome_of, recall
from voice_ai_service.knowledge.search import Hit, KnowledgeSearch, SearchResult
from voice_ai_service.knowledge.stores import DatabaseVectorStore
from voice_ai_service.providers.embeddings import minilm
from voice_ai_service.providers.embeddings.hashing import HashingEmbeddings
from voice_ai_service.providers.embeddings.seam import Embeddings, Purpose
from voice_ai_service.tenancy.tenant import Tenant

_TARGET_AT_3: Final = {"pt-BR": 0.80, "en": 0.95}
_TARGET_REFUSED: Final = 0.90
_ALL: Final = 50


@dataclass(frozen=True, slots=True)
class _Embedded:
    value: list[list[float]]
    model: str


class OneModel:
    """The same local embeddings for every tenant."""

    def __init__(self, embeddings: Embeddings) -> None:
        self.embeddings_of_all = embeddings

    async def embeddings(self, domain_uuid: UUID, /) -> OneModel:
        return self

    async def embed(
        self, texts: Sequence[str], model: str | None = None, /, *, purpose: Purpose
    ) -> _Embedded:
        return _Embedded(await self.embeddings_of_all.embed(texts, purpose), self.embeddings_of_all.model)


@click.command(context_settings={"show_default": True})
@click.option("--full", is_flag=True, help="200,000 chunks in 111 tenants as well; takes some minutes.")
@click.option("--only", type=click.Choice(["recall", "scale"]), help="Both by default.")
@click.option("--json", "as_json", is_flag=True, help="One object a figure.")
def main(full: bool, only: str | None, as_json: bool) -> None:
    """Measure the search of documents on this machine, with the embedded PostgreSQL in a folder of its own."""
    logs.configure("warning", "text")
    try:
        figures = asyncio.run(_measure(full=full, only=only))
    except (BenchmarkError, VoiceAiError) as error:
        click.echo(f"not measured: {error}", err=True)
        sys.exit(1)
    click.echo("\n".join(one.as_json() for one in figures) if as_json else as_table(figures))


async def _measure(*, full: bool, only: str | None) -> list[Figure]:
    figures: list[Figure] = []
    if only != "scale":
        figures += await _with_database(_recall)
    if only != "recall":
        sizes: list[tuple[knowledge_scale.Size, Embeddings]] = [
            (knowledge_scale.TEN_THOUSAND, HashingEmbeddings())
        ]
        if full:
            sizes.append((knowledge_scale.SKEWED, knowledge_scale.TopicModel()))
        for size, embeddings in sizes:

            async def scale(
                urls: EmbeddedUrls,
                db: Database,
                size: knowledge_scale.Size = size,
                embeddings: Embeddings = embeddings,
            ) -> list[Figure]:
                return await knowledge_scale.measure(
                    size, urls.owner, db, embeddings, OneModel(embeddings), 100
                )

            figures += await _with_database(scale)
    return figures


async def _with_database(work: Callable[[EmbeddedUrls, Database], object]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voice-ai-knowledge-") as folder:
        os.chmod(folder, 0o755)  # as root, PostgreSQL runs as somebody else and must get through
        postgres = EmbeddedPostgres(Path(folder) / "postgres", durable=False)
        urls = await postgres.start()
        try:
            await migrate.up(urls.owner)
            db = await Database.connect(urls.service)
            try:
                return await work(urls, db)  # type: ignore[misc, no-any-return]
            finally:
                await db.close()
        finally:
            await postgres.stop()


async def _recall(urls: EmbeddedUrls, db: Database) -> list[Figure]:
    figures = []
    for language in LANGUAGES:
        figures += await _recall_with(db, language, HashingEmbeddings())
    if minilm.available() is None:
        figures += await _recall_with(db, "en", await asyncio.to_thread(minilm.MiniLmEmbeddings.load))
    return figures


async def _recall_with(db: Database, language: str, embeddings: Embeddings) -> list[Figure]:
    tenant = Tenant(uuid4(), f"{language}.example")
    await store(db, tenant.domain_uuid, language, documents(language), embeddings)
    async with aclosing(KnowledgeSearch(db, DatabaseVectorStore(db), OneModel(embeddings))) as search:
        answered = [
            (asked, await search.search(tenant, asked.question, languages=(language,), limit=_ALL))
            for asked in questions(language)
        ]
        unanswerable = [
            (asked, await search.search(tenant, asked.question, languages=(language,), limit=_ALL))
            for asked in questions(language, "unanswerable.jsonl")
        ]
    name = f"knowledge.{language}.{embeddings.model}"
    return [*_tables(name, language, answered), *_refused(name, unanswerable)]


def _refused(name: str, results: Sequence[tuple[Asked, SearchResult]]) -> list[Figure]:
    figures = []
    for half, held_out in (("tuned", False), ("held_out", True)):
        chosen = [result for asked, result in results if asked.held_out is held_out]
        refused = sum(not any(hit.good_enough for hit in result.hits) for result in chosen)
        figures.append(
            Figure(
                f"{name}.{half}.refused",
                refused / len(chosen),
                "share",
                _TARGET_REFUSED if held_out else None,
                "higher",
                note=f"{len(chosen)} questions that no document answers",
            )
        )
    return figures


def _tables(name: str, language: str, answered: Sequence[tuple[Asked, SearchResult]]) -> list[Figure]:
    halves: dict[str, Callable[[Asked], bool]] = {
        "tuned": lambda asked: not asked.held_out,
        "held_out": lambda asked: asked.held_out,
        "heard_wrong": lambda asked: asked.heard_wrong,
    }
    methods: dict[str, Callable[[Sequence[Hit]], list[Hit]]] = {
        "words": lambda hits: sorted(
            (hit for hit in hits if hit.lexical_rank), key=lambda hit: hit.lexical_rank or 0
        ),
        "vectors": lambda hits: sorted(
            (hit for hit in hits if hit.vector_rank), key=lambda hit: hit.vector_rank or 0
        ),
        "fused": list,
        "said": lambda hits: [hit for hit in hits if hit.good_enough],
    }
    figures = []
    for half, belongs in halves.items():
        chosen = [(asked, result) for asked, result in answered if belongs(asked)]
        for method, order in methods.items():
            outcomes = [_outcome(asked, order(result.hits)) for asked, result in chosen]
            for rank in (1, 3):
                target = (
                    _TARGET_AT_3[language] if method == "fused" and rank == 3 and half == "held_out" else None
                )
                figures.append(
                    Figure(
                        f"{name}.{half}.{method}.recall_at_{rank}",
                        recall(outcomes, rank),
                        "share",
                        target,
                        "higher",
                        note=f"{len(outcomes)} questions",
                    )
                )
    return figures


def _outcome(asked: Asked, hits: Sequence[Hit]) -> Outcome:
    return outcome_of(Question(asked.question, asked.document or ""), [hit.document_name for hit in hits])


if __name__ == "__main__":
    main()
