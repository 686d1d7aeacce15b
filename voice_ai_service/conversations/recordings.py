"""Audio that outlives its call: what rows refer to, and nothing else.

`recordings/<domain>/<call>/<name>`; a row holds the name only, so that it cannot point into another domain. With an
object store the recordings of whole calls move there, and the row holds a link.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from uuid import UUID

import structlog

from voice_ai_service.conversations import safe_files
from voice_ai_service.errors import NotFound, VoiceAiError

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_UPLOAD_S: Final = 30.0

_log = structlog.get_logger()


class ObjectStore(Protocol):
    """Blocking; called in threads. Both raise Unavailable after their own tries."""

    def put(self, key: str, content: BinaryIO) -> str:
        """Returns the object's link, with a scheme."""
        ...

    def remove(self, prefix: str) -> int:
        """Remove what begins so. Returns how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """
    Attributes:
        reference: For the row: a link, or a name in the call's folder.
        moved: It is where recordings are meant to be; False: the store could not take it, and it stays here.
    """

    reference: str
    moved: bool


def is_link(reference: str) -> bool:
    """It leads into an object store, and is no name in a folder."""
    return "://" in reference


class Recordings:
    """
    Args:
        root: `settings.data_dir / "recordings"`.
        store: Where whole calls go; None: they stay in the folder.
        upload_s: How long the end of a call waits for the store; a test's are shorter.
    """

    def __init__(self, root: Path, store: ObjectStore | None = None, *, upload_s: float = _UPLOAD_S) -> None:
        self._root = root
        self._store = store
        self._upload_s = upload_s

    async def read(self, domain_uuid: UUID, call_uuid: UUID, name: str, max_bytes: int) -> bytes:
        """
        Raises:
            InvalidInput: The name is none that we make.
            NotFound: It was not kept, or its time is over.
            TooLarge: More than `max_bytes`.
        """
        return await asyncio.to_thread(self._read, domain_uuid, call_uuid, name, max_bytes)

    async def remove(self, domain_uuid: UUID, call_uuid: UUID) -> int:
        """Remove all audio of a call, also in the store. Returns how many files there were.

        Raises:
            Unavailable: The store cannot be asked; what was here is gone, and asking again takes the rest.
        """
        removed = await asyncio.to_thread(
            safe_files.remove_folder, self._root, str(domain_uuid), str(call_uuid)
        )
        if self._store is not None:
            removed += await asyncio.to_thread(self._store.remove, f"{domain_uuid}/{call_uuid}/")
        return removed

    async def hand_over(self, domain_uuid: UUID, call_uuid: UUID, name: str) -> Kept:
        """A file in the call's folder is whole: move it into the store, where there is one.

        A store that does not take it, or not in time, leaves the file where it is.
        """
        if self._store is None:
            return Kept(name, moved=True)
        too_late = threading.Event()
        try:
            async with asyncio.timeout(self._upload_s):
                link = await asyncio.to_thread(
                    self._upload, self._store, domain_uuid, call_uuid, name, too_late
                )
        except (VoiceAiError, OSError) as error:  # a TimeoutError is an OSError
            too_late.set()
            reason = error.code if isinstance(error, VoiceAiError) else type(error).__name__
            _log.error("a recording stays in the local folder", call_uuid=str(call_uuid), reason=reason)
            return Kept(name, moved=False)
        return Kept(link, moved=True)

    def _upload(
        self, store: ObjectStore, domain_uuid: UUID, call_uuid: UUID, name: str, too_late: threading.Event
    ) -> str:
        safe_files.checked_name(name)
        with safe_files.opened_folder(self._root, str(domain_uuid), str(call_uuid)) as folder:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as content:
                link = store.put(f"{domain_uuid}/{call_uuid}/{name}", content)
            if not too_late.is_set():
                os.unlink(name, dir_fd=folder)
        return link

    def take_over(self, source: int, domain_uuid: UUID, call_uuid: UUID, names: Collection[str]) -> int:
        """Copy files from the call's folder, an open descriptor; what is not there is left out. Blocking.

        Returns:
            How many were copied.

        Raises:
            InvalidInput: A name that is none of ours, or a link in place of the file.
            OSError: Disk full, for one.
        """
        copied = 0
        with safe_files.opened_folder(
            self._root, str(domain_uuid), str(call_uuid), create_mode=_FOLDER_MODE
        ) as target:
            for name in names:
                try:
                    safe_files.copy_file(source, target, name, mode=_FILE_MODE)
                except NotFound:
                    continue
                copied += 1
        return copied

    def _read(self, domain_uuid: UUID, call_uuid: UUID, name: str, max_bytes: int) -> bytes:
        safe_files.checked_name(name)
        try:
            with safe_files.opened_folder(self._root, str(domain_uuid), str(call_uuid)) as folder:
                return safe_files.read_file(folder, name, max_bytes)
        except FileNotFoundError as error:
            raise NotFound("this call's audio was not kept", field="file") from error
