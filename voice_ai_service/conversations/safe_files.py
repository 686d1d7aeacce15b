"""Files in folders that somebody else writes into as well (FreeSWITCH, or whoever took it over). Blocking.

Every path is made of parts that are checked here, opened one by one without following links, and only regular
files with one name are read: a link that points out of the folder is not a way out of it.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from voice_ai_service.errors import InvalidInput, NotFound, TooLarge

FILE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}\.(wav|r8)")
_FOLDER_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PIECE_BYTES: Final = 256 * 1024


def checked_name(name: str, field: str = "file") -> str:
    """The name, if it is one that we or our scripts make.

    Raises:
        InvalidInput: Anything else: a path, a dot, a capital letter, another ending.
    """
    if not FILE_NAME.fullmatch(name):
        raise InvalidInput(
            "this is not the name of a call's file",
            field=field,
            fix="letters, digits, dashes, and .wav or .r8",
        )
    return name


@contextmanager
def opened_folder(root: Path, *parts: str, create_mode: int | None = None) -> Iterator[int]:
    """The descriptor of `root/part/part`, closed at the end.

    Args:
        create_mode: Make what is missing below the root, with these rights; None: do not.

    Raises:
        FileNotFoundError: It does not exist.
        NotADirectoryError: A part of it is a link or a file.
    """
    if create_mode is not None:
        root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            if not _FOLDER_NAME.fullmatch(part):
                raise ValueError("a folder's name is made by us")
            inner = _open_inner(descriptor, part, create_mode)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def read_file(folder: int, name: str, max_bytes: int) -> bytes:
    """A whole file.

    Raises:
        InvalidInput: The name is not ours, or what has it is no plain file.
        NotFound: No such file.
        TooLarge: More than `max_bytes`.
    """
    with _opened_file(folder, name) as descriptor:
        if os.fstat(descriptor).st_size > max_bytes:
            raise TooLarge("the file is too large", field="file", fix=f"{max_bytes} bytes at most")
        pieces, left = [], max_bytes + 1
        while left > 0 and (piece := os.read(descriptor, min(left, _PIECE_BYTES))):
            pieces.append(piece)
            left -= len(piece)
    if left <= 0:  # it grew while it was read
        raise TooLarge("the file is too large", field="file", fix=f"{max_bytes} bytes at most")
    return b"".join(pieces)


def write_file(folder: int, name: str, content: bytes, *, mode: int, durable: bool = False) -> None:
    """Write a file so that nobody sees half of it; one of that name is replaced.

    Raises:
        InvalidInput: The name is not ours.
        OSError: Disk full, for one; nothing is left behind.
    """
    with _replacing(folder, name, mode, durable=durable) as descriptor:
        _write_all(descriptor, content)


def copy_file(source: int, target: int, name: str, *, mode: int) -> None:
    """Copy a file to another folder, on the disk when this returns.

    Raises:
        InvalidInput, NotFound: As `read_file`.
        OSError: As `write_file`.
    """
    with (
        _opened_file(source, name) as original,
        _replacing(target, name, mode, durable=True) as copy,
    ):
        while piece := os.read(original, _PIECE_BYTES):
            _write_all(copy, piece)


def remove_folder(root: Path, *parts: str) -> int:
    """Remove a folder with the files in it; links are removed, not followed. Returns the count of files."""
    removed = 0
    try:
        with opened_folder(root, *parts[:-1]) as above:
            with opened_folder(root, *parts) as folder:
                for entry in os.scandir(folder):
                    if not entry.is_dir(follow_symlinks=False):
                        os.unlink(entry.name, dir_fd=folder)
                        removed += 1
            os.rmdir(parts[-1], dir_fd=above)
    except FileNotFoundError:
        pass
    return removed


def _open_inner(folder: int, part: str, create_mode: int | None) -> int:
    if create_mode is not None:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=folder)
            # The process's umask must not decide whether FreeSWITCH may write here.
            os.chmod(part, create_mode, dir_fd=folder)
    return os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)


@contextmanager
def _opened_file(folder: int, name: str) -> Iterator[int]:
    checked_name(name)
    try:
        # Not blocking: a pipe in place of the file must not hold the thread.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError as error:
        raise NotFound("there is no such file in the call's folder", field="file") from error
    except OSError as error:
        raise InvalidInput("this is not a plain file", field="file", detail=str(error)) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise InvalidInput("this is not a plain file", field="file")
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _replacing(folder: int, name: str, mode: int, *, durable: bool) -> Iterator[int]:
    checked_name(name)
    draft = f".{name}.{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    try:
        try:
            yield descriptor
            os.fchmod(descriptor, mode)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
