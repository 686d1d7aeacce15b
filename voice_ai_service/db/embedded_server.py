"""One embedded PostgreSQL server: made, configured, launched, found dead, stopped."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

from voice_ai_service import errors
from voice_ai_service.db.embedded_host import ServerAccount, account_name, find_programs, lives_in

DATABASE: Final = "voice_ai"
OWNER: Final = "voice_ai_owner"
LOGIN: Final = "voice_ai_login"
SUPERUSER: Final = "postgres"

SOCKET_PATH_BYTES: Final = 107
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_LOG_BYTES: Final = 10 * 1024 * 1024
_ANSWER_WITHIN_S: Final = 10.0

_CONFIGURATION: Final = """\
# Written by voice-ai when it starts the server; ALTER SYSTEM keeps your own settings.
listen_addresses = ''
unix_socket_directories = '{socket_dir}'
max_connections = 120
shared_buffers = 64MB
maintenance_work_mem = 256MB
log_min_messages = warning
log_timezone = 'UTC'
timezone = 'UTC'
jit = off
"""
_HBA: Final = "local all all peer map=voice_ai\n"

# template1 gets the extension, so that no database is ever without it, however early we are killed. The
# database comes last: that it is there means that everything is.
_SET_UP: Final = (
    "DO $$ BEGIN "
    f"CREATE ROLE {OWNER} LOGIN; CREATE ROLE {LOGIN} LOGIN; CREATE ROLE voice_ai_service NOLOGIN; "
    f"GRANT voice_ai_service TO {LOGIN}; "
    "EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "CREATE EXTENSION IF NOT EXISTS vector",
    f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
)


class EmbeddedServer:
    """The steps of starting and stopping; the caller holds the lock for it."""

    def __init__(self, data: Path, socket_beside: Path, account: ServerAccount, *, durable: bool) -> None:
        self._data = data
        self._durable = durable
        self._account = account
        self._programs = self._choose_programs()
        self._socket_dir = self._recorded_socket_dir() or _short_enough(socket_beside)

    def start(self) -> Path:
        """Returns the folder of its socket."""
        self._account.let_through(self._data)
        self._account.let_through(self._programs / "postgres")
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster()
        self._refuse_foreign_cluster()
        if not self._answers():
            self._clear_dead_server()
            self._configure()
            self._launch()
        if not self._sql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608
            for statement in _SET_UP:
                self._sql(statement)
        return self._socket_dir

    def stop(self) -> None:
        if self._answers():
            self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "-t", "60", "stop")

    def _choose_programs(self) -> Path:
        """Those of the version that the data was written with; the newest for new data."""
        offered = find_programs()
        version_file = self._data / "PG_VERSION"
        try:
            written = version_file.read_text().strip() if version_file.exists() else max(offered, key=int)
        except PermissionError as error:
            raise _foreign(self._data) from error
        if written not in offered:
            raise errors.Unavailable(
                f"the database in {self._data} is of PostgreSQL {written}, which this wheel does not have",
                fix="install the wheel it was made with, dump it with pg_dump, restore it into a new folder",
            )
        return offered[written]

    def _recorded_socket_dir(self) -> Path | None:
        """Where a server that was started by another process, in another environment, has its socket."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return None
        socket_line = 4
        return Path(lines[socket_line]) if len(lines) > socket_line and lines[socket_line] else None

    def _make_cluster(self) -> None:
        """Into a folder beside, and moved when complete: one that was cut short is not mistaken for a
        cluster."""
        if self._data.exists() and any(self._data.iterdir()):
            raise errors.Unavailable(
                f"{self._data} is neither empty nor a PostgreSQL cluster",
                fix="move it away, or use another data folder",
            )
        unfinished = self._data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        self._account.own(unfinished, 0o700)
        self._run(
            "initdb", "-D", str(unfinished), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=peer", "--no-instructions",
            *([] if self._durable else ["--no-sync"]),
        )  # fmt: skip
        unfinished.replace(self._data)

    def _refuse_foreign_cluster(self) -> None:
        if self._data.stat().st_uid != self._account.uid:
            raise _foreign(self._data)

    def _clear_dead_server(self) -> None:
        """After a crash PostgreSQL mistakes a zombie, or another process under the same id, for its old self.
        Its file goes only when no process of the old server is left that could still write."""
        recorded = self._data / "postmaster.pid"
        if not recorded.exists() or not Path("/proc").is_dir():
            return
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while lives_in(self._data):
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise errors.Unavailable(
                    f"processes of an old server still use {self._data} but do not answer",
                    fix="end them, or restart the machine",
                )
            time.sleep(0.1)
        recorded.unlink(missing_ok=True)
        (self._socket_dir / f"{_SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _configure(self) -> None:
        self._make_socket_dir()
        configuration = _CONFIGURATION.format(socket_dir=self._socket_dir)
        if not self._durable:
            configuration += "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
        users = {account_name(os.geteuid()), self._account.name}
        maps = "".join(
            f"voice_ai {user} {role}\n" for user in sorted(users) for role in (SUPERUSER, OWNER, LOGIN)
        )
        for name, text in (
            ("postgresql.conf", configuration),
            ("pg_hba.conf", _HBA),
            ("pg_ident.conf", maps),
        ):
            path = self._data / name
            path.write_text(text)
            self._account.own(path, 0o600)

    def _make_socket_dir(self) -> None:
        self._socket_dir.mkdir(mode=0o700, exist_ok=True)
        found = self._socket_dir.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self._account.uid}:
            raise errors.Unavailable(f"{self._socket_dir} belongs to somebody else", fix="remove it")
        self._account.own(self._socket_dir, 0o700)

    def _launch(self) -> None:
        log = self._data / "server.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        try:
            self._run("pg_ctl", "-D", str(self._data), "-l", str(log), "-w", "-t", "60", "start")
        except errors.Unavailable as error:
            error.fix = f"the end of {log} says why"
            raise
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while not self._answers():
            if time.monotonic() > deadline:
                raise errors.Unavailable("the embedded database does not answer", fix=f"see {log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        """A real statement: a server that was just killed still looks alive to everything cheaper."""
        if not (self._socket_dir / _SOCKET_NAME).exists():
            return False
        try:
            self._sql("SELECT 1")
        except errors.Unavailable:
            return False
        return True

    def _sql(self, statement: str) -> str:
        return self._run(
            "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self._socket_dir), "-U", SUPERUSER,
            "-d", "template1", "-c", statement,
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> str:
        return self._account.run(self._programs / program, *arguments)


def _short_enough(beside: Path) -> Path:
    """Beside the data, or a private folder of its own where the path would be too long for a socket."""
    digest = hashlib.sha256(os.fsencode(beside)).hexdigest()[:12]
    name = f"voice-ai-{os.geteuid()}-{digest}"
    for folder in (beside, Path(tempfile.gettempdir()) / name, Path("/tmp") / name):  # noqa: S108 - 0700, checked
        if len(os.fsencode(folder / _SOCKET_NAME)) <= SOCKET_PATH_BYTES:
            return folder
    raise errors.Unavailable(
        "no path is short enough for the database's socket", fix="set TMPDIR to a short one"
    )


def _foreign(data: Path) -> errors.Unavailable:
    owner = account_name(data.stat().st_uid)
    return errors.Unavailable(
        f"the database in {data} belongs to the system user {owner}",
        fix="start voice-ai as the user who made it, or use another data folder",
    )
