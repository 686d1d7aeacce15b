"""Piper on this machine: a natural voice from a model that the operator put there.

piper-tts is GPL-3-or-later: it is an extra, and only ever runs in a process of its own, `piper_worker`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from voice_ai_service.clock import Clock
from voice_ai_service.errors import InvalidInput, ProviderProtocol, ProviderRefused
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.worker import SpeechWorker, WorkerLimits
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings
from voice_ai_service.providers.model_files import FileName, require_model
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.sentences import speak_by_sentence

NAME: Final = "piper"

_MODULE: Final = "voice_ai_service.providers.tts.piper_worker"
_FOLDER: Final = "piper"
_SLOWEST, _FASTEST = 0.4, 3.0
_STUCK_S: Final = 60.0
"""For one sentence; at worst a large voice needs some seconds. A worker that needs longer is ended."""
_LIMITS: Final = WorkerLimits(max_pending=32, start_timeout_s=60.0)


class PiperSettings(ProviderSettings):
    """
    Attributes:
        model: A voice below `piper` in the models' folder: MODEL.onnx and MODEL.onnx.json.
        speaker: A speaker's name, for models with several; None is the model's first.
    """

    model: FileName
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class PiperVoiceFile:
    """What a voice's JSON says."""

    path: Path
    sample_rate_hz: int
    language: str
    speakers: Mapping[str, int]


async def check(context: ProviderContext, settings: PiperSettings) -> None:
    """Raises InvalidInput when the voice or the speaker is not there."""
    await asyncio.to_thread(read_voice, context.models_dir, settings)


def read_voice(models_dir: Path, settings: PiperSettings) -> PiperVoiceFile:
    """Touches the disk. Raises InvalidInput."""
    root = models_dir / _FOLDER
    names = (f"{settings.model}.onnx", f"{settings.model}.onnx.json")
    require_model(
        root, names, field="settings.model", known=sorted(path.stem for path in root.glob("*.onnx"))
    )
    try:
        said = json.loads((root / names[1]).read_text("utf-8"))
        voice = PiperVoiceFile(
            root / names[0],
            int(said["audio"]["sample_rate"]),
            _language(said),
            dict(said.get("speaker_id_map") or {}),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            "The voice's JSON file is not one of Piper's.", field="settings.model", detail=repr(error)
        ) from error
    if settings.speaker is not None and settings.speaker not in voice.speakers:
        raise InvalidInput(
            "The voice has no such speaker.",
            field="settings.speaker",
            fix=f"One of: {', '.join(sorted(voice.speakers)) or 'none, it has a single speaker'}.",
        )
    return voice


async def build(context: ProviderContext, settings: PiperSettings, secret: str | None) -> PiperTts:
    """Loads the voice. Raises InvalidInput, ProviderError."""
    voice = await asyncio.to_thread(read_voice, context.models_dir, settings)
    engine = PiperTts(voice, settings.speaker, clock=context.clock)
    try:
        await engine.start()
    except BaseException:
        await engine.aclose()
        raise
    return engine


class PiperTts:
    """One voice in one process; sentences of several calls take turns."""

    def __init__(
        self,
        voice: PiperVoiceFile,
        speaker: str | None = None,
        *,
        limits: WorkerLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._voice = voice
        self._speaker = speaker
        self._worker = SpeechWorker(
            NAME, _MODULE, arguments=(str(voice.path),), limits=limits or _LIMITS, clock=clock
        )

    @property
    def capabilities(self) -> TtsCapabilities:
        return TtsCapabilities(
            streaming_input=False,
            languages=frozenset({self._voice.language}),
            sample_rates_hz=(self._voice.sample_rate_hz,),
        )

    async def start(self) -> None:
        """Loads the voice; nothing when it is loaded. Raises ProviderError."""
        await self._worker.start()

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncGenerator[bytes, None]:
        """See the seam: one request a sentence. `options.voice` is the name of a speaker.

        Raises:
            ProviderRefused: The voice has no such speaker.
            ProviderError: See SpeechWorker.ask.
        """
        speaker = self._speaker_number(options.voice)
        async with aclosing(
            speak_by_sentence(texts, lambda piece: self._speak(piece, speaker, options))
        ) as chunks:
            async for chunk in chunks:
                yield chunk

    async def voices(self) -> tuple[Voice, ...]:
        names = sorted(self._voice.speakers) or [self._voice.path.stem]
        return tuple(Voice(name, self._voice.language) for name in names)

    async def aclose(self) -> None:
        await self._worker.aclose()

    def _speaker_number(self, name: str | None) -> int | None:
        name = name or self._speaker
        if name is None or (not self._voice.speakers and name == self._voice.path.stem):
            return None
        if name not in self._voice.speakers:
            raise ProviderRefused(
                "The local voice has no such speaker.",
                provider=NAME,
                field="voice",
                fix=f"One of: {', '.join(sorted(self._voice.speakers)) or self._voice.path.stem}.",
            )
        return self._voice.speakers[name]

    async def _speak(
        self, text: str, speaker: int | None, options: TtsOptions
    ) -> AsyncGenerator[bytes, None]:
        wanted = messages.SpeakModel(
            text=text,
            speaker=speaker,
            sample_rate_hz=options.sample_rate_hz,
            speed=min(max(options.speed, _SLOWEST), _FASTEST),
        )
        async with aclosing(self._worker.ask(wanted, timeout_s=_STUCK_S)) as answers:
            async for answer in answers:
                if isinstance(answer, messages.Audio):
                    yield answer.samples
                elif not isinstance(answer, messages.Done):
                    detail = answer.detail if isinstance(answer, messages.Failed) else answer.kind
                    raise ProviderProtocol("The local voice failed.", provider=NAME, detail=detail)


def _language(said: Mapping[str, Any]) -> str:
    code = (said.get("language") or {}).get("code") or said["espeak"]["voice"]
    first, _, region = str(code).replace("_", "-").partition("-")
    return f"{first.lower()}-{region.upper()}" if region else first.lower()
