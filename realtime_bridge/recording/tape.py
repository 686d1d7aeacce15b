"""A call's recording in the making. The caller's frames are its clock; nothing here waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import structlog

from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.sample_clock import SampleClock
from realtime_bridge.recording.stereo_file import StereoFile
from realtime_bridge.recording.tape_writer import TapeWriter
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.dialogue.call_state import CallState

_BLOCK_FRAMES: Final = 50
_FINISH_S: Final = 10.0
"""A disk that stands still must not keep the conversation from being stored."""

_log = structlog.get_logger()


class TapeObserver(Protocol):
    """Called on the event loop and by the writer's thread."""

    def on_lost(self, lost_ms: int) -> None:
        """So much became silence because the disk did not keep up, or is missing at the end because it failed."""
        ...

    def on_finished(self, *, kept: bool, moved: bool) -> None:
        """
        Args:
            kept: There is a recording.
            moved: It is where it is meant to be; False: still in the local folder, as the store could not take it.
        """
        ...


@dataclass(frozen=True, slots=True)
class TapeDeck:
    """Makes the tapes of a process.

    Args:
        recordings: Where they go in the end: a local folder, or a store besides.
        root: The local folder, `settings.data_dir / "recordings"`.
        time: Monotonic seconds.
    """

    root: Path
    recordings: Recordings
    writer: TapeWriter
    observer: TapeObserver
    time: Callable[[], float]

    def tape(self, state: CallState, sample_rate_hz: int) -> Tape:
        """For a call whose secretary records (`record_calls`) and says so."""
        return Tape(self, state.domain_uuid, state.call_uuid, LegFormat(sample_rate_hz))


class Tape:
    """
    Frames that the PBX never sent are silence, in their place. So is what the disk did not take in time.
    """

    def __init__(self, deck: TapeDeck, domain_uuid: UUID, call_uuid: UUID, leg_format: LegFormat) -> None:
        self._deck = deck
        self._domain_uuid = domain_uuid
        self._call_uuid = call_uuid
        self._format = leg_format
        self._clock = SampleClock()
        self._left: list[bytes] = []
        self._right: list[bytes] = []
        self._owed_frames = 0
        """Silence that stands before the next block."""
        self._file: StereoFile | None = None
        self._failed = False

    def frame(self, caller: bytes, secretary: bytes) -> None:
        """20 ms of the caller, and what left for the caller's ear in the same moment."""
        if missing := self._clock.arrived(self._deck.time()):
            self._hand_over()
            self._owed_frames += missing
        self._left.append(caller)
        self._right.append(secretary)
        if len(self._left) >= _BLOCK_FRAMES:
            self._hand_over()

    async def finish(self) -> str | None:
        """Its reference, for the conversation: a file's name, or a link into a store. None: nothing was kept.

        Never raises but a cancellation. Returns when it is on the disk and, with a store, there.
        """
        left, right, owed = b"".join(self._left), b"".join(self._right), self._owed_frames
        self._left, self._right, self._owed_frames = [], [], 0
        try:
            async with asyncio.timeout(_FINISH_S):
                await self._deck.writer.run(lambda: self._write_last(owed, left, right))
        except TimeoutError:
            _log.error("a recording's last second was not written in time", call_uuid=str(self._call_uuid))
            self._failed = True
        if self._file is None or not self._file.duration_ms:
            self._deck.observer.on_finished(kept=False, moved=False)
            return None
        if self._failed:  # what there is stays where the disk's owner finds it
            self._deck.observer.on_finished(kept=True, moved=False)
            return self._file.name
        kept = await self._deck.recordings.hand_over(self._domain_uuid, self._call_uuid, self._file.name)
        self._deck.observer.on_finished(kept=True, moved=kept.moved)
        return kept.reference

    def _hand_over(self) -> None:
        if not self._left:
            return
        left, right, owed = b"".join(self._left), b"".join(self._right), self._owed_frames
        frames = len(self._left)
        self._left, self._right, self._owed_frames = [], [], 0
        if not self._deck.writer.offer(lambda: self._write(owed, left, right)):
            self._owed_frames = owed + frames
            self._deck.observer.on_lost(frames * PTIME_MS)

    # In the writer's thread.

    def _write(self, owed_frames: int, left: bytes, right: bytes) -> None:
        if self._failed:
            self._deck.observer.on_lost(self._milliseconds(left))
            return
        try:
            if self._file is None:
                self._file = StereoFile(
                    self._deck.root, self._domain_uuid, self._call_uuid, self._format.sample_rate_hz
                )
            self._file.add_silence(owed_frames * self._format.frame_bytes // 2)
            if left:
                self._file.add(left, right)
        except OSError as error:
            self._failed = True
            self._deck.observer.on_lost(self._milliseconds(left))
            _log.error(
                "a recording ends early", call_uuid=str(self._call_uuid), reason=error.strerror or "unknown"
            )

    def _milliseconds(self, samples: bytes) -> int:
        return len(samples) // self._format.bytes_per_ms

    def _write_last(self, owed_frames: int, left: bytes, right: bytes) -> None:
        if owed_frames or left:
            self._write(owed_frames, left, right)
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as error:
            _log.error(
                "a recording may not be on the disk", call_uuid=str(self._call_uuid), reason=error.strerror
            )
