"""What callers say, in a voice that is not the secretary's, made once a session."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.component.api.background import BackgroundLoop
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.providers.tts.embedded import EmbeddedTts

_BEFORE_MS, _AFTER_MS = 300, 600


@dataclass
class CallerVoice:
    background: BackgroundLoop
    engine: EmbeddedTts
    _spoken: dict[tuple[str, str, int], PcmAudio] = field(default_factory=dict)

    @classmethod
    def start(cls, background: BackgroundLoop) -> CallerVoice:
        engine = EmbeddedTts()
        background.run(engine.start())
        return cls(background, engine)

    def close(self) -> None:
        self.background.run(self.engine.aclose())

    def says(self, text: str, language: str = "pt-BR", rate_hz: int = 8000) -> PcmAudio:
        """With the silence before and after it that a line has."""
        key = (text, language, rate_hz)
        if key not in self._spoken:
            spoken = self.background.run(self.engine.speak(text, language, rate_hz=rate_hz))
            samples = silence(_BEFORE_MS, rate_hz) + spoken.samples + silence(_AFTER_MS, rate_hz)
            self._spoken[key] = PcmAudio(samples, rate_hz)
        return self._spoken[key]


def silence(ms: int, rate_hz: int = 8000) -> bytes:
    return bytes(2 * (rate_hz * ms // 1000))
