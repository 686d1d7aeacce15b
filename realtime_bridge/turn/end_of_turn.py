"""The end-of-turn model from the bridge's side: asked after each pause, never waited for.

It is a hint. The silence timer and the utterance's longest time hold without it: where the file is missing, the
process busy or dead, the answer is None.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.worker import ONE_THREAD, SpeechWorker, WorkerLimits

_log = structlog.get_logger()

MODEL_FILE: Final = "smart-turn-v3.2-cpu.onnx"
"""Smart Turn v3.2 (BSD-2-Clause, Daily): 23 languages, Portuguese and English among them."""
_PACKAGE: Final = "pipecat"
_INSIDE: Final = Path("audio", "turn", "smart_turn", "data", MODEL_FILE)
_MODULE: Final = "realtime_bridge.turn.end_of_turn_worker"
_ANSWER_WITHIN_S: Final = 0.7
"""Later the silence timer has decided."""
_MAX_PENDING: Final = 4
"""Some 35 ms each: one more would come too late to be of use, so it is not asked."""


def find_model(models: Path | None = None) -> Path | None:
    """The model's file: in the operator's folder of models, or inside the `pipecat-ai` wheel, which is not imported.

    None where it is not installed, or where onnxruntime is missing to run it. Touches the disk.
    """
    if find_spec("onnxruntime") is None:
        return None
    places = [models / MODEL_FILE] if models is not None else []
    package = find_spec(_PACKAGE)
    if package is not None:
        places += [Path(folder) / _INSIDE for folder in package.submodule_search_locations or ()]
    return next((place for place in places if place.is_file()), None)


class EndOfTurnModel:
    """One process for all calls of the bridge.

    Attributes:
        asked, skipped: Counted for the metrics; skipped are those without an answer.
    """

    def __init__(self, model: Path, *, clock: Clock | None = None) -> None:
        self._worker = SpeechWorker(
            "end-of-turn",
            _MODULE,
            arguments=(str(model),),
            environment=ONE_THREAD,
            limits=WorkerLimits(max_pending=_MAX_PENDING),
            clock=clock,
        )
        self.asked = 0
        self.skipped = 0

    @property
    def pid(self) -> int | None:
        """Of its process, while it lives."""
        return self._worker.pid

    async def start(self) -> None:
        """Loads the model ahead of the first call. Raises ProviderError."""
        await self._worker.start()

    async def complete(self, utterance: bytes, sample_rate_hz: int) -> float | None:
        """The probability that the caller is done, for `Ear.verdict`; None when there is no answer in time.

        Args:
            utterance: L16, as `Ear.utterance` gives it.
        """
        self.asked += 1
        question = messages.JudgeEnd(sample_rate_hz, utterance)
        try:
            answer = await self._worker.ask_once(question, timeout_s=_ANSWER_WITHIN_S)
        except ProviderError as error:
            self.skipped += 1
            _log.debug("no verdict on the end of a turn", code=error.code)
            return None
        if isinstance(answer, messages.Judged):
            return answer.complete
        self.skipped += 1
        _log.warning("the end-of-turn model failed", answer=answer.kind)
        return None

    async def aclose(self) -> None:
        await self._worker.aclose()
