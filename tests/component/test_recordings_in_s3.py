"""Recordings that move into an S3-compatible store: over the wire, with boto3 itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.fakes.s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.s3_store import store_of
from voice_ai_service.errors import InvalidInput, Unavailable
from voice_ai_service.settings import Settings

pytest.importorskip("boto3", reason="the s3 extra is not installed")
DOMAIN = UUID("11111111-1111-4111-8111-111111111111")
NAME = "recording.wav"


@pytest.fixture
async def s3() -> AsyncIterator[tuple[S3Server, str]]:
    server = S3Server()
    async with server.serving() as address:
        yield server, address


async def recordings(
    folder: Path, address: str, *, key: str = ACCESS_KEY, upload_s: float = 20.0
) -> Recordings:
    settings = Settings(
        recordings_bucket=BUCKET,
        recordings_endpoint_url=address,
        recordings_access_key=key,
        recordings_secret_key=SECRET_KEY,
    )
    return Recordings(folder, await asyncio.to_thread(store_of, settings), upload_s=upload_s)


def local_file(folder: Path, call_uuid: UUID, content: bytes = b"RIFF-and-so-on" * 1000) -> Path:
    path = folder / str(DOMAIN) / str(call_uuid) / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


async def test_a_whole_call_moves_into_the_store_and_goes_with_its_conversation(
    s3: tuple[S3Server, str], tmp_path: Path
) -> None:
    server, address = s3
    kept_files, call_uuid, other = await recordings(tmp_path, address), uuid4(), uuid4()
    local = local_file(tmp_path, call_uuid)
    content = local.read_bytes()
    kept = await kept_files.hand_over(DOMAIN, call_uuid, NAME)
    key = f"recordings/{DOMAIN}/{call_uuid}/{NAME}"
    assert kept.reference == f"s3://{BUCKET}/{key}"
    assert kept.moved
    assert server.objects == {key: content}
    assert server.types[key] == "audio/wav"
    assert not local.exists()
    server.objects[f"recordings/{DOMAIN}/{other}/{NAME}"] = b"another call's"
    assert await kept_files.remove(DOMAIN, call_uuid) == 1
    assert list(server.objects) == [f"recordings/{DOMAIN}/{other}/{NAME}"]


@pytest.mark.parametrize("failures", [[503], [0, 500], [503, 0, 503]])
async def test_a_store_that_fumbles_is_asked_again(
    s3: tuple[S3Server, str], tmp_path: Path, failures: list[int]
) -> None:
    server, address = s3
    server.failures = list(failures)
    call_uuid = uuid4()
    local = local_file(tmp_path, call_uuid)
    kept = await (await recordings(tmp_path, address)).hand_over(DOMAIN, call_uuid, NAME)
    assert kept.moved
    assert len(server.requests) == len(failures) + 1
    assert not local.exists()


async def test_a_store_that_refuses_leaves_the_file_and_says_so(
    s3: tuple[S3Server, str], tmp_path: Path
) -> None:
    server, address = s3
    call_uuid = uuid4()
    local = local_file(tmp_path, call_uuid)
    kept_files = await recordings(tmp_path, address, key="AKIAWRONG")
    kept = await kept_files.hand_over(DOMAIN, call_uuid, NAME)
    assert kept.reference == NAME
    assert not kept.moved
    assert local.exists()
    assert await kept_files.read(DOMAIN, call_uuid, NAME, 10**6) == local.read_bytes()
    assert server.objects == {}


async def test_a_store_that_is_away_leaves_the_file(tmp_path: Path) -> None:
    call_uuid = uuid4()
    local = local_file(tmp_path, call_uuid)
    kept_files = await recordings(tmp_path, "http://127.0.0.1:9")
    kept = await kept_files.hand_over(DOMAIN, call_uuid, NAME)
    assert not kept.moved
    assert local.exists()
    with pytest.raises(Unavailable):
        await kept_files.remove(DOMAIN, call_uuid)


async def test_a_store_that_does_not_answer_does_not_hold_the_calls_end(
    s3: tuple[S3Server, str], tmp_path: Path
) -> None:
    server, address = s3
    server.stuck = True
    call_uuid = uuid4()
    local = local_file(tmp_path, call_uuid)
    kept_files = await recordings(tmp_path, address, upload_s=0.3)
    kept = await kept_files.hand_over(DOMAIN, call_uuid, NAME)
    assert not kept.moved
    assert local.exists()


async def test_more_files_than_a_list_holds_are_all_removed(s3: tuple[S3Server, str], tmp_path: Path) -> None:
    server, address = s3
    server.page = 2
    call_uuid = uuid4()
    for number in range(5):
        server.objects[f"recordings/{DOMAIN}/{call_uuid}/a&<{number}>.wav"] = b"x"
    assert await (await recordings(tmp_path, address)).remove(DOMAIN, call_uuid) == 5
    assert server.objects == {}


def test_without_a_bucket_there_is_no_store_and_a_bad_address_is_said() -> None:
    assert store_of(Settings()) is None
    with pytest.raises(InvalidInput, match="address"):
        store_of(Settings(recordings_bucket="b", recordings_endpoint_url="not an address"))
