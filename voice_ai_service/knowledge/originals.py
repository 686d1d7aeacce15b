"""The files as they were uploaded: `documents/<domain>/<document>/<sha256>`. Blocking.

No part of a path comes from the sender: the folders are uuids and the file is named by its own hash.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

from voice_ai_service.errors import NotFound

_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Originals:
    """
    Args:
        root: A folder that only this service writes into.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, domain_uuid: UUID, document_uuid: UUID, ref: str) -> Path:
        """
        Raises:
            NotFound: No such file.
        """
        path = self._place(domain_uuid, document_uuid, ref)
        if not path.is_file():
            raise NotFound("the document's file is not there", fix="upload the document again")
        return path

    def write(self, domain_uuid: UUID, document_uuid: UUID, ref: str, content: bytes) -> None:
        """On the disk when this returns, whole or not at all. Raises OSError."""
        path = self._place(domain_uuid, document_uuid, ref)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def keep_only(self, domain_uuid: UUID, document_uuid: UUID, refs: Set[str]) -> None:
        """Remove what other versions of the document left."""
        folder = self._folder(domain_uuid, document_uuid)
        with suppress(FileNotFoundError):
            for path in list(folder.iterdir()):
                if path.name not in refs:
                    path.unlink(missing_ok=True)

    def remove(self, domain_uuid: UUID, document_uuid: UUID) -> None:
        shutil.rmtree(self._folder(domain_uuid, document_uuid), ignore_errors=True)

    def remove_all(self, domain_uuid: UUID) -> None:
        shutil.rmtree(self._root / str(domain_uuid), ignore_errors=True)

    def unchanged_for(self, seconds: float) -> Iterator[tuple[UUID, UUID]]:
        """Domain and document of every folder that nobody wrote into for so long."""
        before = time.time() - seconds
        for domain in _folders(self._root):
            for document in _folders(domain):
                with suppress(ValueError, FileNotFoundError):
                    if document.stat().st_mtime < before:
                        yield UUID(domain.name), UUID(document.name)

    def _folder(self, domain_uuid: UUID, document_uuid: UUID) -> Path:
        return self._root / str(domain_uuid) / str(document_uuid)

    def _place(self, domain_uuid: UUID, document_uuid: UUID, ref: str) -> Path:
        if not _HASH.fullmatch(ref):
            raise ValueError("a document's file is named by its hash")
        return self._folder(domain_uuid, document_uuid) / ref


def _folders(above: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from (path for path in sorted(above.iterdir()) if path.is_dir() and not path.is_symlink())
