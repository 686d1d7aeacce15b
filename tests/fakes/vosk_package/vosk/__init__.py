"""The part of the package `vosk` 0.3.45 that our worker uses, hearing tones instead of words.

It stands where the package is looked for, so that the worker, its process and its messages are the real ones.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any

_RESULT_AFTER_BYTES = 32000


def SetLogLevel(level: int) -> None:  # noqa: N802 - the package's own names
    assert level == -1


class Model:
    def __init__(self, model_path: str) -> None:  # by name it would ask the network
        if not os.path.isfile(os.path.join(model_path, "am", "final.mdl")):
            raise Exception("Failed to create a model")


class KaldiRecognizer:
    def __init__(self, model: Model, rate: float) -> None:
        assert isinstance(rate, float)
        self._model, self._heard, self._words = model, b"", False

    def SetWords(self, on: bool) -> None:  # noqa: N802
        self._words = on

    def AcceptWaveform(self, data: bytes) -> int:  # noqa: N802
        if data[:4] == b"DIE!":
            os._exit(3)
        self._heard += data
        return int(len(self._heard) >= _RESULT_AFTER_BYTES)

    def Result(self) -> str:  # noqa: N802
        heard, self._heard = self._heard, b""
        samples = struct.unpack(f"<{len(heard) // 2}h", heard)
        if not any(samples):
            return json.dumps({"text": ""})
        said: dict[str, Any] = {"text": "quero pagar"}
        if self._words:
            times = ({"start": 0.0, "end": 0.2}, {"start": 0.2, "end": 0.4})
            said["result"] = [
                {"conf": 0.8, "word": word, **at}
                for word, at in zip(said["text"].split(), times, strict=True)
            ]
        return json.dumps(said)

    FinalResult = Result
