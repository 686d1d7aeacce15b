"""`python -m voice_ai_service.providers.stt.vosk_worker MODEL_FOLDER`: Vosk by itself."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from typing import Any, Final

from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.child import Answer, Serve, serve_forever

_PIECE_BYTES: Final = 16000
"""Between two looks at whether anybody still wants to know."""
_UNSURE: Final = 0.05
"""A confidence of zero has no logarithm."""


class Vosk:
    def __init__(self, engine: Any, model: Any) -> None:
        self._engine = engine
        self._model = model

    def __call__(
        self, message: messages.Message, answer: Answer, cancelled: Callable[[], bool]
    ) -> messages.Message:
        if not isinstance(message, messages.Transcribe):
            return messages.Failed("engine", f"no answer to {message.kind}")
        return self._transcribe(message, cancelled)

    def _transcribe(self, message: messages.Transcribe, cancelled: Callable[[], bool]) -> messages.Message:
        recogniser = self._engine.KaldiRecognizer(self._model, float(message.sample_rate_hz))
        recogniser.SetWords(True)
        found: list[list[Any]] = []
        for at in range(0, len(message.samples), _PIECE_BYTES):
            if cancelled():
                return messages.Done()
            if recogniser.AcceptWaveform(message.samples[at : at + _PIECE_BYTES]):
                found.append(_segment(recogniser.Result()))
        found.append(_segment(recogniser.FinalResult()))
        return messages.Transcribed(message.languages[0], [segment for segment in found if segment[0]])


def _segment(result: str) -> list[Any]:
    said = json.loads(result)
    sure = [word["conf"] for word in said.get("result", ())]
    mean = sum(sure) / len(sure) if sure else 1.0
    return [said.get("text", ""), math.log(min(1.0, max(_UNSURE, mean))), 0.0, 1.0]


def load() -> Serve:
    import vosk

    vosk.SetLogLevel(-1)  # it would write callers' words
    # A path, never a name: by name it would be looked for on the network.
    return Vosk(vosk, vosk.Model(model_path=sys.argv[1]))


if __name__ == "__main__":
    serve_forever(load)
