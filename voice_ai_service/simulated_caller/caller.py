"""What the simulated caller does, and when: a list of steps, each waiting for its moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from voice_ai_service.audio.formats import PHONE_RATE_HZ, PTIME_MS, PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.simulated_caller.line import FRAME_BYTES, SILENCE, LineView, Playout

REACTION_MS: Final = 600
"""People begin to speak about this long after the other one ended."""
_KEY_EVERY_MS: Final = 200
_PATIENCE_MS: Final = 20_000
"""Without a reply for so long, the caller goes on anyway."""
_LINGER_MS: Final = 1500
_BAND_LOSS: Final = ((0, 60, 200, 3400, 3600, 4000), (60.0, 24.0, 0.0, 0.0, 3.0, 14.0))
"""Hz and dB, along the limits of ITU-T G.712 for a channel between two telephones."""


@dataclass(frozen=True, slots=True)
class Say:
    """
    Attributes:
        barge_in_at_ms: Into the reply, instead of after it.
        hang_up_after_ms: Put the receiver down so long after beginning to speak; None: do not.
    """

    audio: PcmAudio
    barge_in_at_ms: int | None = None
    hang_up_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Press:
    keys: str
    barge_in_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Say nothing for so long."""

    seconds: float


Step = Say | Press | Quiet


@dataclass(slots=True)
class _Doing:
    step: Step
    since_ms: int
    samples: bytes
    at: int = 0


@dataclass(frozen=True, slots=True)
class Spoken:
    """When the caller did something, on the line's clock."""

    started_ms: int
    ended_ms: int


def over_the_phone(audio: PcmAudio) -> PcmAudio:
    """What a telephone leaves of a voice: 8 kHz, and the band of ITU-T G.712."""
    samples = np.frombuffer(resample(audio, PHONE_RATE_HZ).samples, dtype="<i2").astype(np.float64)
    if not len(samples):
        return PcmAudio(b"", PHONE_RATE_HZ)
    frequencies = np.fft.rfftfreq(len(samples), 1 / PHONE_RATE_HZ)
    loss_db = np.interp(frequencies, *_BAND_LOSS)
    spectrum = np.fft.rfft(samples) * 10 ** (-loss_db / 20)
    filtered = np.fft.irfft(spectrum, len(samples))
    return PcmAudio(bytes(np.clip(filtered, -32768, 32767).astype("<i2").tobytes()), PHONE_RATE_HZ)


class Caller:
    """Implements `line.Party`. `keys` and `hung_up` are the channel's to look at after each frame.

    Args:
        hang_up_at_ms: After answer, whatever is going on.
    """

    def __init__(self, steps: Sequence[Step], *, hang_up_at_ms: int | None = None) -> None:
        self.keys: list[str] = []
        self.hung_up = False
        self.spoken: list[Spoken] = []
        self._steps = list(steps)
        self._hang_up_at_ms = hang_up_at_ms
        self._doing: _Doing | None = None
        self._reply_needed = True
        self._replies_before = 0
        self._free_since_ms = 0

    def next_frame(self, line: LineView) -> bytes:
        if self._hang_up_at_ms is not None and line.now_ms >= self._hang_up_at_ms:
            self.hung_up = True
        if self._doing is None:
            self._begin(line)
        if self._doing is None:
            return SILENCE
        return self._go_on(self._doing, line)

    def _begin(self, line: LineView) -> None:
        if not self._steps:
            if self._after_reply(line, _LINGER_MS):
                self.hung_up = True
            return
        step = self._steps[0]
        if not self._is_time(step, line):
            return
        self._steps.pop(0)
        self._replies_before = len(line.playouts)
        samples = step.audio.samples if isinstance(step, Say) else b""
        self._doing = _Doing(step, line.now_ms, samples)

    def _is_time(self, step: Step, line: LineView) -> bool:
        barge_in_at_ms = None if isinstance(step, Quiet) else step.barge_in_at_ms
        if barge_in_at_ms is None:
            return self._after_reply(line, REACTION_MS)
        reply = self._new_reply(line)
        return reply is not None and line.now_ms - reply.started_ms >= barge_in_at_ms

    def _new_reply(self, line: LineView) -> Playout | None:
        return line.playouts[-1] if len(line.playouts) > self._replies_before else None

    def _after_reply(self, line: LineView, pause_ms: int) -> bool:
        if line.speaking:
            return False
        if self._reply_needed and self._new_reply(line) is None:
            return line.now_ms - self._free_since_ms >= _PATIENCE_MS
        ended_ms = max((playout.ended_ms or 0 for playout in line.playouts), default=0)
        return line.now_ms - max(ended_ms, self._free_since_ms) >= pause_ms

    def _go_on(self, doing: _Doing, line: LineView) -> bytes:
        elapsed_ms = line.now_ms - doing.since_ms
        step = doing.step
        if isinstance(step, Quiet):
            if elapsed_ms >= step.seconds * 1000:
                self._finish(line, reply_needed=False)
            return SILENCE
        if isinstance(step, Press):
            self._press(step, elapsed_ms, line)
            return SILENCE
        if step.hang_up_after_ms is not None and elapsed_ms >= step.hang_up_after_ms:
            self.hung_up = True
        frame = doing.samples[doing.at : doing.at + FRAME_BYTES]
        doing.at += FRAME_BYTES
        if doing.at >= len(doing.samples):
            self.spoken.append(Spoken(doing.since_ms, line.now_ms + PTIME_MS))
            self._finish(line, reply_needed=True)
        return frame.ljust(FRAME_BYTES, b"\0")

    def _press(self, step: Press, elapsed_ms: int, line: LineView) -> None:
        index, rest = divmod(elapsed_ms, _KEY_EVERY_MS)
        if rest == 0 and index < len(step.keys):
            self.keys.append(step.keys[index])
        if index >= len(step.keys) - 1:
            self.spoken.append(Spoken(line.now_ms - elapsed_ms, line.now_ms + PTIME_MS))
            self._finish(line, reply_needed=True)

    def _finish(self, line: LineView, *, reply_needed: bool) -> None:
        self._doing, self._reply_needed = None, reply_needed
        self._free_since_ms = line.now_ms + PTIME_MS
