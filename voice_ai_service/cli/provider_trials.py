"""`voice-ai providers test` and `compare`: a domain's providers, each by itself."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import click

from voice_ai_service.audio.wav import WavError, read_wav
from voice_ai_service.cli import platform
from voice_ai_service.cli.owner import only_domain
from voice_ai_service.clock import SystemClock
from voice_ai_service.composition import ProviderParts, open_providers
from voice_ai_service.errors import InvalidInput, ProviderError
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.measure import Measured, Measuring, Sample
from voice_ai_service.providers.rows import StoredProvider
from voice_ai_service.providers.trial import try_provider

FAILED: Final = 1
"""Exit code: at least one provider did not do what it is for."""
NOTHING_THERE: Final = 3
"""Exit code: the domain has nothing of that kind."""
_DOMAIN = click.option("--domain", help="Name or uuid; default: the only one.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One array of objects.")
_MEASURED: Final = tuple(kind for kind in ProviderKind if kind is not ProviderKind.REALTIME)
_KIND = click.Choice([kind.value for kind in _MEASURED])
_SENTENCE: Final = "Bom dia! Vocês abrem no sábado?"


@dataclass(frozen=True, slots=True)
class _Domain:
    domain_uuid: UUID
    parts: ProviderParts


@click.command("test")
@_DOMAIN
@click.option("--kind", type=_KIND, help="Only these.")
@_JSON
def test_providers(domain: str | None, kind: str | None, as_json: bool) -> None:
    """Ask each provider of a domain for something small, as the admin's Test button does.

    Exit code 0: all work; 1: one does not; 3: the domain has none.
    """

    async def work() -> list[Measured]:
        async with _opened(domain) as opened:
            rows = [row for row in await _rows(opened, kind) if row.kind is not ProviderKind.REALTIME]
            return [await _tried(opened, row) for row in rows]

    _finish(asyncio.run(work()), as_json)


@click.command()
@_DOMAIN
@click.option("--kind", type=_KIND, required=True)
@click.option("--wav", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="For stt.")
@click.option("--reference", help="What is said in the WAV: adds the word error rate.")
@click.option("--text", default=_SENTENCE, show_default=True, help="For tts, llm and embeddings.")
@click.option("--language", default="pt-BR", show_default=True)
@click.option("--runs", type=click.IntRange(1, 20), default=1, show_default=True, help="The median counts.")
@_JSON
def compare(
    domain: str | None,
    kind: str,
    wav: Path | None,
    reference: str | None,
    text: str,
    language: str,
    runs: int,
    as_json: bool,
) -> None:
    """One recording or sentence through every provider of a kind, the embedded engine too.

    A recogniser that listens while the caller speaks gets the WAV at the pace of speech; its total is counted from the
    end of the recording.

    \b
    Examples:
        voice-ai providers compare --kind stt --wav question.wav --reference "vocês abrem no sábado"
        voice-ai providers compare --kind tts --text "O horário é das oito às dezoito."

    Exit code 0: all answered; 1: one did not; 3: there is none.
    """
    if kind == ProviderKind.STT and wav is None:
        raise click.UsageError("--kind stt needs --wav")
    sample = Sample(text, language, _read(wav) if wav is not None else None, reference)

    async def work() -> list[Measured]:
        async with _opened(domain) as opened:
            return await _compared(opened, ProviderKind(kind), sample, runs)

    _finish(asyncio.run(work()), as_json)


async def _compared(opened: _Domain, kind: ProviderKind, sample: Sample, runs: int) -> list[Measured]:
    parts, found = opened.parts, []
    measuring = Measuring(parts.prices, SystemClock())
    for row in await _rows(opened, kind.value):
        chain = await parts.factory.only(opened.domain_uuid, kind, row.provider_uuid)
        measured = _median([await measuring.measure(chain, sample) for _ in range(runs)])
        found.append(_of_row(measured, row))
    built_in = parts.factory.built_in(kind)
    if built_in is not None:
        found.append(_median([await measuring.measure(built_in, sample) for _ in range(runs)]))
    return found


async def _tried(opened: _Domain, row: StoredProvider) -> Measured:
    try:
        trial = await try_provider(opened.parts.factory, opened.domain_uuid, row.kind, row.provider_uuid)
    except ProviderError as error:
        failed = Measured(row.kind.value, row.name, error=error.code, message=error.message, fix=error.fix)
        return _of_row(failed, row)
    worked = Measured(
        row.kind.value,
        trial.provider,
        trial.model,
        first_ms=trial.first_ms,
        total_ms=trial.total_ms,
        outcome=trial.outcome,
    )
    return _of_row(worked, row)


def _of_row(measured: Measured, row: StoredProvider) -> Measured:
    return replace(measured, label=row.label, provider_uuid=str(row.provider_uuid))


def _median(runs: Sequence[Measured]) -> Measured:
    """The run in the middle by its total; a failure before everything else: it is what callers would meet."""
    failed = next((run for run in runs if run.error is not None), None)
    return failed or sorted(runs, key=lambda run: run.total_ms or 0.0)[len(runs) // 2]


async def _rows(opened: _Domain, kind: str | None) -> list[StoredProvider]:
    rows = await opened.parts.rows.all(opened.domain_uuid)
    return [row for row in rows if row.enabled and kind in (None, row.kind.value)]


def _read(wav: Path) -> Any:
    try:
        return read_wav(wav.read_bytes())
    except WavError as error:
        raise InvalidInput(
            "This is not a WAV file that can be read",
            field="--wav",
            fix="Give PCM, A-law or mu-law audio",
            detail=str(error),
        ) from error


def _finish(found: list[Measured], as_json: bool) -> None:
    if as_json:
        rows = [{**asdict(one), "cost_cents": _number(one.cost_cents)} for one in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_table(found)) if found else "There is no provider of that kind.")
    if not found:
        sys.exit(NOTHING_THERE)
    if any(one.error is not None for one in found):
        sys.exit(FAILED)


_HEAD: Final = ("kind", "provider", "model", "label", "first ms", "total ms", "cents", "WER", "outcome")


def _table(found: Sequence[Measured]) -> list[str]:
    lines = [_HEAD, *(_cells(one) for one in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cells(one: Measured) -> tuple[str, ...]:
    outcome = one.outcome if one.error is None else f"{one.error}: {one.message} {one.fix or ''}".rstrip()
    return (
        one.kind,
        one.provider,
        one.model or "",
        one.label,
        "" if one.first_ms is None else f"{one.first_ms:.0f}",
        "" if one.total_ms is None else f"{one.total_ms:.0f}",
        "" if one.cost_cents is None else f"{one.cost_cents:.4f}",
        "" if one.word_error_rate is None else f"{one.word_error_rate:.2f}",
        outcome,
    )


def _number(cents: object) -> float | None:
    return None if cents is None else float(str(cents))


@asynccontextmanager
async def _opened(domain: str | None) -> AsyncIterator[_Domain]:
    settings = platform.read_settings()
    async with platform.database(settings, platform.say) as urls:
        owner = await asyncpg.connect(urls.owner)
        try:
            domain_uuid = await only_domain(owner, domain)
        finally:
            await owner.close()
        async with open_providers(platform.with_database(settings, urls), SystemClock()) as parts:
            yield _Domain(domain_uuid, parts)
