"""Samples that arrive as bytes in any pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from voice_ai_service.errors import ProviderProtocol

_NO_PCM: Final = frozenset({"application/json", "audio/mpeg", "audio/mp3"})
_CONTAINERS: Final = (b"RIFF", b"OggS", b"fLaC", b"ID3")


class Protests(Protocol):
    def protocol(self, what: str, error: object = None) -> ProviderProtocol:
        """The error for an answer that is against the contract."""
        ...


def refuse_what_is_no_pcm(headers: Mapping[str, str], errors: Protests) -> None:
    """A page or a message of an error, spoken as sound, is noise in the caller's ear. Raises ProviderProtocol."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _NO_PCM:
        raise errors.protocol(f"It sent {kind} instead of samples.")


class WholeSamples:
    """Gives only whole 16-bit samples; an odd byte waits for its other half."""

    def __init__(self) -> None:
        self._odd = b""
        self._started = False

    def check_start(self, piece: bytes, errors: Protests) -> None:
        """Raises ProviderProtocol when the first piece begins a container: the rate would be anybody's guess."""
        if not self._started and piece.startswith(_CONTAINERS):
            raise errors.protocol("It sent a sound file instead of plain samples.")
        self._started = self._started or bool(piece)

    def take(self, piece: bytes) -> bytes:
        data = self._odd + piece
        whole = len(data) - len(data) % 2
        self._odd = data[whole:]
        return data[:whole]
