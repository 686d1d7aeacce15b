"""`voice-ai doctor`: what is missing, what follows from it, and what to do."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Literal

import asyncpg
import click
import httpx

from voice_ai_service.cli import platform
from voice_ai_service.db import migrate as runner
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.providers.catalogue import load_registry
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.sealing import load_sealer

Level = Literal["ok", "hint", "problem"]
_MARKS = {"ok": "ok     ", "hint": "hint   ", "problem": "PROBLEM"}


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. `hint`: it works with less; `problem`: calls fail."""

    level: Level
    subject: str
    finding: str
    fix: str | None = None


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One object a finding.")
def doctor(as_json: bool) -> None:
    """Look at this machine's installation. Exit code 1 when calls would fail.

    \b
    Example:
        voice-ai doctor
    """
    settings = platform.read_settings()
    lines = asyncio.run(_examine(settings))
    for line in lines:
        if as_json:
            click.echo(json.dumps(asdict(line), ensure_ascii=False))
        else:
            click.echo(f"{_MARKS[line.level]} {line.subject:<20} {line.finding}")
            if line.fix and line.level != "ok":
                click.echo(f"{'':<28} {line.fix}")
    sys.exit(1 if any(line.level == "problem" for line in lines) else 0)


async def _examine(settings: Settings) -> list[Line]:
    lines = [_python(), *_engines(settings), _tool("redis-server", settings), await _keys(settings)]
    lines += await _guarded("database", lambda: _database(settings))
    lines += await _guarded("service", lambda: _service(settings))
    return lines


async def _guarded(subject: str, look: Callable[[], Awaitable[list[Line]]]) -> list[Line]:
    try:
        return await look()
    except VoiceAiError as error:
        return [Line("problem", subject, error.message, error.fix)]
    except (OSError, asyncpg.PostgresError) as error:
        return [Line("problem", subject, type(error).__name__, "Is it running, and is its address right?")]


def _python() -> Line:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Line("ok", "python", version)


def _engines(settings: Settings) -> list[Line]:
    registry = load_registry(ProviderContext(models_dir=settings.data_dir / "models"))
    lines = []
    for entry in registry.listing():
        if entry.kind is None:
            lines.append(Line("hint", entry.name, entry.unavailable or "", "Reinstall or remove the plug-in"))
        elif entry.unavailable is None:
            lines.append(Line("ok", f"{entry.kind.value} {entry.name}", "can run"))
        else:
            level: Level = "problem" if entry.name == "embedded" else "hint"
            lines.append(Line(level, f"{entry.kind.value} {entry.name}", "cannot run", entry.unavailable))
    return lines


def _tool(name: str, settings: Settings) -> Line:
    if settings.redis_url is not None:
        return Line("ok", "redis", "configured")
    found = "no VOICE_AI_REDIS_URL: limits and live calls are this process's own"
    fix = None if shutil.which(name) else "Only needed for several processes"
    return Line("ok", "redis", found, fix)


async def _keys(settings: Settings) -> Line:
    try:
        sealer = await asyncio.to_thread(load_sealer, settings)
    except VoiceAiError as error:
        return Line("problem", "master key", error.message, error.fix)
    return Line("ok", "master key", f"public key {sealer.public_key[:12]}…")


async def _database(settings: Settings) -> list[Line]:
    async with platform.database(settings, lambda _text: None) as urls:
        lines = []
        waiting = await runner.pending(urls.owner)
        if waiting:
            lines.append(
                Line("problem", "schema", f"{len(waiting)} migrations are missing", "voice-ai migrate")
            )
            return lines
        lines.append(Line("ok", "schema", "up to date"))
        database = await Database.connect(urls.service, PoolOptions(size=1))
        try:
            lines.append(Line("ok", "row-level security", "binds the service's role"))
            async with database.open() as connection:
                domains = await connection.fetch("SELECT * FROM voice_ai_domains()")
            if domains:
                lines.append(Line("ok", "domains", f"{len(domains)} with secretaries"))
            else:
                lines.append(
                    Line("hint", "domains", "no domain has a secretary", "Add one in FusionPBX or by the API")
                )
        finally:
            await database.close()
        return lines


async def _service(settings: Settings) -> list[Line]:
    url = f"http://{settings.host}:{settings.port}"
    try:
        async with httpx.AsyncClient(timeout=3.0) as client:
            answer = await client.get(f"{url}/ready")
    except httpx.HTTPError:
        return [Line("hint", "service", f"does not answer at {url}", "voice-ai up, or voice-ai serve")]
    checks = answer.json()["checks"]
    bad = [check for check in checks if not check["ok"]]
    if not bad:
        return [Line("ok", "service", f"ready at {url}")]
    return [
        Line("problem" if check["required"] else "hint", check["name"], check["problem"], check["fix"])
        for check in bad
    ]
