"""What of the caller's sound is our own voice coming back: an adaptive filter that covers 400 ms of delay.

A partitioned block filter in the frequency domain (Soo and Pang 1990, "Multidelay block frequency domain
adaptive filter"), one block a frame, with a second filter that only takes over what has proved better (Ochiai et
al. 1977, "Echo canceler with two echo path models"): speech of both sides may spoil the one that learns, and not
the one that is used. Any delay up to the filter's length is found without an estimate of its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voice_ai_service.audio.formats import PTIME_MS

Floats = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]

SPAN_MS: Final = 400
"""The longest delay, from what left for the ear to its echo."""
_PARTS: Final = SPAN_MS // PTIME_MS
_SMOOTH: Final = 0.25
_BETTER: Final = 0.75
_WORSE: Final = 2.0
_SLOW: Final = 0.04
_HARMFUL: Final = 1.1
"""A filter that adds more than it takes away, over half a second, was learnt from the caller's voice."""
_TRIALS: Final = 3
"""Frames in a row that the learner must be better."""
_CONSTRAIN_EVERY: Final = 3
"""Frames for one partition."""
_EVEN_SHARE: Final = 0.3
"""Of the step that every partition gets; the rest goes where the echo was found (Duttweiler 2000)."""
_EVEN_POWER: Final = 0.1
"""Of the mean over all frequencies, added to each: a band without our voice teaches nothing."""
_LEAST_POWER: Final = 1e8
"""Of the spectrum of a frame, some -60 dBFS: digital silence is no reason to learn fast."""


class Pace(Enum):
    """How far one frame may change the filter that learns."""

    FAST = 0.6
    CAREFUL = 0.08
    """While the caller speaks too; not nothing, because a line that changed sounds like a caller at first."""
    NONE = 0.0
    """Costs half as much."""


@dataclass(frozen=True, slots=True)
class Filtered:
    """
    Attributes:
        rest: The frame without the echo that was found.
        heard, left, echo: Mean squares of the frame, of `rest`, and of the echo that was found.
        harmful: What was found only added to the frame, which therefore was left as it is.
    """

    rest: Floats
    heard: float
    left: float
    echo: float
    harmful: bool


class EchoFilter:
    """One direction of one leg, one frame after the other."""

    def __init__(self, frame_samples: int) -> None:
        size, bins = frame_samples, frame_samples + 1
        self._size = size
        self._passed: deque[Floats] = deque(maxlen=_PARTS + 1)
        """Played and not looked at yet; what is older than the filter reaches is of no use."""
        self._played = np.zeros(2 * size, np.float32)
        self._padded = np.zeros(2 * size, np.float32)
        self._spectra: Spectrum = np.zeros((2 * _PARTS, bins), np.complex64)
        """Newest first from `_at` on; each is written twice, so that a view holds them all in order."""
        self._conjugates: Spectrum = np.zeros((2 * _PARTS, bins), np.complex64)
        self._powers: Floats = np.zeros((_PARTS, bins), np.float32)
        self._at = 0
        self._filters: Spectrum = np.zeros((2, _PARTS, bins), np.complex64)
        """The one that is used, and the one that learns."""
        self._change: Spectrum = np.zeros((_PARTS, bins), np.complex64)
        self._products: Spectrum = np.zeros((2, _PARTS, bins), np.complex64)
        self._shares: Floats = np.ones((_PARTS, 1), np.float32)
        self._constrained = 0
        self._slow_heard = self._slow_left = self._left_used = self._left_learner = 0.0
        self._proved = 0

    def process(self, frame: Floats, played: Floats, pace: Pace = Pace.FAST) -> Filtered:
        """The next 20 ms of the leg, and what left for its ear in them."""
        self.pass_by(played)
        return self.process_passed(frame, pace)

    def pass_by(self, played: Floats) -> None:
        """Instead of `process`, at next to no cost, where there is no echo: the frame stays as it is."""
        self._passed.append(played)

    def process_passed(self, frame: Floats, pace: Pace) -> Filtered:
        """As `process`, after all for the frame that was passed by last."""
        while self._passed:
            self._take(self._passed.popleft())
        size = self._size
        recent = self._spectra[self._at : self._at + _PARTS]
        if pace is Pace.NONE:
            used_product = np.multiply(recent, self._filters[0], out=self._products[0])
            echo: Floats = np.fft.irfft(np.add.reduce(used_product)).astype(np.float32, copy=False)[size:]
        else:
            np.multiply(recent, self._filters, out=self._products)
            echo, learners = np.fft.irfft(np.add.reduce(self._products, axis=1))[:, size:]
        used = frame - echo
        heard, left = float(frame.dot(frame)) / size, float(used.dot(used)) / size
        if pace is not Pace.NONE:
            rest = frame - learners
            self._compare(heard, left, float(rest.dot(rest)) / size)
            self._learn(rest, pace.value)
        harmful = left > heard
        if harmful:
            used, left = frame, heard
        return Filtered(used, heard, left, float(echo.dot(echo)) / size, harmful)

    def forget_played(self) -> None:
        """Nothing was played for longer than the filter reaches: begin with silence again."""
        self._passed.clear()
        self._played[:] = 0
        self._spectra[:] = 0
        self._conjugates[:] = 0
        self._powers[:] = 0

    def _take(self, played: Floats) -> None:
        size = self._size
        self._played[:size] = self._played[size:]
        self._played[size:] = played
        spectrum = np.fft.rfft(self._played)
        at = self._at = (self._at - 1) % _PARTS
        self._spectra[at] = self._spectra[at + _PARTS] = spectrum
        conjugate = spectrum.conj()
        self._conjugates[at] = self._conjugates[at + _PARTS] = conjugate
        self._powers[at] = (spectrum * conjugate).real

    def _compare(self, heard: float, left: float, left_learner: float) -> None:
        self._slow_heard += _SLOW * (heard - self._slow_heard)
        self._slow_left += _SLOW * (left - self._slow_left)
        self._left_used += _SMOOTH * (left - self._left_used)
        self._left_learner += _SMOOTH * (left_learner - self._left_learner)
        if self._slow_left > _HARMFUL * self._slow_heard:
            self._filters[0] = 0
            self._left_used, self._slow_left = heard, self._slow_heard
        if self._left_learner > _WORSE * self._left_used:
            self._filters[1] = self._filters[0]
            self._left_learner = self._left_used
        better = self._left_learner < _BETTER * self._left_used
        self._proved = self._proved + 1 if better else 0
        if self._proved >= _TRIALS:
            self._filters[0] = self._filters[1]
            self._left_used = self._left_learner
            self._proved = 0
            self._share()

    def _learn(self, learner_rest: Floats, step: float) -> None:
        self._padded[self._size :] = learner_rest
        wrong = np.fft.rfft(self._padded)
        power = np.add.reduce(self._powers)
        power += _LEAST_POWER + _EVEN_POWER / len(power) * float(np.add.reduce(power))
        wrong *= np.divide(step, power, out=power)
        np.multiply(self._conjugates[self._at : self._at + _PARTS], wrong, out=self._change)
        self._change *= self._shares
        self._filters[1] += self._change
        self._constrained = (self._constrained + 1) % (_CONSTRAIN_EVERY * _PARTS)
        if self._constrained % _CONSTRAIN_EVERY == 0:
            self._constrain(self._constrained // _CONSTRAIN_EVERY)

    def _constrain(self, part: int) -> None:
        """A partition is as long as a frame: what grew beyond it is the circle's doing."""
        taps: Any = np.fft.irfft(self._filters[1, part])
        taps[self._size :] = 0
        self._filters[1, part] = np.fft.rfft(taps)

    def _share(self) -> None:
        weights = self._filters[0]
        energy = np.sqrt((weights.real**2 + weights.imag**2).sum(axis=1))
        self._shares[:, 0] = _EVEN_SHARE + (1 - _EVEN_SHARE) * energy / max(float(energy.max()), 1e-9)
