from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.errors import InvalidInput, NotFound

DOMAIN, CALL = UUID(int=1), UUID(int=2)


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "recordings")


@pytest.fixture
def folders(tmp_path: Path, recordings: Recordings) -> CallFolders:
    return CallFolders(tmp_path / "calls", recordings)


async def test_an_utterance_is_kept_under_a_name_of_ours(folders: CallFolders) -> None:
    audio = PcmAudio(b"\x01\x00" * 80, 8000)
    assert await folders.keep_utterance(DOMAIN, CALL, 7, audio) == "utterance-0007.wav"
    content = await folders.read(DOMAIN, CALL, "utterance-0007.wav", 1000)
    assert content.startswith(b"RIFF")
    assert audio.samples in content


async def test_one_domain_does_not_find_the_files_of_another(folders: CallFolders) -> None:
    await folders.write(DOMAIN, CALL, "reply-0001.wav", b"x")
    with pytest.raises(NotFound):
        await folders.read(uuid4(), CALL, "reply-0001.wav", 10)
    with pytest.raises(NotFound):
        await folders.read(DOMAIN, uuid4(), "reply-0001.wav", 10)


async def test_the_pbx_and_we_share_a_folder_by_group(tmp_path: Path, recordings: Recordings) -> None:
    folders = CallFolders(tmp_path / "calls", recordings, shared=True)
    path = await folders.open(DOMAIN, CALL)
    assert path is not None
    assert os.stat(path).st_mode & 0o7777 == 0o2770
    await folders.write(DOMAIN, CALL, "greeting.wav", b"x")
    assert os.stat(f"{path}/greeting.wav").st_mode & 0o777 == 0o660


async def test_only_what_rows_refer_to_outlives_the_call(
    folders: CallFolders, recordings: Recordings, tmp_path: Path
) -> None:
    for name in ("utterance-0001.wav", "utterance-0002.wav", "reply-0001.wav"):
        await folders.write(DOMAIN, CALL, name, name.encode())
    assert await folders.tidy(DOMAIN, CALL, ["utterance-0002.wav", "recording.wav"])
    assert await recordings.read(DOMAIN, CALL, "utterance-0002.wav", 100) == b"utterance-0002.wav"
    for name in ("utterance-0001.wav", "recording.wav"):
        with pytest.raises(NotFound):
            await recordings.read(DOMAIN, CALL, name, 100)
    assert not list((tmp_path / "calls").rglob("*.wav"))
    assert await recordings.remove(DOMAIN, CALL) == 1
    assert await recordings.remove(DOMAIN, CALL) == 0


async def test_a_call_without_files_is_tidy(folders: CallFolders, tmp_path: Path) -> None:
    assert await folders.tidy(DOMAIN, CALL, ["utterance-0001.wav"])
    assert await folders.tidy(DOMAIN, CALL)
    assert not (tmp_path / "recordings" / str(DOMAIN) / str(CALL)).exists()


async def test_a_link_planted_by_the_pbx_is_not_taken_over(
    folders: CallFolders, recordings: Recordings, tmp_path: Path
) -> None:
    path = await folders.open(DOMAIN, CALL)
    (tmp_path / "secret").write_bytes(b"secret")
    Path(f"{path}/utterance-0001.wav").symlink_to(tmp_path / "secret")
    assert not await folders.tidy(DOMAIN, CALL, ["utterance-0001.wav"])
    with pytest.raises(NotFound):
        await recordings.read(DOMAIN, CALL, "utterance-0001.wav", 100)


async def test_a_full_disk_costs_the_file_and_not_the_call(
    folders: CallFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    await folders.write(DOMAIN, CALL, "utterance-0001.wav", b"before")

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        assert not await folders.write(DOMAIN, CALL, "reply-0001.wav", b"x")
        assert await folders.keep_utterance(DOMAIN, CALL, 2, PcmAudio(b"\0\0", 8000)) is None
        assert not await folders.tidy(DOMAIN, CALL, ["utterance-0001.wav"])
        patched.setattr(os, "mkdir", full)
        assert await folders.open(DOMAIN, uuid4()) is None
    assert folders.write_failures == 4
    assert await folders.read(DOMAIN, CALL, "utterance-0001.wav", 10) == b"before"


async def test_a_name_that_is_not_ours_is_an_error_and_not_a_full_disk(folders: CallFolders) -> None:
    with pytest.raises(InvalidInput):
        await folders.write(DOMAIN, CALL, "../../x.wav", b"x")
    with pytest.raises(InvalidInput):
        await folders.read(DOMAIN, CALL, "/etc/passwd", 10)
    assert folders.write_failures == 0


async def test_folders_nobody_touched_are_found(folders: CallFolders, tmp_path: Path) -> None:
    await folders.open(DOMAIN, CALL)
    await folders.open(DOMAIN, UUID(int=3))
    (tmp_path / "calls" / "lost+found" / "x").mkdir(parents=True)
    long_ago = datetime.now(UTC) - timedelta(hours=8)
    os.utime(tmp_path / "calls" / str(DOMAIN) / str(CALL), (long_ago.timestamp(), long_ago.timestamp()))
    found = await folders.unchanged_since(datetime.now(UTC) - timedelta(hours=6))
    assert [(one.domain_uuid, one.call_uuid) for one in found] == [(DOMAIN, CALL)]
