"""`voice-ai docs`: the tenants' documents, for the operator; tenants use the API or FusionPBX's pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
import click

from voice_ai_service.cli import document_files, platform
from voice_ai_service.cli.owner import only_domain
from voice_ai_service.clock import SystemClock
from voice_ai_service.composition import open_knowledge
from voice_ai_service.knowledge.evaluation import RANKS, Outcome, outcome_of, read_questions, recall
from voice_ai_service.knowledge.search import Hit, KnowledgeSearch
from voice_ai_service.tenancy.tenant import Tenant

DOMAIN = click.option("--domain", help="Name or uuid; default: the only one.")
_EVALUATED = 50
_MISSED_AFTER = 3
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Open:
    tenant: Tenant
    knowledge: KnowledgeSearch


@click.group()
def docs() -> None:
    """Documents that the secretary answers from."""


for _command in (
    document_files.add,
    document_files.list_them,
    document_files.reindex,
    document_files.purge,
):
    docs.add_command(_command)


@docs.command()
@DOMAIN
@click.argument("question")
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One object a hit.")
def search(domain: str | None, question: str, limit: int, as_json: bool) -> None:
    """What would be found for a question, and why.

    \b
    Example:
        voice-ai docs search "que horas vocês abrem no sábado"
    """

    async def work() -> None:
        async with _opened(domain) as parts:
            result = await parts.knowledge.search(parts.tenant, question, limit=limit)
        for hit in result.hits:
            click.echo(_as_json(hit) if as_json else _as_text(hit))
        if not as_json and result.not_found:
            click.echo(f"in no document: {', '.join(result.not_found)}")

    asyncio.run(work())


@docs.command("eval")
@DOMAIN
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One object.")
def evaluate(domain: str | None, file: Path, as_json: bool) -> None:
    """How often the right document is found, and the questions for which it is not.

    FILE has a JSON object a line: {"question": "...", "document": "prices.md"}. Recall is of the order in which
    documents are found; "answered at 3" counts only passages that are good enough to be said to a caller.
    """
    questions = read_questions(file.read_text(encoding="utf-8").splitlines())

    async def work() -> tuple[list[Outcome], list[Outcome]]:
        ranked, said = [], []
        async with _opened(domain) as parts:
            for question in questions:
                hits = (await parts.knowledge.search(parts.tenant, question.question, limit=_EVALUATED)).hits
                ranked.append(outcome_of(question, [hit.document_name for hit in hits]))
                said.append(outcome_of(question, [hit.document_name for hit in hits if hit.good_enough]))
        return ranked, said

    ranked, said = asyncio.run(work())
    misses = [one for one in ranked if one.rank is None or one.rank > _MISSED_AFTER]
    figures: dict[str, object] = {f"recall_at_{rank}": round(recall(ranked, rank), 4) for rank in RANKS}
    figures["answered_at_3"] = round(recall(said, 3), 4)
    if as_json:
        figures["questions"] = len(ranked)
        figures["misses"] = [{**asdict(one.question), "found": list(one.found[:_SHOWN])} for one in misses]
        click.echo(json.dumps(figures, ensure_ascii=False))
        return
    for name, value in figures.items():
        click.echo(f"{name.replace('_', ' ')}: {value:.2f}")
    for one in misses:
        found = ", ".join(one.found[:_SHOWN]) or "nothing"
        click.echo(f"missed: {one.question.question}  ({one.question.document}; found {found})")


def _as_text(hit: Hit) -> str:
    where = " · ".join(
        part
        for part in (hit.document_name, hit.heading, f"page {hit.page}" if hit.page is not None else None)
        if part
    )
    why = ", ".join(f"{said}→{stem}" for said, stem in hit.matched.items())
    verdict = "" if hit.good_enough else "  (not good enough to be said)"
    text = " ".join(hit.text.split())
    return f"{hit.score:.2f}  {where}{verdict}\n      {text[:200]}\n      {why}"


def _as_json(hit: Hit) -> str:
    fields = asdict(hit) | {"good_enough": hit.good_enough}
    return json.dumps(fields, ensure_ascii=False, default=str)


@asynccontextmanager
async def _opened(domain: str | None) -> AsyncIterator[_Open]:
    settings = platform.read_settings()
    async with platform.database(settings, platform.say) as urls:
        owner = await asyncpg.connect(urls.owner)
        try:
            domain_uuid = await only_domain(owner, domain)
        finally:
            await owner.close()
        clock = SystemClock()
        async with open_knowledge(platform.with_database(settings, urls), clock) as (domains, knowledge):
            yield _Open(await domains.by_uuid(domain_uuid), knowledge)
