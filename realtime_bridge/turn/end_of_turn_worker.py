"""`python -m realtime_bridge.turn.end_of_turn_worker MODEL.onnx`: the end-of-turn model, a program of its own.

Some 35 ms of one core for each pause, which the event loop cannot spare; the process is nice to it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from realtime_bridge.turn.log_mel import RATE_HZ, log_mel
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.child import Answer, Serve, serve_forever

_LOOKS_BACK_S: Final = 8
_INPUT: Final = "input_features"
_NICENESS: Final = 5


class EndOfTurn:
    """Smart Turn v3's interface: a log-mel picture of the last 8 s in, the probability of completeness out."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )

    def complete(self, utterance: PcmAudio) -> float:
        """Speech that is shorter than what the model looks at stands at the end, after silence."""
        wanted = RATE_HZ * _LOOKS_BACK_S
        recent = utterance.samples[-2 * utterance.sample_rate_hz * _LOOKS_BACK_S :]
        heard = resample(PcmAudio(recent, utterance.sample_rate_hz), RATE_HZ)
        samples = np.frombuffer(heard.samples, dtype="<i2")[-wanted:].astype(np.float32) / 32768
        whole = np.concatenate([np.zeros(wanted - len(samples), dtype=np.float32), samples])
        (probability,) = self._session.run(None, {_INPUT: log_mel(whole)[None]})
        return float(probability.reshape(-1)[0])


class Service:
    def __init__(self, model: EndOfTurn) -> None:
        self._model = model

    def __call__(
        self, message: messages.Message, answer: Answer, cancelled: Callable[[], bool]
    ) -> messages.Message:
        if not isinstance(message, messages.JudgeEnd):
            return messages.Failed("engine", f"no answer to {message.kind}")
        if cancelled():
            return messages.Done()
        return messages.Judged(self._model.complete(PcmAudio(message.samples, message.sample_rate_hz)))


def load() -> Serve:
    os.nice(_NICENESS)
    model = EndOfTurn(Path(sys.argv[1]))
    model.complete(PcmAudio(bytes(2 * RATE_HZ), RATE_HZ))  # the first run allocates: not while a caller waits
    return Service(model)


if __name__ == "__main__":
    serve_forever(load)
