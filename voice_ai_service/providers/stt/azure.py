"""Azure Speech: streaming over the SDK's WebSocket, whole utterances over the REST API for short audio.

The REST API is documented by Microsoft; the WebSocket is what its open-source Speech SDK speaks (see
`azure_messages`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urlencode
from uuid import uuid4

from pydantic import Field, StringConstraints, model_validator

from voice_ai_service import __version__
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import ModelName, ProviderContext
from voice_ai_service.providers.stt.azure_messages import (
    AzureBroken,
    audio_message,
    parse_message,
    text_message,
)
from voice_ai_service.providers.stt.cloud import CloudSettings, CloudVendor, needed, one_of
from voice_ai_service.providers.stt.hints import KeptPhrases
from voice_ai_service.providers.stt.languages import forced
from voice_ai_service.providers.stt.live_stt import LiveStt
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    PartialTranscript,
    SttCapabilities,
    SttEvent,
    SttOptions,
    Transcript,
    Word,
)
from voice_ai_service.providers.stt.talk import Call, Message, Talk
from voice_ai_service.providers.stt.utterance import heard
from voice_ai_service.providers.vendor_errors import VendorErrors
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.messages import children, text

NAME: Final = "azure"
CAPABILITIES: Final = SttCapabilities(
    streaming=True,
    partials=True,
    free_dictation=True,
    languages=None,
    sample_rates_hz=(16000, 8000),
    word_times=True,
)
_PATH: Final = "/speech/recognition/conversation/cognitiveservices/v1"
_MAX_WHOLE_MS: Final = 60_000
_TICKS_PER_MS: Final = 10_000
_NOTHING_SAID: Final = frozenset({"nomatch", "initialsilencetimeout", "babbletimeout", "endofdictation"})

Region = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{2,40}$")]


class AzureSttSettings(CloudSettings):
    """
    Attributes:
        region: The resource's, such as `brazilsouth`. Needed without a `base_url`.
        model: A custom model's endpoint id; None: Microsoft's own model.
        silence_ms: Silence after which a segment is settled.
    """

    region: Region | None = None
    model: ModelName | None = None
    profanity: Literal["raw", "masked", "removed"] = "raw"
    silence_ms: int = Field(500, ge=100, le=5000)

    @model_validator(mode="after")
    def _is_somewhere(self) -> AzureSttSettings:
        if self.region is None and self.base_url is None:
            raise ValueError("a region or a base_url is needed")
        return self


async def build(context: ProviderContext, settings: AzureSttSettings, secret: str | None) -> LiveStt:
    vendor = Azure(context, settings, needed(secret, NAME))
    await vendor.open_wire(context)
    return LiveStt(vendor, context.clock, context.allowed_networks)


class Azure(CloudVendor):
    def __init__(self, context: ProviderContext, settings: AzureSttSettings, key: str) -> None:
        super().__init__(
            NAME,
            settings,
            CAPABILITIES,
            context,
            url=f"https://{settings.region}.stt.speech.microsoft.com",
            headers={"Ocp-Apim-Subscription-Key": key},
        )
        self._settings = settings
        self._clock = context.clock
        self._phrases = KeptPhrases()

    async def call(self, sample_rate_hz: int, options: SttOptions) -> Call:
        """See `talk.LiveVendor`."""
        language = forced(options.languages, None, NAME)
        query = [
            *self._query(language),
            ("wordLevelTimestamps", "true"),
            ("segmentationSilenceTimeoutMs", str(self._settings.silence_ms)),
            ("X-ConnectionId", uuid4().hex),
        ]
        talk = AzureTalk(language, sample_rate_hz, self._phrases(options), self.errors, self._clock)
        return Call(self.address(_PATH, query), talk)

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript | None:
        """See `talk.LiveVendor`. Longer recordings than the REST API takes go over a stream."""
        if audio.duration_ms > _MAX_WHOLE_MS:
            return None
        language = forced(options.languages, None, NAME)
        path = f"{_PATH}?{urlencode([*self._query(language), ('wordLevelTimestamps', 'true')])}"
        kind = f"audio/wav; codecs=audio/pcm; samplerate={audio.sample_rate_hz}"
        answer = await self.wire.post_bytes(path, kind, write_wav(audio), read_s=options.timeout_s)
        said = await self.wire.json(answer)
        if not isinstance(said, dict) or not isinstance(said.get("RecognitionStatus"), str):
            raise self.errors.protocol("The answer has no status.")
        return _phrase(said, language, self.errors)

    def _query(self, language: str) -> list[tuple[str, str]]:
        query = [("language", language), ("format", "detailed"), ("profanity", self._settings.profanity)]
        return query if self._settings.model is None else [*query, ("cid", self._settings.model)]


class AzureTalk(Talk):
    chunk_ms: ClassVar[int] = 100

    def __init__(
        self,
        language: str,
        sample_rate_hz: int,
        phrases: Sequence[str],
        errors: VendorErrors,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._language = language
        self._rate_hz = sample_rate_hz
        self._phrases = phrases
        self._errors = errors
        self._clock = clock
        self._request_id = uuid4().hex

    def opening(self) -> Sequence[Message]:
        system = {"name": "voice-ai", "version": __version__, "build": "Python", "lang": "Python"}
        config = {"context": {"system": system, "os": {"platform": "Linux", "name": "Linux", "version": ""}}}
        context: dict[str, Any] = {}
        if self._phrases:
            items = [{"text": phrase} for phrase in self._phrases]
            context["dgi"] = {"groups": [{"type": "Generic", "items": items}]}
        now = self._clock.now()
        # An empty file's header: the length of what follows is not known.
        header = write_wav(PcmAudio(b"", self._rate_hz))
        return (
            text_message("speech.config", self._request_id, config, now),
            text_message("speech.context", self._request_id, context, now),
            audio_message(self._request_id, header, now, content_type="audio/x-wav"),
        )

    def audio(self, samples: bytes) -> Sequence[Message]:
        return (audio_message(self._request_id, samples, self._clock.now()),)

    def finish(self) -> Sequence[Message]:
        return (audio_message(self._request_id, b"", self._clock.now()),)

    def receive(self, message: Message) -> Sequence[SttEvent]:
        try:
            came = parse_message(message)
        except AzureBroken as error:
            raise self._errors.protocol("A message cannot be read.", error) from error
        match came.path:
            case "speech.hypothesis" | "speech.fragment":
                if not isinstance(came.said.get("Text"), str):
                    raise self._errors.protocol("A hypothesis without text.")
                return (PartialTranscript(heard(came.said["Text"], self._language)),)
            case "speech.phrase":
                return (FinalTranscript(_phrase(came.said, self._language, self._errors)),)
            case "turn.end":
                if not self.finished:
                    raise self._errors.cut()
                self.done = True
        return ()

    def closed(self, code: int, reason: str) -> ProviderError | None:
        detail = f"{code} {reason}"
        if code in (1002, 1003, 1007):
            return self._errors.protocol("It does not take what we send.", detail)
        if code == 1008:
            return faults.bad_key(NAME, detail)
        return faults.busy(NAME, detail) if code in (1013, 4429) else None


def _phrase(said: Mapping[str, Any], language: str, errors: VendorErrors) -> Transcript:
    """Raises ProviderError for a status that is a failure."""
    status = text(said, "RecognitionStatus").lower()
    if status in _NOTHING_SAID:
        return Transcript("", language)
    if status == "toomanyrequests":
        raise faults.busy(NAME, status)
    if status == "forbidden":
        raise faults.bad_key(NAME, status)
    if status == "badrequest":
        raise faults.refused(NAME, "refuses the request", detail=status)
    if status == "error":
        raise faults.gone(NAME, status)
    if status != "success":
        raise errors.protocol("A status that there is not.", status)
    best = one_of(said.get("NBest"))
    spoken = best.get("Display") or said.get("DisplayText")
    if not isinstance(spoken, str):
        raise errors.protocol("A success without text.")
    listed = [_word(raw) for raw in children(best, "Words")]
    return heard(spoken, language, best.get("Confidence"), [one for one in listed if one is not None])


def _word(raw: Mapping[str, Any]) -> Word | None:
    """Times in ticks of 100 ns."""
    spoken, start, length = raw.get("Word"), raw.get("Offset"), raw.get("Duration")
    if not isinstance(spoken, str) or not isinstance(start, int) or not isinstance(length, int):
        return None
    return Word(spoken, start // _TICKS_PER_MS, (start + length) // _TICKS_PER_MS)
