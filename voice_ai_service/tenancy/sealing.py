"""Providers' and webhooks' secrets: sealed so that only this service opens them.

libsodium's sealed box (X25519, XSalsa20-Poly1305): whoever has the public key can seal, which is how
FusionPBX's pages store a secret they can never read again (PHP: `sodium_crypto_box_seal`, then base64). The
private key stands in `VOICE_AI_MASTER_KEY` or in a file that only we can read; a dump of the database holds
neither.
"""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import asyncpg
import nacl.exceptions
import structlog
from nacl.public import PrivateKey, PublicKey, SealedBox
from pydantic import SecretStr

from voice_ai_service import errors
from voice_ai_service.db import queries

KEY_BYTES: Final = 32
_KEY_FILE: Final = "master.key"
_SQL = queries.load(__package__, "sealing.sql")
_log = structlog.get_logger()


class KeySettings(Protocol):
    """The part of `Settings` that names the keys."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def master_key(self) -> SecretStr | None: ...
    @property
    def previous_master_keys(self) -> SecretStr | None: ...


class Sealer:
    """Seals with the newest key, opens with any of the ring.

    Args:
        current: Seals and opens.
        previous: Older keys, only for opening, until `rotate` has sealed everything anew.
    """

    def __init__(self, current: PrivateKey, previous: tuple[PrivateKey, ...] = ()) -> None:
        self._seal_box = SealedBox(current.public_key)
        self._open_boxes = tuple(SealedBox(key) for key in (current, *previous))
        self._public = bytes(current.public_key)

    @property
    def public_key(self) -> str:
        """Base64 of the 32 bytes with which anybody may seal for us."""
        return base64.b64encode(self._public).decode()

    def seal(self, text: str) -> str:
        """Base64 of the sealed box; different each time."""
        return base64.b64encode(self._seal_box.encrypt(text.encode())).decode()

    def open(self, sealed: str) -> str:
        """
        Raises:
            errors.Unavailable: Sealed for another key, or damaged.
        """
        return self._open(sealed)[0]

    def is_current(self, sealed: str) -> bool:
        """Whether the newest key opens it.

        Raises:
            errors.Unavailable: No key does.
        """
        return self._open(sealed)[1] == 0

    def _open(self, sealed: str) -> tuple[str, int]:
        try:
            box = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise errors.Unavailable(
                "a stored secret is not a sealed secret", fix="enter the secret again"
            ) from error
        for place, key in enumerate(self._open_boxes):
            try:
                return key.decrypt(box).decode(), place
            except (nacl.exceptions.CryptoError, UnicodeDecodeError):
                continue
        raise errors.Unavailable(
            "a stored secret was sealed for another master key",
            fix="restore the key (VOICE_AI_MASTER_KEY or keys/master.key of the data folder), name it in "
            "VOICE_AI_PREVIOUS_MASTER_KEYS, or enter the secret again",
        )


def seal_with_public_key(public_key: str, text: str) -> str:
    """What FusionPBX's pages do: seal without being able to open."""
    box = SealedBox(PublicKey(base64.b64decode(public_key, validate=True)))
    return base64.b64encode(box.encrypt(text.encode())).decode()


def load_sealer(settings: KeySettings) -> Sealer:
    """The key ring: `master_key`, else `data_dir/keys/master.key`, which is made once.

    Reads files: call it from a thread while a loop runs.

    Raises:
        errors.InvalidInput: A key that is not 32 bytes in base64; the field says which.
    """
    folder = settings.data_dir / "keys"
    if settings.master_key is not None:
        current = parse_key(settings.master_key.get_secret_value(), "VOICE_AI_MASTER_KEY")
    else:
        current = _key_in_file(folder / _KEY_FILE)
    named = settings.previous_master_keys.get_secret_value() if settings.previous_master_keys else ""
    previous = [parse_key(part, "VOICE_AI_PREVIOUS_MASTER_KEYS") for part in named.split(",") if part.strip()]
    previous += [parse_key(path.read_text(), str(path)) for path in _previous_files(folder)]
    return Sealer(current, tuple(previous))


def parse_key(text: str, field: str) -> PrivateKey:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise errors.InvalidInput(
            f"{field} is not a key",
            field=field,
            fix="it is the base64 of 32 random bytes: head -c 32 /dev/urandom | base64",
        )
    return PrivateKey(raw)


def replace_key_file(data_dir: Path) -> None:
    """Make a new key; the present one stays beside it for opening. Then `rotate`, then the old file may go.

    Raises:
        errors.NotFound: There is no key file to replace.
    """
    folder = data_dir / "keys"
    current = folder / _KEY_FILE
    if not current.exists():
        raise errors.NotFound(
            f"{current} is not there", fix="with VOICE_AI_MASTER_KEY set, change that instead"
        )
    number = 1 + max((int(path.stem.rpartition("-")[2]) for path in _previous_files(folder)), default=0)
    kept = folder / f"previous-{number:04}.key"
    os.link(current, kept)  # both names at once: a crash here loses no key
    _write_new_key(folder).replace(current)


@dataclass(frozen=True, slots=True)
class RotationReport:
    """
    Attributes:
        sealed_again: Secrets that are now sealed for the newest key.
        unreadable: Rows (table, uuid) with a secret that no key of the ring opens; left as they are.
    """

    sealed_again: int
    unreadable: tuple[tuple[str, UUID], ...]


async def rotate(owner: asyncpg.Connection, sealer: Sealer) -> RotationReport:
    """Seal every stored secret for the newest key, over all domains.

    Args:
        owner: A connection as the tables' owner, whom row-level security does not bind.
    """
    done, unreadable = 0, []
    for table, update in (("v_voice_providers", "update_provider"), ("v_voice_webhooks", "update_webhook")):
        async with owner.transaction():
            for row in await owner.fetch(_SQL[f"lock_{table}"]):
                try:
                    stale = [value for value in row["secrets"] if value and not sealer.is_current(value)]
                    if not stale:
                        continue
                    fresh = [sealer.seal(sealer.open(value)) if value else value for value in row["secrets"]]
                except errors.Unavailable:
                    unreadable.append((table, row["row_uuid"]))
                    continue
                await owner.execute(_SQL[update], row["row_uuid"], *fresh)
                done += len(stale)
    _log.info("stored secrets were sealed anew", sealed_again=done, unreadable=len(unreadable))
    return RotationReport(done, tuple(unreadable))


def _previous_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("previous-*.key"), reverse=True)


def _key_in_file(path: Path) -> PrivateKey:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        mine = _write_new_key(path.parent)
        try:
            os.link(mine, path)  # fails where another process was first, and never shows a half-written key
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    if path.stat().st_mode & 0o077:
        _log.warning("the master key can be read by others", fix="chmod 600 keys/master.key")
    return parse_key(path.read_text(), str(path))


def _write_new_key(folder: Path) -> Path:
    """A new key in a file of its own, readable by us alone and safe on the disk."""
    descriptor, name = tempfile.mkstemp(prefix="new-", suffix=".key", dir=folder)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(bytes(PrivateKey.generate())).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
