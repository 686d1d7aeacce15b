"""PostgreSQL with pgvector from a Python wheel, under `data_dir/postgres`.

No TCP port is opened: there is a Unix socket in a folder of its own, and the server accepts only our
operating system user there (`peer`), so no password exists that could leak. Three roles: the superuser is for
nothing but the set-up, the owner migrates, the service's login is a member of the role that row-level
security binds.

Several processes may use one cluster. Each holds a shared lock on a file while it does; whoever finds itself
alone when it lets go stops the server. The kernel drops the lock of a killed process, so nothing stale is
left.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog

from voice_ai_service.db.embedded_host import find_programs, server_account
from voice_ai_service.db.embedded_server import DATABASE, LOGIN, OWNER, SUPERUSER, EmbeddedServer

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EmbeddedUrls:
    """
    Attributes:
        service: For `VOICE_AI_DATABASE_URL`: bound by row-level security.
        owner: For migrations.
        superuser: For tests and repairs.
    """

    service: str
    owner: str
    superuser: str


class EmbeddedPostgres:
    """A cluster in a folder. `start` attaches when it runs already; `stop` stops it when nobody else holds
    it.

    Args:
        folder: Usually `data_dir/postgres`; made when missing.
        durable: False never waits for the disk: only for data that nobody will miss after a power failure.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder.expanduser().resolve()
        self._data = self._folder / "data"
        self._durable = durable
        self._socket_dir: Path | None = None
        self._holding: int | None = None

    @property
    def running(self) -> bool:
        """Whether this object holds the cluster."""
        return self._holding is not None

    async def start(self) -> EmbeddedUrls:
        """`start_blocking` in a thread."""
        return await asyncio.to_thread(self.start_blocking)

    async def stop(self) -> None:
        """`stop_blocking` in a thread."""
        await asyncio.to_thread(self.stop_blocking)

    def start_blocking(self) -> EmbeddedUrls:
        """Make the cluster if it is not there, start it if it does not run, and wait until it answers.

        Raises:
            errors.Unavailable: The wheel is not installed, the folder is somebody else's, or the server
                fails.
        """
        if self._holding is None:
            find_programs()
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._changing():
                self._socket_dir = self._server().start()
                self._holding = self._hold()
        return self.urls()

    def stop_blocking(self) -> None:
        """Let go of the cluster; stop it if nobody else holds it."""
        if self._holding is None:
            return
        with self._changing():
            holding, self._holding = self._holding, None
            try:
                fcntl.flock(holding, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _log.debug("the embedded database is still in use by another process")
            else:
                self._server().stop()
            finally:
                os.close(holding)

    def urls(self, database: str = DATABASE) -> EmbeddedUrls:
        """Addresses of a database in the cluster, once it is started."""
        if self._socket_dir is None:
            raise RuntimeError("start it first")
        host = quote(str(self._socket_dir), safe="")
        service, owner, superuser = (
            f"postgresql://{role}@/{database}?host={host}" for role in (LOGIN, OWNER, SUPERUSER)
        )
        return EmbeddedUrls(service=service, owner=owner, superuser=superuser)

    def _server(self) -> EmbeddedServer:
        return EmbeddedServer(self._data, self._folder / "socket", server_account(), durable=self._durable)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        with (self._folder / "change.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _hold(self) -> int:
        held = os.open(self._folder / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_SH)
        return held
