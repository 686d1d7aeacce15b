"""Audio that outlives its call: what rows refer to, and nothing else.

`recordings/<domain>/<call>/<name>`; a row holds the name only, so that it cannot point into another domain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Final
from uuid import UUID

from voice_ai_service.conversations import safe_files
from voice_ai_service.errors import NotFound

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


class Recordings:
    """
    Args:
        root: `settings.data_dir / "recordings"`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def read(self, domain_uuid: UUID, call_uuid: UUID, name: str, max_bytes: int) -> bytes:
        """
        Raises:
            InvalidInput: The name is none that we make.
            NotFound: It was not kept, or its time is over.
            TooLarge: More than `max_bytes`.
        """
        return await asyncio.to_thread(self._read, domain_uuid, call_uuid, name, max_bytes)

    async def remove(self, domain_uuid: UUID, call_uuid: UUID) -> int:
        """Remove all audio of a call. Returns how many files there were."""
        return await asyncio.to_thread(safe_files.remove_folder, self._root, str(domain_uuid), str(call_uuid))

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
