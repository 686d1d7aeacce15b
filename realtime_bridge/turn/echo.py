"""The caller's sound without the secretary's voice in it, and whether what is left can be the caller at all.

A filter alone is not enough: until it has learnt the line, and whenever the line changes, our own voice is left
and sounds like speech. So what is left only counts as the caller's where the echo cannot explain it.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np

from realtime_bridge.turn.echo_filter import SPAN_MS, EchoFilter, Filtered, Pace
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.audio.level import SILENCE_DBFS, frame_dbfs

_REACH_FRAMES: Final = SPAN_MS // PTIME_MS
_FULL_SCALE_DB: Final = 20 * math.log10(32768)
_L16: Final = np.dtype("<i2")
_LEARNS_EVERY: Final = 3
_HELD_BACK_BITS: Final = 3
"""What is most likely echo is passed on 18 dB quieter: no recogniser takes it for words."""


def _power_ratio(db: float) -> float:
    return float(10 ** (db / 10))


class EchoBound:
    """How loud our voice can come back: learnt from what came back when the caller was not heard.

    The loudest of the last seconds, in relation to the loudest that was played within the filter's reach. A new
    line is expected to return nearly all. One that is quiet while we speak is known to return nothing as soon as an
    echo would have come; a noisy one after a second and a half of speech.
    """

    _EXPECTED: Final = _power_ratio(-4.0)
    _SURE_FRAMES: Final = _REACH_FRAMES + 8
    _BLOCK_FRAMES: Final = 25
    _BLOCKS: Final = 3
    _MARGIN: Final = _power_ratio(4.0)
    _NOTHING: Final = _power_ratio(-35.0)
    _OVER_NOISE: Final = _power_ratio(6.0)
    """What is not so far above the line's own noise is not taken for an echo."""
    _LOUD_ENOUGH: Final = (32768 * 10 ** (-45 / 20)) ** 2
    """Mean square; what was played more quietly teaches nothing."""

    def __init__(self) -> None:
        self._past: deque[float] = deque([self._EXPECTED], maxlen=self._BLOCKS)
        self._noises: deque[float] = deque(maxlen=self._BLOCKS)
        self._returned = self._EXPECTED
        self._block = 0.0
        self._quietest = math.inf
        self._noise = 0.0
        self._frames = 0
        self._first: float | None = 0.0
        """The most that came back so far, until it is known what this line returns."""
        self._learnt = 0

    def exceeded(self, heard: float, played: float, *, doubtful: bool) -> bool:
        """Whether no echo is so loud. Powers; `played` is the loudest that may come back now."""
        bound = played * max(self._returned, self._block) * (1.0 if doubtful else self._MARGIN)
        return heard > max(bound, self._OVER_NOISE * self._noise)

    @property
    def line_is_silent(self) -> bool:
        """Nothing of what was played came back lately."""
        return max(self._returned, self._block) < self._NOTHING

    def learn(self, heard: float, played: float) -> None:
        """A frame that was not the caller's."""
        if played < self._LOUD_ENOUGH:
            return
        self._quietest = min(self._quietest, heard)
        if heard > self._OVER_NOISE * self._noise:
            self._block = max(self._block, heard / played)
        self._frames += 1
        self._judge_the_line(heard / played)
        if self._frames < self._BLOCK_FRAMES:
            return
        self._past.append(self._block)
        self._noises.append(self._quietest)
        self._returned, self._noise = max(self._past), min(self._noises)
        self._block, self._quietest, self._frames = 0.0, math.inf, 0

    def _judge_the_line(self, returned: float) -> None:
        """Once, as soon as an echo of what was played first would have come back."""
        if self._first is None:
            return
        self._first = max(self._first, returned)
        self._learnt += 1
        if self._learnt < self._SURE_FRAMES:
            return
        if self._first < self._NOTHING:
            self._past.clear()
            self._returned = self._first
            self._past.append(self._first)
        self._first = None


class FilterTrust:
    """What the filter left over is the caller's where the filter is known to work, and has not lost the echo."""

    _SMOOTH: Final = 0.3
    _SLOW: Final = 0.04
    _WORKS: Final = _power_ratio(7.0)
    """The echo was reduced by so much lately."""
    _SIZEABLE: Final = 0.3
    """Of the frame; an echo found that is smaller proves nothing about the filter."""
    _FAINT: Final = _power_ratio(-15.0)
    """Of what usually comes back: in the line's own noise the filter is right by chance only."""
    _LOSING: Final = 0.2
    _LOST: Final = 0.5
    """Share of the frames to which the filter added: under the caller's voice it is small, beside the echo large."""
    _LEFT_OVER, _DOUBTFUL_LEFT_OVER = 0.4, 0.15
    """Of the echo that was found; the caller at the echo's own level leaves 1."""
    _VARIES, _DOUBTFUL_VARIES = _power_ratio(9.0), _power_ratio(5.0)
    """A sound that the filter has not met yet is reduced less than those before it by as much."""

    _REMOVED, _DOUBTFUL_REMOVED = _power_ratio(5.5), _power_ratio(9.0)
    """A frame of which the filter takes away more than this is mostly echo; under the caller's voice it cannot."""

    def __init__(self) -> None:
        self._echo = 0.0
        self._lost = 0.0
        self._slow_heard = self._slow_left = 1.0
        self.works = False
        """The filter is known to find the echo."""

    def says_caller(self, filtered: Filtered, *, doubtful: bool) -> bool:
        self._echo += self._SMOOTH * (filtered.echo - self._echo)
        if filtered.echo > self._SIZEABLE * filtered.heard and filtered.echo > self._FAINT * self._slow_heard:
            self._lost += self._LOSING * (filtered.harmful - self._lost)
        usual = self._slow_left / self._slow_heard
        self.works = usual * self._WORKS < 1.0 and self._lost < self._LOST
        if not self.works:
            return False
        if filtered.heard > (self._DOUBTFUL_REMOVED if doubtful else self._REMOVED) * filtered.left:
            return False
        least = self._DOUBTFUL_LEFT_OVER if doubtful else self._LEFT_OVER
        varies = self._DOUBTFUL_VARIES if doubtful else self._VARIES
        return filtered.left > max(least, varies * usual) * max(filtered.echo, self._echo)

    def learn(self, filtered: Filtered) -> None:
        """A frame that was not the caller's, while something was played."""
        self._slow_heard += self._SLOW * (filtered.heard - self._slow_heard)
        self._slow_left += self._SLOW * (filtered.left - self._slow_left)


class EchoRemoval:
    """Frames in, frames without echo out; costs nothing while nothing is played.

    Attributes:
        frame: To be passed on: without the echo, and quieter where it is hardly the caller's.
        level_dbfs: Of what was left before that.
        callers: Whether it can be the caller's.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        samples = sample_rate_hz * PTIME_MS // 1000
        self._samples = samples
        self._silence = np.zeros(samples, np.float32)
        self._filter = EchoFilter(samples)
        self._bound = EchoBound()
        self._trust = FilterTrust()
        self._played: deque[float] = deque(maxlen=_REACH_FRAMES)
        self._since_played = _REACH_FRAMES
        self._turn = 0
        self.frame = b""
        self.level_dbfs = SILENCE_DBFS
        self.callers = True

    def hear(self, frame: bytes, reference: bytes | None, *, in_utterance: bool) -> bytes:
        """The next frame without echo, at its full level: what the detector is to judge.

        Args:
            in_utterance: The caller was speaking just now: in doubt he still is.
        """
        if reference is None:
            if self._since_played >= _REACH_FRAMES:
                self.frame, self.level_dbfs, self.callers = frame, frame_dbfs(frame), True
                return frame
            self._since_played += 1
        else:
            if self._since_played >= _REACH_FRAMES:
                self._begin()
            self._since_played = 0
        return self._without_echo(frame, reference, in_utterance)

    def _begin(self) -> None:
        """A reply after silence."""
        self.callers = False
        self._played.clear()
        self._filter.forget_played()

    def _without_echo(self, frame: bytes, reference: bytes | None, in_utterance: bool) -> bytes:
        played = self._silence if reference is None else np.frombuffer(reference, _L16).astype(np.float32)
        self._played.append(float(played.dot(played)) / self._samples)
        loudest = max(self._played)
        heard = np.frombuffer(frame, _L16).astype(np.float32)
        if self._bound.line_is_silent:
            self._filter.pass_by(played)
            power = float(heard.dot(heard)) / self._samples
            if not self._bound.exceeded(power, loudest, doubtful=True):
                self._bound.learn(power, loudest)
                self.frame, self.level_dbfs, self.callers = frame, _dbfs(power), False
                return frame
            filtered = self._filter.process_passed(heard, Pace.FAST)
        else:
            filtered = self._filter.process(heard, played, self._pace())
        return self._judged(filtered, loudest, in_utterance)

    def _judged(self, filtered: Filtered, loudest: float, in_utterance: bool) -> bytes:
        trusted = self._trust.says_caller(filtered, doubtful=in_utterance)
        self.callers = trusted or self._bound.exceeded(filtered.left, loudest, doubtful=in_utterance)
        if not self.callers:
            returned = min(filtered.heard, 2 * filtered.echo) if self._trust.works else filtered.heard
            self._bound.learn(returned, loudest)
            self._trust.learn(filtered)
        self.level_dbfs = _dbfs(filtered.left)
        samples = np.minimum(np.maximum(filtered.rest, -32768), 32767).astype(_L16)
        cleaned = samples.tobytes()
        self.frame = cleaned if self.callers else (samples >> _HELD_BACK_BITS).tobytes()
        return cleaned

    def _pace(self) -> Pace:
        """A filter that works learns from every third frame, and is as good for it."""
        self._turn = (self._turn + 1) % _LEARNS_EVERY
        if self._trust.works and self._turn:
            return Pace.NONE
        return Pace.CAREFUL if self.callers else Pace.FAST


def _dbfs(power: float) -> float:
    return max(SILENCE_DBFS, 10 * math.log10(power) - _FULL_SCALE_DB) if power > 0 else SILENCE_DBFS
