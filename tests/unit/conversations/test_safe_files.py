from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.conversations import safe_files
from voice_ai_service.conversations.safe_files import opened_folder, read_file, write_file
from voice_ai_service.errors import InvalidInput, NotFound, TooLarge, VoiceAiError

NAME = "utterance-0001.wav"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    with opened_folder(tmp_path / "calls", "domain", "call", create_mode=0o700) as descriptor:
        yield descriptor


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls" / "domain" / "call"


def test_what_is_written_is_read(folder: int, path: Path) -> None:
    write_file(folder, NAME, b"one", mode=0o640)
    write_file(folder, NAME, b"two", mode=0o640)
    assert read_file(folder, NAME, 3) == b"two"
    assert [entry.name for entry in path.iterdir()] == [NAME]
    assert (path / NAME).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x.wav", "a/b.wav", "/etc/passwd", "A.wav", "a.mp3", ".wav", "-a.wav", "a.wav\n", "a.wav\x00",
     "a\x00.wav", "á.wav", "a b.wav", "a.wav.wav", "con.wav/", "utterance-0001.WAV", "a" * 60 + ".wav"],
)  # fmt: skip
def test_names_that_we_do_not_make_are_refused(folder: int, name: str) -> None:
    with pytest.raises(InvalidInput):
        read_file(folder, name, 100)
    with pytest.raises(InvalidInput):
        write_file(folder, name, b"", mode=0o600)


@given(st.text(max_size=50))
def test_no_name_that_passes_can_leave_a_folder(name: str) -> None:
    try:
        checked = safe_files.checked_name(name)
    except VoiceAiError:
        return
    assert Path(checked).name == checked
    assert not checked.startswith((".", "-"))


def test_a_link_out_of_the_folder_is_not_followed(folder: int, path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (path / NAME).symlink_to(secret)
    with pytest.raises(InvalidInput):
        read_file(folder, NAME, 100)
    write_file(folder, NAME, b"ours", mode=0o600)
    assert secret.read_bytes() == b"secret"
    assert read_file(folder, NAME, 100) == b"ours"


def test_a_second_name_of_another_file_is_refused(folder: int, path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    os.link(secret, path / NAME)
    with pytest.raises(InvalidInput):
        read_file(folder, NAME, 100)


def test_a_pipe_does_not_hold_the_reader(folder: int, path: Path) -> None:
    os.mkfifo(path / NAME)
    with pytest.raises(InvalidInput):
        read_file(folder, NAME, 100)


def test_a_folder_in_place_of_the_file_is_refused(folder: int, path: Path) -> None:
    (path / NAME).mkdir()
    with pytest.raises(InvalidInput):
        read_file(folder, NAME, 100)


def test_too_large_and_missing_files_say_so(folder: int) -> None:
    write_file(folder, NAME, b"12345", mode=0o600)
    assert read_file(folder, NAME, 5) == b"12345"
    with pytest.raises(TooLarge):
        read_file(folder, NAME, 4)
    with pytest.raises(NotFound):
        read_file(folder, "reply-0001.wav", 4)


def test_a_call_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "calls" / "domain").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / NAME).write_bytes(b"secret")
    (tmp_path / "calls" / "domain" / "call").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError), opened_folder(tmp_path / "calls", "domain", "call"):
        pass
    with pytest.raises(NotADirectoryError):
        safe_files.remove_folder(tmp_path / "calls", "domain", "call")
    assert (tmp_path / "elsewhere" / NAME).exists()


def test_removing_a_folder_removes_links_and_not_what_they_point_to(
    folder: int, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (path / "link").symlink_to(tmp_path / "secret")
    write_file(folder, NAME, b"x", mode=0o600)
    assert safe_files.remove_folder(tmp_path / "calls", "domain", "call") == 2
    assert not path.exists()
    assert (tmp_path / "secret").exists()
    assert safe_files.remove_folder(tmp_path / "calls", "domain", "call") == 0


@pytest.mark.parametrize("part", ["..", ".", "a/b", "", "A", "x\x00"])
def test_folders_have_names_that_we_make(tmp_path: Path, part: str) -> None:
    with pytest.raises(ValueError, match="made by us"), opened_folder(tmp_path, part, create_mode=0o700):
        pass


def test_a_write_that_fails_leaves_nothing_behind(
    folder: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            write_file(folder, NAME, b"content", mode=0o600)
    assert list(path.iterdir()) == []


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    with opened_folder(tmp_path, "a", "b", create_mode=0o700) as descriptor:
        write_file(descriptor, NAME, b"x", mode=0o600)
        read_file(descriptor, NAME, 5)
    with pytest.raises(FileNotFoundError), opened_folder(tmp_path, "a", "nothing"):
        pass
    assert count() == before
