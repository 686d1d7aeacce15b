"""`python -m voice_ai_service.providers.stt.faster_whisper_worker MODEL_FOLDER SETTINGS_JSON`: Whisper by itself."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voice_ai_service.audio.formats import WIDE_RATE_HZ, PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.child import Answer, Serve, serve_forever

_TEMPERATURES: Final = (0.0, 0.4)
"""One second try when the first text compresses too well; more tries only cost the caller's time."""
_SURE_OF_ANOTHER: Final = 0.7
"""How much likelier than the first language another one must be, as a share of the allowed ones' probabilities."""


class Whisper:
    def __init__(self, model: Any, *, beam_size: int, vad: bool) -> None:
        self._model = model
        self._beam_size = beam_size
        self._vad = vad

    def __call__(
        self, message: messages.Message, answer: Answer, cancelled: Callable[[], bool]
    ) -> messages.Message:
        if not isinstance(message, messages.Transcribe):
            return messages.Failed("engine", f"no answer to {message.kind}")
        if cancelled():
            return messages.Done()
        return self._transcribe(message, cancelled)

    def _transcribe(self, message: messages.Transcribe, cancelled: Callable[[], bool]) -> messages.Message:
        audio = _floats(message)
        language = self._language(audio, message.languages)
        segments, _ = self._model.transcribe(
            audio,
            language=language,
            beam_size=self._beam_size,
            temperature=_TEMPERATURES,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=self._vad,
            hotwords=message.hot_words or None,
        )
        found: list[list[Any]] = []
        for segment in segments:  # decoded one by one, as this loop asks for them
            if cancelled():
                return messages.Done()
            found.append(
                [segment.text, segment.avg_logprob, segment.no_speech_prob, segment.compression_ratio]
            )
        return messages.Transcribed(language, found)

    def _language(self, audio: npt.NDArray[np.float32], allowed: list[str]) -> str:
        """Never any language but the allowed ones (lesson 40), and the first unless another is clearly likelier."""
        if len(allowed) == 1 or not self._model.model.is_multilingual:
            return allowed[0]
        _, _, found = self._model.detect_language(audio)
        likely = {code: probability for code, probability in found if code in allowed}
        best = max(allowed, key=lambda code: likely.get(code, 0.0))
        share = likely.get(best, 0.0) / (sum(likely.values()) or 1.0)
        return best if share > _SURE_OF_ANOTHER else allowed[0]


def _floats(message: messages.Transcribe) -> npt.NDArray[np.float32]:
    heard = resample(PcmAudio(message.samples, message.sample_rate_hz), WIDE_RATE_HZ)
    return np.frombuffer(heard.samples, dtype="<i2").astype(np.float32) / 32768.0


def load() -> Serve:
    os.environ["HF_HUB_OFFLINE"] = (
        "1"  # before the import: a file that is missing is an error, not a download
    )
    from faster_whisper import WhisperModel

    folder, settings = sys.argv[1], json.loads(sys.argv[2])
    model = WhisperModel(
        folder,
        device=settings["device"],
        compute_type=settings["compute_type"],
        cpu_threads=settings["cpu_threads"],
        local_files_only=True,
    )
    return Whisper(model, beam_size=settings["beam_size"], vad=settings["vad"])


if __name__ == "__main__":
    serve_forever(load)
