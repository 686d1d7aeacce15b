"""The folder of one live call: its utterances and replies, seen by the PBX too where audio is shared."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.conversations import safe_files
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.errors import NotFound, VoiceAiError

_OWN_MODES: Final = (0o700, 0o600)
_SHARED_MODES: Final = (0o2770, 0o660)
"""With a shared folder, FreeSWITCH's user and ours have a group in common; the folder hands it down."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FoundFolder:
    domain_uuid: UUID
    call_uuid: UUID
    changed_at: datetime


class CallFolders:
    """`<root>/<domain>/<call>/<name>`. Names are ours; a full disk costs the file, never the call.

    Args:
        root: `settings.calls_dir`.
        recordings: Where audio goes that outlives its call.
        shared: FreeSWITCH reads and writes here too.
    """

    def __init__(self, root: Path, recordings: Recordings, *, shared: bool = False) -> None:
        self._root = root
        self._recordings = recordings
        self._folder_mode, self._file_mode = _SHARED_MODES if shared else _OWN_MODES
        self.write_failures = 0
        """Files that were not written or not kept, since the start of the process."""

    async def open(self, domain_uuid: UUID, call_uuid: UUID) -> str | None:
        """Make the call's folder. Returns its path for the PBX, None when it cannot be made (disk full)."""
        try:
            await asyncio.to_thread(self._make, domain_uuid, call_uuid)
        except OSError as error:
            self._note("a call's folder was not made", call_uuid, error)
            return None
        return str(self._path(domain_uuid, call_uuid))

    async def read(self, domain_uuid: UUID, call_uuid: UUID, name: str, max_bytes: int) -> bytes:
        """
        Raises:
            InvalidInput: A name that is none of ours, or a link or pipe in place of the file.
            NotFound: No such file.
            TooLarge: More than `max_bytes`.
        """
        return await asyncio.to_thread(self._read, domain_uuid, call_uuid, name, max_bytes)

    async def write(self, domain_uuid: UUID, call_uuid: UUID, name: str, content: bytes) -> bool:
        """Write a file whole or not at all. False: it could not be written, and the call goes on without.

        Raises:
            InvalidInput: A name that is none of ours.
        """
        safe_files.checked_name(name)
        try:
            await asyncio.to_thread(self._write, domain_uuid, call_uuid, name, content)
        except OSError as error:
            self._note("a call's file was not written", call_uuid, error)
            return False
        return True

    async def keep_utterance(
        self, domain_uuid: UUID, call_uuid: UUID, turn: int, audio: PcmAudio
    ) -> str | None:
        """Write what the caller said in a turn. Returns the file's name; None: it could not be written."""
        name = f"utterance-{turn:04d}.wav"
        content = await asyncio.to_thread(write_wav, audio, Encoding.L16)
        return name if await self.write(domain_uuid, call_uuid, name, content) else None

    async def tidy(self, domain_uuid: UUID, call_uuid: UUID, keep: Collection[str] = ()) -> bool:
        """The call is stored: move what its rows refer to into the recordings, remove the rest.

        Args:
            keep: Names, `Conversation.audio_refs`.

        Returns:
            False: something could not be kept (disk full). The folder stays, and the sweep tries again.
        """
        try:
            await asyncio.to_thread(self._tidy, domain_uuid, call_uuid, keep)
        except (OSError, VoiceAiError) as error:
            self._note("a call's audio was not kept", call_uuid, error)
            return False
        return True

    async def remove(self, domain_uuid: UUID, call_uuid: UUID) -> int:
        """Remove the folder, whatever is in it. Returns how many files there were."""
        return await asyncio.to_thread(safe_files.remove_folder, self._root, str(domain_uuid), str(call_uuid))

    async def unchanged_since(self, before: datetime) -> list[FoundFolder]:
        """Folders in which no file came or went since then; for the sweep."""
        return await asyncio.to_thread(self._unchanged_since, before)

    def _path(self, domain_uuid: UUID, call_uuid: UUID) -> Path:
        return self._root.absolute() / str(domain_uuid) / str(call_uuid)

    def _make(self, domain_uuid: UUID, call_uuid: UUID) -> None:
        with safe_files.opened_folder(
            self._root, str(domain_uuid), str(call_uuid), create_mode=self._folder_mode
        ):
            pass

    def _read(self, domain_uuid: UUID, call_uuid: UUID, name: str, max_bytes: int) -> bytes:
        safe_files.checked_name(name)
        try:
            with safe_files.opened_folder(self._root, str(domain_uuid), str(call_uuid)) as folder:
                return safe_files.read_file(folder, name, max_bytes)
        except FileNotFoundError as error:
            raise NotFound("there is no such file in the call's folder", field="file") from error

    def _write(self, domain_uuid: UUID, call_uuid: UUID, name: str, content: bytes) -> None:
        with safe_files.opened_folder(
            self._root, str(domain_uuid), str(call_uuid), create_mode=self._folder_mode
        ) as folder:
            safe_files.write_file(folder, name, content, mode=self._file_mode)

    def _tidy(self, domain_uuid: UUID, call_uuid: UUID, keep: Collection[str]) -> None:
        if keep:
            try:
                with safe_files.opened_folder(self._root, str(domain_uuid), str(call_uuid)) as folder:
                    self._recordings.take_over(folder, domain_uuid, call_uuid, keep)
            except FileNotFoundError:
                return
        safe_files.remove_folder(self._root, str(domain_uuid), str(call_uuid))

    def _unchanged_since(self, before: datetime) -> list[FoundFolder]:
        found = []
        for folder in self._root.glob("*/*"):
            try:
                changed_at = datetime.fromtimestamp(folder.lstat().st_mtime, UTC)
                entry = FoundFolder(UUID(folder.parent.name), UUID(folder.name), changed_at)
            except (ValueError, FileNotFoundError):  # not ours, or gone meanwhile
                continue
            if changed_at < before:
                found.append(entry)
        return found

    def _note(self, message: str, call_uuid: UUID, error: Exception) -> None:
        self.write_failures += 1
        reason = error.strerror if isinstance(error, OSError) else str(error)
        _log.error(message, call_uuid=str(call_uuid), reason=reason)
