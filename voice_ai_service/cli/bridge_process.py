"""The bridge as a process beside the service: audio must not wait for HTTP requests, nor they for audio."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from voice_ai_service.cli.platform import say
from voice_ai_service.settings import Settings

_RESTART_AFTER_S = 1.0
_LEAVES_S = 10.0


@asynccontextmanager
async def beside(settings: Settings) -> AsyncIterator[None]:
    """Runs while the block runs; a bridge that dies is started again, and it is said."""
    keeping = asyncio.create_task(_keep(settings), name="bridge process")
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(settings: Settings) -> None:
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "voice_ai_service.cli.main", "bridge", "--quiet", env=_environment(settings)
        )
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        say(f"The bridge ended with status {status}; it is started again")
        await asyncio.sleep(_RESTART_AFTER_S)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_LEAVES_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment(settings: Settings) -> dict[str, str]:
    found = dict(os.environ)
    if settings.database_url is not None:
        found["VOICE_AI_DATABASE_URL"] = settings.database_url.get_secret_value()
    found["VOICE_AI_SERVICE_URL"] = f"http://{settings.host}:{settings.port}"
    found["VOICE_AI_BRIDGE_URL"] = settings.bridge_public_url or ""
    found.setdefault("VOICE_AI_BRIDGE_DRAIN_S", "5")
    return found
