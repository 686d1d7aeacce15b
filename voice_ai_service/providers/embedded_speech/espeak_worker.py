"""`python -m voice_ai_service.providers.embedded_speech.espeak_worker`: the local voice, a program of its
own.

It loads espeak-ng (GPL-3-or-later) and serves the framed messages on its pipes. Nothing of it is ever loaded
into the service.
"""

from __future__ import annotations

from collections.abc import Callable

import espeakng_loader

from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.child import Answer, Serve, serve_forever
from voice_ai_service.providers.embedded_speech.espeak_library import Espeak, EspeakError


class Service:
    def __init__(self, engine: Espeak) -> None:
        self._engine = engine

    def __call__(
        self, message: messages.Message, answer: Answer, cancelled: Callable[[], bool]
    ) -> messages.Message:
        try:
            if isinstance(message, messages.Speak):
                return self._speak(message, answer, cancelled)
            if isinstance(message, messages.Pronounce):
                self._engine.choose_voice(message.voice)
                return messages.Pronounced(self._engine.phonemes(message.words))
            if isinstance(message, messages.ListVoices):
                voices = [list(pair) for pair in self._engine.voices]
                return messages.Voices(voices, sorted(self._engine.variants))
        except EspeakError as error:
            return messages.Failed(error.reason, error.detail)
        return messages.Failed("engine", f"no answer to {message.kind}")

    def _speak(
        self, message: messages.Speak, answer: Answer, cancelled: Callable[[], bool]
    ) -> messages.Message:
        if cancelled():
            return messages.Done()
        self._engine.choose_voice(message.voice)
        resampler = StreamResampler(self._engine.sample_rate_hz, message.sample_rate_hz)

        def take(samples: bytes) -> bool:
            if cancelled():
                return False
            answer(messages.Audio(resampler.process(samples)))
            return True

        self._engine.speak(message.text, words_per_minute=message.words_per_minute, take=take)
        return messages.Done()


def load() -> Serve:
    return Service(Espeak(espeakng_loader.get_library_path(), espeakng_loader.get_data_path()))


if __name__ == "__main__":
    serve_forever(load)
