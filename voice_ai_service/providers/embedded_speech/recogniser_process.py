"""One decoder process with the grammars it holds."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderProtocol
from voice_ai_service.providers.embedded_speech import framing, messages
from voice_ai_service.providers.embedded_speech.worker import ONE_THREAD, SpeechWorker, WorkerLimits

_MODULE: Final = "voice_ai_service.providers.embedded_speech.sphinx_worker"
_KEPT_GRAMMARS: Final = 32
_MAX_DICTIONARY_WORDS: Final = 50_000
"""The decoder's dictionary never forgets; past this the process is replaced, between two utterances."""
_ANSWER_TIMEOUT_S: Final = 15.0
"""An utterance takes a second or two on a busy machine; a process that needs longer is stuck and is ended."""
_LIMITS: Final = WorkerLimits(max_pending=8, stuck_s=_ANSWER_TIMEOUT_S)


class RecogniserProcess:
    """For one utterance at a time; whoever uses it waits for its turn elsewhere."""

    def __init__(self, provider: str, *, clock: Clock | None = None) -> None:
        self._provider = provider
        self._clock = clock
        self._worker = SpeechWorker(provider, _MODULE, environment=ONE_THREAD, limits=_LIMITS, clock=clock)
        self._loaded: OrderedDict[str, None] = OrderedDict()
        self._loaded_in = 0

    @property
    def pid(self) -> int | None:
        return self._worker.pid

    async def start(self) -> None:
        """Raises ProviderError."""
        await self._worker.start()

    async def recognise(
        self, grammar: messages.LoadGrammar, audio: PcmAudio, *, max_ms: int, compare: bool
    ) -> messages.Recognised:
        """Speech after `max_ms` is not looked at; `compare` as in the message. Raises ProviderError."""
        await self._load(grammar)
        wanted = messages.Recognise(grammar.name, audio.sample_rate_hz, max_ms, compare, audio.samples)
        heard = self._expect(await self._ask(wanted), messages.Recognised)
        if heard.dictionary_words > _MAX_DICTIONARY_WORDS:
            await self._replace()
        return heard

    async def _load(self, grammar: messages.LoadGrammar) -> None:
        await self._worker.start()
        if self._loaded_in != self._worker.generation:
            self._loaded.clear()
            self._loaded_in = self._worker.generation
        if grammar.name not in self._loaded:
            self._expect(await self._ask(grammar), messages.Done)
            self._loaded[grammar.name] = None
        self._loaded.move_to_end(grammar.name)
        if len(self._loaded) > _KEPT_GRAMMARS:
            oldest, _ = self._loaded.popitem(last=False)
            self._expect(await self._ask(messages.ForgetGrammar(oldest)), messages.Done)

    async def _replace(self) -> None:
        await self._worker.aclose()
        self._worker = SpeechWorker(
            self._provider, _MODULE, environment=ONE_THREAD, limits=_LIMITS, clock=self._clock
        )
        self._loaded_in = 0
        await self._worker.start()

    async def _ask(self, message: messages.Message) -> messages.Message:
        return await self._worker.ask_once(message, timeout_s=_ANSWER_TIMEOUT_S)

    def _expect(self, answer: messages.Message, wanted: type[messages.M]) -> messages.M:
        try:
            return messages.expect(answer, wanted)
        except framing.FrameError as error:
            detail = answer.detail if isinstance(answer, messages.Failed) else str(error)
            raise ProviderProtocol(
                "The local recogniser failed.", provider=self._provider, detail=detail
            ) from error

    async def aclose(self) -> None:
        await self._worker.aclose()
