"""The embedded PostgreSQL: started, shared, killed, restarted."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from voice_ai_service import errors
from voice_ai_service.db import embedded_host
from voice_ai_service.db.embedded import EmbeddedPostgres
from voice_ai_service.db.embedded_server import SOCKET_PATH_BYTES

pytestmark = pytest.mark.postgres

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON_PATH = os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the test's own; a server that a failed test left running is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="voice-ai-emb-"))
    folder.chmod(0o755)
    yield folder
    for pid in servers_under(folder):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def servers_under(folder: Path) -> list[int]:
    return [pid for data in folder.rglob("data") for pid in embedded_host.lives_in(data)]


async def ask(url: str, statement: str = "SELECT 1") -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def other_process(
    folder: Path, then: str, python: str = sys.executable, **options: object
) -> subprocess.Popen[str]:
    """A second process that holds the cluster; it says so with a line, then does `then`."""
    program = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from voice_ai_service.db.embedded import EmbeddedPostgres
        postgres = EmbeddedPostgres(Path({str(folder / "postgres")!r}), durable=False)
        print(postgres.start_blocking().service, flush=True)
        sys.stdin.readline()
        {then}
    """)
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [python, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PYTHON_PATH},
        **options,
    )


def interpreter_for(options: dict[str, object]) -> str:
    """A Python that another user may run: ours, or the system's of the same version."""
    minor = f"python3.{sys.version_info.minor}"
    for python in filter(None, (sys.executable, shutil.which(minor, path=os.defpath))):
        try:
            subprocess.run(  # type: ignore[call-overload]
                [python, "-c", "import asyncpg, structlog, pydantic"],
                env={"PYTHONPATH": PYTHON_PATH},
                check=True,
                capture_output=True,
                **options,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("no Python here is for anybody but root")


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=60)


async def test_two_roles_no_tcp_and_data_that_stays(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    urls = await postgres.start()
    try:
        assert await ask(urls.service, "SELECT current_user::text") == "voice_ai_login"
        assert await ask(urls.owner, "SELECT current_user::text") == "voice_ai_owner"
        assert await ask(urls.owner, "SHOW listen_addresses") == ""
        assert await ask(urls.owner, "SELECT count(*) FROM pg_roles WHERE rolsuper") == 1
        assert await ask(urls.service, "SELECT pg_has_role('voice_ai_owner', 'USAGE')") is False
        await ask(urls.owner, "CREATE TABLE kept (a int)")
    finally:
        await postgres.stop()
    assert servers_under(folder) == []
    urls = await postgres.start()
    try:
        assert await ask(urls.owner, "SELECT count(*) FROM kept") == 0
    finally:
        await postgres.stop()


async def test_a_second_process_attaches_and_the_last_one_stops_it(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    urls = await postgres.start()
    with other_process(folder, "postgres.stop_blocking()") as second:
        assert await asyncio.to_thread(said, second) == urls.service
        await postgres.stop()
        assert await ask(urls.service) == 1
        await asyncio.to_thread(go_on, second)
        assert second.returncode == 0
    assert servers_under(folder) == []


async def test_a_killed_process_leaves_a_server_that_the_next_takes_over(folder: Path) -> None:
    with other_process(folder, "postgres.stop_blocking()") as first:
        url = await asyncio.to_thread(said, first)
        first.kill()
        first.wait()
    assert await ask(url) == 1
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    assert (await postgres.start()).service == url
    await postgres.stop()
    assert servers_under(folder) == []


async def test_a_killed_server_is_started_again_with_its_data(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "postgres")
    urls = await postgres.start()
    await ask(urls.owner, "CREATE TABLE kept AS SELECT 42 AS a")
    # Immediate shutdown by the kernel: the postmaster stays a zombie where nobody reaps it.
    recorded = folder / "postgres" / "data" / "postmaster.pid"
    os.kill(int(recorded.read_text().split()[0]), signal.SIGKILL)
    second = EmbeddedPostgres(folder / "postgres")
    urls = await second.start()
    try:
        assert await ask(urls.owner, "SELECT a FROM kept") == 42
    finally:
        await postgres.stop()
        await second.stop()
    assert servers_under(folder) == []


async def test_a_stale_pid_file_that_names_another_process_does_not_stop_us(folder: Path) -> None:
    """After a container's restart the old server's process id belongs to somebody else."""
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    await postgres.start()
    recorded = folder / "postgres" / "data" / "postmaster.pid"
    lock = folder / "postgres" / "socket" / ".s.PGSQL.5432.lock"
    texts = {file: file.read_text() for file in (recorded, lock)}
    await postgres.stop()
    account = embedded_host.server_account()
    bystander = subprocess.Popen(
        ["sleep", "60"],
        **({} if account.is_ours else {"user": account.uid}),  # type: ignore[call-overload]
    )
    try:
        for file, text in texts.items():
            file.write_text("\n".join([str(bystander.pid), *text.splitlines()[1:]]) + "\n")
            account.own(file, 0o600)
        urls = await postgres.start()
        assert await ask(urls.service) == 1
        await postgres.stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


async def test_a_first_start_that_was_cut_short_is_begun_again(folder: Path) -> None:
    unfinished = folder / "postgres" / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    urls = await postgres.start()
    assert await ask(urls.service) == 1
    await postgres.stop()
    assert not unfinished.exists()


async def test_a_path_too_long_for_a_socket(folder: Path) -> None:
    deep = folder / ("x" * 60) / ("y" * 60)
    postgres = EmbeddedPostgres(deep / "postgres", durable=False)
    urls = await postgres.start()
    try:
        assert len(os.fsencode(deep / "postgres" / "socket" / ".s.PGSQL.5432")) > SOCKET_PATH_BYTES
        assert await ask(urls.service) == 1
    finally:
        await postgres.stop()


async def test_a_folder_with_something_else_in_it_is_left_alone(folder: Path) -> None:
    data = folder / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "letter.txt").write_text("mine")
    with pytest.raises(errors.Unavailable, match="neither empty nor a PostgreSQL cluster"):
        await EmbeddedPostgres(folder / "postgres").start()
    assert (data / "letter.txt").read_text() == "mine"


async def test_data_of_an_unknown_version_is_left_alone(folder: Path) -> None:
    data = folder / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    with pytest.raises(errors.Unavailable, match="of PostgreSQL 12"):
        await EmbeddedPostgres(folder / "postgres").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_as_an_ordinary_user(folder: Path) -> None:
    folder.chmod(0o777)
    nobody = pwd.getpwnam("nobody")
    options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}
    python = interpreter_for(options)
    with other_process(folder, "postgres.stop_blocking()", python, **options) as process:
        url = await asyncio.to_thread(said, process)
        assert url
        # Root may enter the folder, but is not the user that the server knows.
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await ask(url)
        with pytest.raises(errors.Unavailable, match="belongs to the system user"):
            await EmbeddedPostgres(folder / "postgres").start()
        await asyncio.to_thread(go_on, process)
        assert process.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
async def test_root_opens_the_way_but_not_the_folders(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    postgres = EmbeddedPostgres(private / "postgres", durable=False)
    urls = await postgres.start()
    try:
        assert await ask(urls.service) == 1
        assert private.stat().st_mode & 0o777 == 0o701
        assert (private / "postgres" / "data").stat().st_mode & 0o777 == 0o700
        assert (private / "postgres" / "socket").stat().st_mode & 0o777 == 0o700
    finally:
        await postgres.stop()


def test_only_servers_count_as_living_in_a_folder(folder: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"], cwd=folder)
    try:
        assert embedded_host.lives_in(folder) == []
    finally:
        bystander.kill()
        bystander.wait()
