"""Silero's voice detector instead of WebRTC's: better in noise, some sixty microseconds a frame.

Runs on onnxruntime with the file that the faster-whisper or the pipecat-ai wheel brings; neither is imported. The
16 kHz model serves both rates: on telephone audio it is better than the one for 8 kHz.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from voice_ai_service.audio.formats import WIDE_RATE_HZ
from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.audio.vad import LevelGate, SpeechDetector, VadSettings
from voice_ai_service.calls.secretary import VoiceDetector

_PLACES: Final = (
    ("faster_whisper", Path("assets", "silero_vad_v6.onnx")),
    ("pipecat", Path("audio", "vad", "data", "silero_vad.onnx")),
)
_BLOCK: Final = 512
_CONTEXT: Final = 64
"""Samples of the block before that the model wants to see again."""
_SPEECH_FROM: Final = 0.5

Floats = npt.NDArray[np.float32]


class SpeechSense(Protocol):
    """What tells speech from the rest, 20 ms at a time; `SpeechDetector` is one."""

    def is_speech(self, frame: bytes, level_dbfs: float) -> bool: ...


class SileroModel:
    """The network, shared by all calls; each call keeps its own state."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        sound, *states = self._session.get_inputs()
        self._sound = sound.name
        self._fixed = {one.name: np.array(WIDE_RATE_HZ, np.int64) for one in states if one.name == "sr"}
        self._states = [one.name for one in states if one.name != "sr"]
        self.blank: list[Floats] = [
            np.zeros([size if isinstance(size, int) else 1 for size in one.shape], np.float32)
            for one in states
            if one.name != "sr"
        ]

    def probability(self, samples: Floats, states: list[Floats]) -> tuple[float, list[Floats]]:
        """Of speech in `samples` (context and block), and the states after it."""
        inputs = {self._sound: samples[None], **dict(zip(self._states, states, strict=True)), **self._fixed}
        probability, *after = self._session.run(None, inputs)
        return float(probability.reshape(-1)[0]), after


class SileroDetector:
    """One direction of one call. The model's blocks of 32 ms do not fit frames of 20: none of it is lost."""

    def __init__(self, model: SileroModel, sample_rate_hz: int, settings: VadSettings) -> None:
        self._model = model
        self._states = model.blank
        self._resampler = StreamResampler(sample_rate_hz, WIDE_RATE_HZ)
        self._gate = LevelGate(settings)
        self._context: Floats = np.zeros(_CONTEXT, np.float32)
        self._waiting: Floats = np.zeros(0, np.float32)
        self._speech = False

    def is_speech(self, frame: bytes, level_dbfs: float) -> bool:
        """The next 20 ms, with their level; answers for the last whole block."""
        wide = np.frombuffer(self._resampler.process(frame), dtype="<i2").astype(np.float32) / 32768
        self._waiting = np.concatenate([self._waiting, wide])
        while len(self._waiting) >= _BLOCK:
            block, self._waiting = self._waiting[:_BLOCK], self._waiting[_BLOCK:]
            probability, self._states = self._model.probability(
                np.concatenate([self._context, block]), self._states
            )
            self._context = block[-_CONTEXT:]
            self._speech = probability >= _SPEECH_FROM
        return self._gate.passes(level_dbfs) and self._speech


@cache
def load() -> SileroModel | None:
    """The model, loaded once a process; None where it cannot be. Touches the disk: not on the event loop."""
    if find_spec("onnxruntime") is None:
        return None
    for package, inside in _PLACES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            if (Path(folder) / inside).is_file():
                return SileroModel(Path(folder) / inside)
    return None


def sense(detector: VoiceDetector, sample_rate_hz: int, settings: VadSettings) -> SpeechSense:
    """What the secretary's settings ask for; WebRTC's where `load` has not been called or found nothing."""
    loaded = load() if load.cache_info().currsize else None
    if detector is VoiceDetector.SILERO and loaded is not None:
        return SileroDetector(loaded, sample_rate_hz, settings)
    return SpeechDetector(sample_rate_hz, settings)
