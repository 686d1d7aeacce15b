"""`python -m voice_ai_service.providers.tts.piper_worker VOICE.onnx`: a Piper voice, a program of its own.

It loads piper-tts (GPL-3-or-later) and serves the framed messages on its pipes. Nothing of it is ever loaded into
the service.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.child import Answer, Serve, serve_forever


class Piper:
    def __init__(self, voice: Any, synthesis_config: Callable[..., Any]) -> None:
        self._voice = voice
        self._synthesis_config = synthesis_config

    def __call__(
        self, message: messages.Message, answer: Answer, cancelled: Callable[[], bool]
    ) -> messages.Message:
        if not isinstance(message, messages.SpeakModel):
            return messages.Failed("engine", f"no answer to {message.kind}")
        chosen = self._synthesis_config(
            speaker_id=message.speaker,
            length_scale=self._voice.config.length_scale / message.speed,
        )
        resampler = StreamResampler(self._voice.config.sample_rate, message.sample_rate_hz)
        if not cancelled():
            for chunk in self._voice.synthesize(message.text, syn_config=chosen):  # a sentence each
                if cancelled():
                    break
                answer(messages.Audio(resampler.process(chunk.audio_int16_bytes)))
        return messages.Done()


def load() -> Serve:
    from piper import PiperVoice
    from piper.config import SynthesisConfig

    return Piper(PiperVoice.load(sys.argv[1]), SynthesisConfig)


if __name__ == "__main__":
    serve_forever(load)
