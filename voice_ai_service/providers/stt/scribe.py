"""ElevenLabs Scribe: streaming over the realtime WebSocket, whole utterances over its POST.

Written after ElevenLabs' public API reference and the models of its Python SDK.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import ModelName, ProviderContext
from voice_ai_service.providers.stt.cloud import CloudSettings, CloudVendor, needed, yes
from voice_ai_service.providers.stt.hints import KeptPhrases
from voice_ai_service.providers.stt.languages import base, forced
from voice_ai_service.providers.stt.live_stt import LiveStt
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    PartialTranscript,
    SttCapabilities,
    SttEvent,
    SttOptions,
    Transcript,
)
from voice_ai_service.providers.stt.talk import Call, Message, Talk
from voice_ai_service.providers.stt.utterance import heard, words
from voice_ai_service.providers.vendor_errors import Refusal, VendorErrors
from voice_ai_service.providers.vendor_wire import FailedAnswer
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.messages import children, dumped, parse, text

NAME: Final = "elevenlabs"
CAPABILITIES: Final = SttCapabilities(
    streaming=True,
    partials=True,
    free_dictation=True,
    languages=None,
    sample_rates_hz=(16000, 8000, 22050, 24000, 44100, 48000),
    word_times=True,
)
_REGIONS: Final = {
    "global": "https://api.elevenlabs.io",
    "us": "https://api.us.elevenlabs.io",
    "eu": "https://api.eu.residency.elevenlabs.io",
    "in": "https://api.in.residency.elevenlabs.io",
}
_NO_TERM: Final = re.compile(r"[<>{}\[\]\\]")
_KEY: Final = frozenset({"auth_error", "unaccepted_terms_error"})
_BUSY: Final = frozenset({"rate_limited", "queue_overflow", "resource_exhausted"})
_OURS: Final = frozenset({"input_error", "chunk_size_exceeded"})
_NOTHING_SAID: Final = frozenset({"insufficient_audio_activity", "commit_throttled"})
_BROKEN: Final = frozenset({"error", "transcriber_error", "session_time_limit_exceeded"})


class ScribeSettings(CloudSettings):
    """
    Attributes:
        model: For whole utterances; `live_model`: for streams.
        region: Where the account's data stays.
        bias: Send likely phrases; ElevenLabs charges more then.
        no_verbatim: Without fillers and false starts.
        logging: False asks for zero retention, which is for enterprise accounts.
    """

    model: ModelName = "scribe_v2"
    live_model: ModelName = "scribe_v2_realtime"
    region: Literal["global", "us", "eu", "in"] = "global"
    bias: bool = True
    no_verbatim: bool = False
    logging: bool = True


async def build(context: ProviderContext, settings: ScribeSettings, secret: str | None) -> LiveStt:
    vendor = Scribe(context, settings, needed(secret, NAME))
    await vendor.open_wire(context, refusal=_refusal)
    return LiveStt(vendor, context.clock, context.allowed_networks)


class Scribe(CloudVendor):
    def __init__(self, context: ProviderContext, settings: ScribeSettings, key: str) -> None:
        super().__init__(
            NAME,
            settings,
            CAPABILITIES,
            context,
            url=_REGIONS[settings.region],
            headers={"xi-api-key": key},
        )
        self._settings = settings
        self._live_phrases = KeptPhrases(50, longest=20)
        self._phrases = KeptPhrases(60, longest=49)

    async def call(self, sample_rate_hz: int, options: SttOptions) -> Call:
        """See `talk.LiveVendor`."""
        language, settings = forced(options.languages, None, NAME), self._settings
        query = [
            ("model_id", settings.live_model),
            ("audio_format", f"pcm_{sample_rate_hz}"),
            ("commit_strategy", "manual"),
            ("language_code", base(language)),
            ("include_timestamps", "true"),
            ("no_verbatim", yes(settings.no_verbatim)),
            *self._retention(),
        ]
        if settings.bias:
            query += [("keyterms", phrase) for phrase in _terms(self._live_phrases(options))]
        talk = ScribeTalk(language, sample_rate_hz, self.errors)
        return Call(self.address("/v1/speech-to-text/realtime", query), talk)

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See `talk.LiveVendor`."""
        language, settings = forced(options.languages, None, NAME), self._settings
        fields = [
            ("model_id", settings.model),
            ("language_code", base(language)),
            ("tag_audio_events", "false"),
            ("timestamps_granularity", "word"),
            ("no_verbatim", yes(settings.no_verbatim)),
        ]
        phrases = _terms(self._phrases(options)) if settings.bias else []
        if phrases:
            fields.append(("keyterms", json.dumps(phrases, ensure_ascii=False)))
        path = "/v1/speech-to-text" + ("" if settings.logging else "?enable_logging=false")
        file = ("utterance.wav", "audio/wav", write_wav(audio))
        answer = await self.wire.post_form(path, fields, file, read_s=options.timeout_s)
        said = await self.wire.json(answer)
        if not isinstance(said, dict) or not isinstance(said.get("text"), str):
            raise self.errors.protocol("The answer has no text.")
        return _transcript(said, language)

    def _retention(self) -> list[tuple[str, str]]:
        return [] if self._settings.logging else [("enable_logging", "false")]


class ScribeTalk(Talk):
    """The end of the utterance commits it; Scribe may commit stretches of a long one by itself before."""

    chunk_ms: ClassVar[int] = 100

    def __init__(self, language: str, sample_rate_hz: int, errors: VendorErrors) -> None:
        super().__init__()
        self.ready = False
        self._language = language
        self._rate_hz = sample_rate_hz
        self._errors = errors

    def audio(self, samples: bytes) -> Sequence[Message]:
        return (self._chunk(samples, commit=False),)

    def finish(self) -> Sequence[Message]:
        return (self._chunk(b"", commit=True),)

    def receive(self, message: Message) -> Sequence[SttEvent]:
        said = parse(message, NAME)
        kind = text(said, "message_type")
        match kind:
            case "":
                raise self._errors.protocol("A message without a type.")
            case "session_started":
                self.ready = True
            case "partial_transcript":
                return (PartialTranscript(heard(self._text(said), self._language)),)
            case "committed_transcript_with_timestamps":
                self._text(said)
                self.done = self.finished
                return (FinalTranscript(_transcript(said, self._language)),)
            case _ if kind in _NOTHING_SAID and self.finished:
                self.done = True
            case _ if (error := _failed(kind, text(said, "error"))) is not None:
                raise error
        return ()

    def closed(self, code: int, reason: str) -> ProviderError | None:
        return faults.bad_key(NAME, f"{code} {reason}") if code == 1008 else None

    def _chunk(self, samples: bytes, *, commit: bool) -> str:
        return dumped(
            {
                "message_type": "input_audio_chunk",
                "audio_base_64": b64encode(samples).decode("ascii"),
                "commit": commit,
                "sample_rate": self._rate_hz,
            }
        )

    def _text(self, said: Mapping[str, Any]) -> str:
        found = said.get("text")
        if not isinstance(found, str):
            raise self._errors.protocol("A transcript without text.")
        return found


def _terms(phrases: Sequence[str]) -> list[str]:
    """Without those that Scribe refuses: of more than five words, or with brackets."""
    return [phrase for phrase in phrases if len(phrase.split()) <= 5 and not _NO_TERM.search(phrase)]


def _transcript(said: Mapping[str, Any], language: str) -> Transcript:
    listed = [one for one in children(said, "words") if one.get("type", "word") == "word"]
    sure = [one["logprob"] for one in listed if isinstance(one.get("logprob"), int | float)]
    confidence = math.exp(min(0.0, sum(sure) / len(sure))) if sure else None
    return heard(said.get("text"), language, confidence, words(listed, "text"))


def _failed(kind: str, detail: str) -> ProviderError | None:
    """None: it is no failure."""
    if kind in _KEY:
        return faults.bad_key(NAME, f"{kind} {detail}")
    if kind == "quota_exceeded":
        return faults.no_credit(NAME, detail)
    if kind in _BUSY:
        return faults.busy(NAME, f"{kind} {detail}")
    if kind in _OURS:
        return faults.refused(NAME, "refuses the request", detail=f"{kind} {detail}")
    return faults.gone(NAME, f"{kind} {detail}") if kind in _BROKEN | _NOTHING_SAID else None


def _refusal(failed: FailedAnswer) -> Refusal:
    """`{"detail": {"status": …, "message": …}}`. A quota that is used up comes as a wrong key."""
    detail = failed.said.get("detail") if isinstance(failed.said, dict) else None
    status = detail.get("status") if isinstance(detail, dict) else None
    code = 402 if status == "quota_exceeded" else failed.status
    return Refusal(code, failed.headers, failed.detail, code=status)
