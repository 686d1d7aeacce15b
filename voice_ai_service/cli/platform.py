"""Starting and stopping what a command needs: settings, the embedded database, the HTTP server."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from voice_ai_service import logs
from voice_ai_service.api.http_protocol import guarded
from voice_ai_service.db import migrate
from voice_ai_service.db.embedded import EmbeddedPostgres
from voice_ai_service.errors import InvalidInput
from voice_ai_service.settings import Settings

_SHUTDOWN_S = 20
_YOUNG_OBJECTS = 10_000
"""Allocations between two looks for cycles; Python's own 700 are less than one turn makes."""


def run(work: Coroutine[Any, Any, None]) -> None:
    """`asyncio.run` on uvloop: a service's time goes into sockets, and there it needs half as much."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def read_settings() -> Settings:
    """Raises InvalidInput naming the variable that is wrong."""
    try:
        settings = Settings(_env_file=os.environ.get("VOICE_AI_ENV_FILE"))
    except ValidationError as error:
        problem = error.errors()[0]
        name = "_".join(str(part) for part in problem["loc"]).upper()
        if problem["loc"][0] in Settings.model_fields:
            name = f"VOICE_AI_{name}"
        raise InvalidInput(problem["msg"], field=name, fix="See docs/settings.md") from error
    logs.configure(settings.log_level, settings.log_format)
    return settings


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    service: str
    owner: str


@asynccontextmanager
async def database(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[DatabaseUrls]:
    """The configured database, or the embedded one, started if it does not run."""
    if settings.database_url is not None:
        service = settings.database_url.get_secret_value()
        owner = settings.owner_database_url.get_secret_value() if settings.owner_database_url else service
        yield DatabaseUrls(service, owner)
        return
    postgres = EmbeddedPostgres(settings.data_dir / "postgres")
    say(f"Starting the embedded PostgreSQL in {settings.data_dir / 'postgres'} ...")
    urls = await postgres.start()
    try:
        yield DatabaseUrls(urls.service, urls.owner)
    finally:
        await postgres.stop()


async def migrated(urls: DatabaseUrls, say: Callable[[str], None]) -> None:
    applied = await migrate.up(urls.owner)
    if applied:
        say(f"Schema brought to version {applied[-1].version} ({len(applied)} migrations)")


def with_database(settings: Settings, urls: DatabaseUrls) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(urls.service)})


class Server(uvicorn.Server):
    """uvicorn inside a loop of ours: signals are ours, and starting can be waited for."""

    def install_signal_handlers(self) -> None:
        """Ours are installed by `until_stopped`."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serves while the block runs; raises what kept it from starting."""
        serving = asyncio.create_task(self.serve(), name="http server")
        try:
            while not self.started and not serving.done():  # noqa: ASYNC110  uvicorn has no event for it
                await asyncio.sleep(0.01)
            if serving.done():
                serving.result()
                raise InvalidInput(
                    f"The service could not listen on {self.config.host}:{self.config.port}",
                    field="VOICE_AI_PORT",
                    fix="Choose a free port, or look above for what went wrong",
                )
            _spare_the_collector()
            yield
        finally:
            self.should_exit = True
            with suppress(asyncio.CancelledError):
                await serving


def _spare_the_collector() -> None:
    """What was loaded to start is never garbage: looking through it again and again costs a tenth of a turn's time,
    and a full look is a pause of tens of milliseconds in every call.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)


def server_for(app: FastAPI, settings: Settings) -> Server:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=guarded(settings.request_timeout_s),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    return Server(config)


async def until_stopped() -> None:
    """Returns at SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()


async def either(one: Coroutine[Any, Any, Any], other: Coroutine[Any, Any, Any]) -> None:
    """Until the first of two is over; the other is cancelled."""
    tasks = [asyncio.create_task(one), asyncio.create_task(other)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def say(text: str) -> None:
    """Progress belongs on stderr: stdout is for results."""
    click.echo(text, err=True)


def write_token(path: Path, text: str) -> None:
    """Keeps the first token where the PBX's and the caller's side on this machine find it, for the owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
