"""Changing the sample rate: a windowed-sinc polyphase filter for live frames and for whole recordings.

Libraries made for files hold back tens of milliseconds and give nothing for most 20 ms frames. This one gives
for every chunk all the samples that belong to it, with a constant delay of about a millisecond.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_ai_service.audio.formats import PcmAudio

_Floats = npt.NDArray[np.float32]

_HALF_LENGTH: Final = 12
"""Filter half-length, in samples of the lower of the two rates."""
_KAISER_BETA: Final = 8.0
_CUTOFF: Final = 0.94
"""Of the lower Nyquist frequency."""
_BLOCK_SAMPLES: Final = 8192
"""Bounds the memory of one step over a long recording."""
_FEW_PHASES: Final = 8
"""Up to so many, one step for each phase is cheaper than gathering the windows of all."""
_MAX_RATIO_TERM: Final = 1000
"""No pair of customary rates needs a bigger term (11025 to 8000 is 320/441)."""


class _Filter:
    """The prototype filter cut in `up` phases; in each the newest sample's coefficient stands last."""

    def __init__(self, in_hz: int, out_hz: int) -> None:
        common = gcd(in_hz, out_hz)
        self.up = out_hz // common
        self.down = in_hz // common
        longest = max(self.up, self.down)
        if longest > _MAX_RATIO_TERM:
            raise ValueError(f"no filter from {in_hz} Hz to {out_hz} Hz: the ratio is too uneven")
        self.half = _HALF_LENGTH * longest
        """Group delay in steps of the common multiple of both rates."""
        at = np.arange(-self.half, self.half + 1)
        response = np.sinc(at * _CUTOFF / longest) * np.kaiser(len(at), _KAISER_BETA)
        response *= self.up / response.sum()
        self.taps = -(-len(response) // self.up)
        padded = np.zeros(self.taps * self.up)
        padded[: len(response)] = response
        phases = padded.reshape(self.taps, self.up).T[:, ::-1]
        self.phases: _Floats = np.ascontiguousarray(phases, dtype=np.float32)


@lru_cache(maxsize=32)
def _filter(in_hz: int, out_hz: int) -> _Filter:
    return _Filter(in_hz, out_hz)


class StreamResampler:
    """One direction of one stream. Chunks may have any length; none is held back.

    Raises:
        ValueError: The two rates have no small ratio.
    """

    def __init__(self, in_hz: int, out_hz: int) -> None:
        self.in_hz = in_hz
        self.out_hz = out_hz
        self._filter = _filter(in_hz, out_hz)
        self._past: _Floats = np.zeros(self._filter.taps - 1, dtype=np.float32)
        self._next_at = 0

    @property
    def delay_ms(self) -> float:
        """How much later than the input the output sounds; constant."""
        if self.in_hz == self.out_hz:
            return 0.0
        return 1000.0 * self._filter.half / (self._filter.up * self.in_hz)

    def process(self, samples: bytes) -> bytes:
        """L16 in, L16 out; the output of all chunks together does not depend on where they were cut."""
        if self.in_hz == self.out_hz or not samples:
            return samples
        out = [
            self._step(np.frombuffer(samples, dtype="<i2", count=count, offset=2 * start))
            for start, count in _blocks(len(samples) // 2)
        ]
        return b"".join(out)

    def _step(self, chunk: npt.NDArray[np.int16]) -> bytes:
        shape = self._filter
        known = np.concatenate([self._past, chunk], dtype=np.float32)
        end = len(chunk) * shape.up
        count = max(0, -((self._next_at - end) // shape.down))
        out = np.empty(count, dtype=np.float32)
        if shape.up <= _FEW_PHASES:
            self._by_phase(known, out)
        else:
            at = np.arange(self._next_at, end, shape.down)
            windows = np.lib.stride_tricks.sliding_window_view(known, shape.taps)[at // shape.up]
            np.einsum("ij,ij->i", windows, shape.phases[at % shape.up], out=out)
        self._next_at += count * shape.down - end
        self._past = known[len(known) - (shape.taps - 1) :]
        np.rint(out, out=out)
        np.maximum(out, -32768, out=out)
        np.minimum(out, 32767, out=out)
        return out.astype("<i2").tobytes()

    def _by_phase(self, known: _Floats, out: _Floats) -> None:
        """Samples of one phase stand `down` apart in the input: a view of it, where gathering would copy each often."""
        shape = self._filter
        for first in range(min(shape.up, len(out))):
            at = self._next_at + first * shape.down
            rows = -((first - len(out)) // shape.up)
            windows: _Floats = np.ndarray(
                (rows, shape.taps),
                dtype=np.float32,
                buffer=known,
                offset=at // shape.up * known.itemsize,
                strides=(shape.down * known.itemsize, known.itemsize),
            )
            np.einsum("ij,j->i", windows, shape.phases[at % shape.up], out=out[first :: shape.up])

    def _skip_delay(self) -> None:
        self._next_at = self._filter.half


def _blocks(length: int) -> list[tuple[int, int]]:
    return [(start, min(_BLOCK_SAMPLES, length - start)) for start in range(0, length, _BLOCK_SAMPLES)]


def resample(audio: PcmAudio, to_hz: int) -> PcmAudio:
    """A whole recording at another rate, without delay; its length is the exact one, rounded up.

    Raises:
        ValueError: The two rates have no small ratio.
    """
    if audio.sample_rate_hz == to_hz:
        return audio
    stream = StreamResampler(audio.sample_rate_hz, to_hz)
    stream._skip_delay()
    shape = stream._filter
    tail = bytes(2 * (-(-shape.half // shape.up) + 1))
    length = -(-(len(audio.samples) // 2) * shape.up // shape.down)
    out = stream.process(audio.samples + tail)
    return PcmAudio(out[: 2 * length], to_hz)
