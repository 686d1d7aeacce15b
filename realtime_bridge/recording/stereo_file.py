"""A stereo WAV file that grows, and is whole at any moment: after a crash it plays up to the last block. Blocking."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

import numpy as np

from voice_ai_service.conversations import safe_files

HEADER_BYTES: Final = 44
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_FRAME_BYTES: Final = 4
_SILENCE_STEP: Final = 65536
_MOST_NAMES: Final = 100


def header(sample_rate_hz: int, data_bytes: int) -> bytes:
    """Of PCM, 16 bit, two channels (Microsoft's RIFF/WAVE)."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        HEADER_BYTES - 8 + data_bytes,
        b"WAVE",
        b"fmt ",
        16,
        1,
        2,
        sample_rate_hz,
        sample_rate_hz * _FRAME_BYTES,
        _FRAME_BYTES,
        16,
        b"data",
        data_bytes,
    )


class StereoFile:
    """`<root>/<domain>/<call>/<name>`, made new: one of that name stays, and this one gets the next number.

    All methods raise OSError; what was written before stays whole.

    Attributes:
        name: `recording.wav`, or `recording-2.wav` where a bridge process before us left the first one.
    """

    def __init__(self, root: Path, domain_uuid: UUID, call_uuid: UUID, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._data_bytes = 0
        self.name, self._descriptor = _created(root, domain_uuid, call_uuid)
        try:
            self._write(header(sample_rate_hz, 0))
        except OSError:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def duration_ms(self) -> int:
        return self._data_bytes * 1000 // (_FRAME_BYTES * self._rate_hz)

    def add(self, left: bytes, right: bytes) -> None:
        """Two mono blocks of one length."""
        pairs = np.empty((len(left) // 2, 2), dtype="<i2")
        pairs[:, 0] = np.frombuffer(left, dtype="<i2")
        pairs[:, 1] = np.frombuffer(right, dtype="<i2")
        self._append(pairs.tobytes())

    def add_silence(self, samples: int) -> None:
        while samples > 0:
            step = min(samples, _SILENCE_STEP)
            self._append(bytes(step * _FRAME_BYTES))
            samples -= step

    def close(self) -> None:
        """On the disk when this returns. Again does nothing."""
        if self._descriptor < 0:
            return
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, data: bytes) -> None:
        # The data first: the header never promises what is not there.
        start = HEADER_BYTES + self._data_bytes
        try:
            self._write(data, start)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, start)
            raise
        self._data_bytes += len(data)
        self._write(header(self._rate_hz, self._data_bytes))

    def _write(self, data: bytes, at: int = 0) -> None:
        left = memoryview(data)
        while left:
            written = os.pwrite(self._descriptor, left, at)
            left, at = left[written:], at + written


def _created(root: Path, domain_uuid: UUID, call_uuid: UUID) -> tuple[str, int]:
    with safe_files.opened_folder(root, str(domain_uuid), str(call_uuid), create_mode=_FOLDER_MODE) as folder:
        for number in range(1, _MOST_NAMES):
            name = "recording.wav" if number == 1 else f"recording-{number}.wav"
            with suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                return name, os.open(name, flags, _FILE_MODE, dir_fd=folder)
    raise FileExistsError("this call has been recorded too often")
